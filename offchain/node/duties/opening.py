"""Opening the leaves that a claim's seed drew, and those that were challenged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offchain.chain.batches import Batches
from offchain.proof.merkle import MerkleTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offchain.chain.acts import Acts
    from offchain.chain.onchain import OnChain
    from offchain.store import Receipts, StoredClaim, StoredReceipt

log = logging.getLogger("livepeer.duties")

MOST_OPENINGS = 20  # leaves in one transaction
MOST_LOCATION = 128  # bytes of a location on chain


class Opener:
    """Shows drawn and challenged leaves with the broadcaster's signatures and one multiproof."""

    def __init__(self, node: OnChain, acts: Acts, receipts: Receipts, location: str) -> None:
        if len(location.encode()) > MOST_LOCATION:
            raise ValueError(f"{location} is longer than the {MOST_LOCATION} bytes the chain takes")
        self._node = node
        self._acts = acts
        self._receipts = receipts
        self._location = location

    async def open(
        self, head: int, clock: int, claim: StoredClaim, claim_id: int, onchain: Mapping[str, Any]
    ) -> None:
        """Open what is owed and neither open nor on its way."""
        jobs = self._node.contracts.JobsManager
        windows = await jobs.call("claimDeadlines", claim.job_id, claim_id)
        # Drawn leaves are owed first; those challenged late have until later.
        draws_open = onchain["openedDraws"] == (1 << onchain["draws"]) - 1
        if clock > windows["openChallengedBy" if draws_open else "openBy"]:
            log.error(
                "openings missed", extra={"job": claim.job_id, "claim": claim_id, "clock": clock}
            )
            return
        # Opened after the last challenge, the leaves go to the committee in the same transaction;
        # but only where that leaves at least half of the time.
        half = (windows["provenAt"] + windows["openBy"]) // 2
        if clock <= windows["challengeBy"] < half:
            return
        owed = await self._owed(claim.job_id, claim_id, onchain)
        if not owed:
            return
        receipts = await self._receipts.of_claim(claim.purpose)
        if len(receipts) != claim.segments:
            log.error(
                "receipts of a claim are missing; it cannot be opened",
                extra={"job": claim.job_id, "claim": claim_id, "kept": len(receipts)},
            )
            return
        tree = MerkleTree([receipt.leaf for receipt in receipts])

        async def send(purpose: str, indices: Sequence[int]) -> None:
            await self._acts.ensure(
                head,
                purpose,
                jobs,
                "openSegments",
                claim.job_id,
                claim_id,
                [
                    self._opening(index, receipts[index], self._location if place == 0 else "")
                    for place, index in enumerate(indices)
                ],
                tree.multiproof(indices),
            )

        kind = f"open:{claim.job_id}:{claim_id}"
        batches: Batches[int] = Batches(self._node.outbox, kind, most=MOST_OPENINGS)
        await batches.submit({str(index): index for index in sorted(owed)}, send)

    async def _owed(self, job_id: int, claim_id: int, onchain: Mapping[str, Any]) -> set[int]:
        """Leaves that are still to be opened."""
        jobs = self._node.contracts.JobsManager
        drawn = await jobs.call("drawnIndices", job_id, claim_id)
        owed = {index for draw, index in enumerate(drawn) if not onchain["openedDraws"] >> draw & 1}
        for number in range(onchain["challenges"]):
            if not onchain["openedChallenges"] >> number & 1:
                challenge = await jobs.call("getChallenge", job_id, claim_id, number)
                owed.add(challenge["index"])
        return owed

    @staticmethod
    def _opening(index: int, receipt: StoredReceipt, location: str) -> dict[str, Any]:
        # Where the bytes are, the first leaf says for all.
        return {
            "index": index,
            "sequence": receipt.sequence,
            "durationMs": receipt.duration_ms,
            "dataHash": receipt.data_hash,
            "renditionRoot": receipt.rendition_root,
            "pixels": receipt.pixels,
            "broadcasterSig": receipt.broadcaster_sig,
            "location": location,
        }
