"""Where a job stands on chain: whether it is ours still, and how much more work it pays for."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.net.http import Refused
from offchain.node.jobbook import ACTIVE

if TYPE_CHECKING:
    from offchain.node.base import Node
    from offchain.node.jobbook import JobBook, KnownJob
    from offchain.store import Receipts

log = logging.getLogger("livepeer.worker")

REFRESH_S = 3.0
"""Seconds between looks at the jobs that are being worked on."""
BLIND_S = 300.0
"""Seconds for which the chain's last word counts while it cannot be asked."""
_USED_S = 60.0
_LOOK_AGAIN_S = 0.3


@dataclass(slots=True)
class _Standing:
    """What the chain said about a job, when we asked, and how many more segments it pays for."""

    status: int
    next_sequence: int
    affordable: int
    asked: float
    used: float


class Standings:
    """The chain's word on each job. No segment of a job that is known waits for the chain."""

    def __init__(self, node: Node, book: JobBook, receipts: Receipts) -> None:
        self._node = node
        self._book = book
        self._receipts = receipts
        self._known: dict[int, _Standing] = {}

    async def run(self) -> None:
        """Keep the standing of the jobs in use up to date until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            now = time.monotonic()
            for job_id in [job for job, known in self._known.items() if now - known.used < _USED_S]:
                job = self._book.get(job_id)
                if job is None:
                    continue
                try:
                    await self._ask(job)
                except ChainError as exc:
                    log.warning("a job could not be looked at", extra={"why": str(exc)})
                    break

    async def check(self, job: KnownJob, sequence: int) -> None:
        """Raise `Refused` unless the chain said that this segment will be paid for."""
        known = self._known.get(job.job_id)
        now = time.monotonic()
        longest = BLIND_S if known is not None and known.status == ACTIVE else _LOOK_AGAIN_S
        if known is None or now - known.asked > longest:
            try:
                known = await self._ask(job)
            except ChainError as exc:
                log.warning("a job could not be looked at", extra={"why": str(exc)})
                raise Refused(503, "this transcoder cannot reach the chain now") from exc
        known.used = now
        if known.status < ACTIVE:
            raise Refused(503, f"job {job.job_id} has not been accepted yet", "not_accepted")
        if known.status > ACTIVE:
            raise Refused(403, f"job {job.job_id} is over", "job_over")
        if await self._receipts.get(job.job_id, sequence) is not None:
            return  # it was paid for when it came first
        if sequence < known.next_sequence:
            raise Refused(409, f"everything before segment {known.next_sequence} is claimed")
        if known.affordable <= 0:
            raise Refused(403, f"job {job.job_id} has no money left for a segment", "no_escrow")
        known.affordable -= 1

    async def _ask(self, job: KnownJob) -> _Standing:
        onchain = await self._node.contracts.JobsManager.call("getJob", job.job_id)
        fee = job.segment_pixels * job.price.wei // job.price.pixels
        paid_for = job.max_segments - onchain["segmentsClaimed"]
        if fee:
            paid_for = min(paid_for, onchain["escrow"] // fee)
        owed = len(await self._receipts.unclaimed(job.job_id))
        before = self._known.get(job.job_id)
        standing = _Standing(
            status=onchain["status"],
            next_sequence=onchain["nextSequence"],
            affordable=paid_for - owed,
            asked=time.monotonic(),
            used=before.used if before is not None else 0.0,
        )
        self._known[job.job_id] = standing
        return standing
