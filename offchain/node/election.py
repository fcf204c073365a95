"""A job by election: put out, elected by stake, accepted; and again whenever that one is over.

Workers elect and accept by themselves; a broadcaster that waits in vain sees to it itself.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from offchain.chain.acts import Acts
from offchain.chain.errors import ChainError
from offchain.chain.seeds import ensure_seed
from offchain.node.config import Price
from offchain.node.dispatch import ELECTED, Seat
from offchain.node.errors import NodeError
from offchain.node.jobbook import ACTIVE, ELECTING, OFFERED
from offchain.node.orders import NoOffer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from offchain.node.base import Node
    from offchain.node.jobbook import KnownJob
    from offchain.node.orders import Hiring

log = logging.getLogger("livepeer.broadcaster")

PATIENCE = 8
"""Blocks in which some worker should have elected, or the elected accepted once its time is up."""
LOOK_S = 0.5
REST_S = 30.0
"""Seconds until another election, where one found nobody."""


class Elections:
    """Keeps one elected seat among `seats`; it gets every `every`-th segment first."""

    def __init__(self, node: Node, hiring: Hiring, seats: list[Seat], every: int) -> None:
        self._node = node
        self._hiring = hiring
        self._seats = seats
        self._every = every
        self._acts = Acts(node.outbox)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._retire()
            if any(seat.role == ELECTED for seat in self._seats):
                await asyncio.sleep(LOOK_S)
                continue
            try:
                job = await self.elected(await self._hiring.put_out())
                self._seats.append(await self._seat(job))
            except (ChainError, NodeError, NoOffer) as exc:
                log.warning("nobody was elected", extra={"why": str(exc)})
                await asyncio.sleep(REST_S)

    async def elected(self, job: KnownJob) -> KnownJob:
        """Wait until a job has been elected for and accepted; raises `NoOffer` where it is not.

        An offer that runs out goes on under another number.
        """
        jobs = self._node.contracts.JobsManager
        while True:
            onchain = await jobs.call("getJob", job.job_id)
            status = onchain["status"]
            if status == ACTIVE:
                return replace(
                    job,
                    transcoder=onchain["transcoder"],
                    price=Price(onchain["pricePerUnit"], onchain["pixelsPerUnit"]),
                )
            if status == ELECTING:
                await self._elect(job, onchain)
            elif status == OFFERED:
                if await self._node.clock() > onchain["acceptBy"]:
                    await self._lapse(job)
            else:
                follow = await self._follows(job)
                if follow is None:
                    await self._cancel(job)
                    raise NoOffer("no transcoder that was drawn works at this price")
                job = follow
            await asyncio.sleep(LOOK_S)

    async def _elect(self, job: KnownJob, onchain: Mapping[str, Any]) -> None:
        node, block = self._node, onchain["electionBlock"]
        head = await node.client.block_number()
        if head <= block + PATIENCE:
            return
        if await ensure_seed(node.client, node.contracts, self._acts, head, block):
            jobs = node.contracts.JobsManager
            await self._acts.ensure(head, f"elect:{job.job_id}", jobs, "elect", job.job_id)

    async def _lapse(self, job: KnownJob) -> None:
        jobs, purpose = self._node.contracts.JobsManager, f"lapse:{job.job_id}"
        await self._node.outbox.submit(purpose, jobs.address, jobs.encode("lapseJob", job.job_id))
        outcome = await self._node.outbox.wait(purpose)
        if outcome.ok and outcome.block_number is not None:
            await self._node.follower.advanced(outcome.block_number - 1)
        elif (await jobs.call("getJob", job.job_id))["status"] == OFFERED:
            await self._cancel(job)
            raise NoOffer(f"nobody elected has accepted: {outcome.reason}")

    async def _follows(self, job: KnownJob) -> KnownJob | None:
        """The job that took the place of one that lapsed."""
        found = await self._node.follower.events("JobsManager", "JobLapsed", jobId=job.job_id)
        return replace(job, job_id=found[-1].args["newJobId"]) if found else None

    async def _cancel(self, job: KnownJob) -> None:
        jobs = self._node.contracts.JobsManager
        data = jobs.encode("cancelJob", job.job_id)
        await self._node.outbox.submit(f"cancel:{job.job_id}", jobs.address, data)

    async def _seat(self, job: KnownJob) -> Seat:
        registry, url = self._node.contracts.ServiceRegistry, ""
        while not url:
            # It may have accepted in the moment it started.
            url = await registry.call("getServiceURI", job.transcoder)
            await asyncio.sleep(0 if url else LOOK_S)
        log.info("elected", extra={"job": job.job_id, "transcoder": job.transcoder})
        return Seat(ELECTED, job, url, every=self._every)

    async def _retire(self) -> None:
        """Let an elected seat go whose job is over or used up, or whose work was bad."""
        for seat in [each for each in self._seats if each.role == ELECTED]:
            over = seat.sent >= seat.job.max_segments or seat.barred_until > 0
            if not over and seat.failures_in_a_row:
                jobs = self._node.contracts.JobsManager
                over = (await jobs.call("getJob", seat.job.job_id))["status"] != ACTIVE
            if over:
                self._seats.remove(seat)
