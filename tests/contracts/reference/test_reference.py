"""The model against sums done by hand, and against the laws it is supposed to embody."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.reference import bonding, working
from tests.contracts.reference.arithmetic import share
from tests.contracts.reference.clock import Clock
from tests.contracts.reference.earnings import position
from tests.contracts.reference.issuance import Issuance
from tests.contracts.reference.state import Refused
from tests.contracts.reference.world import World

PEOPLE = ("anna", "bert", "cleo", "dora")
LPT = 10**18


def new_world(pool_size: int = 2, inflation: int = 10**7) -> World:
    """Four people with a thousand LPT each, in round 1; 1 % new LPT each round."""
    clock = Clock(block=100, round_length=10, lock_amount=100_000, first_round=1, first_block=100)
    issuance = Issuance(4000 * LPT, inflation, 0, 500_000_000)
    world = World(clock, issuance, unbonding_period=2, pool_size=pool_size)
    world.balances = dict.fromkeys(PEOPLE, 1000 * LPT)
    for person in PEOPLE:
        world.account(person)
    working.initialize_round(world)
    return world


def next_round(world: World) -> None:
    """Moves to the first block of the next round and starts it."""
    clock = world.clock
    working.pass_blocks(world, clock.round_start + clock.round_length - clock.block)
    working.initialize_round(world)


def test_reward__splits_by_cut_and_stake() -> None:
    world = new_world()
    bonding.bond(world, "anna", 100 * LPT, "anna", "anna")
    bonding.bond(world, "bert", 300 * LPT, "bert", "anna")
    working.set_rates(world, "anna", 100_000, 500_000)
    next_round(world)

    # 1 % of 4,000 LPT, all of it anna's: 4 LPT are her cut, 9 and 27 go by stake.
    assert working.reward(world, "anna") == 40 * LPT
    assert position(world, "anna")[0] == 113 * LPT
    assert position(world, "bert")[0] == 327 * LPT
    assert world.transcoder("anna").delegated == 440 * LPT
    world.check()


def test_fees__split_by_fee_share_and_stake_before_the_reward() -> None:
    world = new_world()
    bonding.bond(world, "anna", 100 * LPT, "anna", "anna")
    bonding.bond(world, "bert", 300 * LPT, "bert", "anna")
    working.set_rates(world, "anna", 100_000, 500_000)
    next_round(world)
    working.reward(world, "anna")
    working.pay_fees(world, "anna", 8000, world.clock.round)

    assert position(world, "anna")[1] == 5000
    assert position(world, "bert")[1] == 3000
    world.check()


def test_settling_before_the_reward__forgoes_the_round() -> None:
    world = new_world()
    bonding.bond(world, "anna", 100 * LPT, "anna", "anna")
    bonding.bond(world, "bert", 300 * LPT, "bert", "anna")
    next_round(world)
    bonding.claim(world, "bert")
    working.reward(world, "anna")

    assert position(world, "bert")[0] == 300 * LPT
    assert position(world, "anna")[0] == 110 * LPT
    assert world.transcoder("anna").forgone == 30 * LPT
    world.check()


def test_full_pool__gives_way_to_more_stake_only() -> None:
    world = new_world(pool_size=2)
    for person, stake in zip(PEOPLE, (100, 200, 100, 101), strict=True):
        bonding.bond(world, person, stake * LPT, person, person)

    assert world.pool == {"bert", "dora"}
    assert world.next_active_stake() == 301 * LPT


def test_lock__matures_and_is_paid_once() -> None:
    world = new_world()
    bonding.bond(world, "anna", 5, "anna", "bert")
    next_round(world)
    lock = bonding.unbond(world, "anna", 5)
    with pytest.raises(Refused, match="withdraw round must be before"):
        bonding.withdraw_stake(world, "anna", lock)
    next_round(world)
    next_round(world)
    bonding.withdraw_stake(world, "anna", lock)

    assert world.balances["anna"] == 1000 * LPT
    with pytest.raises(Refused, match="invalid unbonding lock ID"):
        bonding.withdraw_stake(world, "anna", lock)


@given(
    stakes=st.lists(st.integers(10**15, 10**24), min_size=3, max_size=3),
    cut=st.integers(0, 10**6),
    fee_share=st.integers(0, 10**6),
    claims=st.lists(st.sets(st.sampled_from(PEOPLE[:3])), min_size=1, max_size=6),
    fees=st.integers(0, 10**21),
)
@settings(max_examples=60, deadline=None)
def test_claiming_after_the_reward__changes_nothing(
    stakes: list[int], cut: int, fee_share: int, claims: list[set[str]], fees: int
) -> None:
    """The same rounds with and without claims in between end the same, up to settled dust."""
    ends = []
    for with_claims in (False, True):
        world = new_world()
        world.balances = dict.fromkeys(PEOPLE, 10**24)
        world.issuance.supply = 4 * 10**24
        for person, stake in zip(PEOPLE[:3], stakes, strict=True):
            bonding.bond(world, person, stake, person, "anna")
        working.set_rates(world, "anna", cut, fee_share)
        dust = Fraction(0)
        for claimants in claims:
            next_round(world)
            working.reward(world, "anna")
            working.pay_fees(world, "anna", fees, world.clock.round)
            if with_claims:
                for person in sorted(claimants):
                    bonding.claim(world, person)
                    # A settled fraction of a wei could have earned at most its share later on.
                    dust += 1
            world.check()
        growth = Fraction(world.transcoder("anna").delegated, sum(stakes))
        ends.append([position(world, person) for person in PEOPLE[:3]])
    for whole, pieces in zip(*ends, strict=True):
        assert 0 <= whole[0] - pieces[0] <= dust * growth
        assert 0 <= whole[1] - pieces[1] <= dust * (1 + Fraction(fees, sum(stakes)) * growth)


@given(st.integers(0, 10**27), st.integers(1, 10**27), st.integers(0, 10**30))
def test_rounding__is_down_and_at_most_one_unit_and_one_wei(
    part: int, whole: int, amount: int
) -> None:
    exact = Fraction(amount * part, whole)

    rounded = share(amount, part, whole, 10**27)

    assert rounded <= exact <= rounded + 1 + Fraction(amount, 10**27)
