"""A Minter among accounts that stand in for the contracts it serves."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Chain, Contract, Protocol

BILLION = 10**9


@pytest.fixture
def bonding_manager(protocol: Protocol, chain: Chain) -> str:
    """An account in the BondingManager's place."""
    account = chain.account("bonding manager")
    protocol.register("BondingManager", account)
    return account


@pytest.fixture
def jobs_manager(protocol: Protocol, chain: Chain) -> str:
    """An account in the JobsManager's place."""
    account = chain.account("jobs manager")
    protocol.register("JobsManager", account)
    return account


@pytest.fixture
def ticket_broker(protocol: Protocol, chain: Chain) -> str:
    """An account in the TicketBroker's place."""
    account = chain.account("ticket broker")
    protocol.register("TicketBroker", account)
    return account


@pytest.fixture
def rounds_manager(protocol: Protocol, chain: Chain) -> str:
    """An account in the RoundsManager's place."""
    account = chain.account("rounds manager")
    protocol.register("RoundsManager", account)
    return account


@pytest.fixture
def minter(protocol: Protocol) -> Contract:
    """The protocol's Minter."""
    return protocol.Minter


@pytest.fixture
def bonded(protocol: Protocol, chain: Chain) -> str:
    """A contract in the BondingManager's place that says 1,000,000 LPT are bonded."""
    address = chain.account("bonded", balance=0)
    amount = 10**24
    # PUSH16 amount, store it, return the word.
    chain.set_code(address, b"\x6f" + amount.to_bytes(16) + bytes.fromhex("5f5260205ff3"))
    protocol.register("BondingManager", address)
    return address
