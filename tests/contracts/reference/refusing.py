"""Reasons to refuse, and the conditions many calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference.state import Refused

if TYPE_CHECKING:
    from tests.contracts.reference.world import World

BACKED = "stake backs unsettled work"


def refuse_if(*grounds: tuple[bool, str]) -> None:
    """Refuses with every reason that holds; the protocol may give any one of them."""
    reasons = frozenset(reason for holds, reason in grounds if holds)
    if reasons:
        raise Refused(reasons)


def not_running(world: World) -> tuple[tuple[bool, str], tuple[bool, str]]:
    """A paused system, or a round nobody has started."""
    return (
        (world.clock.paused, "system is paused"),
        (not world.clock.ready, "current round is not initialized"),
    )


def illegal_claim(world: World, caller: str, owner: str) -> tuple[bool, str]:
    """Nobody may settle somebody else before the delegate's reward of the round is in."""
    account = world.account(owner)
    delegate = account.delegate
    round_ = world.round
    harmful = (
        caller != owner
        and delegate is not None
        and world.is_active(delegate)
        and world.transcoder(delegate).last_reward_round != round_
        and account.last_claim != round_
    )
    return harmful, "ILLEGAL_CLAIM_EARNINGS"


def backing(world: World, name: str) -> bool:
    """Whether an account's stake stands behind work that can still be judged."""
    return world.transcoder(name).backed_until > world.clock.now


def settled(world: World, name: str) -> int:
    """The stake an account can move at once, in wei, after settling what it earned."""
    account = world.account(name)
    if account.last_claim >= world.round or account.delegate is None:
        return int(account.stake)
    if account.quoted_stake is not None:
        return account.quoted_stake
    extra = world.transcoder(name).commission if account.delegate == name else 0
    return int(account.stake + extra)
