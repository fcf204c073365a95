"""The model's state as a whole, and the laws it must always obey."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.contracts.reference import earnings
from tests.contracts.reference.arithmetic import LARGEST_FACTOR
from tests.contracts.reference.state import ZERO, Account, Transcoder
from tests.contracts.reference.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.reference.clock import Clock
    from tests.contracts.reference.issuance import Issuance


@dataclass(slots=True)
class World:
    """Everything the staking protocol knows, in wei, blocks and rounds.

    ``weights`` are the stakes behind each delegate when the round began; they stay as they are
    until the next one begins. ``active`` are those who were in the pool then. ``pool`` are those
    who will be active in the next round, ``pool_size`` at most.
    """

    clock: Clock
    issuance: Issuance
    unbonding_period: int
    pool_size: int
    minimum_self_stake: int = 0
    dispute_blocks: int = 0
    treasury_rate: int = 0
    next_treasury_rate: int = 0
    treasury_ceiling: int = 0
    work: Work = field(default_factory=Work)
    accounts: dict[str, Account] = field(default_factory=dict)
    transcoders: dict[str, Transcoder] = field(default_factory=dict)
    pool: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    active_stake: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    vault: int = 0
    eth: int = 0
    burned: int = 0
    treasury: str = ""
    fee_dust: Fraction = ZERO
    lock_dust: int = 0
    votes: dict[int, dict[str, tuple[Fraction, Fraction, str | None]]] = field(default_factory=dict)
    active_stakes: dict[int, int] = field(default_factory=dict)
    tie_break: Callable[[set[str]], str] = min

    @property
    def round(self) -> int:
        """The last round that was initialised: stake counts as it stood when that one began.

        Calls that need the current round to be initialised find the two the same. A slash or fees
        of a claim may arrive before anybody has started the round.
        """
        return self.clock.initialized

    def account(self, name: str) -> Account:
        """The account of that name, made on first sight."""
        return self.accounts.setdefault(name, Account())

    def transcoder(self, name: str) -> Transcoder:
        """The delegate of that name, made on first sight."""
        return self.transcoders.setdefault(name, Transcoder())

    def weight(self, name: str) -> int:
        """Stake behind a delegate when the round began, in wei."""
        return self.weights.get(name, 0)

    def next_active_stake(self) -> int:
        """Stake behind all of the pool, in wei: what the next round's rewards are divided by."""
        return sum(self.transcoders[name].delegated for name in self.pool)

    def bonded(self, name: str) -> bool:
        """Whether the account has stake with anybody."""
        return self.account(name).stake > 0

    def registered(self, name: str) -> bool:
        """Whether the account has stake with itself."""
        account = self.accounts.get(name)
        return account is not None and account.delegate == name and account.stake > 0

    def barred(self, name: str) -> bool:
        """Whether a conviction keeps the transcoder out at the moment."""
        return self.transcoder(name).barred_until > self.round

    def is_active(self, name: str) -> bool:
        """Whether the transcoder works in the round: in the pool when it began, and not barred."""
        return name in self.active and not self.barred(name)

    def shown_active(self, name: str) -> bool:
        """What a view says: of a round nobody has started yet, who would be active in it."""
        if self.clock.ready:
            return self.is_active(name)
        return name in self.pool and self.transcoder(name).barred_until <= self.clock.round

    def pending(self, name: str) -> bool:
        """Whether the account's bond starts only with the next round."""
        return self.bonded(name) and self.account(name).start_round > self.round

    def fee_room(self, name: str) -> int:
        """Fees the transcoder's fee factor certainly still has room for, in wei; 0 for any."""
        weight, transcoder = self.weight(name), self.transcoder(name)
        if not weight:
            return 0
        room = (LARGEST_FACTOR - transcoder.fee_factor) / transcoder.reward_factor / 4
        return max(int(room * weight), 1)

    def quote(self, name: str, stake: int, fees: int) -> None:
        """Compares what the contract says it owes an account with the exact figures.

        The contract may owe less by its roundings, and never more.
        """
        exact = earnings.position(self, name)
        slack = earnings.errors(self, name)
        for label, quoted, right, below in zip(
            ("stake", "fees"), (stake, fees), exact, slack, strict=True
        ):
            assert quoted <= right, f"{label} of {name}: {quoted} quoted, {float(right)} owed"
            assert quoted > right - below, (
                f"{label} of {name}: {quoted} quoted, {float(right - quoted)} short of what is owed"
            )
        account = self.account(name)
        account.quoted_stake, account.quoted_fees = stake, fees

    def vote(self, name: str) -> tuple[Fraction, Fraction, str | None]:
        """Votes of an account at the start of the next round if nothing else happened.

        A registered transcoder votes with everything behind it, exactly; a delegator of one with
        its own stake, up to rounding; anybody else has no votes. Returned with the bound of the
        rounding and the delegate.
        """
        account = self.account(name)
        if account.stake == 0 or not self.registered(account.delegate or ""):
            return ZERO, ZERO, account.delegate
        if account.delegate == name:
            return Fraction(self.transcoder(name).delegated), ZERO, name
        return account.stake, earnings.errors(self, name)[0], account.delegate

    def check(self) -> None:
        """The laws: nothing is lost, nothing is made, down to the last wei."""
        owed = dict.fromkeys(self.transcoders, ZERO)
        locks = 0
        fees = ZERO
        for account in self.accounts.values():
            if account.delegate is not None:
                owed[account.delegate] = owed.get(account.delegate, ZERO) + account.stake
            else:
                assert account.stake == 0, "stake without a delegate"
            locks += sum(lock.amount for lock in account.locks.values())
            fees += account.fees
        delegated = 0
        for name, transcoder in self.transcoders.items():
            explained = owed[name] + transcoder.commission + transcoder.forgone
            assert transcoder.delegated == explained, f"{name}: {transcoder.delegated - explained}"
            assert transcoder.forgone >= 0, f"{name} owes more than it has"
            delegated += transcoder.delegated
            fees += transcoder.commission_fees
        assert self.vault == delegated + locks + self.lock_dust, (
            "LPT of the protocol is not what it owes"
        )
        assert self.eth == fees + self.fee_dust, "ETH of the protocol is not what it owes"
        held = sum(self.balances.values()) + self.vault
        assert self.issuance.supply == held, "supply is not what everybody holds"
        assert len(self.pool) <= self.pool_size, "the pool is over-full"
        assert all(self.registered(name) for name in self.pool), "the pool has a stranger"
