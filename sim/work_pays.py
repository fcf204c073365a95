"""Can LPT be farmed by paying oneself for work? Exact amounts, as the contracts reckon them.

A round may mint `M` LPT. The part `w` of it goes by work: of the fees `T` that were settled in the
round before, somebody's `F` earn

    L = min(w M F / T,  R c)        c = q F, the protocol fee paid on them (q = 5 %)

and no more: `R` is `workRebate`, in LPT per ETH of protocol fee. Who pays itself gets the fee back
but for `c`, and pays besides what checking the work costs, `v`. With `P` the LPT that one ETH buys,
it gains, in LPT,

    G = L - P (c + v)  <=  R c - P c - P v  =  -(P - R) c - P v.

So for every work part, whatever others work and whatever stake it has, it loses for every P > R,
and at P = R it loses the price of checking.

Two things could still help a large holder, and do not. *Its stake's part*, (1 - w) M s, is the same
with and without the faked work. And *dilution*: faked fees push honest shares of the work part
down, but never what is minted in all. Each ETH of fee earns the same, e = min(w M / T, R q), so
that together they earn e T = min(w M, R q T), which only grows with T. LPT it does not hold grows
no scarcer. With all LPT together worth what it was worth before, the holder of a part `h` of it
gains G - h (growth of what is minted) <= G.

Honest work earns by the same formula: where the cap binds, R / P of the protocol fee it was charged
comes back as stake.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

MILLION = 10**6
ETHER = 10**18


@dataclass(frozen=True, slots=True)
class Rules:
    """What governance sets, and what the round may mint: `mintable` in LPT wei, `weight` and
    `protocol_fee` in parts per million, `rebate` in LPT wei per ETH of protocol fee."""

    mintable: int
    weight: int
    rebate: int
    protocol_fee: int = 50_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transcoder has of a round: LPT wei minted to it by stake and by work, ETH wei it is
    short of in the end, and LPT wei minted to all by work."""

    by_stake: int
    by_work: int
    spent: int
    all_by_work: int


def fee_kept(rules: Rules, fees: int) -> int:
    """The protocol's part of fees, in wei, rounded up as the JobsManager does."""
    return -(-fees * rules.protocol_fee // MILLION)


def earned(rules: Rules, fees: int, total: int) -> int:
    """LPT wei that `fees` of a round's `total` (wei) earn in the next."""
    if not fees:
        return 0
    part = rules.mintable * rules.weight // MILLION
    return min(part * fees // total, rules.rebate * fee_kept(rules, fees) // ETHER)


def outcome(rules: Rules, *, share: Fraction, faked: int, honest: int, checking: int) -> Outcome:
    """A round of one with `share` of all stake, which pays itself `faked` wei while others are paid
    `honest` wei for real work; `checking` wei is what having one's work checked costs."""
    total = faked + honest
    by_stake = int(rules.mintable * (MILLION - rules.weight) * share / MILLION)
    by_work = earned(rules, faked, total)
    spent = fee_kept(rules, faked) + (checking if faked else 0)
    return Outcome(by_stake, by_work, spent, by_work + earned(rules, honest, total))


def gain(
    rules: Rules,
    *,
    share: Fraction,
    faked: int,
    honest: int,
    checking: int,
    lpt_for_an_ether: int,
    held: Fraction = Fraction(0),
) -> Fraction:
    """What faking brings over not faking, in LPT wei, where an ETH buys `lpt_for_an_ether` LPT wei.

    `held` is the part of all LPT that the faker owns, and loses by when more is minted.
    """
    does = outcome(rules, share=share, faked=faked, honest=honest, checking=checking)
    idle = outcome(rules, share=share, faked=0, honest=honest, checking=checking)
    minted = does.by_stake + does.by_work - idle.by_stake - idle.by_work
    paid = Fraction((does.spent - idle.spent) * lpt_for_an_ether, ETHER)
    return minted - paid - held * (does.all_by_work - idle.all_by_work)
