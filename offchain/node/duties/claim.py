"""Claiming work: receipts become a Merkle tree, its root a transaction with a verification fee."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.node.duties.base import Duty
from offchain.proof.merkle import MerkleTree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from offchain.chain.onchain import OnChain
    from offchain.node.duties.claimbook import ClaimBook
    from offchain.store import Receipts, StoredClaim, StoredReceipt

log = logging.getLogger("livepeer.duties")

ACTIVE = 3
LPT = 10**18
_GIVE_UP_AFTER = 3
# Refusals that no waiting mends.
_HOPELESS = (
    "job has ended",
    "job is not active",
    "caller must be the job's transcoder",
    "transcoder was convicted since it accepted",
    "sequence already claimed",
)


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """When a claim is made: at `min_segments`, or `idle_s` seconds after the last receipt of a job,
    or `margin_blocks` before the job's end, or when the node drains. Never more than `max_segments`
    in one claim."""

    min_segments: int = 50
    max_segments: int = 1_000
    idle_s: float = 30.0
    margin_blocks: int = 20


class ClaimWork(Duty):
    """Turns receipts into claims.

    `in_flight(job)` gives the sequences being worked on now: a claim stops below the lowest of
    them, because nothing at or below a claimed sequence can be claimed later. While `draining()`
    is true everything is claimed at once.
    """

    def __init__(
        self,
        node: OnChain,
        receipts: Receipts,
        book: ClaimBook,
        policy: ClaimPolicy | None = None,
        *,
        in_flight: Callable[[int], Collection[int]] = lambda _: (),
        draining: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(node)
        self._receipts = receipts
        self._book = book
        self._policy = policy or ClaimPolicy()
        self._in_flight = in_flight
        self._draining = draining
        self._clock = clock
        self._refusals: dict[str, set[float]] = {}
        self._said: dict[int, str] = {}

    async def step(self, head: int) -> None:
        """Send claims that are frozen, freeze what is due."""
        unsent: set[int] = set()
        for claim in await self._receipts.claims():
            if self._book.find(claim.job_id, claim.root) is None:
                unsent.add(claim.job_id)
                await self._send(head, claim)
        for job_id in await self._receipts.jobs_unclaimed():
            # One at a time: the next claim's limits depend on this one.
            if job_id not in unsent:
                await self._consider(head, job_id)

    async def _consider(self, head: int, job_id: int) -> None:
        ready = await self._receipts.unclaimed(job_id)
        lowest = min(self._in_flight(job_id), default=None)
        if lowest is not None:
            ready = [receipt for receipt in ready if receipt.sequence < lowest]
        if not ready:
            return
        jobs = self.node.contracts.JobsManager
        job = await jobs.call("getJob", job_id)
        if job["status"] != ACTIVE or job["transcoder"] != self.node.address:
            self._say(job_id, f"{len(ready)} receipts cannot be claimed: the job is not ours now")
            return
        clock = await jobs.call("currentClock")
        if clock > job["endBlock"]:
            self._say(job_id, f"{len(ready)} receipts cannot be claimed: the job has ended")
            return
        if not await self._due(job_id, job, clock, len(ready)):
            return
        count = min(len(ready), self._policy.max_segments, await self._affordable(job_id, job))
        if count <= 0:
            self._say(job_id, f"{len(ready)} receipts wait: escrow or stake covers no more now")
            return
        await self._make(head, job_id, ready[:count])

    async def _due(self, job_id: int, job: Mapping[str, Any], clock: int, count: int) -> bool:
        if count >= self._policy.min_segments or self._draining():
            return True
        # Once the broadcaster has ended the job, its end is one claim window away or less.
        if clock + self._policy.margin_blocks >= job["endBlock"] or self._book.ending(job_id):
            return True
        newest = await self._receipts.newest(job_id)
        return newest is not None and self._clock() - newest >= self._policy.idle_s

    async def _affordable(self, job_id: int, job: Mapping[str, Any]) -> int:
        """How many segments the job, its escrow and the stake at risk allow in one more claim."""
        contracts = self.node.contracts
        parameters = await contracts.JobsManager.call("parametersOf", job["version"])
        stake = await contracts.BondingManager.call("slashableStake", self.node.address)
        at_risk = await contracts.JobsManager.call("feesAtRisk", self.node.address)
        room = min(job["escrow"], parameters["maxFeesAtRisk"] * stake // LPT - at_risk)
        left: int = job["maxSegments"] - job["segmentsClaimed"]
        cost = job["segmentPixels"] * job["pricePerUnit"]
        if room < 0:
            return 0
        # The fee of a claim is rounded down once: the largest n with n * cost // units <= room.
        return left if cost == 0 else min(left, ((room + 1) * job["pixelsPerUnit"] - 1) // cost)

    async def _make(self, head: int, job_id: int, receipts: Sequence[StoredReceipt]) -> None:
        tree = MerkleTree([receipt.leaf for receipt in receipts])
        purpose = f"claim:{job_id}:{receipts[0].sequence}"
        claim = await self._receipts.freeze(purpose, receipts, tree.root)
        log.info("claiming", extra={"job": job_id, "segments": claim.segments, "purpose": purpose})
        await self._send(head, claim)

    async def _send(self, head: int, claim: StoredClaim) -> None:
        jobs = self.node.contracts.JobsManager
        fee = await jobs.call("verificationFee", claim.job_id, claim.segments)
        intent = await self.acts.ensure(
            head,
            claim.purpose,
            jobs,
            "claimWork",
            claim.job_id,
            claim.first_sequence,
            claim.last_sequence,
            claim.segments,
            claim.root,
            value=fee,
        )
        if intent.settled and not intent.ok and intent.reason in _HOPELESS:
            refusals = self._refusals.setdefault(claim.purpose, set())
            refusals.add(intent.updated)
            if len(refusals) >= _GIVE_UP_AFTER:
                await self._give_up(claim, intent.reason)

    async def _give_up(self, claim: StoredClaim, reason: str) -> None:
        """Drop a claim that can never be made: it was refused several times for the same reason."""
        log.error(
            "work goes unpaid",
            extra={"job": claim.job_id, "segments": claim.segments, "why": reason},
        )
        await self._receipts.close_claim(claim.purpose)

    def _say(self, job_id: int, what: str) -> None:
        if self._said.get(job_id) != what:
            self._said[job_id] = what
            log.warning(what, extra={"job": job_id})
