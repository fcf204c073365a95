"""stage, execute, cancel: what was announced, after its delay, once, whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.chain.deployment import name_hash
from tests.contracts.harness import ZERO, Chain, Contract, Protocol, Reverted, reverts

DELAY = 20
UPDATE = "(address[],uint256[],bytes[],uint256)"


@pytest.fixture
def governor(protocol: Protocol, owner: str) -> Contract:
    """The Governor, in charge of the Controller."""
    protocol.Controller.transferOwnership(protocol.Governor, sender=owner)
    return protocol.Governor


def update(*calls: tuple[Any, int, bytes], nonce: int = 0) -> tuple[Any, ...]:
    """An update of calls (contract, wei, data)."""
    targets = tuple(getattr(call[0], "address", call[0]) for call in calls)
    return targets, tuple(call[1] for call in calls), tuple(call[2] for call in calls), nonce


@pytest.fixture
def pausing(protocol: Protocol) -> tuple[Any, ...]:
    """An update that pauses the system and names the Minter's account anew."""
    controller = protocol.Controller
    rename = controller.setContractInfo.encode(name_hash("New"), protocol.Minter, bytes(20))
    return update((controller, 0, controller.pause.encode()), (controller, 0, rename))


def test_stage__records_the_block_under_the_hash_solidity_would_use(
    governor: Contract, chain: Chain, owner: str, pausing: tuple[Any, ...]
) -> None:
    receipt = governor.stage(pausing, DELAY, sender=owner)

    digest = keccak(encode([UPDATE], [pausing]))
    assert governor.updates(digest) == chain.block + DELAY
    (event,) = receipt.named("UpdateStaged")
    assert event.delay == DELAY
    assert list(event.update.data) == list(pausing[2])


def test_execute__after_the_delay_by_anyone__makes_every_call_once(
    governor: Contract,
    protocol: Protocol,
    chain: Chain,
    owner: str,
    stranger: str,
    pausing: tuple[Any, ...],
) -> None:
    governor.stage(pausing, DELAY, sender=owner)
    chain.mine(DELAY - 1)
    with reverts("delay for update not expired"):
        governor.execute(pausing, sender=stranger)
    chain.mine(1)

    receipt = governor.execute(pausing, sender=stranger)

    assert protocol.Controller.paused()
    assert protocol.Controller.getContract(name_hash("New")) == protocol.Minter.address
    assert [event.name for event in receipt.named("UpdateExecuted")] == ["UpdateExecuted"]
    with reverts("update is not staged"):
        governor.execute(pausing, sender=stranger)


def test_stage__with_a_new_nonce__stages_the_same_calls_again(
    governor: Contract, protocol: Protocol, owner: str, pausing: tuple[Any, ...]
) -> None:
    governor.stage(pausing, 0, sender=owner)
    with reverts("update already staged"):
        governor.stage(pausing, 5, sender=owner)

    governor.stage((*pausing[:3], 1), 0, sender=owner)
    governor.execute(pausing, sender=owner)

    assert protocol.Controller.paused()


def test_execute__with_a_failing_call__undoes_all_and_gives_its_reason(
    governor: Contract, protocol: Protocol, owner: str
) -> None:
    controller = protocol.Controller
    twice = update(
        (controller, 0, controller.pause.encode()), (controller, 0, controller.pause.encode())
    )
    governor.stage(twice, 0, sender=owner)

    with reverts("system is paused"):
        governor.execute(twice, sender=owner)

    assert not controller.paused()
    with reverts("update already staged"):
        governor.stage(twice, 0, sender=owner)


def test_execute__passes_value_on(
    governor: Contract, chain: Chain, owner: str, stranger: str
) -> None:
    payee = chain.account("payee", balance=0)
    paying = update((payee, 30, b""))
    governor.stage(paying, 0, sender=owner)

    with pytest.raises(Reverted):
        governor.execute(paying, sender=stranger, value=29)
    governor.execute(paying, sender=stranger, value=30)

    assert chain.balance(payee) == 30


def test_execute__of_an_update_that_executes_itself__reverts(
    governor: Contract, chain: Chain, owner: str
) -> None:
    again = chain.account("reentrant", balance=0)
    outer = update((again, 0, b"\x01"))
    call = governor.execute.encode(outer)
    # The called contract executes the very same update: its calldata follows the code, which ends
    # by passing the failure on.
    size = b"\x61" + len(call).to_bytes(2)
    code = bytes.fromhex("5f39") + b"\x5f\x5f" + size + b"\x5f\x5f\x73"
    code += bytes.fromhex(governor.address[2:]) + bytes.fromhex("5af13d5f5f3e3d5ffd")
    head = size + b"\x60" + bytes([len(size) + 2 + len(code)])
    chain.set_code(again, head + code + call)
    governor.stage(outer, 0, sender=owner)

    with reverts("update is not staged"):
        governor.execute(outer, sender=owner)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_stage__of_arrays_of_unequal_length__reverts(
    governor: Contract, owner: str, pausing: tuple[Any, ...], missing: int
) -> None:
    uneven = [*pausing]
    uneven[missing] = uneven[missing][:-1]

    with reverts("update arrays must be of equal length"):
        governor.stage(uneven, 0, sender=owner)


def test_cancel__unstages_and_emits(
    governor: Contract, owner: str, pausing: tuple[Any, ...]
) -> None:
    governor.stage(pausing, 0, sender=owner)

    receipt = governor.cancel(pausing, sender=owner)

    assert [event.name for event in receipt.events] == ["UpdateCancelled"]
    with reverts("update is not staged"):
        governor.execute(pausing, sender=owner)
    with reverts("update is not staged"):
        governor.cancel(pausing, sender=owner)


@pytest.mark.parametrize("function", ["stage", "cancel"])
def test_owner_functions__by_a_stranger__revert(
    governor: Contract, owner: str, stranger: str, pausing: tuple[Any, ...], function: str
) -> None:
    governor.stage(pausing, 0, sender=owner)
    args = ((*pausing[:3], 9), 0) if function == "stage" else (pausing,)

    with reverts("unauthorized: msg.sender not owner"):
        getattr(governor, function)(*args, sender=stranger)


def test_transfer_ownership__only_by_an_update(
    governor: Contract, owner: str, stranger: str
) -> None:
    with reverts("unauthorized: msg.sender not Governor"):
        governor.transferOwnership(stranger, sender=owner)
    for to, nonce in ((ZERO, 0), (stranger, 1)):
        handing = update((governor, 0, governor.transferOwnership.encode(to)), nonce=nonce)
        governor.stage(handing, 0, sender=owner)
        if to == ZERO:
            with reverts("newOwner is a null address"):
                governor.execute(handing, sender=owner)
            continue
        receipt = governor.execute(handing, sender=owner)

    assert governor.owner() == stranger
    (event,) = receipt.named("OwnershipTransferred")
    assert (event.previousOwner, event.newOwner) == (owner, stranger)
