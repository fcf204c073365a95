"""rebond and rebondFromUnbonded, with and without hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT, NO_HINTS

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def test_rebond__puts_a_lock_back(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.unbond(400 * LPT, sender=delegator)

    receipt = manager.rebond(0, sender=delegator)

    assert staking.bonded(delegator) == 1_000 * LPT
    assert staking.total(staking.transcoder) == 11_000 * LPT
    assert not manager.isValidUnbondingLock(delegator, 0)
    assert receipt.named("Rebond")[0].args == {
        "delegate": staking.transcoder,
        "delegator": delegator,
        "unbondingLockId": 0,
        "amount": 400 * LPT,
    }


def test_rebond__with_hint__does_the_same(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.unbond(400 * LPT, sender=delegator)

    manager.rebondWithHint(0, staking.second, ZERO, sender=delegator)

    assert staking.total(staking.transcoder) == 11_000 * LPT
    assert staking.pool() == [staking.transcoder, staking.second]


def test_rebond__of_no_lock__reverts(staking: Staking) -> None:
    with reverts("invalid unbonding lock ID"):
        staking.manager.rebond(0, sender=staking.delegator)


def test_rebond__without_a_bond__reverts(staking: Staking) -> None:
    staking.manager.unbond(1_000 * LPT, sender=staking.delegator)

    with reverts("caller must be bonded"):
        staking.manager.rebond(0, sender=staking.delegator)


def test_rebond__of_a_lock_slashed_to_nothing__reverts(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    manager.unbond(1, sender=transcoder)
    staking.slash(transcoder, 1_000_000)
    staking.protocol.bond(transcoder, LPT, transcoder)

    with reverts("delegation amount must be greater than 0"):
        manager.rebond(0, sender=transcoder)


def test_rebond_from_unbonded__starts_anew_with_another_delegate(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.unbond(1_000 * LPT, sender=delegator)

    manager.rebondFromUnbonded(staking.second, 0, sender=delegator)

    position = manager.getDelegator(delegator)
    assert (position[0], position[2]) == (1_000 * LPT, staking.second)
    assert position[4] == staking.round + 1
    assert staking.total(staking.second) == 10_000 * LPT


def test_rebond_from_unbonded__with_hint__rejoins_and_stays_active(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    manager.unbond(10_000 * LPT, sender=transcoder)

    manager.rebondFromUnbondedWithHint(transcoder, 0, ZERO, staking.second, sender=transcoder)

    assert staking.pool() == [transcoder, staking.second]
    assert manager.isActiveTranscoder(transcoder)
    manager.reward(sender=transcoder)


def test_rebond_from_unbonded__with_a_bond__reverts(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.unbond(1, sender=delegator)

    with reverts("caller must be unbonded"):
        manager.rebondFromUnbonded(staking.second, 0, sender=delegator)


def test_rebond_from_unbonded__to_nobody_or_of_no_lock__reverts(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.unbond(1_000 * LPT, sender=delegator)

    with reverts("INVALID_DELEGATE"):
        manager.rebondFromUnbondedWithHint(ZERO, 0, *NO_HINTS, sender=delegator)
    with reverts("invalid unbonding lock ID"):
        manager.rebondFromUnbonded(staking.second, 1, sender=delegator)


def test_rebond_from_unbonded__of_stake_that_backs_work__reverts(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    manager.backWork(transcoder, staking.protocol.chain.block + 10, sender=staking.jobs)
    manager.unbond(10_000 * LPT, sender=transcoder)

    with reverts("stake backs unsettled work"):
        manager.rebondFromUnbonded(staking.second, 0, sender=transcoder)
