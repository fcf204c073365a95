"""Conviction: a fraction of the transcoder's own stake, and a bar for one unbonding period."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.contracts.reference import pool
from tests.contracts.reference.arithmetic import PERC, percentage
from tests.contracts.reference.earnings import settle
from tests.contracts.reference.refusing import refuse_if
from tests.contracts.reference.state import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contracts.reference.world import World


GRACE = 8
"""Rounds for which a lock that could be withdrawn may still be slashed with its group."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a slash was seen to do, in wei.

    ``penalty`` taken in all, ``bonded`` of it from bonded stake; ``stored`` the stake left as of
    the last settlement, and what each lock is worth now.

    The model knows these up to the rounding of each part, and takes over the figures once they have
    been found to be within it.
    """

    penalty: int
    bonded: int
    stored: int
    locks: Mapping[int, int]


def in_reach(world: World, name: str, seen: Taken | None = None) -> dict[int, int]:
    """Own locks of a transcoder a slash can take from: those it could not withdraw yet, in wei.

    Locks of one withdraw round are slashed as a group, and a group stays in reach with its last;
    with ``seen``, riper locks are counted too where something was taken from them.
    """
    clock = world.clock
    reached = {}
    for number, lock in world.account(name).locks.items():
        must = lock.withdraw_round > clock.round or lock.matures > clock.now
        touched = (
            seen is not None
            and lock.withdraw_round > clock.round - GRACE
            and seen.locks[number] < lock.amount
        )
        if lock.own and (must or touched):
            reached[number] = lock.amount
    return reached


def may_be_in_reach(world: World, name: str) -> int:
    """The most a slash may find in locks, in wei: those that have not been ripe for long."""
    return sum(
        lock.amount
        for lock in world.account(name).locks.values()
        if lock.own and lock.withdraw_round > world.clock.round - GRACE
    )


def slash(
    world: World, name: str, finder: str | None, fraction: int, finder_fee: int, seen: Taken
) -> None:
    """Takes ``fraction`` (of 10^6) of a transcoder's own stake; ``finder_fee`` of it to the finder.

    Its own stake is all it has bonded, with what it earned up to now, and its locks within reach.
    At most half of the penalty goes to the finder. The rest is burned. The transcoder leaves the
    pool and stays out for one unbonding period.
    """
    refuse_if((world.clock.paused, "system is paused"))
    if fraction >= PERC:
        # Nothing will be left to claim with.
        settle(world, name)
    locks = in_reach(world, name, seen)
    penalty = percentage(own_stake(world, name) + sum(locks.values()), min(fraction, PERC))
    bar(world, name)
    take(world, name, locks, penalty, seen)
    reward = min(percentage(seen.penalty, finder_fee), seen.penalty // 2) if finder else 0
    if finder:
        world.balances[finder] += reward
    world.issuance.supply -= seen.penalty - reward
    world.burned += seen.penalty - reward


def penalize(world: World, name: str, committee: str, amount: int, seen: Taken) -> None:
    """Takes ``amount`` (wei) of a verifier's own stake, or what there is, for the committee.

    The account is not settled for it, so that it forgoes no reward, unless the penalty is as large
    as the stake it had when it settled last.
    """
    refuse_if((world.clock.paused, "system is paused"))
    account = world.account(name)
    if amount >= account.stored:
        settle(world, name)
    locks = in_reach(world, name, seen)
    whole = own_stake(world, name) + sum(locks.values())
    take(world, name, locks, min(amount, whole), seen)
    world.balances[committee] += seen.penalty


def commission_of(world: World, name: str) -> Fraction:
    """What a transcoder earned beside its stake and has not claimed, in wei."""
    registered = world.account(name).delegate == name
    return world.transcoder(name).commission if registered else ZERO


def own_stake(world: World, name: str) -> int:
    """All a transcoder has with its delegate, claimed or not, in wei."""
    return int(world.account(name).stake + commission_of(world, name))


def take(world: World, name: str, locks: dict[int, int], penalty: int, seen: Taken) -> None:
    """Takes ``penalty`` from stake, commission and locks in proportion, and checks what was seen.

    The contract rounds what it takes of locks down, once for each group of them, and has the bonded
    stake give what is missing, as far as it can.
    """
    account = world.account(name)
    commission = commission_of(world, name)
    whole = account.stake + commission + sum(locks.values())
    part = Fraction(penalty) / whole if whole else ZERO
    error = 2 + int(account.stake_error + world.transcoder(name).commission_error)
    roundings = len(locks) + 1 + error
    # What rounding left over in a group of locks before is in reach like the locks themselves.
    within("penalty", seen.penalty, penalty - roundings, penalty + world.lock_dust)
    due = (account.stake + commission) * part
    within("taken from bonded stake", seen.bonded, due - 1 - error, due + roundings)
    for number, amount in locks.items():
        left = amount * (1 - part)
        # The contract takes no greater a part than the fraction asked for, and rounds the lock's
        # worth down by less than one; `part` here lies below that fraction by less than two wei of
        # the whole, one for its own rounding and one for that of the stake.
        least = left - 1 - (Fraction(2 * amount) / whole if whole else ZERO)
        within(f"lock {number} of {name}", seen.locks[number], least, left + roundings)
        account.locks[number].amount = seen.locks[number]
        account.locks[number].slashed = True
    world.lock_dust += sum(locks.values()) - (seen.penalty - seen.bonded)
    world.lock_dust -= sum(seen.locks[number] for number in locks)
    assert world.lock_dust >= 0, "locks are worth more than was kept for them"
    world.vault -= seen.penalty
    if seen.bonded:
        lower_bond(world, name, commission * part, seen)


def lower_bond(world: World, name: str, of_commission: Fraction, seen: Taken) -> None:
    """Takes stake and commission away, from an account that may have earned since it settled."""
    account = world.account(name)
    delegate = account.delegate
    assert delegate is not None
    growth = account.stake / account.stored
    # What the contract takes of the commission is rounded down, and the bond gives the rest.
    left = account.stake - (seen.bonded - of_commission)
    rounding = max(min(Fraction(1), of_commission, left), ZERO)
    of_commission -= rounding
    world.transcoder(delegate).commission -= of_commission
    world.transcoder(delegate).commission_error += rounding
    account.stake -= seen.bonded - of_commission
    slack = 4 + account.stake_error + world.transcoder(delegate).commission_error
    within(
        f"stored stake of {name}",
        seen.stored,
        account.stake / growth - slack,
        account.stake / growth + slack,
    )
    account.stored = seen.stored
    account.stake_error += growth + 2
    account.fees_error += 2
    if account.stored == 0:
        transcoder = world.transcoder(delegate)
        if delegate == name:
            # The commission stays, and with it what the contract left there by rounding down the
            # part it took of it. What is more than that is lost with the bond.
            transcoder.commission += account.stake
            transcoder.commission_error += account.stake + account.stake_error
        else:
            transcoder.forgone += account.stake
        account.stake = account.stake_error = ZERO
        account.delegate = None
        account.start_round = 0
    if delegate == name and not pool.may_join(world, name):
        pool.leave(world, name)
    pool.decrease(world, delegate, seen.bonded)


def within(what: str, shown: int, least: Fraction | int, most: Fraction | int) -> None:
    """Asserts that a figure lies between two bounds, both included."""
    assert least <= shown <= most, (
        f"{what}: {shown} shown, {float(least - shown)} to {float(most - shown)} from it allowed"
    )


def bar(world: World, name: str) -> None:
    """Keeps a convicted transcoder from work for one unbonding period."""
    transcoder = world.transcoder(name)
    until = world.clock.round + world.unbonding_period
    transcoder.barred_until = max(transcoder.barred_until, until)
    pool.leave(world, name)


def back_work(world: World, name: str, until: int) -> None:
    """Keeps the transcoder's stake from leaving before the protocol clock shows ``until``."""
    transcoder = world.transcoder(name)
    transcoder.backed_until = max(transcoder.backed_until, until)
