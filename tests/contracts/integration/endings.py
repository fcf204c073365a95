"""How stories end, to the wei."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tests.contracts.integration.books import Books, Party, Wealth, eth, lpt
from tests.contracts.integration.cast import (
    NOBODY,
    SEGMENT,
    SLASH,
    Actor,
    Claim,
    Stage,
    after_protocol_fee,
)


def caught_by_the_watcher(stage: Stage, books: Books, claim: Claim) -> None:
    """The worker loses a twentieth of its stake and its verification fee. Half of the stake goes to
    the watcher, half is destroyed; the fee is the protocol's. Nobody else has a wei more or less:
    not the broadcaster, and not the delegator, whose stake never answers for the worker's."""
    books.balance(
        {
            stage.worker: lpt(-SLASH) - eth(claim.verification_fee),
            stage.watcher: lpt(SLASH // 2),
            NOBODY: eth(claim.verification_fee),
        },
        burned=SLASH // 2,
    )


def convicted_by_the_committee(
    stage: Stage, books: Books, claim: Claim, earners: Iterable[Actor]
) -> None:
    """The same loss, all of the stake destroyed; the fee is shared among the seats that were
    right, and only what cannot be divided is the protocol's."""
    shares, rest = shared(claim.verification_fee, earners)
    books.balance(
        together(
            {stage.worker: lpt(-SLASH) - eth(claim.verification_fee), NOBODY: eth(rest)}, shares
        ),
        burned=SLASH,
    )


def paid(stage: Stage, claim: Claim, segments: int = 10) -> dict[Party, Wealth]:
    """What payment for a claim changes: the broadcaster pays, worker and delegator have half each
    of what the protocol leaves."""
    fees = segments * SEGMENT
    earned = after_protocol_fee(fees)
    return {
        stage.broadcaster: eth(-fees),
        stage.worker: eth(earned // 2 - claim.verification_fee),
        stage.delegator: eth(earned // 2),
        NOBODY: eth(fees - earned),
    }


def fined(seat: Actor, fine: int, earners: Iterable[Actor]) -> tuple[dict[Party, Wealth], int]:
    """What a fine changes, and how much of it is destroyed: half, and what cannot be divided
    among the seats that were right."""
    judges = list(earners)
    prize = fine // 2 // len(judges)
    changes = together({seat: lpt(-fine)}, dict.fromkeys(judges, lpt(prize)))
    return changes, fine - prize * len(judges)


def shared(
    pot: int, earners: Iterable[Actor], weights: Mapping[Actor, int] | None = None
) -> tuple[dict[Party, Wealth], int]:
    """So many wei by equal or by the given weights, each seat's rounded down, and the rest."""
    seats = Counter(earners)
    weight = {seat: (weights or {}).get(seat, 1) for seat in seats}
    whole = sum(times * weight[seat] for seat, times in seats.items())
    parts = {seat: times * (pot * weight[seat] // whole) for seat, times in seats.items()}
    return {seat: eth(part) for seat, part in parts.items()}, pot - sum(parts.values())


def together(*changes: Mapping[Party, Wealth]) -> dict[Party, Wealth]:
    """All of these changes."""
    total: dict[Party, Wealth] = {}
    for each in changes:
        for party, change in each.items():
            total[party] = total.get(party, Wealth()) + change
    return total
