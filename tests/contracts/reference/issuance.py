"""Inflation and the minting of one round: all figures exact to the wei."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contracts.reference.arithmetic import MINT, percentage, share


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
        amount = share(self.mintable, stake, active_stake, MINT)
        self.minted += amount
        self.supply += amount
        assert self.minted <= self.mintable, "minted tokens cannot exceed mintable tokens"
        return amount
