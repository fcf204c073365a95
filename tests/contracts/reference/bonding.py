"""What delegators do: bond, unbond, rebond, transfer, claim, withdraw. All amounts in wei."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference import pool
from tests.contracts.reference.earnings import settle
from tests.contracts.reference.refusing import (
    BACKED,
    backing,
    illegal_claim,
    not_running,
    refuse_if,
    settled,
)
from tests.contracts.reference.state import Lock

if TYPE_CHECKING:
    from tests.contracts.reference.state import Account
    from tests.contracts.reference.world import World


def bond(world: World, caller: str, amount: int, owner: str, to: str) -> None:
    """``caller`` pays ``amount`` of LPT, bonded for ``owner`` towards ``to``."""
    account = world.account(owner)
    bonded = world.bonded(owner)
    moving = bonded and account.delegate != to
    foreign = caller != owner
    refuse_if(
        *not_running(world),
        illegal_claim(world, caller, owner),
        (foreign and not bonded and owner == to, "INVALID_DELEGATE"),
        (foreign and moving, "INVALID_DELEGATE_CHANGE"),
        (
            moving and world.registered(owner),
            "registered transcoders can't delegate towards other addresses",
        ),
        (moving and backing(world, owner), BACKED),
        (amount == 0 and not moving, "delegation amount must be greater than 0"),
        (amount > world.balances.get(caller, 0), "ERC20: transfer amount exceeds balance"),
    )
    settle(world, owner)
    moved = 0
    if moving:
        assert account.delegate is not None
        moved = int(account.stake)
        pool.decrease(world, account.delegate, moved)
    if moving or not bonded:
        account.start_round = world.round + 1
    account.delegate = to
    account.stake += amount
    account.stored += amount
    world.balances[caller] = world.balances.get(caller, 0) - amount
    world.vault += amount
    pool.increase(world, to, amount + moved)


def unbond(world: World, caller: str, amount: int) -> int:
    """``caller`` takes ``amount`` out of its stake into a new lock, whose id is returned."""
    refuse_if(
        *not_running(world),
        (not world.bonded(caller) or world.pending(caller), "caller must be bonded"),
        (amount == 0, "unbond amount must be greater than 0"),
        (amount > settled(world, caller), "amount is greater than bonded amount"),
    )
    settle(world, caller)
    account = world.account(caller)
    backed_until = world.transcoder(caller).backed_until
    own = world.registered(caller) or backed_until > 0
    take_out(world, caller, amount)
    lock = account.next_lock
    account.next_lock += 1
    matures = backed_until if own else 0
    account.locks[lock] = Lock(amount, world.round + world.unbonding_period, own, matures)
    return lock


def take_out(world: World, name: str, amount: int) -> None:
    """Lowers a settled stake. Nothing left means no delegate, and no place in the pool."""
    account = world.account(name)
    delegate = account.delegate
    assert delegate is not None
    account.stake -= amount
    account.stored -= amount
    if account.stake == 0:
        account.delegate = None
        account.start_round = 0
    if delegate == name and not pool.may_join(world, name):
        pool.leave(world, name)
    pool.decrease(world, delegate, amount)


def put_in(world: World, name: str, amount: int) -> None:
    """Raises a settled stake towards the delegate it already has."""
    account = world.account(name)
    assert account.delegate is not None
    account.stake += amount
    account.stored += amount
    pool.increase(world, account.delegate, amount)


def worth_nothing(account: Account, lock: int) -> bool:
    """Whether a slash has left nothing of a lock."""
    return lock in account.locks and account.locks[lock].amount == 0


def rebond(world: World, caller: str, lock: int) -> None:
    """``caller`` puts a lock back behind its delegate."""
    account = world.account(caller)
    refuse_if(
        *not_running(world),
        (not world.bonded(caller), "caller must be bonded"),
        (lock not in account.locks, "invalid unbonding lock ID"),
        (worth_nothing(account, lock), "delegation amount must be greater than 0"),
    )
    settle(world, caller)
    put_in(world, caller, account.locks.pop(lock).amount)


def rebond_from_unbonded(world: World, caller: str, to: str, lock: int) -> None:
    """``caller``, with no stake left, bonds a lock towards ``to``."""
    account = world.account(caller)
    refuse_if(
        *not_running(world),
        (world.bonded(caller), "caller must be unbonded"),
        (lock not in account.locks, "invalid unbonding lock ID"),
        (worth_nothing(account, lock), "delegation amount must be greater than 0"),
        (backing(world, caller), BACKED),
    )
    settle(world, caller)
    account.delegate = to
    account.start_round = world.round + 1
    put_in(world, caller, account.locks.pop(lock).amount)


def transfer_bond(world: World, caller: str, receiver: str, amount: int) -> None:
    """``caller`` gives ``amount`` of its stake to ``receiver``, which stays bonded.

    A receiver with a delegate keeps it; one without takes over the caller's. Both lock ids count.
    """
    giver, taker = world.account(caller), world.account(receiver)
    leaves = caller == receiver and amount == settled(world, caller)
    unbonded = leaves or not world.bonded(receiver)
    delegate = giver.delegate
    refuse_if(
        *not_running(world),
        (not world.bonded(caller) or world.pending(caller), "caller must be bonded"),
        (amount == 0, "unbond amount must be greater than 0"),
        (amount > settled(world, caller), "amount is greater than bonded amount"),
        (backing(world, caller), BACKED),
        illegal_claim(world, caller, receiver),
        (unbonded and delegate == receiver, "INVALID_DELEGATOR"),
    )
    settle(world, caller)
    settle(world, receiver)
    take_out(world, caller, amount)
    if unbonded:
        taker.delegate = delegate
        taker.start_round = world.round + 1
    giver.next_lock += 1
    taker.next_lock += 1
    put_in(world, receiver, amount)


def claim(world: World, caller: str) -> None:
    """``caller`` settles."""
    refuse_if(*not_running(world))
    settle(world, caller)


def withdraw_stake(world: World, caller: str, lock: int) -> None:
    """``caller`` takes a matured lock home."""
    account = world.account(caller)
    held = account.locks.get(lock)
    round_, now = world.round, world.clock.now
    refuse_if(
        *not_running(world),
        (held is None, "invalid unbonding lock ID"),
        (
            held is not None and held.withdraw_round > round_,
            "withdraw round must be before or equal to the current round",
        ),
        (held is not None and held.matures > now, BACKED),
    )
    assert held is not None
    del account.locks[lock]
    world.vault -= held.amount
    world.balances[caller] = world.balances.get(caller, 0) + held.amount


def withdraw_fees(world: World, caller: str, recipient: str, amount: int) -> None:
    """``caller`` has ``amount`` of its fees paid out to ``recipient``, in ETH."""
    account = world.account(caller)
    available = int(account.fees)
    if account.last_claim < world.round and account.delegate is not None:
        available = account.quoted_fees if account.quoted_fees is not None else available
    refuse_if(
        *not_running(world),
        (recipient == "", "invalid recipient"),
        (amount > available, "insufficient fees to withdraw"),
    )
    settle(world, caller)
    account.fees -= amount
    world.eth -= amount
