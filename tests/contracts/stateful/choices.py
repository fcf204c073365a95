"""How rules choose accounts, amounts and hints: mostly what may work, sometimes what must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.stateful.evm import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.stateful.machine import Draw, Machine

SENSIBLE = 88
"""In so many of a hundred cases a rule picks somebody for whom the call makes sense."""


def someone(machine: Machine, draw: Draw, fit: Callable[[str], bool]) -> str:
    """An account, mostly one that is ``fit``."""
    if draw.chance(SENSIBLE):
        fitting = [name for name in machine.people if fit(name)]
        if fitting:
            return draw.pick(fitting)
    return draw.pick(machine.people)


def amount(draw: Draw, most: int) -> int:
    """An amount in wei up to ``most``: all, a wei, a part; now and then nothing or too much."""
    kind = draw.integer(0, 99)
    if kind < 4:
        return 0
    if kind < 20:
        return most
    if kind < 24:
        return most + 1
    if kind < 32:
        return min(1, most)
    if kind < 55:
        return min(10 ** draw.integer(0, 24), most)
    return most * draw.integer(1, 10**6) // 10**6


def hints(machine: Machine, draw: Draw) -> tuple[str, str]:
    """Two neighbours in the pool: none, true ones, or anything hostile."""
    pool = machine.view.pool
    kind = draw.integer(0, 4)
    if kind == 0 or not pool:
        return ZERO, ZERO
    if kind == 1:
        place = draw.integer(0, len(pool))
        return (
            pool[place - 1] if place else ZERO,
            pool[place] if place < len(pool) else ZERO,
        )
    if kind == 2:
        return draw.pick(pool), draw.pick(pool)
    everyone = (*machine.people, ZERO)
    return draw.pick(everyone), draw.pick(everyone)


def lock_of(machine: Machine, draw: Draw, name: str, ready: bool = False) -> int:
    """The id of one of an account's locks, mostly; else any number near."""
    locks = machine.world.account(name).locks
    if ready:
        clock = machine.world.clock
        ripe = [
            lock
            for lock, held in locks.items()
            if held.withdraw_round <= clock.round and held.matures <= clock.now
        ]
        locks = dict.fromkeys(ripe) if ripe else locks
    if locks and draw.chance(94):
        ids = sorted(locks)
        return ids[draw.integer(0, len(ids) - 1)]
    return draw.integer(0, machine.world.account(name).next_lock + 1)
