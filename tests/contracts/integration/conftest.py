"""A stage for each story: a worker with a delegator behind it, nineteen peers, a broadcaster."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Protocol
from tests.contracts.integration.cast import Stage
from tests.contracts.market import Market


@pytest.fixture
def stage(protocol: Protocol) -> Stage:
    """The whole protocol in this process, with a beacon that can be told its seeds."""
    return Stage(Market(protocol, transcoders=20))
