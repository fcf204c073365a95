"""setServiceURI and getServiceURI."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Protocol, Reverted


def test_set_service_uri__stores_and_emits(protocol: Protocol, stranger: str) -> None:
    receipt = protocol.ServiceRegistry.setServiceURI("https://node:8935", sender=stranger)

    assert protocol.ServiceRegistry.getServiceURI(stranger) == "https://node:8935"
    (event,) = receipt.named("ServiceURIUpdate")
    assert (event.addr, event.serviceURI) == (stranger, "https://node:8935")


def test_set_service_uri__again__replaces(protocol: Protocol, stranger: str, owner: str) -> None:
    protocol.ServiceRegistry.setServiceURI("https://a.example/" + "x" * 300, sender=stranger)
    protocol.ServiceRegistry.setServiceURI("https://b", sender=stranger)

    assert protocol.ServiceRegistry.getServiceURI(stranger) == "https://b"
    assert protocol.ServiceRegistry.getServiceURI(owner) == ""


def test_set_service_uri__takes_512_bytes_and_not_513(protocol: Protocol, stranger: str) -> None:
    protocol.ServiceRegistry.setServiceURI("u" * 512, sender=stranger)
    with pytest.raises(Reverted):
        protocol.ServiceRegistry.setServiceURI("v" * 513, sender=stranger)

    assert protocol.ServiceRegistry.getServiceURI(stranger) == "u" * 512
