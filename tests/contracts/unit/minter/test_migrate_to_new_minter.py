"""migrateToNewMinter: everything held moves, only while paused and only to a true successor."""

from __future__ import annotations

import pytest

from tests.contracts.harness import ZERO, Chain, Contract, Protocol, reverts


@pytest.fixture
def successor(protocol: Protocol, chain: Chain) -> Contract:
    """A Minter under the same Controller, not registered yet."""
    return chain.deploy("Minter", protocol.Controller, 0, 0, 0)


def test_migrate__moves_lpt_and_eth(
    protocol: Protocol,
    chain: Chain,
    minter: Contract,
    successor: Contract,
    jobs_manager: str,
    owner: str,
) -> None:
    protocol.fund(minter, 100)
    minter.depositETH(sender=jobs_manager, value=50)
    protocol.Controller.pause(sender=owner)

    minter.migrateToNewMinter(successor, sender=owner)

    token = protocol.LivepeerToken
    assert (token.balanceOf(minter), chain.balance(minter)) == (0, 0)
    assert (token.balanceOf(successor), chain.balance(successor)) == (100, 50)


def test_migrate__while_running__reverts(minter: Contract, successor: Contract, owner: str) -> None:
    with reverts("system is not paused"):
        minter.migrateToNewMinter(successor, sender=owner)


def test_migrate__by_a_stranger__reverts(
    minter: Contract, successor: Contract, stranger: str
) -> None:
    with reverts("caller must be Controller owner"):
        minter.migrateToNewMinter(successor, sender=stranger)


def test_migrate__to_itself_or_nobody__reverts(
    protocol: Protocol, minter: Contract, owner: str
) -> None:
    protocol.Controller.pause(sender=owner)

    with reverts("new Minter cannot be current Minter"):
        minter.migrateToNewMinter(minter, sender=owner)
    with reverts("new Minter cannot be null address"):
        minter.migrateToNewMinter(ZERO, sender=owner)


def test_migrate__to_a_minter_of_another_controller__reverts(
    protocol: Protocol, chain: Chain, minter: Contract, owner: str
) -> None:
    protocol.Controller.pause(sender=owner)
    foreign = chain.deploy("Minter", chain.deploy("Controller"), 0, 0, 0)

    with reverts("new Minter Controller must be current Controller"):
        minter.migrateToNewMinter(foreign, sender=owner)


def test_migrate__of_a_minter_no_longer_registered__reverts(
    protocol: Protocol, minter: Contract, successor: Contract, owner: str
) -> None:
    protocol.Controller.pause(sender=owner)
    protocol.register("Minter", successor)

    with reverts("new Minter must be registered"):
        minter.migrateToNewMinter(successor, sender=owner)


def test_migrate__to_a_successor_that_does_not_confirm_the_deposit__reverts(
    protocol: Protocol, chain: Chain, minter: Contract, owner: str
) -> None:
    protocol.Controller.pause(sender=owner)
    # Answers a call without value with the Controller's address, and one with value with zero:
    # CALLVALUE PUSH1 27 JUMPI PUSH20 controller PUSH0 MSTORE JUMPDEST PUSH1 32 PUSH0 RETURN.
    controller = bytes.fromhex(protocol.Controller.address[2:])
    code = b"\x34\x60\x1b\x57\x73" + controller + b"\x5f\x52\x5b\x60\x20\x5f\xf3"
    liar = chain.account("successor that does not confirm", balance=0)
    chain.set_code(liar, code)
    chain.set_balance(minter, 1)

    with reverts("ETH deposit failed"):
        minter.migrateToNewMinter(liar, sender=owner)
