"""transcoder and transcoderWithHint: rates hold from the next round on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def rates(staking: Staking, transcoder: str, round_: int) -> tuple[int, int]:
    pool = staking.manager.getTranscoderEarningsPoolForRound(transcoder, round_)
    return pool[1], pool[2]


def test_transcoder__sets_rates_from_the_next_round_on(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    manager.reward(sender=transcoder)

    receipt = manager.transcoder(1, 2, sender=transcoder)
    manager.transcoder(3, 4, sender=transcoder)

    assert rates(staking, transcoder, staking.round) == (100_000, 500_000)
    assert rates(staking, transcoder, staking.round + 1) == (3, 4)
    assert manager.getTranscoder(transcoder)[1:3] == (3, 4)
    (event,) = receipt.named("TranscoderUpdate")
    assert event.args == {"transcoder": transcoder, "rewardCut": 1, "feeShare": 2}


def test_transcoder__of_one_not_in_the_pool__joins_when_there_is_room(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    manager.setMinSelfStake(2 * LPT, sender=protocol.deployer)
    protocol.bond(staking.newcomer, LPT, staking.newcomer)
    assert staking.newcomer not in staking.pool()
    manager.setMinSelfStake(LPT, sender=protocol.deployer)

    manager.transcoderWithHint(0, 0, staking.second, ZERO, sender=staking.newcomer)

    assert staking.pool() == [staking.transcoder, staking.second, staking.newcomer]


def test_transcoder__with_impossible_rates__reverts(staking: Staking) -> None:
    staking.manager.reward(sender=staking.transcoder)
    with reverts("invalid rewardCut percentage"):
        staking.manager.transcoder(1_000_001, 0, sender=staking.transcoder)
    with reverts("invalid feeShare percentage"):
        staking.manager.transcoder(0, 1_000_001, sender=staking.transcoder)
    staking.manager.transcoder(1_000_000, 1_000_000, sender=staking.transcoder)


def test_transcoder__not_registered__reverts(staking: Staking) -> None:
    with reverts("transcoder must be registered"):
        staking.manager.transcoder(0, 0, sender=staking.delegator)


def test_transcoder__active_before_its_reward__reverts(staking: Staking) -> None:
    with reverts("caller can't be active or must have already called reward for the current round"):
        staking.manager.transcoder(0, 0, sender=staking.transcoder)


def test_transcoder__in_a_locked_round__reverts(staking: Staking) -> None:
    rounds, chain = staking.protocol.RoundsManager, staking.protocol.chain
    staking.manager.reward(sender=staking.transcoder)
    chain.mine_to(rounds.currentRoundStartBlock() + rounds.roundLength() - 1)
    assert rounds.currentRoundLocked()

    with reverts("can't update transcoder params, current round is locked"):
        staking.manager.transcoder(0, 0, sender=staking.transcoder)


def test_transcoder__while_paused_or_before_the_round__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.transcoder(0, 0, sender=staking.transcoder)
    protocol.Controller.unpause(sender=protocol.deployer)
    protocol.next_round(initialize=False)
    with reverts("current round is not initialized"):
        staking.manager.transcoder(0, 0, sender=staking.transcoder)
