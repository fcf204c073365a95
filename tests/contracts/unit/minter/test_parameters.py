"""The constructor's terms, setInflationChange and setTargetBondingRate."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Chain, Contract, Protocol, reverts

BILLION = 10**9


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (0, "_inflation is invalid percentage"),
        (1, "_inflationChange is invalid percentage"),
        (2, "_targetBondingRate is invalid percentage"),
    ],
)
def test_constructor__of_more_than_the_whole__reverts(
    protocol: Protocol, chain: Chain, index: int, reason: str
) -> None:
    terms = [BILLION, BILLION, BILLION]
    whole = chain.deploy("Minter", protocol.Controller, *terms)
    assert [whole.inflation(), whole.inflationChange(), whole.targetBondingRate()] == terms
    terms[index] += 1

    with reverts(reason):
        chain.deploy("Minter", protocol.Controller, *terms)


def test_set_inflation_change__changes_it_alone_and_emits(minter: Contract, owner: str) -> None:
    before = minter.inflation(), minter.targetBondingRate()

    receipt = minter.setInflationChange(77, sender=owner)

    assert minter.inflationChange() == 77
    assert (minter.inflation(), minter.targetBondingRate()) == before
    assert [event.param for event in receipt.named("ParameterUpdate")] == ["inflationChange"]


def test_set_target_bonding_rate__changes_it_alone_and_emits(minter: Contract, owner: str) -> None:
    before = minter.inflation(), minter.inflationChange()

    receipt = minter.setTargetBondingRate(88, sender=owner)

    assert minter.targetBondingRate() == 88
    assert (minter.inflation(), minter.inflationChange()) == before
    assert [event.param for event in receipt.named("ParameterUpdate")] == ["targetBondingRate"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("setInflationChange", "_inflationChange is invalid percentage"),
        ("setTargetBondingRate", "_targetBondingRate is invalid percentage"),
    ],
)
def test_setters__refuse_strangers_and_more_than_the_whole(
    minter: Contract, owner: str, stranger: str, function: str, reason: str
) -> None:
    with reverts("caller must be Controller owner"):
        getattr(minter, function)(1, sender=stranger)
    with reverts(reason):
        getattr(minter, function)(BILLION + 1, sender=owner)
    getattr(minter, function)(BILLION, sender=owner)


def test_get_controller__is_the_controller(minter: Contract, protocol: Protocol) -> None:
    assert minter.getController() == minter.controller() == protocol.Controller.address


def test_get_global_total_supply__is_the_tokens(minter: Contract, protocol: Protocol) -> None:
    assert minter.getGlobalTotalSupply() == protocol.LivepeerToken.totalSupply() > 0
