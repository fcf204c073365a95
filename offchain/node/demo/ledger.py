"""The books of a run: where every wei of escrow and every new LPT went.

Pure: facts read from the chain go in, rows and differences come out. The totals are not derived
from each other: what was put in comes from the jobs' events, what came out from the balances of
each account and contract, so a payment too much or too little shows as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.web.words import eth, lpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain says at one block. ETH in wei, LPT in its smallest unit."""

    block: int
    escrowed: int
    """Put into jobs, by their events."""
    fees: Mapping[str, int]
    """Name -> fees of transcoding that the account owns or has withdrawn."""
    fees_rounding: int
    """Fees the protocol holds that rounding left to nobody."""
    protocol_fee: int
    refunded: int
    """Gone back to broadcasters from cancelled and closed jobs."""
    held: int
    """In jobs, and reserved by claims not settled yet."""
    checking: Mapping[str, int]
    """Name -> earned for verifying others' work (claimants pay this, not the escrow)."""
    minted: Mapping[str, int]
    """Name -> growth of its stake, what was taken from it counted back in."""
    minted_rounding: int
    """LPT the protocol holds beyond the stakes."""
    supply_before: int
    supply_now: int
    taken: Mapping[str, int]
    """Name -> LPT lost by slashes and fines, by their events."""
    burned: int
    """LPT destroyed."""
    to_burn: int
    """LPT of fines that waits to be destroyed."""
    rewarded: Mapping[str, int]
    """Name -> LPT that finders and honest seats got of what others lost, by their balances."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, to whom, how much."""

    what: str
    who: str
    amount: int


@dataclass(frozen=True, slots=True)
class Account:
    """A sum to be explained (`total`), the rows that explain it, and in which coin to say it."""

    total: int
    rows: tuple[Row, ...]
    unit: str
    say: Callable[[int], str]

    @property
    def explained(self) -> int:
        """Sum of the rows."""
        return sum(row.amount for row in self.rows)

    @property
    def difference(self) -> int:
        """Rows minus total: 0 when every unit is accounted for."""
        return self.explained - self.total

    @property
    def balanced(self) -> bool:
        """Whether it adds up exactly, with nothing negative in it."""
        return self.difference == 0 and all(row.amount >= 0 for row in self.rows)

    def verdict(self, whole: str) -> str:
        """`Adds up to the escrow to the wei.`, or by how much it does not."""
        if self.balanced:
            return f"Adds up to {whole} to the {self.unit}."
        if self.difference == 0:
            below = next(row for row in self.rows if row.amount < 0)
            return f"DOES NOT ADD UP: {below.what} of {below.who} is below zero."
        more = "more" if self.difference > 0 else "less"
        return f"DOES NOT ADD UP: {abs(self.difference)} {self.unit} {more} than {whole}."


@dataclass(frozen=True, slots=True)
class Ledger:
    """The accounts of a run: the escrow's ETH, the LPT minted, and the LPT taken for misconduct."""

    escrow: Account
    mint: Account
    taken: Account
    checking: tuple[Row, ...]
    losers: tuple[Row, ...]

    @property
    def balanced(self) -> bool:
        """Whether every account adds up."""
        return self.escrow.balanced and self.mint.balanced and self.taken.balanced


def reckon(facts: Facts) -> Ledger:
    """Lays the facts out in rows; touches no amount."""
    escrow = [Row("fees", who, wei) for who, wei in facts.fees.items() if wei]
    escrow.append(Row("rounding", "kept by the protocol", facts.fees_rounding))
    escrow.append(Row("protocol fee", "the protocol", facts.protocol_fee))
    escrow.append(Row("refund", "the broadcaster", facts.refunded))
    escrow.append(Row("held", "in jobs and open claims", facts.held))
    mint = [Row("minted", who, amount) for who, amount in facts.minted.items() if amount]
    mint.append(Row("rounding", "kept by the protocol", facts.minted_rounding))
    taken = [Row("got of it", who, amount) for who, amount in facts.rewarded.items() if amount]
    taken.append(Row("burned", "nobody", facts.burned))
    taken.append(Row("to be burned", "nobody", facts.to_burn))
    minted = facts.supply_now - facts.supply_before + facts.burned
    return Ledger(
        escrow=Account(facts.escrowed, tuple(escrow), "wei", eth),
        mint=Account(minted, tuple(mint), "smallest unit", lpt),
        taken=Account(sum(facts.taken.values()), tuple(taken), "smallest unit", lpt),
        checking=tuple(Row("checking", who, wei) for who, wei in facts.checking.items() if wei),
        losers=tuple(Row("lost", who, amount) for who, amount in facts.taken.items() if amount),
    )
