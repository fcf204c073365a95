"""setCurrentRewardTokens and createReward: what a round may mint, and that it never mints more."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Contract, Protocol, Reverted, reverts

BILLION = 10**9
BONDED = 10**24
# The most a word has room for.
HIGHEST_INFLATION = 2**30 - 1
MOST_MINTABLE = 2**83 - 1
lenient = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@lenient
@given(st.integers(0, BILLION), st.integers(0, BILLION), st.integers(0, BILLION), st.integers(1, 4))
def test_set_current_reward_tokens__steers_inflation_by_the_bonding_rate(
    protocol: Protocol,
    bonded: str,
    rounds_manager: str,
    inflation: int,
    change: int,
    target: int,
    rounds: int,
) -> None:
    with protocol.chain.isolate():
        minter = protocol.chain.deploy("Minter", protocol.Controller, inflation, change, target)
        supply = protocol.LivepeerToken.totalSupply()
        rate = BONDED * BILLION // supply
        for _ in range(rounds):
            if rate < target:
                inflation = min(inflation + change, HIGHEST_INFLATION)
            elif rate > target:
                inflation = max(0, inflation - change)

            receipt = minter.setCurrentRewardTokens(sender=rounds_manager)

            mintable = min(supply * inflation // BILLION, MOST_MINTABLE)
            assert minter.inflation() == inflation
            assert minter.currentMintableTokens() == mintable
            assert minter.currentMintedTokens() == 0
            assert minter.inflationChange() == change
            assert minter.targetBondingRate() == target
            (event,) = receipt.named("SetCurrentRewardTokens")
            assert (event.currentMintableTokens, event.currentInflation) == (mintable, inflation)


def test_set_current_reward_tokens__at_the_target__leaves_inflation(
    protocol: Protocol, minter: Contract, bonded: str, rounds_manager: str, owner: str
) -> None:
    before = minter.inflation()
    rate = BONDED * BILLION // protocol.LivepeerToken.totalSupply()
    minter.setTargetBondingRate(rate, sender=owner)

    minter.setCurrentRewardTokens(sender=rounds_manager)

    assert minter.inflation() == before


def test_set_current_reward_tokens__of_no_supply__raises_inflation(
    protocol: Protocol, rounds_manager: str
) -> None:
    empty = protocol.chain.deploy("LivepeerToken")
    protocol.register("LivepeerToken", empty)
    minter = protocol.chain.deploy("Minter", protocol.Controller, 5, 2, 1)

    minter.setCurrentRewardTokens(sender=rounds_manager)

    assert (minter.inflation(), minter.currentMintableTokens()) == (7, 0)


def test_set_current_reward_tokens__by_anyone_else__reverts(
    minter: Contract, stranger: str
) -> None:
    with reverts("msg.sender not RoundsManager"):
        minter.setCurrentRewardTokens(sender=stranger)


def test_set_current_reward_tokens__while_paused__reverts(
    protocol: Protocol, minter: Contract, bonded: str, rounds_manager: str
) -> None:
    protocol.Controller.pause()

    with reverts("system is paused"):
        minter.setCurrentRewardTokens(sender=rounds_manager)


@pytest.fixture
def mintable(protocol: Protocol, minter: Contract, bonded: str, rounds_manager: str) -> int:
    """LPT wei that may be minted, after a round has started."""
    minter.setCurrentRewardTokens(sender=rounds_manager)
    return int(minter.currentMintableTokens())


@lenient
@given(st.lists(st.integers(1, 10**24), min_size=1, max_size=6), st.data())
def test_create_reward__mints_each_share_once_and_never_more_than_the_round(
    protocol: Protocol,
    minter: Contract,
    mintable: int,
    bonding_manager: str,
    stakes: list[int],
    data: st.DataObject,
) -> None:
    total = sum(stakes)
    token = protocol.LivepeerToken
    with protocol.chain.isolate():
        supply, held = token.totalSupply(), token.balanceOf(minter)
        minted = 0
        for stake in data.draw(st.permutations(stakes)):
            share = mintable * (stake * BILLION // total) // BILLION
            assert minter.createReward(stake, total, sender=bonding_manager).value == share
            minted += share

        assert minter.currentMintedTokens() == minted <= mintable
        assert token.totalSupply() - supply == token.balanceOf(minter) - held == minted


def test_create_reward__beyond_what_the_round_may_mint__reverts(
    minter: Contract, mintable: int, bonding_manager: str
) -> None:
    minter.createReward(1, 1, sender=bonding_manager)
    minter.createReward(1, 10**10, sender=bonding_manager)

    with reverts("minted tokens cannot exceed mintable tokens"):
        minter.createReward(1, 10**9, sender=bonding_manager)


def test_create_reward__of_nothing_active__reverts(
    minter: Contract, mintable: int, bonding_manager: str
) -> None:
    with pytest.raises(Reverted):
        minter.createReward(0, 0, sender=bonding_manager)


def test_create_reward__by_anyone_else__reverts(minter: Contract, stranger: str) -> None:
    with reverts("msg.sender not BondingManager"):
        minter.createReward(1, 1, sender=stranger)


def test_create_reward__while_paused__reverts(
    protocol: Protocol, minter: Contract, bonding_manager: str
) -> None:
    protocol.Controller.pause()

    with reverts("system is paused"):
        minter.createReward(1, 1, sender=bonding_manager)
