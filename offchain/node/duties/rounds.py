"""Once a round: start it if nobody has, and call `reward` while active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.chain.acts import turn
from offchain.node.duties.base import Duty

if TYPE_CHECKING:
    from offchain.chain.onchain import OnChain

_MOST_PATIENT = 8  # blocks the last in the queue waits before it starts a round


class Rounds(Duty):
    """Starts rounds and mints rewards.

    A reward is due once a round, whatever the order of restarts, of the round's start and of RPC
    failures: as long as the chain says that it has not been called, the next step calls it.
    """

    def __init__(self, node: OnChain, *, initialize: bool = True, reward: bool = True) -> None:
        super().__init__(node)
        self._initialize = initialize
        self._reward = reward

    async def step(self, head: int) -> None:
        """Start the round when it is this node's turn; reward when it has started."""
        rounds = self.node.contracts.RoundsManager
        number, initialized, _, start = await rounds.call("roundState")
        if not initialized:
            waited = head - start
            if self._initialize and waited >= turn(self.node.address, number, _MOST_PATIENT):
                await self.acts.ensure(head, f"round:{number}", rounds, "initializeRound")
            return
        if not self._reward:
            return
        bonding = self.node.contracts.BondingManager
        if not await bonding.call("isActiveTranscoder", self.node.address):
            return
        last_reward = (await bonding.call("getTranscoder", self.node.address))[0]
        if last_reward < number:
            await self.acts.ensure(head, f"reward:{number}", bonding, "reward")
