"""Who may sit in a committee, and what holds of whomever a draw has picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.world import World


@dataclass(frozen=True, slots=True)
class Bench:
    """Who may sit, each time for certain and at most: all who may, and those of them who have stake
    for one seat more than they hold."""

    certain: set[str]
    possible: set[str]
    certainly_free: set[str]
    possibly_free: set[str]


def eligible(world: World, round_: int, excluded: frozenset[str]) -> Bench:
    """Who may sit: active in the round, no party, not barred, with stake for a seat.

    Where the owner has changed the bond meanwhile, any of the bonds may be meant.
    """
    bonds = [court.seat_bond for court in world.courts]
    least, most = min(bonds), max(bonds)
    bench = Bench(set(), set(), set(), set())
    for name in world.snapshots.get(round_, {}):
        if name in excluded:
            continue
        seats = world.person(name).open_seats + 1
        seen = [0 if barred else bonded for barred, bonded in world.look(round_, name)]
        for group, needed, agreed in (
            (bench.certain, most, all),
            (bench.possible, least, any),
            (bench.certainly_free, most * seats, all),
            (bench.possibly_free, least * seats, any),
        ):
            if agreed(bonded >= needed for bonded in seen):
                group.add(name)
    return bench


def check_seats(bench: Bench, seats: list[str], size: int, earlier: set[str]) -> None:
    """I-39: distinct, eligible, as many as there are; earlier seats, and then those who hold seats
    beyond their stake, only if others do not do."""
    assert len(seats) == len(set(seats)), "somebody sits twice"
    assert min(size, len(bench.certain)) <= len(seats) <= min(size, len(bench.possible)), (
        f"{len(seats)} seats of {size}, {len(bench.certain)} to {len(bench.possible)} eligible"
    )
    assert set(seats) <= bench.possible, f"{set(seats) - bench.possible} may not sit"
    if len(bench.certainly_free) >= size:
        assert set(seats) <= bench.possibly_free, "the busy sit though others could"
    if len(bench.certainly_free - earlier) >= size:
        assert not earlier & set(seats), "an earlier seat sits again though others could"
