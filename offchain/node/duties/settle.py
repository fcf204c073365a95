"""From a claim in the chain to its pay: prove the seed, open the leaves, call for the committee,
collect, and forget the receipts when nothing can change any more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offchain.chain.seeds import ensure_seed
from offchain.committee.poke import move_on
from offchain.node.duties.base import Duty
from offchain.node.duties.claimbook import PAID
from offchain.node.duties.opening import Opener

if TYPE_CHECKING:
    from offchain.chain.onchain import OnChain
    from offchain.node.duties.claimbook import ClaimBook
    from offchain.store import Blobs, Receipts, StoredClaim

log = logging.getLogger("livepeer.duties")

COMMITTED, OPENED, VOTING, JUDGED = 1, 2, 3, 4
VALID = 1
_UNCLAIMED_S = 86_400.0


class SettleClaims(Duty):
    """Drives every open claim one step further. `location` is where this node serves blobs.

    `confirmations`: blocks on a claim's end before its receipts and blobs are dropped.
    """

    def __init__(
        self,
        node: OnChain,
        receipts: Receipts,
        book: ClaimBook,
        blobs: Blobs,
        *,
        location: str,
        confirmations: int = 12,
    ) -> None:
        super().__init__(node)
        self._receipts = receipts
        self._book = book
        self._blobs = blobs
        self._opener = Opener(node, self.acts, receipts, location)
        self._confirmations = confirmations

    async def open(self) -> None:
        """Drop the blobs of work that was never claimed."""
        dropped = await self._blobs.prune(await self._receipts.blobs(), older_than_s=_UNCLAIMED_S)
        if dropped:
            log.info("blobs dropped", extra={"blobs": dropped})

    async def step(self, head: int) -> None:
        """Look at every claim that is not closed."""
        clock = await self.node.contracts.JobsManager.call("currentClock")
        for claim in await self._receipts.claims():
            claim_id = self._book.find(claim.job_id, claim.root)
            if claim_id is None:
                continue
            if claim.claim_id != claim_id:
                await self._receipts.name_claim(claim.purpose, claim_id)
            await self._drive(head, clock, claim, claim_id)

    async def _drive(self, head: int, clock: int, claim: StoredClaim, claim_id: int) -> None:
        node = self.node
        ending = self._book.ended(claim.job_id, claim_id)
        if ending is not None:
            if head - ending.block_number >= self._confirmations:
                await self._close(claim, ending.status, ending.fees)
            return
        jobs = node.contracts.JobsManager
        onchain = await jobs.call("getClaim", claim.job_id, claim_id)
        status = onchain["status"]
        name = f"{claim.job_id}:{claim_id}"
        if status == COMMITTED:
            proven = await ensure_seed(
                node.client, node.contracts, self.acts, head, onchain["seedBlock"]
            )
            if proven:
                await self._opener.open(head, clock, claim, claim_id, onchain)
        elif status == OPENED:
            windows = await jobs.call("claimDeadlines", claim.job_id, claim_id)
            if clock > windows["challengeBy"]:
                await self.acts.ensure(
                    head, f"verify:{name}", jobs, "requestVerification", claim.job_id, claim_id
                )
        elif status == VOTING:
            # The claimant waits for its pay: it moves the committee on where anybody may.
            number = onchain["request"]
            request = await node.contracts.VerifierCommittee.call("getRequest", number)
            await move_on(node, self.acts, head, clock, number, request)
        elif status == JUDGED:
            call = "distributeFees" if onchain["verdict"] == VALID else "settle"
            await self.acts.ensure(head, f"{call}:{name}", jobs, call, claim.job_id, claim_id)

    async def _close(self, claim: StoredClaim, status: int, fees: int) -> None:
        what = "paid" if status == PAID else "not paid"
        log.info(
            "claim closed",
            extra={"job": claim.job_id, "claim": claim.claim_id, "outcome": what, "wei": fees},
        )
        for blob in await self._receipts.close_claim(claim.purpose):
            await self._blobs.discard(blob)
