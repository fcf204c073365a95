"""A worker's ask for elections, and collecting what contracts have credited to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.node.duties.base import Duty

if TYPE_CHECKING:
    from offchain.chain.contracts import Contract
    from offchain.chain.onchain import OnChain


class AskPrice(Duty):
    """Keeps the price on chain, from the next round on, at `wei` for `pixels` of output."""

    def __init__(self, node: OnChain, wei: int, pixels: int) -> None:
        super().__init__(node)
        self._wei = wei
        self._pixels = pixels

    async def step(self, head: int) -> None:
        """Say the price where the chain has another; inside the lock window only downwards."""
        jobs = self.node.contracts.JobsManager
        rounds = self.node.contracts.RoundsManager
        number, initialized, locked, _ = await rounds.call("roundState")
        if not initialized:
            return
        wei, pixels = await jobs.call("priceOf", self.node.address, number + 1)
        if (wei, pixels) == (self._wei, self._pixels):
            return
        if locked and (pixels == 0 or self._wei * pixels > wei * self._pixels):
            return
        if not await self.node.contracts.BondingManager.call(
            "isRegisteredTranscoder", self.node.address
        ):
            return
        purpose = f"price:{self._wei}/{self._pixels}:{number}"
        await self.acts.ensure(head, purpose, jobs, "setTranscoderPrice", self._wei, self._pixels)


class Collect(Duty):
    """Withdraws ETH that JobsManager and committee have credited, from `minimum` wei on."""

    def __init__(self, node: OnChain, minimum: int) -> None:
        super().__init__(node)
        self._minimum = minimum

    async def step(self, head: int) -> None:
        """Withdraw what is worth a transaction."""
        contracts = self.node.contracts
        for contract in (contracts.JobsManager, contracts.VerifierCommittee):
            if await contract.call("credits", self.node.address) >= self._minimum:
                # Numbered by the withdrawals before it, so that each is made once.
                number = await self._withdrawals(contract)
                await self.acts.ensure(
                    head, f"withdraw:{contract.name}:{number}", contract, "withdraw"
                )

    async def _withdrawals(self, contract: Contract) -> int:
        return len(
            await self.node.follower.events(contract.name, "Withdrawn", account=self.node.address)
        )
