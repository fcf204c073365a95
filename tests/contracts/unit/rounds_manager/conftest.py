"""Rounds among contracts that accept every call, so that only the schedule is on trial."""

from __future__ import annotations

import pytest

from offchain.chain.deployment import name_hash
from tests.contracts.harness import Chain, Contract, Protocol


@pytest.fixture
def quiet(protocol: Protocol, chain: Chain) -> None:
    """Collaborators that accept every call and do nothing."""
    for name in ("BondingManager", "Minter"):
        account = chain.account(f"quiet {name}", balance=0)
        chain.set_code(account, b"\x00")
        protocol.register(name, account)


@pytest.fixture
def rounds(protocol: Protocol, quiet: None) -> Contract:
    """The RoundsManager behind its proxy, at the first block of round 10."""
    protocol.chain.mine_to(10 * protocol.config.round_length)
    return protocol.RoundsManager


@pytest.fixture
def adjustable(protocol: Protocol, chain: Chain, quiet: None, owner: str) -> Contract:
    """The adjustable twin behind a proxy of its own, with rounds of 50 blocks."""
    target = chain.deploy("AdjustableRoundsManager", protocol.Controller, sender=owner)
    protocol.register("AdjustableRoundsManagerTarget", target)
    proxy = chain.deploy(
        "ManagerProxy", protocol.Controller, name_hash("AdjustableRoundsManagerTarget")
    )
    contract = chain.at("AdjustableRoundsManager", proxy.address)
    contract.setRoundLength(50, sender=owner)
    return contract
