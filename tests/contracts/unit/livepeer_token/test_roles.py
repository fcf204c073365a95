"""Roles, and minting and burning by them."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import ZERO, Chain, Contract, Protocol, Reverted, reverts

ADMIN = bytes(32)
MINTER_ROLE = keccak(text="MINTER_ROLE")
BURNER_ROLE = keccak(text="BURNER_ROLE")
MISSING = "AccessControl: caller is missing role"


def test_constructor__makes_the_deployer_admin(chain: Chain, stranger: str) -> None:
    token = chain.deploy("LivepeerToken", sender=stranger)

    assert token.hasRole(ADMIN, stranger)
    assert token.DEFAULT_ADMIN_ROLE() == token.getRoleAdmin(MINTER_ROLE) == ADMIN
    assert token.totalSupply() == 0


def test_deployment__lets_only_the_minter_mint_and_burn(protocol: Protocol, owner: str) -> None:
    for role in (MINTER_ROLE, BURNER_ROLE):
        assert protocol.LivepeerToken.hasRole(role, protocol.Minter)
        assert not protocol.LivepeerToken.hasRole(role, owner)


def test_mint__adds_to_balance_and_supply_and_emits(
    token: Contract, owner: str, stranger: str
) -> None:
    receipt = token.mint(stranger, 50, sender=owner)

    assert (token.balanceOf(stranger), token.totalSupply()) == (50, 1_050)
    assert [event.name for event in receipt.events] == ["Transfer", "Mint"]
    assert receipt.named("Mint")[0].args == {"to": stranger, "amount": 50}
    assert receipt.named("Transfer")[0].args == {"_from": ZERO, "to": stranger, "value": 50}


def test_mint__without_the_role__reverts(token: Contract, stranger: str) -> None:
    with reverts(MISSING):
        token.mint(stranger, 1, sender=stranger)


def test_mint__to_nobody__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: mint to the zero address"):
        token.mint(ZERO, 1, sender=owner)


def test_mint__past_the_largest_supply__reverts(token: Contract, owner: str) -> None:
    with pytest.raises(Reverted):
        token.mint(owner, 2**256 - 1, sender=owner)


def test_burn__takes_from_balance_and_supply_and_emits(token: Contract, owner: str) -> None:
    receipt = token.burn(400, sender=owner)

    assert (token.balanceOf(owner), token.totalSupply()) == (600, 600)
    assert [event.name for event in receipt.events] == ["Transfer", "Burn"]
    assert receipt.named("Burn")[0].args == {"burner": owner, "amount": 400}


def test_burn__of_more_than_the_balance__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: burn amount exceeds balance"):
        token.burn(1_001, sender=owner)


def test_burn__without_the_role__reverts(token: Contract, owner: str, stranger: str) -> None:
    token.transfer(stranger, 5, sender=owner)

    with reverts(MISSING):
        token.burn(1, sender=stranger)


def test_burn_from__needs_role_and_allowance(token: Contract, owner: str, stranger: str) -> None:
    token.transfer(stranger, 5, sender=owner)
    with reverts("ERC20: insufficient allowance"):
        token.burnFrom(stranger, 5, sender=owner)
    token.approve(owner, 5, sender=stranger)

    token.burnFrom(stranger, 5, sender=owner)

    assert (token.balanceOf(stranger), token.totalSupply()) == (0, 995)
    with reverts(MISSING):
        token.burnFrom(owner, 1, sender=stranger)


def test_grant_role__once__emits_once(token: Contract, owner: str, stranger: str) -> None:
    first = token.grantRole(MINTER_ROLE, stranger, sender=owner)
    second = token.grantRole(MINTER_ROLE, stranger, sender=owner)

    assert token.hasRole(MINTER_ROLE, stranger)
    (event,) = first.named("RoleGranted")
    assert (event.role, event.account, event.sender) == (MINTER_ROLE, stranger, owner)
    assert second.events == []


def test_revoke_role__takes_it_and_emits_once(token: Contract, owner: str, stranger: str) -> None:
    token.grantRole(MINTER_ROLE, stranger, sender=owner)

    first = token.revokeRole(MINTER_ROLE, stranger, sender=owner)
    second = token.revokeRole(MINTER_ROLE, stranger, sender=owner)

    assert not token.hasRole(MINTER_ROLE, stranger)
    assert [event.name for event in first.events] == ["RoleRevoked"]
    assert second.events == []


@pytest.mark.parametrize("function", ["grantRole", "revokeRole"])
def test_roles__by_a_minter_without_the_admin_role__revert(
    token: Contract, owner: str, stranger: str, function: str
) -> None:
    token.grantRole(MINTER_ROLE, stranger, sender=owner)

    with reverts(MISSING):
        getattr(token, function)(MINTER_ROLE, stranger, sender=stranger)


def test_renounce_role__gives_up_ones_own_only(token: Contract, owner: str, stranger: str) -> None:
    with reverts("AccessControl: can only renounce roles for self"):
        token.renounceRole(ADMIN, owner, sender=stranger)

    token.renounceRole(ADMIN, owner, sender=owner)

    with reverts(MISSING):
        token.grantRole(MINTER_ROLE, owner, sender=owner)


def test_supports_interface__erc165_and_access_control(token: Contract) -> None:
    supported = [
        identifier
        for identifier in ("01ffc9a7", "7965db0b", "ffffffff", "00000000")
        if token.supportsInterface(bytes.fromhex(identifier))
    ]

    assert supported == ["01ffc9a7", "7965db0b"]
