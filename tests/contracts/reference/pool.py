"""The pool of the next round's transcoders: who is in, who is pushed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contracts.reference.world import World


def may_join(world: World, name: str) -> bool:
    """Whether the transcoder is fit to work: registered, not barred, enough stake of its own.

    Its own stake counts as of its last settlement.
    """
    own = world.account(name).stored
    return world.registered(name) and not world.barred(name) and own >= world.minimum_self_stake


def enter(world: World, name: str) -> None:
    """Tries to bring a transcoder into the pool with the stake it has now.

    A full pool gives way only to more stake than its last has. Where several are last, which of
    them goes is for the list to say: ``world.tie_break`` is asked.
    """
    if name in world.pool or not may_join(world, name):
        return
    if len(world.pool) >= world.pool_size:
        least = min(world.transcoder(other).delegated for other in world.pool)
        if world.transcoder(name).delegated <= least:
            return
        last = {other for other in world.pool if world.transcoder(other).delegated == least}
        leave(world, world.tie_break(last))
    world.pool.add(name)
    # From now on all its locks answer for it, whoever it backs.
    transcoder = world.transcoder(name)
    transcoder.backed_until = max(transcoder.backed_until, 1)


def leave(world: World, name: str) -> None:
    """Takes a transcoder out of the pool; it works on until the round is over."""
    world.pool.discard(name)


def increase(world: World, name: str, amount: int) -> None:
    """Puts ``amount`` wei more behind a delegate, which may bring it into the pool."""
    world.transcoder(name).delegated += amount
    enter(world, name)


def decrease(world: World, name: str, amount: int) -> None:
    """Takes ``amount`` wei from behind a delegate. Nobody else comes into the pool for it."""
    world.transcoder(name).delegated -= amount
