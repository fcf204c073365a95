"""What must hold after every step: the contracts' figures against the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference import slashing

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.contracts.reference.world import World
    from tests.contracts.stateful.view import AccountView, View

PENDING, BONDED, UNBONDED = range(3)


def compare(world: World, view: View) -> None:
    """Every figure the contracts show equals the model's, or differs by its stated rounding."""
    compare_rounds(world, view)
    compare_pool(world, view)
    for name, shown in view.accounts.items():
        compare_account(world, name, shown)
        if view.derived:
            compare_derived(world, name, shown)
    for name, balance in view.balances.items():
        same(f"LPT of {name}", balance, world.balances[name])
    compare_locks(world, view)
    compare_books(world, view)


def same(what: str, shown: object, expected: object) -> None:
    """Exact equality, with a sentence when it fails."""
    if shown != expected:
        raise AssertionError(f"{what} is {shown}, the model says {expected}")


def compare_rounds(world: World, view: View) -> None:
    """I-32, I-04, I-06: round, issuance and what the round may mint."""
    clock, issuance = world.clock, world.issuance
    same("current round", view.round, clock.round)
    same("round initialised", view.initialized, clock.ready)
    same("round locked", view.locked, clock.locked)
    same("mintable", view.mintable, issuance.mintable)
    same("minted", view.minted, issuance.minted)
    same("inflation", view.inflation, issuance.inflation)
    same("total supply", view.supply, issuance.supply)
    same("active stake", view.active_stake, world.active_stake)


def compare_pool(world: World, view: View) -> None:
    """I-08, I-09: members, size, order by stake, and the stake of the next round."""
    members = view.pool
    same("pool", set(members), world.pool)
    same("pool size", view.pool_size, len(members))
    stakes = [view.accounts[name].delegated for name in members]
    assert stakes == sorted(stakes, reverse=True), f"the pool is out of order: {stakes}"
    same("next round's stake", view.next_active_stake, world.next_active_stake())


def compare_account(world: World, name: str, shown: AccountView) -> None:
    """I-07, I-10 to I-15: one account's position."""
    account = world.accounts[name]
    transcoder = world.transcoders.get(name)
    same(f"delegate of {name}", shown.delegate, account.delegate or "")
    same(f"start round of {name}", shown.start_round, account.start_round)
    same(f"next lock of {name}", shown.next_lock, account.next_lock)
    same(f"LPT of {name}", shown.balance, world.balances[name])
    same(f"last claim of {name}", shown.last_claim, account.last_claim)
    same(f"stake behind {name}", shown.delegated, transcoder.delegated if transcoder else 0)
    world.quote(name, shown.pending_stake, shown.pending_fees)
    same(f"settled stake of {name}", shown.bonded, account.stored)
    same(f"{name} active", shown.active, world.shown_active(name))
    if transcoder:
        same(f"last reward of {name}", shown.last_reward_round, transcoder.last_reward_round)
        same(f"reward cut of {name}", shown.cut, transcoder.cut)
        same(f"fee share of {name}", shown.fee_share, transcoder.fee_share)


def compare_derived(world: World, name: str, shown: AccountView) -> None:
    """I-10, I-20: what follows from an account's position."""
    account = world.accounts[name]
    status = UNBONDED
    if account.stake > 0:
        status = PENDING if account.start_round > world.clock.round else BONDED
    same(f"status of {name}", shown.status, status)
    same(f"{name} registered", shown.registered, world.registered(name))
    same(f"total stake of {name}", shown.total_stake, shown.delegated)
    reach = slashing.in_reach(world, name)
    least = shown.pending_stake + sum(reach.values())
    most = max(shown.pending_stake + slashing.may_be_in_reach(world, name), least)
    # Rounding of locks that were slashed stays in reach until the last of them is gone.
    assert least <= shown.slashable <= most + world.lock_dust, (
        f"slashable stake of {name} is {shown.slashable}, the model says {least}"
    )
    if transcoder := world.transcoders.get(name):
        same(f"{name} barred until", shown.barred_until, transcoder.barred_until)


def compare_locks(world: World, view: View) -> None:
    """I-19: every lock as the model has it, every used or unborn one empty."""
    for (name, lock), (amount, withdraw_round) in view.locks.items():
        held = world.accounts[name].locks.get(lock)
        if held and held.slashed and 0 < amount - held.amount <= 2:
            # Rounding of a neighbour that was paid out before; never more than was left over.
            world.lock_dust -= amount - held.amount
            held.amount = amount
            assert world.lock_dust >= 0, "locks are worth more than was kept for them"
        expected = (held.amount, held.withdraw_round) if held else (0, 0)
        same(f"lock {lock} of {name}", (amount, withdraw_round), expected)


def compare_books(world: World, view: View) -> None:
    """I-01, I-02: what the protocol holds covers what it owes, wei for wei."""
    same("LPT held", view.vault, world.vault)
    same("ETH held", view.eth, world.eth)


def compare_backing(world: World, view: View, promised: dict[str, tuple[int, int]]) -> None:
    """I-20: stake that stands behind work stays within reach of a slash until the work is final.

    ``promised`` is, by transcoder, the clock until which it is needed and the stake in wei.
    """
    if not view.derived:
        return
    for name, (until, stake) in promised.items():
        if until > world.clock.now:
            shown = view.accounts[name].slashable
            assert shown >= stake, f"{name} has {shown} in reach, {stake} was promised"


def compare_votes(
    expected: dict[str, tuple[Fraction, Fraction, str | None]],
    shown: dict[str, tuple[int, str]],
    round_: int,
) -> None:
    """I-45: votes and delegates at the start of a round."""
    for name, (exact, slack, delegate) in expected.items():
        votes, voted_with = shown[name]
        where = f"votes of {name} at round {round_}"
        assert votes <= exact, f"{where}: {votes} shown, {float(exact)} held"
        # A rounded figure may be short by its rounding, an exact one not at all.
        assert votes >= exact - slack, f"{where}: {votes} shown, {float(exact - votes)} short"
        same(f"delegate of {name} at round {round_}", voted_with, delegate or "")
