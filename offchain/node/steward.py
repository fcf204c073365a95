"""Looks after a broadcaster's jobs once their stream is over: ends them, closes them, collects.

A job that is ended can still be claimed on for a while; it is closed, and what is left of its
escrow credited back, when that time has passed and every claim is final.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.node.jobbook import ACTIVE, ELECTING, OFFERED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.node.base import Node
    from offchain.node.jobbook import JobBook

log = logging.getLogger("livepeer.broadcaster")

LAPSED = 4


class Steward:
    """Ends and closes jobs; every step can be repeated by a later run."""

    def __init__(self, node: Node, book: JobBook, *, poll_s: float = 1.0) -> None:
        self._node = node
        self._book = book
        self._poll_s = poll_s

    async def end_jobs(self, job_ids: Iterable[int]) -> None:
        """Say on chain that nothing more will be signed; jobs never accepted are cancelled."""
        await asyncio.gather(*(self._end(job_id) for job_id in job_ids))

    async def _end(self, job_id: int) -> None:
        jobs, why = self._node.contracts.JobsManager, None
        # It may be accepted while we cancel it, or run out while we end it: look again.
        for _ in range(3):
            status = (await jobs.call("getJob", job_id))["status"]
            if status == ACTIVE:
                purpose, call = f"end:{job_id}", "endJob"
            elif status in (ELECTING, OFFERED, LAPSED):
                purpose, call = f"cancel:{job_id}", "cancelJob"
            else:
                return
            await self._node.outbox.submit(purpose, jobs.address, jobs.encode(call, job_id))
            outcome = await self._node.outbox.wait(purpose)
            if outcome.ok:
                return
            why = outcome.reason
        log.warning("job not ended", extra={"job": job_id, "why": why})

    async def close_jobs(self, job_ids: Iterable[int]) -> None:
        """Wait for the jobs' last claims, close them, and withdraw what is ours."""
        waiting = set(job_ids)
        while waiting:
            for job_id in sorted(waiting):
                try:
                    if await self._try_close(job_id):
                        waiting.discard(job_id)
                except ChainError as exc:
                    log.warning("job not closed yet", extra={"job": job_id, "why": str(exc)})
            if waiting:
                await asyncio.sleep(self._poll_s)
        await self._withdraw()

    async def leftovers(self) -> list[int]:
        """Our jobs that an earlier run left open."""
        left: list[int] = []
        for job in self._book.all():
            if job.broadcaster != self._node.address:
                continue
            onchain = await self._node.contracts.JobsManager.call("getJob", job.job_id)
            if onchain["status"] in (ELECTING, OFFERED, ACTIVE):
                left.append(job.job_id)
        return left

    async def _try_close(self, job_id: int) -> bool:
        jobs = self._node.contracts.JobsManager
        onchain = await jobs.call("getJob", job_id)
        if onchain["status"] != ACTIVE:
            return True
        if onchain["unfinishedClaims"] or await self._node.clock() <= onchain["endBlock"]:
            return False
        purpose = f"close:{job_id}"
        known = await self._node.outbox.get(purpose)
        if known is not None and known.settled and not known.ok:
            await self._node.outbox.retry(purpose)
        else:
            await self._node.outbox.submit(purpose, jobs.address, jobs.encode("closeJob", job_id))
        outcome = await self._node.outbox.wait(purpose)
        return outcome.ok

    async def _withdraw(self) -> None:
        jobs = self._node.contracts.JobsManager
        credit = await jobs.call("credits", self._node.address)
        if not credit:
            return
        purpose = f"withdraw:{await self._node.client.block_number()}"
        await self._node.outbox.submit(purpose, jobs.address, jobs.encode("withdraw"))
        outcome = await self._node.outbox.wait(purpose)
        if outcome.ok:
            log.info("escrow returned", extra={"wei": credit})
