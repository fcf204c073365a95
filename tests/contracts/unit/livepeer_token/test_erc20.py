"""Transfers and allowances."""

from __future__ import annotations

from tests.contracts.harness import ZERO, Contract, Reverted, reverts

UNLIMITED = 2**256 - 1


def test_metadata__is_livepeers(token: Contract) -> None:
    assert (token.name(), token.symbol(), token.decimals()) == ("Livepeer Token", "LPT", 18)


def test_transfer__moves_and_emits(token: Contract, owner: str, stranger: str) -> None:
    receipt = token.transfer(stranger, 300, sender=owner)

    assert receipt.value is True
    assert (token.balanceOf(owner), token.balanceOf(stranger)) == (700, 300)
    (event,) = receipt.named("Transfer")
    assert (event._from, event.to, event.value) == (owner, stranger, 300)


def test_transfer__to_oneself__changes_nothing(token: Contract, owner: str) -> None:
    token.transfer(owner, 1_000, sender=owner)

    assert token.balanceOf(owner) == 1_000


def test_transfer__of_more_than_the_balance__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: transfer amount exceeds balance"):
        token.transfer(owner, 1_001, sender=owner)


def test_transfer__to_nobody__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: transfer to the zero address"):
        token.transfer(ZERO, 1, sender=owner)


def test_transfer__from_nobody__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: transfer from the zero address"):
        token.transfer(owner, 0, sender=ZERO)


def test_approve__sets_and_emits(token: Contract, owner: str, spender: str) -> None:
    receipt = token.approve(spender, 5, sender=owner)

    assert token.allowance(owner, spender) == 5
    (event,) = receipt.named("Approval")
    assert (event.owner, event.spender, event.value) == (owner, spender, 5)


def test_approve__of_or_by_nobody__reverts(token: Contract, owner: str) -> None:
    with reverts("ERC20: approve to the zero address"):
        token.approve(ZERO, 1, sender=owner)
    with reverts("ERC20: approve from the zero address"):
        token.approve(owner, 1, sender=ZERO)


def test_transfer_from__uses_the_allowance_up(
    token: Contract, owner: str, spender: str, stranger: str
) -> None:
    token.approve(spender, 5, sender=owner)

    token.transferFrom(owner, stranger, 3, sender=spender)

    assert (token.balanceOf(stranger), token.allowance(owner, spender)) == (3, 2)
    with reverts("ERC20: insufficient allowance"):
        token.transferFrom(owner, stranger, 3, sender=spender)


def test_transfer_from__an_unlimited_allowance__leaves_it(
    token: Contract, owner: str, spender: str, stranger: str
) -> None:
    token.approve(spender, UNLIMITED, sender=owner)

    token.transferFrom(owner, stranger, 3, sender=spender)

    assert token.allowance(owner, spender) == UNLIMITED


def test_increase_and_decrease_allowance__move_it(
    token: Contract, owner: str, spender: str
) -> None:
    token.increaseAllowance(spender, 5, sender=owner)
    token.decreaseAllowance(spender, 2, sender=owner)

    assert token.allowance(owner, spender) == 3
    with reverts("ERC20: decreased allowance below zero"):
        token.decreaseAllowance(spender, 4, sender=owner)


def test_increase_allowance__past_the_largest_number__reverts(
    token: Contract, owner: str, spender: str
) -> None:
    token.approve(spender, UNLIMITED, sender=owner)

    try:
        token.increaseAllowance(spender, 1, sender=owner)
    except Reverted:
        return
    raise AssertionError("an allowance wrapped around")
