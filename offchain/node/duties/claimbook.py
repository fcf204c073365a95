"""Which claims of this node the chain knows, under which ids, and how they ended: from events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.chain.onchain import OnChain


@dataclass(frozen=True, slots=True)
class Ending:
    """The event that ended a claim: PAID 5, FORFEITED 6, UNPAID 7 or VOID 8."""

    status: int
    fees: int
    block_number: int


PAID = 5


class ClaimBook:
    """Kept up to date by the follower; a reorganisation takes entries out again."""

    def __init__(self, node: OnChain) -> None:
        self._node = node
        self._ids: dict[tuple[int, bytes], int] = {}
        self._endings: dict[tuple[int, int], Ending] = {}
        self._ending_jobs: set[int] = set()

    async def open(self) -> None:
        """Read what is known and follow what comes."""
        self._node.follower.listen(self._on_batch)
        self._learn(await self._node.follower.events("JobsManager"))

    def find(self, job_id: int, root: bytes) -> int | None:
        """The id of the claim with a root, once it is in the chain."""
        return self._ids.get((job_id, root))

    def ended(self, job_id: int, claim_id: int) -> Ending | None:
        """How a claim ended, once it has."""
        return self._endings.get((job_id, claim_id))

    def ending(self, job_id: int) -> bool:
        """Whether the broadcaster has said that it signs no more segments of a job."""
        return job_id in self._ending_jobs

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.undone:
            args = event.args
            if event.name == "WorkClaimed":
                self._ids.pop((args["jobId"], args["claimRoot"]), None)
            elif event.name in ("FeesDistributed", "ClaimRefunded"):
                self._endings.pop((args["jobId"], args["claimId"]), None)
            elif event.name == "JobEnding":
                self._ending_jobs.discard(args["jobId"])
        self._learn(batch.events)

    def _learn(self, events: Iterable[ChainEvent]) -> None:
        mine = self._node.address
        for event in events:
            args = event.args
            if event.contract != "JobsManager":
                continue
            if event.name == "WorkClaimed" and args["transcoder"] == mine:
                self._ids[args["jobId"], args["claimRoot"]] = args["claimId"]
            elif event.name == "FeesDistributed" and args["transcoder"] == mine:
                self._endings[args["jobId"], args["claimId"]] = Ending(
                    PAID, args["fees"], event.block_number
                )
            elif event.name == "ClaimRefunded" and args["transcoder"] == mine:
                self._endings[args["jobId"], args["claimId"]] = Ending(
                    args["status"], args["fees"], event.block_number
                )
            elif event.name == "JobEnding":
                self._ending_jobs.add(args["jobId"])
