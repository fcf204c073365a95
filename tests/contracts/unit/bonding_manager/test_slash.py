"""slashTranscoder: own stake and own locks, inescapably; nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import ETH, LPT, NO_HINTS

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

HALF = 500_000


def test_slash__takes_a_part_of_own_stake_and_burns_it(staking: Staking) -> None:
    manager, token = staking.manager, staking.protocol.LivepeerToken
    supply = token.totalSupply()

    receipt = staking.slash(staking.transcoder, 50_000)

    assert staking.pending(staking.transcoder) == 9_500 * LPT
    assert staking.total(staking.transcoder) == 10_500 * LPT
    assert staking.pending(staking.delegator) == 1_000 * LPT
    assert token.totalSupply() == supply - 500 * LPT
    assert manager.nextRoundTotalActiveStake() == 9_000 * LPT
    assert manager.currentRoundTotalActiveStake() == 20_000 * LPT
    assert receipt.named("TranscoderSlashed")[0].args == {
        "transcoder": staking.transcoder,
        "finder": ZERO,
        "penalty": 500 * LPT,
        "finderReward": 0,
    }


def test_slash__pays_the_finder_half_at_most(staking: Staking) -> None:
    token, finder = staking.protocol.LivepeerToken, staking.newcomer

    staking.slash(staking.transcoder, 50_000, finder, 100_000)
    assert token.balanceOf(finder) == 50 * LPT
    staking.slash(staking.second, 100_000, finder, 1_000_000)

    assert token.balanceOf(finder) == (50 + 450) * LPT


def test_slash__bars_for_one_unbonding_period(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    round_ = staking.round

    staking.slash(transcoder, 50_000)

    assert staking.pool() == [staking.second]
    assert not manager.isActiveTranscoder(transcoder)
    assert manager.isBarred(transcoder)
    assert manager.barredUntil(transcoder) == round_ + manager.unbondingPeriod()
    with reverts("caller must be an active transcoder"):
        manager.reward(sender=transcoder)
    protocol.bond(transcoder, LPT, transcoder)
    manager.transcoder(0, 0, sender=transcoder)
    assert transcoder not in staking.pool()

    protocol.next_round(manager.unbondingPeriod())
    assert not manager.isBarred(transcoder)
    protocol.bond(transcoder, LPT, transcoder)
    assert transcoder in staking.pool()


def test_slash__of_one_evicted_this_round__ends_its_round_too(staking: Staking) -> None:
    manager = staking.manager
    manager.unbond(10_000 * LPT, sender=staking.transcoder)
    assert manager.isActiveTranscoder(staking.transcoder)

    staking.slash(staking.transcoder, 1)

    assert not manager.isActiveTranscoder(staking.transcoder)


def test_slash__reaches_own_locks_that_cannot_be_withdrawn_yet(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    manager.unbond(1_000 * LPT, sender=transcoder)
    protocol.next_round()
    manager.unbond(2_000 * LPT, sender=transcoder)
    manager.unbond(3_000 * LPT, sender=transcoder)
    assert manager.slashableStake(transcoder) == 10_000 * LPT

    receipt = staking.slash(transcoder, 100_000)

    assert receipt.named("TranscoderSlashed")[0].penalty == 1_000 * LPT
    amounts = [manager.getDelegatorUnbondingLock(transcoder, number)[0] for number in range(3)]
    assert amounts == [900 * LPT, 1_800 * LPT, 2_700 * LPT]
    assert staking.pending(transcoder) == 3_600 * LPT
    protocol.next_round(manager.unbondingPeriod())
    for number in range(3):
        manager.withdrawStake(number, sender=transcoder)
    assert protocol.LivepeerToken.balanceOf(transcoder) == 5_400 * LPT


def test_slash__leaves_mature_locks_and_new_ones_alone(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    manager.unbond(1_000 * LPT, sender=transcoder)
    protocol.next_round(manager.unbondingPeriod())

    staking.slash(transcoder, HALF)
    assert manager.getDelegatorUnbondingLock(transcoder, 0)[0] == 1_000 * LPT
    manager.unbond(100 * LPT, sender=transcoder)
    staking.slash(transcoder, HALF)
    manager.unbond(100 * LPT, sender=transcoder)

    amounts = [manager.getDelegatorUnbondingLock(transcoder, number)[0] for number in (1, 2)]
    assert amounts == [50 * LPT, 100 * LPT]


def test_slash__cannot_be_escaped_by_not_claiming(staking: Staking) -> None:
    staking.manager.reward(sender=staking.transcoder)
    own = staking.pending(staking.transcoder)
    assert staking.bonded(staking.transcoder) < own

    receipt = staking.slash(staking.transcoder, HALF)

    assert receipt.named("TranscoderSlashed")[0].penalty == own // 2
    assert abs(staking.pending(staking.transcoder) - own // 2) <= 2


@pytest.mark.parametrize("rewarded", [False, True])
def test_slash__of_everything__lets_everybody_go_on(staking: Staking, rewarded: bool) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    if rewarded:
        manager.reward(sender=transcoder)
    staking.pay_fees(transcoder, ETH)
    others = staking.pending(staking.delegator)
    fees = manager.pendingFees(transcoder, 0)

    staking.slash(transcoder, 2_000_000)

    assert manager.getDelegator(transcoder)[:3] == (0, fees, ZERO)
    assert staking.pending(transcoder) == 0
    assert not manager.isRegisteredTranscoder(transcoder)
    assert protocol.BondingVotes.getVotes(transcoder) == 0
    assert staking.pending(staking.delegator) == others
    protocol.next_round()
    manager.claimEarnings(0, sender=staking.delegator)
    manager.transferBond(staking.newcomer, LPT, *NO_HINTS, *NO_HINTS, sender=staking.delegator)
    manager.bond(0, staking.second, sender=staking.delegator)
    protocol.next_round()
    manager.unbond(staking.pending(staking.delegator), sender=staking.delegator)
    protocol.bond(transcoder, 5, transcoder)
    assert staking.pending(transcoder) == 5


def test_slash__of_nothing_to_take__is_told_all_the_same(staking: Staking) -> None:
    receipt = staking.slash(staking.newcomer, 50_000, staking.second, HALF)

    (event,) = receipt.named("TranscoderSlashed")
    assert (event.penalty, event.finderReward) == (0, 0)
    assert staking.manager.isBarred(staking.newcomer)


def test_slash__in_a_round_nobody_has_started__keeps_its_totals_right(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    protocol.next_round(initialize=False)

    staking.slash(staking.transcoder, HALF)
    protocol.RoundsManager.initializeRound()

    assert manager.currentRoundTotalActiveStake() == 9_000 * LPT
    assert staking.pending(staking.delegator) == 1_000 * LPT


def test_slash__costs_the_same_whatever_stands_behind(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    manager.unbond(LPT, sender=transcoder)

    def gas() -> int:
        with protocol.chain.isolate():
            return staking.slash(transcoder, 50_000).gas_used

    before = gas()
    for number in range(25):
        manager.unbond(1, sender=transcoder)
        protocol.bond(protocol.chain.account(f"behind {number}"), LPT, transcoder)

    assert gas() <= before + 200


def test_slash__by_a_stranger_or_while_paused__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    arguments = (staking.transcoder, ZERO, 1, 0)
    with reverts("caller must be Verifier"):
        staking.manager.slashTranscoder(*arguments, sender=staking.jobs)
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.slashTranscoder(*arguments, sender=staking.verifier)
