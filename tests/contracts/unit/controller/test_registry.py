"""setContractInfo, getContract, getContractInfo, updateController and transferOwnership."""

from __future__ import annotations

from offchain.chain.deployment import name_hash
from tests.contracts.harness import ZERO, Chain, Protocol, reverts

COMMIT = bytes(range(20))
NAME = name_hash("Something")


def test_set_contract_info__registers_and_emits(
    protocol: Protocol, owner: str, stranger: str
) -> None:
    controller = protocol.Controller

    receipt = controller.setContractInfo(NAME, stranger, COMMIT, sender=owner)

    assert controller.getContract(NAME) == stranger
    assert controller.getContractInfo(NAME) == (stranger, COMMIT)
    (event,) = receipt.named("SetContractInfo")
    assert (event.id, event.contractAddress, event.gitCommitHash) == (NAME, stranger, COMMIT)


def test_set_contract_info__by_a_stranger__reverts(protocol: Protocol, stranger: str) -> None:
    with reverts("caller must be owner"):
        protocol.Controller.setContractInfo(NAME, stranger, COMMIT, sender=stranger)


def test_get_contract__of_an_unknown_name__returns_zero(protocol: Protocol) -> None:
    assert protocol.Controller.getContract(NAME) == ZERO
    assert protocol.Controller.getContractInfo(NAME) == (ZERO, bytes(20))


def test_update_controller__moves_a_registered_contract(
    protocol: Protocol, chain: Chain, owner: str
) -> None:
    other = chain.deploy("Controller", sender=owner)

    receipt = protocol.Controller.updateController(name_hash("Minter"), other, sender=owner)

    assert protocol.Minter.controller() == other.address
    assert [event.controller for event in receipt.named("SetController")] == [other.address]


def test_update_controller__moves_a_proxy_not_its_target(
    protocol: Protocol, chain: Chain, owner: str
) -> None:
    other = chain.deploy("Controller", sender=owner)

    protocol.Controller.updateController(name_hash("ServiceRegistry"), other, sender=owner)

    assert protocol.ServiceRegistry.controller() == other.address
    assert protocol.ServiceRegistryTarget.controller() == protocol.Controller.address


def test_update_controller__by_a_stranger__reverts(protocol: Protocol, stranger: str) -> None:
    with reverts("caller must be owner"):
        protocol.Controller.updateController(name_hash("Minter"), stranger, sender=stranger)


def test_set_controller__by_anyone_but_the_controller__reverts(
    protocol: Protocol, owner: str
) -> None:
    for contract in (protocol.Minter, protocol.RoundsManager, protocol.ServiceRegistry):
        with reverts("caller must be Controller"):
            contract.setController(owner, sender=owner)


def test_transfer_ownership__hands_over_and_emits(
    protocol: Protocol, owner: str, stranger: str
) -> None:
    receipt = protocol.Controller.transferOwnership(stranger, sender=owner)

    assert protocol.Controller.owner() == stranger
    (event,) = receipt.named("OwnershipTransferred")
    assert (event.previousOwner, event.newOwner) == (owner, stranger)
    with reverts("caller must be owner"):
        protocol.Controller.pause(sender=owner)


def test_transfer_ownership__by_a_stranger__reverts(protocol: Protocol, stranger: str) -> None:
    with reverts("caller must be owner"):
        protocol.Controller.transferOwnership(stranger, sender=stranger)


def test_transfer_ownership__to_nobody__reverts(protocol: Protocol, owner: str) -> None:
    with reverts("newOwner is a null address"):
        protocol.Controller.transferOwnership(ZERO, sender=owner)
