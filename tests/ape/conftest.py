"""The protocol on ape's own chain: the plan every deployment uses, through ape's accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scripts._lib.session import Session


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without ape's plugin there is nothing to run here."""
    return True if not config.pluginmanager.hasplugin("ape_test") else None


@pytest.fixture(scope="session")
def deployment(accounts: Any, networks: Any) -> Any:
    """A deployment by ape's first test account."""
    from offchain.chain.deployment import development
    from scripts._lib.ape_backend import ApeBackend
    from scripts._lib.deploying import deploy

    backend = ApeBackend(networks.provider, accounts[0])
    return deploy(backend, development(), "ape")


@pytest.fixture
def session_of(deployment: Any, networks: Any) -> Callable[..., Session]:
    """What a command is given when an account runs it."""
    from scripts._lib.ape_backend import ApeBackend
    from scripts._lib.session import Session

    def make(account: Any = None) -> Session:
        return Session(ApeBackend(networks.provider, account), deployment)

    return make
