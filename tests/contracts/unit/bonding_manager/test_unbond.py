"""unbond and unbondWithHint, and withdrawStake, which ends what they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def test_unbond__locks_a_part_for_the_unbonding_period(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator

    receipt = manager.unbond(400 * LPT, sender=delegator)

    withdraw_round = staking.round + manager.unbondingPeriod()
    assert manager.getDelegatorUnbondingLock(delegator, 0) == (400 * LPT, withdraw_round)
    assert manager.isValidUnbondingLock(delegator, 0)
    assert staking.bonded(delegator) == 600 * LPT
    assert staking.total(staking.transcoder) == 10_600 * LPT
    (event,) = receipt.named("Unbond")
    assert event.args == {
        "delegate": staking.transcoder,
        "delegator": delegator,
        "unbondingLockId": 0,
        "amount": 400 * LPT,
        "withdrawRound": withdraw_round,
    }


def test_unbond__of_everything_forgets_the_delegate(staking: Staking) -> None:
    staking.manager.unbond(1_000 * LPT, sender=staking.delegator)

    delegator = staking.manager.getDelegator(staking.delegator)
    assert (delegator[0], delegator[2], delegator[4]) == (0, ZERO, 0)
    assert staking.manager.delegatorStatus(staking.delegator) == 2


def test_unbond__of_everything_a_transcoder_has__resigns(staking: Staking) -> None:
    receipt = staking.manager.unbond(10_000 * LPT, sender=staking.transcoder)

    assert staking.pool() == [staking.second]
    assert receipt.named("TranscoderDeactivated")[0].deactivationRound == staking.round + 1
    assert staking.manager.isActiveTranscoder(staking.transcoder)
    assert staking.manager.nextRoundTotalActiveStake() == 9_000 * LPT
    assert staking.manager.currentRoundTotalActiveStake() == 20_000 * LPT
    staking.protocol.next_round()
    assert not staking.manager.isActiveTranscoder(staking.transcoder)


def test_unbond__below_the_minimum__leaves_the_pool(staking: Staking) -> None:
    manager = staking.manager
    manager.setMinSelfStake(9_500 * LPT, sender=staking.protocol.deployer)

    manager.unbond(501 * LPT, sender=staking.transcoder)

    assert staking.transcoder not in staking.pool()
    assert manager.isRegisteredTranscoder(staking.transcoder)


def test_unbond__while_pending__reverts(staking: Staking) -> None:
    staking.protocol.bond(staking.newcomer, LPT, staking.transcoder)

    with reverts("caller must be bonded"):
        staking.manager.unbond(1, sender=staking.newcomer)


def test_unbond__without_a_bond__reverts(staking: Staking) -> None:
    with reverts("caller must be bonded"):
        staking.manager.unbond(1, sender=staking.newcomer)


def test_unbond__of_nothing_or_too_much__reverts(staking: Staking) -> None:
    with reverts("unbond amount must be greater than 0"):
        staking.manager.unbond(0, sender=staking.delegator)
    with reverts("amount is greater than bonded amount"):
        staking.manager.unbond(1_000 * LPT + 1, sender=staking.delegator)


def test_withdraw_stake__pays_once_and_not_too_early(staking: Staking) -> None:
    protocol, manager, delegator = staking.protocol, staking.manager, staking.delegator
    manager.unbond(400 * LPT, sender=delegator)
    protocol.next_round(manager.unbondingPeriod() - 1)
    with reverts("withdraw round must be before or equal to the current round"):
        manager.withdrawStake(0, sender=delegator)
    protocol.next_round()

    receipt = manager.withdrawStake(0, sender=delegator)

    assert protocol.LivepeerToken.balanceOf(delegator) == 400 * LPT
    assert receipt.named("WithdrawStake")[0].args == {
        "delegator": delegator,
        "unbondingLockId": 0,
        "amount": 400 * LPT,
        "withdrawRound": staking.round,
    }
    with reverts("invalid unbonding lock ID"):
        manager.withdrawStake(0, sender=delegator)


def test_withdraw_stake__that_backed_work__waits_for_the_clock(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    rounds = manager.unbondingPeriod() + 1
    until = protocol.chain.block + rounds * protocol.RoundsManager.roundLength() + 5
    manager.backWork(transcoder, until, sender=staking.jobs)
    manager.unbond(LPT, sender=transcoder)
    protocol.next_round(rounds - 1)
    with reverts("stake backs unsettled work"):
        manager.withdrawStake(0, sender=transcoder)
    protocol.next_round(2)

    manager.withdrawStake(0, sender=transcoder)

    assert protocol.LivepeerToken.balanceOf(transcoder) == LPT


def test_withdraw_stake__while_paused_or_before_the_round__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.withdrawStake(0, sender=staking.delegator)
    protocol.Controller.unpause(sender=protocol.deployer)
    protocol.next_round(initialize=False)
    with reverts("current round is not initialized"):
        staking.manager.withdrawStake(0, sender=staking.delegator)
