"""reward: the round's LPT for an active transcoder, its delegators and the treasury."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import ETH, LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

PRECISE = 10**27


def expected_reward(staking: Staking, stake: int) -> int:
    """The share of what the round may mint, by the formula of the Minter."""
    mintable = staking.protocol.Minter.currentMintableTokens()
    total = staking.manager.currentRoundTotalActiveStake()
    return int(mintable * (stake * 10**9 // total) // 10**9)


def test_reward__is_shared_by_stake_after_the_cut(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    reward = expected_reward(staking, 11_000 * LPT)

    receipt = manager.reward(sender=transcoder)

    assert receipt.named("Reward")[0].args == {"transcoder": transcoder, "amount": reward}
    assert staking.total(transcoder) == 11_000 * LPT + reward
    commission = reward // 10
    delegators = reward - commission
    share = staking.pending(staking.delegator) - 1_000 * LPT
    assert delegators * 1_000 // 11_000 - 1 <= share <= delegators * 1_000 // 11_000
    own = staking.pending(transcoder) - 10_000 * LPT
    assert reward - share - 2 <= own <= reward - share


def test_reward__follows_the_stake_at_the_start_of_the_round(staking: Staking) -> None:
    reward = expected_reward(staking, 11_000 * LPT)
    staking.protocol.bond(staking.newcomer, 5_000 * LPT, staking.transcoder)
    staking.manager.unbond(500 * LPT, sender=staking.delegator)

    receipt = staking.manager.reward(sender=staking.transcoder)

    assert receipt.named("Reward")[0].amount == reward


def test_reward__after_a_missed_round__is_a_step(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    manager.reward(sender=transcoder)
    protocol.next_round(3)
    stake = staking.total(transcoder)
    reward = expected_reward(staking, stake)

    manager.reward(sender=transcoder)
    staking.pay_fees(transcoder, ETH)

    assert staking.total(transcoder) == stake + reward
    shared = ETH // 2
    before = staking.pending(staking.delegator)
    factors = manager.getTranscoderEarningsPoolForRound(transcoder, staking.round)
    grown = manager.getTranscoderEarningsPoolForRound(transcoder, staking.round - 1)[3]
    share = manager.pendingFees(staking.delegator, 0)
    assert grown < factors[3]
    assert abs(share - shared * (before * grown // factors[3]) // stake) <= 2


def test_reward__with_hints__orders_the_pool_alike(staking: Staking) -> None:
    staking.manager.rewardWithHint(ZERO, staking.transcoder, sender=staking.second)

    assert staking.pool() == [staking.transcoder, staking.second]


def test_reward__twice__reverts(staking: Staking) -> None:
    staking.manager.reward(sender=staking.transcoder)

    with reverts("caller has already called reward for the current round"):
        staking.manager.reward(sender=staking.transcoder)


def test_reward__by_one_not_active__reverts(staking: Staking) -> None:
    staking.protocol.bond(staking.newcomer, LPT, staking.newcomer)

    with reverts("caller must be an active transcoder"):
        staking.manager.reward(sender=staking.newcomer)


def test_reward__while_paused_or_before_the_round__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.reward(sender=staking.transcoder)
    protocol.Controller.unpause(sender=protocol.deployer)
    protocol.next_round(initialize=False)
    with reverts("current round is not initialized"):
        staking.manager.reward(sender=staking.transcoder)


def test_reward__pays_the_treasury_its_part(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    treasury = protocol.chain.account("treasury")
    protocol.register("Treasury", treasury)
    manager.setTreasuryRewardCutRate(PRECISE // 10, sender=protocol.deployer)
    protocol.next_round()
    reward = expected_reward(staking, 11_000 * LPT)

    receipt = manager.reward(sender=staking.transcoder)

    assert protocol.LivepeerToken.balanceOf(treasury) == reward // 10
    assert receipt.named("TreasuryReward")[0].args == {
        "transcoder": staking.transcoder,
        "treasury": treasury,
        "amount": reward // 10,
    }
    assert receipt.named("Reward")[0].amount == reward - reward // 10


def test_reward__without_a_treasury__has_no_part_for_it(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    manager.setTreasuryRewardCutRate(PRECISE // 10, sender=protocol.deployer)
    protocol.next_round()
    reward = expected_reward(staking, 11_000 * LPT)

    assert manager.reward(sender=staking.transcoder).named("Reward")[0].amount == reward


@pytest.mark.parametrize("reached", [True, False])
def test_reward__stops_the_treasurys_part_at_the_ceiling(staking: Staking, reached: bool) -> None:
    protocol, manager = staking.protocol, staking.manager
    treasury = protocol.chain.account("treasury")
    protocol.register("Treasury", treasury)
    protocol.fund(treasury, LPT)
    manager.setTreasuryRewardCutRate(PRECISE // 10, sender=protocol.deployer)
    manager.setTreasuryBalanceCeiling(LPT if reached else LPT + 1, sender=protocol.deployer)
    protocol.next_round()

    manager.reward(sender=staking.transcoder)

    assert (manager.nextRoundTreasuryRewardCutRate() == 0) == reached
    assert manager.treasuryRewardCutRate() == PRECISE // 10


def test_reward__that_does_not_fit_a_factor__is_not_minted(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    for name in (staking.transcoder, staking.second):
        manager.unbond(staking.bonded(name), sender=name)
    manager.unbond(1_000 * LPT, sender=staking.delegator)
    protocol.bond(staking.newcomer, 1, staking.newcomer)
    protocol.next_round()
    supply = protocol.LivepeerToken.totalSupply()

    receipt = manager.reward(sender=staking.newcomer)

    minted = receipt.named("Reward")[0].amount
    assert protocol.LivepeerToken.totalSupply() == supply + minted
    assert staking.total(staking.newcomer) == 1 + minted
    assert minted < expected_reward(staking, 1)
    assert minted - 1 <= staking.pending(staking.newcomer) <= minted + 1


def test_reward__of_one_with_too_little_of_its_own__is_its_last(staking: Staking) -> None:
    manager = staking.manager
    manager.setMinSelfStake(9_500 * LPT, sender=staking.protocol.deployer)

    manager.reward(sender=staking.second)

    assert staking.pool() == [staking.transcoder]
