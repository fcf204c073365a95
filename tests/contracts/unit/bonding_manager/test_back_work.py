"""backWork: stake behind unsettled work stays where a slash can reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def test_back_work__keeps_the_latest_clock(staking: Staking) -> None:
    manager, transcoder, clock = staking.manager, staking.transcoder, staking.protocol.chain.block

    first = manager.backWork(transcoder, clock + 9, sender=staking.jobs)
    second = manager.backWork(transcoder, clock + 8, sender=staking.jobs)

    assert first.named("WorkBacked")[0].args == {
        "transcoder": transcoder,
        "untilClock": clock + 9,
    }
    assert second.events == []


def test_back_work__keeps_locks_in_reach_of_a_slash(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    period = manager.unbondingPeriod()
    length = protocol.RoundsManager.roundLength()
    until = protocol.chain.block + (period + 2) * length
    manager.backWork(transcoder, until, sender=staking.jobs)
    manager.unbond(10_000 * LPT, sender=transcoder)
    protocol.next_round(period + 1)

    staking.slash(transcoder, 100_000)

    assert manager.getDelegatorUnbondingLock(transcoder, 0)[0] == 9_000 * LPT


def test_back_work__follows_the_clock_that_stops_with_a_pause(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    manager.backWork(staking.delegator, protocol.chain.block + 10, sender=staking.jobs)
    protocol.Controller.pause(sender=protocol.deployer)
    protocol.chain.mine(10)
    protocol.Controller.unpause(sender=protocol.deployer)

    with reverts("stake backs unsettled work"):
        manager.bond(0, staking.second, sender=staking.delegator)


def test_back_work__by_a_stranger_or_too_far__reverts(staking: Staking) -> None:
    with reverts("caller must be JobsManager"):
        staking.manager.backWork(staking.transcoder, 1, sender=staking.broker)
    with reverts("clock is too far ahead"):
        staking.manager.backWork(staking.transcoder, 2**32, sender=staking.jobs)
