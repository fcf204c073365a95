"""request, the whitelist and ownership of the faucet."""

from __future__ import annotations

import pytest

from tests.contracts.harness import ZERO, Chain, Contract, Protocol, reverts

AMOUNT = 10**18
WAIT_HOURS = 2


@pytest.fixture
def faucet(protocol: Protocol, chain: Chain, owner: str) -> Contract:
    """A faucet with LPT for three requests."""
    faucet = chain.deploy(
        "LivepeerTokenFaucet", protocol.LivepeerToken, AMOUNT, WAIT_HOURS, sender=owner
    )
    protocol.fund(faucet, 3 * AMOUNT)
    return faucet


def test_constructor__sets_terms_and_owner(
    faucet: Contract, protocol: Protocol, owner: str
) -> None:
    assert faucet.token() == protocol.LivepeerToken.address
    assert (faucet.requestAmount(), faucet.requestWait()) == (AMOUNT, WAIT_HOURS)
    assert faucet.owner() == owner


def test_request__pays_and_emits(faucet: Contract, protocol: Protocol, stranger: str) -> None:
    receipt = faucet.request(sender=stranger)

    assert protocol.LivepeerToken.balanceOf(stranger) == AMOUNT
    (event,) = receipt.named("Request")
    assert (event.to, event.amount) == (stranger, AMOUNT)
    waited = protocol.chain.timestamp + WAIT_HOURS * 3_600
    assert faucet.nextValidRequest(stranger) == waited


def test_request__before_and_after_the_wait(
    faucet: Contract, protocol: Protocol, chain: Chain, stranger: str
) -> None:
    faucet.request(sender=stranger)

    chain.mine(seconds=WAIT_HOURS * 3_600 - 1)
    with reverts("too early to request again"):
        faucet.request(sender=stranger)
    chain.mine(seconds=1)
    faucet.request(sender=stranger)

    assert protocol.LivepeerToken.balanceOf(stranger) == 2 * AMOUNT


def test_request__of_a_whitelisted_account__need_not_wait(
    faucet: Contract, owner: str, stranger: str
) -> None:
    faucet.addToWhitelist(stranger, sender=owner)

    faucet.request(sender=stranger)
    faucet.request(sender=stranger)

    assert faucet.isWhitelisted(stranger)
    assert faucet.nextValidRequest(stranger) == 0


def test_request__of_an_empty_faucet__reverts(faucet: Contract, owner: str, stranger: str) -> None:
    faucet.addToWhitelist(stranger, sender=owner)
    for _ in range(3):
        faucet.request(sender=stranger)

    with reverts("ERC20: transfer amount exceeds balance"):
        faucet.request(sender=stranger)


def test_remove_from_whitelist__makes_wait_again(
    faucet: Contract, owner: str, stranger: str
) -> None:
    faucet.addToWhitelist(stranger, sender=owner)
    faucet.removeFromWhitelist(stranger, sender=owner)
    faucet.request(sender=stranger)

    with reverts("too early to request again"):
        faucet.request(sender=stranger)


@pytest.mark.parametrize("function", ["addToWhitelist", "removeFromWhitelist", "transferOwnership"])
def test_owner_functions__by_a_stranger__revert(
    faucet: Contract, stranger: str, function: str
) -> None:
    with reverts("caller must be owner"):
        getattr(faucet, function)(stranger, sender=stranger)


def test_transfer_ownership__hands_over(faucet: Contract, owner: str, stranger: str) -> None:
    with reverts("newOwner is a null address"):
        faucet.transferOwnership(ZERO, sender=owner)

    receipt = faucet.transferOwnership(stranger, sender=owner)

    assert faucet.owner() == stranger
    (event,) = receipt.named("OwnershipTransferred")
    assert (event.previousOwner, event.newOwner) == (owner, stranger)


def test_request__of_a_token_that_returns_false__reverts(
    chain: Chain, owner: str, stranger: str
) -> None:
    token = chain.account("token that returns false", balance=0)
    # Answers every call with a word of zero.
    chain.set_code(token, bytes.fromhex("60205ff3"))
    faucet = chain.deploy("LivepeerTokenFaucet", token, AMOUNT, WAIT_HOURS, sender=owner)

    with reverts("token transfer failed"):
        faucet.request(sender=stranger)
