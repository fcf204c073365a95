"""LPT and ETH in and out, on whose word."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Chain, Contract, Protocol, reverts

NOT_A_PAYER = "msg.sender not BondingManager or JobsManager"


@pytest.fixture
def funded(protocol: Protocol, minter: Contract, jobs_manager: str) -> Contract:
    """The Minter with 100 LPT wei and 50 wei."""
    protocol.fund(minter, 100)
    minter.depositETH(sender=jobs_manager, value=50)
    return minter


def test_deposit_eth__of_whoever_takes_payments__is_kept(
    protocol: Protocol, chain: Chain, minter: Contract, jobs_manager: str, ticket_broker: str
) -> None:
    former = chain.account("former minter")
    assert minter.depositETH(sender=jobs_manager, value=3).value is True
    minter.depositETH(sender=ticket_broker, value=4)
    protocol.register("Minter", former)
    minter.depositETH(sender=former, value=5)

    assert chain.balance(minter) == 12


def test_deposit_eth__of_anyone_else__reverts(
    minter: Contract, bonding_manager: str, stranger: str
) -> None:
    for account in (stranger, bonding_manager):
        with reverts("msg.sender not Minter or JobsManager"):
            minter.depositETH(sender=account, value=1)


def test_trusted_withdraw_eth__pays(
    chain: Chain, funded: Contract, bonding_manager: str, jobs_manager: str, ticket_broker: str
) -> None:
    payee = chain.account("payee", balance=0)

    for payer in (bonding_manager, jobs_manager, ticket_broker):
        funded.trustedWithdrawETH(payee, 10, sender=payer)

    assert (chain.balance(payee), chain.balance(funded)) == (30, 20)


def test_trusted_withdraw_eth__pays_contracts_that_need_gas_to_receive(
    chain: Chain, funded: Contract, jobs_manager: str
) -> None:
    wallet = chain.account("wallet", balance=0)
    # Stores CALLVALUE in a fresh slot: ten times what a plain transfer's stipend pays for.
    chain.set_code(wallet, bytes.fromhex("345f5500"))

    funded.trustedWithdrawETH(wallet, 10, sender=jobs_manager)

    assert chain.balance(wallet) == chain.storage(wallet, 0) == 10


def test_trusted_withdraw_eth__to_a_contract_that_refuses__reverts(
    chain: Chain, funded: Contract, jobs_manager: str
) -> None:
    miser = chain.account("miser", balance=0)
    chain.set_code(miser, bytes.fromhex("5f5ffd"))

    with reverts("ETH transfer failed"):
        funded.trustedWithdrawETH(miser, 10, sender=jobs_manager)


def test_trusted_withdraw_eth__of_more_than_there_is__reverts(
    funded: Contract, jobs_manager: str, stranger: str
) -> None:
    with reverts("insufficient ETH in Minter"):
        funded.trustedWithdrawETH(stranger, 51, sender=jobs_manager)


def test_trusted_withdraw_eth__by_anyone_else__reverts(funded: Contract, stranger: str) -> None:
    with reverts(NOT_A_PAYER):
        funded.trustedWithdrawETH(stranger, 1, sender=stranger)


def test_trusted_transfer_tokens__pays(
    protocol: Protocol, funded: Contract, bonding_manager: str, stranger: str
) -> None:
    funded.trustedTransferTokens(stranger, 60, sender=bonding_manager)

    token = protocol.LivepeerToken
    assert (token.balanceOf(stranger), token.balanceOf(funded)) == (60, 40)


def test_trusted_burn_tokens__burns(
    protocol: Protocol, funded: Contract, bonding_manager: str
) -> None:
    supply = protocol.LivepeerToken.totalSupply()

    funded.trustedBurnTokens(60, sender=bonding_manager)

    assert protocol.LivepeerToken.totalSupply() == supply - 60
    assert protocol.LivepeerToken.balanceOf(funded) == 40


@pytest.mark.parametrize("function", ["trustedTransferTokens", "trustedBurnTokens"])
def test_token_functions__by_anyone_but_the_bonding_manager__revert(
    funded: Contract, jobs_manager: str, function: str
) -> None:
    args = (jobs_manager, 1) if function == "trustedTransferTokens" else (1,)

    with reverts("msg.sender not BondingManager"):
        getattr(funded, function)(*args, sender=jobs_manager)


@pytest.mark.parametrize(
    "function", ["trustedTransferTokens", "trustedBurnTokens", "trustedWithdrawETH"]
)
def test_payouts__while_paused__revert(
    protocol: Protocol, funded: Contract, bonding_manager: str, stranger: str, function: str
) -> None:
    protocol.Controller.pause()
    args = (1,) if function == "trustedBurnTokens" else (stranger, 1)

    with reverts("system is paused"):
        getattr(funded, function)(*args, sender=bonding_manager)


# A token that answers every call with zero, as one that only returns False would.
FALSE_TOKEN = bytes.fromhex("60205ff3")


def test_token_transfers__that_return_false__revert(
    protocol: Protocol, chain: Chain, funded: Contract, bonding_manager: str, owner: str
) -> None:
    successor = chain.deploy("Minter", protocol.Controller, 0, 0, 0)
    token = chain.account("token that returns false", balance=0)
    chain.set_code(token, FALSE_TOKEN)
    protocol.register("LivepeerToken", token)

    with reverts("token transfer failed"):
        funded.trustedTransferTokens(owner, 1, sender=bonding_manager)
    protocol.Controller.pause()
    with reverts("token transfer failed"):
        funded.migrateToNewMinter(successor, sender=owner)
