"""Accepting the jobs made out to a worker, if their terms can be met."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.net.wire import MAX_RUNGS
from offchain.node.jobbook import OFFERED

if TYPE_CHECKING:
    from offchain.node.base import Node
    from offchain.node.config import Price
    from offchain.node.jobbook import JobBook, KnownJob

log = logging.getLogger("livepeer.worker")

_QUEUE = 1000


class Offers:
    """Looks at every job on offer to us and accepts what pays enough and can be done."""

    def __init__(self, node: Node, book: JobBook, least: Price) -> None:
        self._node = node
        self._book = book
        self._least = least
        self._queue: asyncio.Queue[KnownJob] = asyncio.Queue(_QUEUE)
        self.accepting = True
        self.accepted = 0
        self.declined: dict[int, str] = {}

    async def run(self) -> None:
        """Work until cancelled; begins with the offers made while we were away."""
        self._book.listen(self._on_job)
        for job in self._book.of(self._node.address):
            await self._queue.put(job)
        while True:
            job = await self._queue.get()
            try:
                await self.consider(job)
            except ChainError as exc:
                log.warning("job not accepted", extra={"job": job.job_id, "why": str(exc)})

    async def consider(self, job: KnownJob) -> None:
        """Accept a job on offer, or note why not."""
        onchain = await self._node.contracts.JobsManager.call("getJob", job.job_id)
        if onchain["status"] != OFFERED or onchain["transcoder"] != self._node.address:
            return
        if await self._node.clock() > onchain["acceptBy"]:
            return
        problem = self.problem(job)
        if problem:
            self.declined[job.job_id] = problem
            log.warning("job declined", extra={"job": job.job_id, "why": problem})
            return
        jobs = self._node.contracts.JobsManager
        purpose = f"accept:{job.job_id}"
        await self._node.outbox.submit(purpose, jobs.address, jobs.encode("acceptJob", job.job_id))
        outcome = await self._node.outbox.wait(purpose)
        if outcome.ok:
            self.accepted += 1
            log.info("job accepted", extra={"job": job.job_id, "stream": job.stream})
        else:
            log.warning("job not accepted", extra={"job": job.job_id, "why": outcome.reason})

    def problem(self, job: KnownJob) -> str:
        """Why a job cannot be accepted, or nothing."""
        if not self.accepting:
            return "this transcoder is about to stop"
        if job.contract is None:
            return f"its terms cannot be met: {job.problem}"
        if len(job.contract.rungs) > MAX_RUNGS:
            return f"it has more than {MAX_RUNGS} rungs"
        if not self._least.at_most(job.price):
            return f"it pays {job.price} wei per pixel, this transcoder asks {self._least}"
        needed = least_segment_pixels(job)
        if job.segment_pixels < needed:
            return f"a segment of its ladder has {needed} pixels, it pays {job.segment_pixels}"
        return ""

    def _on_job(self, job: KnownJob) -> None:
        if job.transcoder == self._node.address and not self._queue.full():
            self._queue.put_nowait(job)


def least_segment_pixels(job: KnownJob) -> int:
    """Pixels of output that a segment of nominal length has over all rungs."""
    if job.contract is None:
        return 0
    return sum(
        rung.width * rung.height * int(rung.fps * job.contract.segment_ms / 1000)
        for rung in job.contract.rungs
    )
