"""What the model remembers of accounts and transcoders."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

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
    """An unbonding lock: ``amount`` in wei of LPT.

    ``own`` if a transcoder took it out of its own stake: then it can be slashed until it can be
    withdrawn, and cannot be withdrawn before the protocol clock shows ``matures``.
    """

    amount: int
    withdraw_round: int
    own: bool = False
    matures: int = 0
    slashed: bool = False


@dataclass(slots=True)
class Account:
    """One delegator's position. ``stake`` and ``fees`` are exact, in wei.

    The contract's figure lies in ``[exact - error - 1, exact]``. ``stored`` is the stake as of the
    last settlement, exact to the wei.
    """

    stake: Fraction = ZERO
    stored: int = 0
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
    The two factors are what a unit of the oldest stake has grown to and earned in fees: as floats,
    since they only tell how near the contract is to the end of its fixed-point numbers.
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
    reward_factor: float = 1.0
    fee_factor: float = 0.0
    last_reward_round: int = 0
    cut: int = 0
    fee_share: int = 0
    rates: list[tuple[int, int, int]] = field(default_factory=list)
    barred_until: int = 0
    backed_until: int = 0

    def rates_in(self, round_: int) -> tuple[int, int]:
        """Reward cut and fee share in force in ``round_``: the last ones set before it."""
        cut = fee_share = 0
        for since, new_cut, new_share in self.rates:
            if since <= round_:
                cut, fee_share = new_cut, new_share
        return cut, fee_share
