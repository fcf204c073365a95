"""The books of a story: who had what before it and who has what after it, to the wei.

    with Books(protocol, parties) as books:
        ...                                     # the story
    books.balance({worker: lpt(-50 * LPT)}, burned=50 * LPT)

At the end every credit is withdrawn and every fine that belongs to nobody destroyed. Then each
party must have changed by exactly what the story says, the others not at all; the contracts must
hold what they owe and nothing else; and what all have together must have changed by what was
minted and burned, as the token's own events tell it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contracts.harness import ZERO, Protocol, Receipt, Reverted

# Shares of fees and stake are rounded down; so many wei may stay behind with the Minter.
MOST_DUST = 8


class BooksDoNotBalance(AssertionError):
    """Somebody has more or less than the story says."""


@dataclass(frozen=True, slots=True)
class Wealth:
    """Wei of ETH and of LPT, wherever they are kept."""

    eth: int = 0
    lpt: int = 0

    def __add__(self, other: Wealth) -> Wealth:
        return Wealth(self.eth + other.eth, self.lpt + other.lpt)

    def __sub__(self, other: Wealth) -> Wealth:
        return Wealth(self.eth - other.eth, self.lpt - other.lpt)


def eth(wei: int) -> Wealth:
    """So much ETH, in wei."""
    return Wealth(eth=wei)


def lpt(wei: int) -> Wealth:
    """So much LPT, in wei."""
    return Wealth(lpt=wei)


@dataclass(frozen=True, slots=True)
class Party:
    """Whoever has an account; `name` as in the story."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What everyone has, and what contracts hold beyond what they owe, by contract."""

    parties: Mapping[Party, Wealth]
    unowed: Mapping[str, Wealth]
    supply: int

    @property
    def total(self) -> Wealth:
        """All there is."""
        return sum((*self.parties.values(), *self.unowed.values()), Wealth())


class Books:
    """A context manager around a story."""

    def __init__(self, protocol: Protocol, parties: Iterable[Party]) -> None:
        self._protocol = protocol
        self._parties = list(parties)
        self._minted = self._burned = 0

    def __enter__(self) -> Books:
        self.opening = self._statement()
        self._send = self._protocol.chain.send
        self._protocol.chain.send = self._watched  # type: ignore[method-assign]
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        try:
            if failed is None:
                self._pay_out()
                self.closing = self._statement()
        finally:
            self._protocol.chain.send = self._send  # type: ignore[method-assign]

    def change(self, party: Party) -> Wealth:
        """What a party has more at the end than at the start."""
        return self.closing.parties[party] - self.opening.parties[party]

    def balance(
        self, expected: Mapping[Party, Wealth], *, burned: int = 0, minted: int = 0
    ) -> None:
        """Raise BooksDoNotBalance unless the story's account of itself is exact."""
        wrong = [
            f"{party.name}: {self.change(party)}, not {expected.get(party, Wealth())}"
            for party in self._parties
            if self.change(party) != expected.get(party, Wealth())
        ]
        wrong += self._contracts_at_fault()
        if (self._minted, self._burned) != (minted, burned):
            wrong.append(
                f"minted and burned {self._minted} and {self._burned}, not {minted} and {burned}"
            )
        created = Wealth(0, self._minted - self._burned)
        if self.closing.total - self.opening.total != created:
            wrong.append(f"all together: {self.closing.total - self.opening.total}, not {created}")
        if self.closing.supply - self.opening.supply != created.lpt:
            wrong.append(f"LPT in existence: {self.closing.supply - self.opening.supply}")
        if wrong:
            raise BooksDoNotBalance("\n".join(wrong))

    # ------------------------------------------------------------ private

    def _watched(self, *args: Any, **named: Any) -> Receipt:
        """A transaction, with what it mints and burns noted."""
        receipt: Receipt = self._send(*args, **named)
        token = self._protocol.LivepeerToken.address
        for event in receipt.named("Transfer"):
            if event.address == token and event.args["_from"] == ZERO:
                self._minted += event.value
            if event.address == token and event.args["to"] == ZERO:
                self._burned += event.value
        return receipt

    def _contracts_at_fault(self) -> list[str]:
        """Contracts that hold more or less than they owe; the Minter keeps what was rounded off."""
        wrong = []
        for name, after in self.closing.unowed.items():
            gain = after - self.opening.unowed[name]
            most = MOST_DUST if name == "Minter" else 0
            if not (0 <= gain.eth <= most and 0 <= gain.lpt <= most):
                wrong.append(f"{name} holds what it owes nobody: {gain}")
        return wrong

    def _pay_out(self) -> None:
        """Everyone takes its credit; one that cannot receive leaves it where it is."""
        jobs, committee = self._protocol.JobsManager, self._protocol.VerifierCommittee
        for party in self._parties:
            for contract in (jobs, committee):
                if contract.credits(party.address):
                    try:
                        contract.withdrawFor(party.address)
                    except Reverted:
                        continue
            if committee.tokenCredits(party.address):
                committee.withdrawTokens(sender=party.address)
        if committee.penaltiesToBurn():
            committee.burnPenalties()

    def _statement(self) -> Statement:
        parties = {party: self._wealth(party.address) for party in self._parties}
        return Statement(parties, self._unowed(), int(self._protocol.LivepeerToken.totalSupply()))

    def _wealth(self, who: str) -> Wealth:
        """Balances, credits, stake, locks and fees of an account."""
        protocol = self._protocol
        return Wealth(
            protocol.chain.balance(who)
            + protocol.JobsManager.credits(who)
            + protocol.VerifierCommittee.credits(who)
            + protocol.BondingManager.pendingFees(who, 0),
            protocol.LivepeerToken.balanceOf(who)
            + protocol.VerifierCommittee.tokenCredits(who)
            + self._staked(who),
        )

    def _staked(self, who: str) -> int:
        """Stake, and what its open locks will pay."""
        bonding = self._protocol.BondingManager
        locks = bonding.getDelegator(who)[6]
        return int(bonding.pendingStake(who, 0)) + sum(
            bonding.getDelegatorUnbondingLock(who, number)[0] for number in range(locks)
        )

    def _unowed(self) -> dict[str, Wealth]:
        """What each contract holds, less what it owes to the parties."""
        protocol = self._protocol
        held = {
            name: Wealth(
                protocol.chain.balance(contract),
                protocol.LivepeerToken.balanceOf(contract),
            )
            for name, contract in protocol.contracts.items()
        }
        committee, bonding = protocol.VerifierCommittee, protocol.BondingManager
        held["VerifierCommittee"] -= lpt(committee.penaltiesToBurn())
        for party in self._parties:
            who = party.address
            held["JobsManager"] -= eth(protocol.JobsManager.credits(who))
            held["VerifierCommittee"] -= Wealth(committee.credits(who), committee.tokenCredits(who))
            held["Minter"] -= Wealth(bonding.pendingFees(who, 0), self._staked(who))
        return held
