"""transferBond: stake changes hands and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT, NO_HINTS

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

HINTS = (*NO_HINTS, *NO_HINTS)


def test_transfer_bond__to_one_without_a_bond__keeps_the_delegate(staking: Staking) -> None:
    manager = staking.manager

    receipt = manager.transferBond(staking.newcomer, 300 * LPT, *HINTS, sender=staking.delegator)

    position = manager.getDelegator(staking.newcomer)
    assert (position[0], position[2]) == (300 * LPT, staking.transcoder)
    assert position[4] == staking.round + 1
    assert staking.bonded(staking.delegator) == 700 * LPT
    assert staking.total(staking.transcoder) == 11_000 * LPT
    assert not manager.isValidUnbondingLock(staking.delegator, 0)
    assert not manager.isValidUnbondingLock(staking.newcomer, 0)
    assert manager.getDelegator(staking.delegator)[6] == position[6] == 1
    order = ["Unbond", "TransferBond", "Rebond"]
    assert [event.name for event in receipt.events if event.name in order] == order


def test_transfer_bond__to_one_with_a_bond__goes_to_its_delegate(staking: Staking) -> None:
    manager = staking.manager
    staking.protocol.bond(staking.newcomer, LPT, staking.second)

    manager.transferBond(staking.newcomer, 1_000 * LPT, *HINTS, sender=staking.delegator)

    assert staking.bonded(staking.newcomer) == 1_001 * LPT
    assert staking.total(staking.second) == 10_001 * LPT
    assert staking.total(staking.transcoder) == 10_000 * LPT
    assert manager.delegatorStatus(staking.delegator) == 2


def test_transfer_bond__to_oneself__changes_nothing(staking: Staking) -> None:
    staking.manager.transferBond(staking.delegator, LPT, *HINTS, sender=staking.delegator)

    assert staking.bonded(staking.delegator) == 1_000 * LPT
    assert staking.total(staking.transcoder) == 11_000 * LPT
    assert staking.manager.getDelegator(staking.delegator)[6] == 2


def test_transfer_bond__to_ones_own_delegate_or_nobody__reverts(staking: Staking) -> None:
    manager = staking.manager
    manager.unbond(10_000 * LPT, sender=staking.transcoder)

    with reverts("INVALID_DELEGATOR"):
        manager.transferBond(staking.transcoder, LPT, *HINTS, sender=staking.delegator)
    with reverts("INVALID_DELEGATOR"):
        manager.transferBond(ZERO, LPT, *HINTS, sender=staking.delegator)


def test_transfer_bond__before_the_receivers_reward__reverts(staking: Staking) -> None:
    staking.protocol.bond(staking.newcomer, LPT, staking.transcoder)
    staking.protocol.next_round()

    with reverts("ILLEGAL_CLAIM_EARNINGS"):
        staking.manager.transferBond(staking.newcomer, LPT, *HINTS, sender=staking.delegator)


def test_transfer_bond__of_more_than_there_is__reverts(staking: Staking) -> None:
    manager = staking.manager
    with reverts("amount is greater than bonded amount"):
        manager.transferBond(staking.newcomer, 1_001 * LPT, *HINTS, sender=staking.delegator)
    with reverts("caller must be bonded"):
        manager.transferBond(staking.verifier, 1, *HINTS, sender=staking.newcomer)
    with reverts("unbond amount must be greater than 0"):
        manager.transferBond(staking.newcomer, 0, *HINTS, sender=staking.delegator)


def test_transfer_bond__of_stake_that_backs_work__reverts(staking: Staking) -> None:
    manager = staking.manager
    manager.backWork(staking.transcoder, staking.protocol.chain.block + 10, sender=staking.jobs)

    with reverts("stake backs unsettled work"):
        manager.transferBond(staking.newcomer, 1, *HINTS, sender=staking.transcoder)


def test_transfer_bond__of_one_who_sits_on_a_committee__reverts(staking: Staking) -> None:
    manager, chain = staking.manager, staking.protocol.chain
    seated = chain.account("a committee in which everybody sits", balance=0)
    chain.set_code(seated, bytes.fromhex("60015f5260205ff3"))
    staking.protocol.register("VerifierCommittee", seated)

    with reverts("stake backs unsettled work"):
        manager.transferBond(staking.newcomer, 1, *HINTS, sender=staking.transcoder)
    manager.transferBond(staking.newcomer, 1, *HINTS, sender=staking.delegator)
    chain.set_code(seated, bytes.fromhex("5f5f5260205ff3"))
    manager.transferBond(staking.newcomer, 1, *HINTS, sender=staking.transcoder)


def test_transfer_bond__by_way_of_another_delegate__is_refused_too(staking: Staking) -> None:
    manager, chain = staking.manager, staking.protocol.chain
    seated = chain.account("a committee in which everybody sits", balance=0)
    chain.set_code(seated, bytes.fromhex("60015f5260205ff3"))
    staking.protocol.register("VerifierCommittee", seated)
    manager.unbond(staking.bonded(staking.second), sender=staking.second)
    manager.rebondFromUnbonded(staking.transcoder, 0, sender=staking.second)

    with reverts("stake backs unsettled work"):
        manager.transferBond(staking.newcomer, 1, *HINTS, sender=staking.second)
    staking.protocol.next_round()
    manager.unbond(staking.bonded(staking.second), sender=staking.second)
    assert manager.slashableStake(staking.second) == 9_000 * LPT
