"""What the model remembers of accounts and transcoders."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.contracts.reference.arithmetic import NEVER

ZERO = Fraction(0)

UNIT_ERROR = Fraction(2, 10**27)
"""What one rounding of a cumulative factor costs, relative to the stake it multiplies."""


class Refused(Exception):
    """The protocol refuses the call; ``reasons`` are all the reasons it may give."""

    def __init__(self, reasons: frozenset[str]) -> None:
        super().__init__(" | ".join(sorted(reasons)))
        self.reasons = reasons


@dataclass(slots=True)
class Lock:
    """An unbonding lock: ``amount`` in wei of LPT."""

    amount: int
    withdraw_round: int
    created: int
    matures: int = 0


@dataclass(slots=True)
class Account:
    """One delegator's position. ``stake`` and ``fees`` are exact, in wei.

    The contract's figure lies in ``[exact - error - 1, exact]``.
    """

    stake: Fraction = ZERO
    fees: Fraction = ZERO
    stake_error: Fraction = ZERO
    fees_error: Fraction = ZERO
    delegate: str | None = None
    start_round: int = 0
    last_claim: int = 0
    next_lock: int = 0
    locks: dict[int, Lock] = field(default_factory=dict)
    quoted_stake: int | None = None
    quoted_fees: int | None = None


@dataclass(slots=True)
class Transcoder:
    """One delegate. Everybody somebody bonded to has one, registered or not.

    ``delegated`` (wei, exact) is what the contract calls delegatedAmount. ``commission`` is the
    transcoder's part of rewards not yet settled into its own stake, ``commission_fees`` likewise.
    ``forgone`` is stake inside ``delegated`` that belongs to nobody: shares of rewards which a
    delegator gave up by settling before the reward of the round, and dust of rounding.
    """

    delegated: int = 0
    commission: Fraction = ZERO
    active_commission: Fraction = ZERO
    commission_error: Fraction = ZERO
    commission_fees: Fraction = ZERO
    commission_fees_error: Fraction = ZERO
    forgone: Fraction = ZERO
    growth: Fraction = Fraction(1)
    last_reward_round: int = 0
    cut: int = 0
    fee_share: int = 0
    rates: list[tuple[int, int, int]] = field(default_factory=list)
    activation: int = 0
    deactivation: int = 0
    barred_until: int = 0
    backed_until: int = 0

    def in_pool_dates(self) -> bool:
        """Whether the dates say that it sits in the pool."""
        return self.deactivation == NEVER

    def rates_in(self, round_: int) -> tuple[int, int]:
        """Reward cut and fee share in force in ``round_``: the last ones set before it."""
        cut = fee_share = 0
        for since, new_cut, new_share in self.rates:
            if since <= round_:
                cut, fee_share = new_cut, new_share
        return cut, fee_share
