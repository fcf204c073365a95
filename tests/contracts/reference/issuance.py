"""Inflation and the minting of one round: all figures exact to the wei."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contracts.reference.arithmetic import MINT, PERC, percentage, share


@dataclass(slots=True)
class Issuance:
    """What the Minter knows. Rates are parts of 10^9."""

    supply: int
    inflation: int
    inflation_change: int
    target_bonding_rate: int
    mintable: int = 0
    minted: int = 0

    def start_round(self, active_stake: int) -> None:
        """Moves inflation one step towards the target and fixes what the round may mint."""
        bonded = active_stake * MINT // self.supply if self.supply else 0
        if bonded < self.target_bonding_rate:
            self.inflation += self.inflation_change
        elif bonded > self.target_bonding_rate:
            self.inflation = max(self.inflation - self.inflation_change, 0)
        self.mintable = percentage(self.supply, self.inflation, MINT)
        self.minted = 0

    def reward(self, stake: int, active_stake: int) -> int:
        """Mints the share of a transcoder with ``stake`` of the round's ``active_stake``."""
        return self._mint(share(self.mintable, stake, active_stake, MINT))

    def reward_with_work(self, stake: int, active_stake: int, weight: int, by_work: int) -> int:
        """Mints the share of the stake in what is left beside the work's part, and ``by_work``.

        ``weight`` is the work's part of the round, in parts per million, and ``by_work`` what the
        transcoder has of it, in wei. The Minter mints in parts of 10^9 of the round.
        """
        if not self.mintable:
            return self._mint(0)
        by_stake = self.mintable * (PERC - weight) * stake // (PERC * active_stake)
        return self._mint(share(self.mintable, by_stake + by_work, self.mintable, MINT))

    def _mint(self, amount: int) -> int:
        self.minted += amount
        self.supply += amount
        assert self.minted <= self.mintable, "minted tokens cannot exceed mintable tokens"
        return amount
