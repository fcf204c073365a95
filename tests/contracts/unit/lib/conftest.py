"""The library modules behind a contract of their own."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Chain, Contract
from tests.contracts.market import deploy_testing


@pytest.fixture(scope="session")
def lib() -> Contract:
    """Every library module's functions."""
    return deploy_testing(Chain(), "LibHarness")
