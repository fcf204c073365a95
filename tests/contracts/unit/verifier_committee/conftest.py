"""A market of five transcoders with 1,000 LPT each."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Contract, Protocol
from tests.contracts.market import Market


@pytest.fixture
def market(protocol: Protocol) -> Market:
    """Transcoders in the pool, a broadcaster, a beacon that can be told seeds."""
    return Market(protocol)


@pytest.fixture
def committee(market: Market) -> Contract:
    """The VerifierCommittee."""
    return market.committee
