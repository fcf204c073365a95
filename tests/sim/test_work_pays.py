"""Faking work loses at all weights, shares, volumes and prices; honest work does not."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.work_pays import ETHER, MILLION, Rules, earned, fee_kept, gain, outcome

LPT = 10**18
CHECKING = 3 * 2 * 10**13
WEIGHTS = (1, 10_000, 200_000, 500_000, MILLION)
REBATES = (LPT, 300 * LPT, 100_000 * LPT)
SHARES = (Fraction(0), Fraction(1, 3), Fraction(1))
VOLUMES = (1, 10**16, ETHER, 1_000 * ETHER, 10**6 * ETHER)
# LPT an ether buys, as a multiple of the rebate.
PRICES = (Fraction(1), Fraction(1001, 1000), Fraction(100))

# A crowded machine is slow now and then.
lenient = settings(deadline=None)
wei = st.integers(1, 10**26)
rules = st.builds(
    Rules,
    mintable=st.integers(0, 10**25),
    weight=st.integers(0, MILLION),
    rebate=st.integers(0, 10**24),
    protocol_fee=st.integers(1, MILLION // 2),
)


def test_faking__loses_at_every_weight_share_volume_and_price() -> None:
    grid = product(WEIGHTS, REBATES, SHARES, VOLUMES, (0, *VOLUMES), PRICES, SHARES)
    tried = 0
    for weight, rebate, share, faked, honest, price, held in grid:
        tried += 1
        result = gain(
            Rules(9_000 * LPT, weight, rebate),
            share=share,
            faked=faked,
            honest=honest,
            checking=CHECKING,
            lpt_for_an_ether=int(rebate * price),
            held=held,
        )
        assert result < 0, (weight, rebate, share, faked, honest, price, held)
    assert tried > 10_000


@lenient
@given(rules, wei, st.integers(0, 10**26), st.fractions(0, 1), st.fractions(0, 1), wei)
def test_faking__without_any_price_of_checking__gains_nothing_down_to_the_rebate(
    rule: Rules, faked: int, honest: int, share: Fraction, held: Fraction, dearer: int
) -> None:
    result = gain(
        rule,
        share=share,
        faked=faked,
        honest=honest,
        checking=0,
        lpt_for_an_ether=rule.rebate + dearer,
        held=held,
    )

    # A wei of somebody else's share may be rounded away.
    assert result <= held


@lenient
@given(rules, wei, st.integers(0, 10**26))
def test_faking__never_makes_less_be_minted(rule: Rules, faked: int, honest: int) -> None:
    """Or a large holder could gain by it what others are not given."""
    idle = outcome(rule, share=Fraction(0), faked=0, honest=honest, checking=0)
    does = outcome(rule, share=Fraction(0), faked=faked, honest=honest, checking=0)

    assert does.all_by_work >= idle.all_by_work - 2


@lenient
@given(rules, st.lists(wei, min_size=1, max_size=8), st.data())
def test_round__never_mints_more_than_it_may(
    rule: Rules, fees: list[int], data: st.DataObject
) -> None:
    stakes = data.draw(st.lists(wei, min_size=len(fees), max_size=len(fees)))
    left = rule.mintable * (MILLION - rule.weight)
    by_stake = [left * stake // (MILLION * sum(stakes)) for stake in stakes]
    by_work = [earned(rule, each, sum(fees)) for each in fees]

    assert sum(by_stake) + sum(by_work) <= rule.mintable


def test_price_below_the_rebate__makes_faking_pay() -> None:
    """The rebate is what protects: set above the market, it is an invitation."""
    result = gain(
        Rules(9_000 * LPT, 200_000, 300 * LPT),
        share=Fraction(0),
        faked=ETHER,
        honest=0,
        checking=CHECKING,
        lpt_for_an_ether=290 * LPT,
    )

    assert result > 0


@pytest.mark.parametrize("fees", [ETHER, 20 * ETHER])
def test_honest_work__gets_its_fee_back_in_stake(fees: int) -> None:
    rule = Rules(9_000 * LPT, 200_000, 300 * LPT)

    assert earned(rule, fees, 40 * ETHER) == 300 * fee_kept(rule, fees)
