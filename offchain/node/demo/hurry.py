"""Lets time pass on the chain where nobody has anything to do but wait for a window to close.

Only used once the stream is over: while it runs, the chain keeps a block a second. Never while a
committee votes, and never past the point where somebody has to act next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offchain.chain.contracts import Contracts
    from offchain.node.demo.anvil import Anvil
    from offchain.node.demo.progress import Progress

LOOK_SECONDS = 0.5
COMMITTED, OPENED, VOTING, JUDGED = 1, 2, 3, 4
SEATING, APPEAL = 1, 5  # phases of a committee's request


class Hurry:
    """Mines up to the next moment at which somebody can act, then lets them."""

    def __init__(self, chain: Anvil, contracts: Contracts, progress: Progress) -> None:
        self._chain = chain
        self._jobs = contracts.JobsManager
        self._committee = contracts.VerifierCommittee
        self._progress = progress

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            blocks = await self.idle_blocks()
            await self._chain.mine(blocks)
            await asyncio.sleep(LOOK_SECONDS)

    async def idle_blocks(self) -> int:
        """For how many blocks from now nobody can do anything; 0 if somebody can."""
        progress = self._progress
        clock = await self._jobs.call("currentClock")
        if not (progress.all_claimed and progress.all_examined):
            return 0
        waits = [
            await self._wait(claim.job, claim.claim, claim.seed_block, clock)
            for claim in progress.claims()
            if not claim.ended
        ]
        if waits:
            return max(0, min(waits))
        return max(0, progress.last_end_clock + 1 - int(clock))

    async def _wait(self, job: int, claim: int, seed_block: int, clock: int) -> int:
        """Blocks until the claim can move on."""
        onchain = await self._jobs.call("getClaim", job, claim)
        if onchain["status"] == VOTING:
            return await self._stage_wait(onchain["request"], clock)
        if onchain["status"] not in (COMMITTED, OPENED):
            return 0
        windows = await self._jobs.call("claimDeadlines", job, claim)
        if not windows["provenAt"]:
            return int(seed_block + 1 - await self._chain.block_number())
        return int(windows["challengeBy"] + 1 - clock)

    async def _stage_wait(self, number: int, clock: int) -> int:
        """Blocks until a committee's next stage can be seated, or its verdict stands."""
        request = await self._committee.call("getRequest", number)
        if request["phase"] == SEATING:
            return int(request["seedBlock"] + 1 - await self._chain.block_number())
        if request["phase"] == APPEAL:
            return int(request["appealBy"] + 1 - clock)
        return 0
