"""With the parameters a deployment starts with, cheating loses; down to a tenth of LPT's price.

A change of a parameter that makes cheating pay fails here.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.chain.protocol_config import LPT, mainnet
from sim.deployed import (
    World,
    cheating_gain,
    conviction,
    draws,
    fined_seats_gain,
    least_bad_share,
    most_fee,
    seat_profit,
    self_slash_gain,
    verification_share,
)
from sim.incentives import Committee

CONFIG = mainnet()
PRICES = (1.0, 0.1)
STAKE = CONFIG.min_self_stake

segments = st.one_of(
    st.integers(1, 200), st.sampled_from([50, 51, 3_200, 3_201, 2**20]), st.integers(1, 2**20)
)


@pytest.mark.parametrize("price", PRICES)
@given(count=segments, data=st.data())
def test_cheating__any_number_of_bad_segments_at_any_fee_that_stake_may_back__loses(
    price: float, count: int, data: st.DataObject
) -> None:
    """Not only at the assumed fee: at the highest the contracts let the stake be at risk for."""
    world = World().at_price(price)
    bad = data.draw(st.integers(1, count), label="bad")
    fee = data.draw(st.integers(1, max(1, most_fee(CONFIG, STAKE, count))), label="fee")

    gain = cheating_gain(CONFIG, world, stake=STAKE, segments=count, bad=bad, fee=fee)

    assert gain < 0


@pytest.mark.parametrize("price", PRICES)
def test_cheating__every_number_of_bad_segments_of_an_ordinary_claim__loses(price: float) -> None:
    world = World().at_price(price)
    for count in (10, 50, 500):
        fee = most_fee(CONFIG, STAKE, count)
        assert fee > 0
        for bad in range(1, count + 1):
            gain = cheating_gain(CONFIG, world, stake=STAKE, segments=count, bad=bad, fee=fee)
            assert gain < 0, (count, bad)


def test_cheating__with_five_times_the_fees_at_risk_at_a_tenth_of_the_price__would_pay() -> None:
    """The bound is near: the tests above would notice."""
    risky = replace(CONFIG, jobs=replace(CONFIG.jobs, max_fees_at_risk=2 * 10**13))
    fee = most_fee(risky, STAKE, 50)
    world = World().at_price(0.1)
    assert cheating_gain(risky, world, stake=STAKE, segments=50, bad=1, fee=fee) > 0


def test_stake__backs_what_a_node_of_the_least_stake_does_in_its_windows() -> None:
    """Two streams day and night, through every window a claim stays unfinished when undisputed."""
    jobs, committee, world = CONFIG.jobs, CONFIG.committee, World()
    unfinished_blocks = (
        jobs.seed_delay + jobs.challenge_window + jobs.open_window
        + committee.commit_window + committee.reveal_window
    )  # fmt: skip
    segments_in_windows = unfinished_blocks * 12 // 2
    fees = 2 * segments_in_windows * world.segment_fee
    assert fees <= jobs.max_fees_at_risk * (STAKE // LPT)


def test_verification__costs_a_tenth_of_the_fees() -> None:
    for count in (50, 500, 3_200):
        assert verification_share(CONFIG, World(), count) <= 0.1
    assert draws(CONFIG, 10) == 1


def test_seat__earns_on_large_requests_and_pays_gas_on_small_ones() -> None:
    """Below this many leaves sitting is an obligation of stake, not a business; transcoders that
    claim by the hour (1,800 segments, 36 leaves) pay their judges."""
    enough = next(leaves for leaves in range(1, 65) if seat_profit(CONFIG, World(), leaves) > 0)
    assert enough == 21
    assert draws(CONFIG, 1_800) >= enough


@pytest.mark.parametrize(("price", "share"), [(1.0, 0.0004), (0.1, 0.0035)])
def test_checking__beats_rubber_stamping__from_a_small_share_of_bad_requests_on(
    price: float, share: float
) -> None:
    """The protocol makes no bad requests of its own to find the lazy: below the share they win."""
    world = World().at_price(price)
    needed = max(least_bad_share(CONFIG, world, leaves) for leaves in range(1, 65))
    assert needed <= share
    # Whoever cheats at all loses long before it is this seldom: see the first test.
    assert needed > 0


@pytest.mark.parametrize("fault", ["invalid_slash", "missed_slash", "double_claim_slash"])
@given(stake=st.integers(LPT, 10**9 * LPT))
def test_slashing_oneself__through_a_friend__loses_half_at_least(fault: str, stake: int) -> None:
    taken = stake * getattr(CONFIG.jobs, fault) // 1_000_000
    assert self_slash_gain(CONFIG, stake=stake, fault=fault) <= -(taken // 2)


@given(fined=st.integers(1, 50), earners=st.integers(0, 50), fine=st.integers(1, 10 * LPT))
def test_fining_oneself__between_seats_of_one_owner__loses_half_at_least(
    fined: int, earners: int, fine: int
) -> None:
    assert fined_seats_gain(fine, fined, earners) <= -(fine * fined // 2)


def test_fines__worse_faults_cost_more_and_every_fault_more_than_a_request_pays() -> None:
    """Down to a tenth of the price no seat is better off silent."""
    committee = CONFIG.committee
    assert 0 < committee.no_commit_penalty <= committee.minority_penalty
    assert committee.minority_penalty <= committee.no_reveal_penalty
    cheapest = committee.no_commit_penalty * World().at_price(0.1).wei_per_lpt // LPT
    world = World()
    worst = 64 * world.judging_cost + world.vote_gas * world.gas_price
    assert cheapest > worst


def test_conviction__two_stages_of_fifteen_and_more__nearly_certain_and_monotone() -> None:
    assert conviction(0.0, 0.0, 0.0) == 1
    assert conviction(0.10, 0.05, 0.01) > 0.98
    assert conviction(0.5, 0.0, 0.0) < 0.2
    rising = [conviction(corrupt / 50, 0.05, 0.01) for corrupt in range(25)]
    assert rising == sorted(rising, reverse=True)
    # Never better than the larger of its stages, never worse than the second alone.
    for corrupt in (0.05, 0.1, 0.2):
        second = Committee(15).conviction(corrupt, 0.0, 0.01) * (1 - corrupt**3)
        assert conviction(corrupt, 0.0, 0.01) >= second - 0.01
