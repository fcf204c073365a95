"""One chain and one protocol per module of tests, restored after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.harness import Chain, Protocol


@pytest.fixture(scope="session")
def _deployed() -> Protocol:
    return Protocol(Chain())


@pytest.fixture
def protocol(_deployed: Protocol) -> Iterator[Protocol]:
    """The whole protocol, running, owned by `protocol.deployer`; the test's doings are undone."""
    with _deployed.chain.isolate():
        yield _deployed


@pytest.fixture
def chain(protocol: Protocol) -> Chain:
    """The chain the protocol runs on."""
    return protocol.chain


@pytest.fixture
def owner(protocol: Protocol) -> str:
    """Who deployed and owns the protocol."""
    return protocol.deployer


@pytest.fixture
def stranger(chain: Chain) -> str:
    """Somebody without any rights."""
    return chain.account("stranger")
