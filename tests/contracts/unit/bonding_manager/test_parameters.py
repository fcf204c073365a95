"""Parameters: the Controller's owner sets them, within bounds, and everybody can read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.harness import ZERO, Reverted, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

SETTERS: dict[str, tuple[str, str, int]] = {
    "setUnbondingPeriod": ("unbondingPeriod", "unbondingPeriod", 9),
    "setTreasuryRewardCutRate": (
        "nextRoundTreasuryRewardCutRate",
        "nextRoundTreasuryRewardCutRate",
        10**27,
    ),
    "setTreasuryBalanceCeiling": ("treasuryBalanceCeiling", "treasuryBalanceCeiling", 2**256 - 1),
    "setNumActiveTranscoders": ("getTranscoderPoolMaxSize", "numActiveTranscoders", 100),
    "setMinSelfStake": ("minSelfStake", "minSelfStake", 2**96 - 1),
    "setWorkWeight": ("workWeight", "workWeight", 10**6),
    "setWorkRebate": ("workRebate", "workRebate", 2**96 - 1),
}


@pytest.mark.parametrize("setter", SETTERS)
def test_set__by_the_owner__takes_effect(staking: Staking, setter: str) -> None:
    getter, name, value = SETTERS[setter]

    receipt = getattr(staking.manager, setter)(value, sender=staking.protocol.deployer)

    assert getattr(staking.manager, getter)() == value
    assert [event.param for event in receipt.named("ParameterUpdate")] == [name]


@pytest.mark.parametrize("setter", SETTERS)
def test_set__by_a_stranger__reverts(staking: Staking, setter: str) -> None:
    with reverts("caller must be Controller owner"):
        getattr(staking.manager, setter)(SETTERS[setter][2], sender=staking.newcomer)


@pytest.mark.parametrize(
    ("setter", "value", "reason"),
    [
        ("setTreasuryRewardCutRate", 10**27 + 1, "_cutRate is invalid precise percentage"),
        ("setMinSelfStake", 2**96, "stake is too large"),
        ("setWorkWeight", 10**6 + 1, "work weight must be a valid percentage"),
        ("setWorkRebate", 2**96, "work rebate is too large"),
        ("setUnbondingPeriod", 2**14, "unbonding period is too long"),
    ],
)
def test_set__out_of_bounds__reverts(
    staking: Staking, setter: str, value: int, reason: str
) -> None:
    with reverts(reason):
        getattr(staking.manager, setter)(value, sender=staking.protocol.deployer)


def test_set_controller__is_the_controllers_alone(staking: Staking) -> None:
    with reverts("caller must be Controller"):
        staking.manager.setController(staking.newcomer, sender=staking.protocol.deployer)


def test_set_unbonding_period__shorter__keeps_older_locks_in_order(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    manager.unbond(LPT, sender=transcoder)
    manager.setUnbondingPeriod(1, sender=protocol.deployer)
    manager.unbond(LPT, sender=transcoder)
    protocol.next_round()

    manager.withdrawStake(1, sender=transcoder)
    staking.slash(transcoder, 500_000)

    assert manager.getDelegatorUnbondingLock(transcoder, 0)[0] == LPT // 2


def test_companion__without_it_what_it_does_reverts(staking: Staking) -> None:
    staking.protocol.register("BondingControl", ZERO)

    with reverts("BondingControl must be registered"):
        staking.manager.setMinSelfStake(1, sender=staking.protocol.deployer)
    with reverts("BondingControl must be registered"):
        staking.manager.penalizeSeat(staking.transcoder, 1, sender=staking.committee)


def test_companion__called_directly__has_no_rights(staking: Staking) -> None:
    chain = staking.protocol.chain
    companion = staking.protocol.contracts["BondingControl"]
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("setMinSelfStake", (1,)),
        ("slashTranscoder", (staking.transcoder, ZERO, 1, 0)),
        ("beginRound", (1,)),
        ("mintReward", (1,)),
    ]
    for function, arguments in calls:
        with pytest.raises(Reverted):
            getattr(companion, function)(*arguments, sender=chain.accounts[0])
