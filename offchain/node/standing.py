"""Where a job stands on chain: whether it is ours still, and how much more work it pays for."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.net.http import Refused
from offchain.node.jobbook import ACTIVE

if TYPE_CHECKING:
    from offchain.node.base import Node
    from offchain.node.jobbook import KnownJob
    from offchain.store import Receipts

log = logging.getLogger("livepeer.worker")

_STATUS_AGE_S = 5.0
_LOOK_AGAIN_S = 0.3


@dataclass(slots=True)
class _Standing:
    """What the chain said about a job, when we asked, and how many more segments it pays for."""

    status: int
    next_sequence: int
    affordable: int
    asked: float


class Standings:
    """The chain's word on each job, asked at most every few seconds."""

    def __init__(self, node: Node, receipts: Receipts) -> None:
        self._node = node
        self._receipts = receipts
        self._known: dict[int, _Standing] = {}

    async def check(self, job: KnownJob, sequence: int) -> None:
        """Raise `Refused` unless the chain says that this segment will be paid for."""
        known = self._known.get(job.job_id)
        fresh_s = _STATUS_AGE_S if known is not None and known.status == ACTIVE else _LOOK_AGAIN_S
        if known is None or time.monotonic() - known.asked > fresh_s:
            try:
                known = await self._ask(job)
            except ChainError as exc:
                log.warning("the chain was asked in vain", extra={"why": str(exc)})
                raise Refused(503, "this transcoder cannot reach the chain now") from exc
            self._known[job.job_id] = known
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
        return _Standing(
            onchain["status"], onchain["nextSequence"], paid_for - owed, time.monotonic()
        )
