"""The proxy runs its target's code on its own state, and hides nothing that comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offchain.chain.deployment import name_hash
from tests.contracts.harness import Chain, Contract, Protocol, Reverted, reverts

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RETURN = 2_432 + 128


def returning(size: int) -> bytes:
    """Runtime code that answers any call with `size` zero bytes."""
    return b"\x62" + size.to_bytes(3, "big") + bytes.fromhex("5ff3")


@pytest.fixture
def proxied(protocol: Protocol, chain: Chain) -> Callable[[bytes], Contract]:
    """Registers raw code as a target and puts a fresh proxy before it."""

    def make(code: bytes) -> Contract:
        target = chain.account("target of a proxy", balance=0)
        chain.set_code(target, code)
        protocol.register("SomeTarget", target)
        return chain.deploy("ManagerProxy", protocol.Controller, name_hash("SomeTarget"))

    return make


def test_constructor__keeps_controller_and_name_in_slots_0_and_1(protocol: Protocol) -> None:
    proxy = protocol.RoundsManager

    assert proxy.controller() == protocol.Controller.address
    assert proxy.targetContractId() == name_hash("RoundsManagerTarget")
    assert protocol.chain.storage(proxy, 0) == int(protocol.Controller.address, 16)
    assert protocol.chain.storage(proxy, 1) == int.from_bytes(name_hash("RoundsManagerTarget"))


def test_fallback__writes_the_proxys_state_and_not_the_targets(
    protocol: Protocol, stranger: str
) -> None:
    protocol.ServiceRegistry.setServiceURI("https://example.org", sender=stranger)

    assert protocol.ServiceRegistry.getServiceURI(stranger) == "https://example.org"
    assert protocol.ServiceRegistryTarget.getServiceURI(stranger) == ""


@pytest.mark.parametrize("size", [0, 1, 32, 2_048, MAX_RETURN - 1])
def test_fallback__returns_answers_whole(
    proxied: Callable[[bytes], Contract], chain: Chain, size: int
) -> None:
    proxy = proxied(returning(size))

    assert chain.read(proxy.address, b"\x01\x02\x03\x04") == bytes(size)


@pytest.mark.parametrize("size", [MAX_RETURN, MAX_RETURN + 1, 20_000])
def test_fallback__of_an_answer_too_long__reverts(
    proxied: Callable[[bytes], Contract], chain: Chain, size: int
) -> None:
    proxy = proxied(returning(size))

    with reverts("return data too long"):
        chain.read(proxy.address, b"\x01\x02\x03\x04")


def test_fallback__without_a_registered_target__reverts(
    protocol: Protocol, chain: Chain, stranger: str
) -> None:
    for name in ("Unregistered", "AccountWithoutCode"):
        if name == "AccountWithoutCode":
            protocol.register(name, stranger)
        proxy = chain.deploy("ManagerProxy", protocol.Controller, name_hash(name))
        with reverts("target contract must be registered"):
            chain.send(proxy.address, b"\x01\x02\x03\x04")


def test_fallback__passes_a_reason_on(protocol: Protocol, stranger: str) -> None:
    with reverts("caller must be Controller owner"):
        protocol.RoundsManager.setRoundLength(1, sender=stranger)


def test_fallback__passes_long_revert_data_on_whole(
    proxied: Callable[[bytes], Contract], chain: Chain
) -> None:
    # Copies its calldata back as revert data: CALLDATASIZE, 0, 0, CALLDATACOPY; REVERT.
    proxy = proxied(bytes.fromhex("365f5f37365ffd"))
    data = bytes(range(256)) * 33

    with pytest.raises(Reverted) as caught:
        chain.send(proxy.address, data)

    assert caught.value.data == data


def test_fallback__passes_value_and_sender_on(
    proxied: Callable[[bytes], Contract], chain: Chain, stranger: str
) -> None:
    # Stores CALLVALUE and CALLER, which must be the outer caller's.
    proxy = proxied(bytes.fromhex("345f55336001555f5ff3"))
    chain.set_storage(proxy, 5, 0)
    name = int.from_bytes(name_hash("SomeTarget"))
    assert chain.storage(proxy, 1) == name

    chain.send(proxy.address, b"\x01\x02\x03\x04", sender=stranger, value=7)

    assert chain.balance(proxy) == 7
    assert chain.storage(proxy, 0) == 7
    assert chain.storage(proxy, 1) == int(stranger, 16)


def test_fallback__of_an_unknown_function__reverts(protocol: Protocol) -> None:
    with pytest.raises(Reverted):
        protocol.chain.send(protocol.RoundsManager.address, b"\xde\xad\xbe\xef")


def test_fallback__follows_an_upgrade_and_keeps_the_state(
    protocol: Protocol, chain: Chain, owner: str, stranger: str
) -> None:
    protocol.ServiceRegistry.setServiceURI("https://example.org", sender=stranger)
    target = chain.deploy("ServiceRegistry", protocol.Controller, sender=owner)

    protocol.register("ServiceRegistryTarget", target)

    assert protocol.ServiceRegistry.getServiceURI(stranger) == "https://example.org"
