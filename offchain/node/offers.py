"""Which jobs a worker takes: those that pay enough and ask for what it can do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offchain.net.wire import MAX_RUNGS
from offchain.node.config import Price

if TYPE_CHECKING:
    from offchain.node.base import Node
    from offchain.node.duties.accept import Offer
    from offchain.node.jobbook import JobBook, KnownJob

log = logging.getLogger("livepeer.worker")


class OfferPolicy:
    """Says why a job on offer is not taken, or that it is."""

    def __init__(self, node: Node, book: JobBook, least: Price) -> None:
        self._node = node
        self._book = book
        self._least = least
        self.draining = False
        self.taken: set[int] = set()
        self.declined: dict[int, str] = {}

    async def __call__(self, offer: Offer) -> str | None:
        """Why not, in words; None to accept."""
        job = self._book.get(offer.job_id)
        if job is None:
            return "it is not known here yet"
        problem = self.problem(job, Price(offer.job["pricePerUnit"], offer.job["pixelsPerUnit"]))
        if not problem and await self._node.clock() > offer.job["acceptBy"]:
            problem = "its offer has run out"
        if problem:
            self.declined[offer.job_id] = problem
            return problem
        self.declined.pop(offer.job_id, None)
        self.taken.add(offer.job_id)
        return None

    def problem(self, job: KnownJob, price: Price) -> str:
        """Why a job cannot be accepted, or nothing."""
        if self.draining:
            return "this transcoder is about to stop"
        if job.contract is None:
            return f"its terms cannot be met: {job.problem}"
        if len(job.contract.rungs) > MAX_RUNGS:
            return f"it has more than {MAX_RUNGS} rungs"
        if not self._least.at_most(price):
            return f"it pays {price} wei per pixel, this transcoder asks {self._least}"
        needed = least_segment_pixels(job)
        if job.segment_pixels < needed:
            return f"a segment of its ladder has {needed} pixels, it pays {job.segment_pixels}"
        return ""


def least_segment_pixels(job: KnownJob) -> int:
    """Pixels of output that a segment of nominal length has over all rungs."""
    if job.contract is None:
        return 0
    return sum(
        rung.width * rung.height * int(rung.fps * job.contract.segment_ms / 1000)
        for rung in job.contract.rungs
    )
