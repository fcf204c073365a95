"""Properties of the incentive formulas, by enumeration and over ranges of assumptions."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.incentives import (
    Committee,
    break_even_slash,
    cheating_gain,
    checking_gain,
    detection,
    faked_work_gain,
)

share = st.floats(0.0, 0.5)
STAGES = (Committee(3), Committee(15), Committee(33))


@pytest.mark.parametrize("committee", [Committee(3), Committee(15)])
def test_conviction__small_committee__equals_enumeration_of_all_votes(committee):
    alert = 0.9 * 0.95 * 0.98
    expected = 0.0
    for votes in product((0, 1), repeat=committee.seats):
        chance = 1.0
        for vote in votes:
            chance *= alert if vote else 1 - alert
        expected += chance * (3 * sum(votes) >= 2 * committee.seats)

    assert committee.conviction(0.1, 0.05, 0.02) == pytest.approx(expected)


@given(corrupt=st.floats(0.01, 0.3))
def test_stages__larger__frame_less_and_convict_no_less(corrupt):
    framing = [stage.framing(corrupt) for stage in STAGES]
    assert framing == sorted(framing, reverse=True)


@given(
    rate=st.floats(0.005, 1.0),
    conviction=st.floats(0.2, 1.0),
    gain=st.floats(1.0, 1e15),
    friends=share,
    bad=st.integers(1, 2**20),
)
def test_break_even_slash__slightly_more__makes_every_number_of_bad_segments_lose(
    rate, conviction, gain, friends, bad
):
    slash = break_even_slash(rate, conviction, gain, friends) * 1.001 + 1e-9

    result = cheating_gain(
        rate=rate, conviction=conviction, bad_segments=bad, gain=gain, slash=slash, friends=friends
    )

    assert result <= 1e-9 * gain * bad


@given(rate=st.floats(0.005, 0.9), conviction=st.floats(0.2, 0.99), gain=st.floats(1.0, 1e15))
def test_break_even_slash__slightly_less__one_bad_segment_pays(rate, conviction, gain):
    slash = break_even_slash(rate, conviction, gain, 0.5) * 0.999

    result = cheating_gain(
        rate=rate, conviction=conviction, bad_segments=1, gain=gain, slash=slash, friends=0.5
    )

    assert result > 0


def test_detection__two_per_cent_sampling__needs_about_sixty_bad_segments_for_two_thirds():
    conviction = Committee(3).conviction(0.05, 0.05, 0.01)

    assert detection(0.02, conviction, 60) == pytest.approx(0.69, abs=0.03)


@given(disagreement=st.floats(0.0, 0.01), pay=st.floats(1.0, 1e15), penalty=st.floats(1.0, 1e18))
def test_checking_gain__no_traps__rubber_stamping_wins(disagreement, pay, penalty):
    result = checking_gain(
        bad_share=0.0, disagreement=disagreement, pay=pay, penalty=penalty, cost=1.0
    )

    assert result < 0


@given(
    paid=st.integers(1, 10**24),
    minted=st.floats(0.0, 1e6),
    price=st.floats(1e-4, 1.0),
    below=st.floats(0.01, 0.999),
)
def test_faked_work_gain__rebate_below_market__always_loses(paid, minted, price, below):
    result = faked_work_gain(
        paid=paid,
        protocol_fee=0.05,
        rebate_cap=below / price,
        lpt_price=price,
        minted_share=minted,
    )

    assert result < 0
