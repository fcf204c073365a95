"""bond, bondWithHint, bondForWithHint: who ends up with how much behind whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT, NO_HINTS

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

HINTS = (*NO_HINTS, *NO_HINTS)
PENDING, BONDED, UNBONDED = range(3)


def test_bond__makes_the_stake_count_from_the_next_round(staking: Staking) -> None:
    manager, newcomer = staking.manager, staking.newcomer

    receipt = staking.protocol.bond(newcomer, 5 * LPT, staking.transcoder)

    assert manager.getDelegator(newcomer) == (
        5 * LPT,
        0,
        staking.transcoder,
        0,
        staking.round + 1,
        staking.round,
        0,
    )
    assert manager.delegatorStatus(newcomer) == PENDING
    assert staking.total(staking.transcoder) == 11_005 * LPT
    assert manager.nextRoundTotalActiveStake() == 20_005 * LPT
    assert manager.currentRoundTotalActiveStake() == 20_000 * LPT
    (event,) = receipt.named("Bond")
    assert event.args == {
        "newDelegate": staking.transcoder,
        "oldDelegate": ZERO,
        "delegator": newcomer,
        "additionalAmount": 5 * LPT,
        "bondedAmount": 5 * LPT,
    }
    staking.protocol.next_round()
    assert manager.delegatorStatus(newcomer) == BONDED


def test_bond__to_oneself_joins_the_pool(staking: Staking) -> None:
    receipt = staking.protocol.bond(staking.newcomer, 20_000 * LPT, staking.newcomer)

    assert staking.pool() == [staking.newcomer, staking.transcoder, staking.second]
    assert receipt.named("TranscoderActivated")[0].activationRound == staking.round + 1
    assert staking.manager.transcoderStatus(staking.newcomer) == 1
    assert not staking.manager.isActiveTranscoder(staking.newcomer)
    staking.protocol.next_round()
    assert staking.manager.isActiveTranscoder(staking.newcomer)


def test_bond__to_another_delegate_moves_everything(staking: Staking) -> None:
    staking.manager.bond(0, staking.second, sender=staking.delegator)

    assert staking.total(staking.transcoder) == 10_000 * LPT
    assert staking.total(staking.second) == 10_000 * LPT
    assert staking.manager.delegatorStatus(staking.delegator) == PENDING


def test_bond__of_one_more_keeps_status_and_start(staking: Staking) -> None:
    start = staking.manager.getDelegator(staking.delegator)[4]

    staking.protocol.bond(staking.delegator, LPT, staking.transcoder)

    assert staking.manager.getDelegator(staking.delegator)[4] == start
    assert staking.manager.delegatorStatus(staking.delegator) == BONDED
    assert staking.bonded(staking.delegator) == 1_001 * LPT


def test_bond__pays_the_minter(staking: Staking) -> None:
    token, minter = staking.protocol.LivepeerToken, staking.protocol.Minter
    before = token.balanceOf(minter)

    staking.protocol.bond(staking.newcomer, 7, staking.transcoder)

    assert token.balanceOf(minter) == before + 7


def test_bond_for__gives_the_bond_to_its_owner(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.fund(staking.second, LPT)
    protocol.LivepeerToken.approve(staking.manager, LPT, sender=staking.second)

    staking.manager.bondForWithHint(
        LPT, staking.newcomer, staking.transcoder, *HINTS, sender=staking.second
    )

    assert staking.bonded(staking.newcomer) == LPT
    assert protocol.LivepeerToken.balanceOf(staking.second) == 0


def test_bond__of_nothing__reverts(staking: Staking) -> None:
    with reverts("delegation amount must be greater than 0"):
        staking.manager.bond(0, staking.transcoder, sender=staking.newcomer)
    with reverts("delegation amount must be greater than 0"):
        staking.manager.bond(0, staking.transcoder, sender=staking.delegator)


def test_bond__to_nobody__reverts(staking: Staking) -> None:
    with reverts("INVALID_DELEGATE"):
        staking.manager.bond(LPT, ZERO, sender=staking.newcomer)


def test_bond__of_a_registered_transcoder_to_another__reverts(staking: Staking) -> None:
    with reverts("registered transcoders can't delegate towards other addresses"):
        staking.manager.bond(0, staking.second, sender=staking.transcoder)


def test_bond__without_allowance__reverts(staking: Staking) -> None:
    staking.protocol.fund(staking.newcomer, LPT)

    with reverts("ERC20: insufficient allowance"):
        staking.manager.bond(LPT, staking.transcoder, sender=staking.newcomer)


def test_bond__in_a_token_that_only_says_no__reverts(staking: Staking) -> None:
    chain = staking.protocol.chain
    silent = chain.account("a token that returns false", balance=0)
    chain.set_code(silent, bytes.fromhex("5f5f5260205ff3"))
    staking.protocol.register("LivepeerToken", silent)

    with reverts("token transfer failed"):
        staking.manager.bond(LPT, staking.transcoder, sender=staking.newcomer)


def test_bond__of_more_than_a_word_holds__reverts(staking: Staking) -> None:
    chain = staking.protocol.chain
    generous = chain.account("a token that returns true", balance=0)
    chain.set_code(generous, bytes.fromhex("60015f5260205ff3"))
    staking.protocol.register("LivepeerToken", generous)

    with reverts("stake is too large"):
        staking.manager.bond(2**96, staking.transcoder, sender=staking.newcomer)


@pytest.mark.parametrize("owner", ["zero", "unbonded", "bonded"])
def test_bond_for__by_a_stranger__is_limited(staking: Staking, owner: str) -> None:
    manager, stranger = staking.manager, staking.second
    if owner == "zero":
        with reverts("INVALID_DELEGATOR"):
            manager.bondForWithHint(1, ZERO, staking.transcoder, *HINTS, sender=stranger)
    elif owner == "unbonded":
        with reverts("INVALID_DELEGATE"):
            manager.bondForWithHint(1, staking.newcomer, staking.newcomer, *HINTS, sender=stranger)
    else:
        manager.claimEarnings(0, sender=staking.delegator)
        with reverts("INVALID_DELEGATE_CHANGE"):
            manager.bondForWithHint(1, staking.delegator, staking.second, *HINTS, sender=stranger)


def test_bond_for__before_the_delegates_reward__reverts(staking: Staking) -> None:
    manager = staking.manager
    arguments = (LPT, staking.delegator, staking.transcoder, *HINTS)
    staking.protocol.fund(staking.newcomer, LPT)
    staking.protocol.LivepeerToken.approve(manager, LPT, sender=staking.newcomer)

    with reverts("ILLEGAL_CLAIM_EARNINGS"):
        manager.bondForWithHint(*arguments, sender=staking.newcomer)

    manager.reward(sender=staking.transcoder)
    manager.bondForWithHint(*arguments, sender=staking.newcomer)


def test_bond_for__by_the_migrator__is_not_limited(staking: Staking) -> None:
    protocol, migrator = staking.protocol, staking.newcomer
    protocol.register("L2Migrator", migrator)
    protocol.fund(migrator, LPT)
    protocol.LivepeerToken.approve(staking.manager, LPT, sender=migrator)

    staking.manager.bondForWithHint(LPT, staking.delegator, staking.second, *HINTS, sender=migrator)

    assert staking.total(staking.second) == 10_001 * LPT


def test_bond__while_paused_or_before_the_round__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.bond(LPT, staking.transcoder, sender=staking.newcomer)
    protocol.Controller.unpause(sender=protocol.deployer)

    protocol.next_round(initialize=False)
    with reverts("current round is not initialized"):
        staking.manager.bond(LPT, staking.transcoder, sender=staking.newcomer)


def test_bond__by_an_account_whose_stake_backs_work_to_another_delegate__reverts(
    staking: Staking,
) -> None:
    manager = staking.manager
    manager.backWork(staking.delegator, staking.protocol.chain.block + 10, sender=staking.jobs)

    with reverts("stake backs unsettled work"):
        manager.bond(0, staking.second, sender=staking.delegator)

    staking.protocol.chain.mine(10)
    manager.bond(0, staking.second, sender=staking.delegator)
