"""A stage for each story: a worker with a delegator behind it, nineteen peers (eight on anvil), a
broadcaster, a watcher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contracts.anvil import AnvilChain, AnvilMarket, running_anvil
from tests.contracts.harness import Protocol
from tests.contracts.harness.protocol import UNGOVERNED
from tests.contracts.integration.cast import Stage
from tests.contracts.market import Market

# Without a price for gas, books balance to the wei.
FREE = ("--block-base-fee-per-gas", "0", "--disable-min-priority-fee")

# There each transaction takes a block: rounds and votes need room.
CONFIG = replace(
    UNGOVERNED,
    round_length=400,
    jobs=replace(UNGOVERNED.jobs, verdict_window=600),
    committee=replace(UNGOVERNED.committee, commit_window=40, reveal_window=40),
)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    """The whole protocol in this process, with a beacon that can be told its seeds; or on anvil,
    with the real beacon, where the story asks for that too (`on_a_real_chain_too`)."""
    if getattr(request, "param", None) == "anvil":
        return request.getfixturevalue("anvil_stage")  # type: ignore[no-any-return]
    return Stage(Market(request.getfixturevalue("protocol"), transcoders=20))


@pytest.fixture(scope="session")
def _anvil_stage() -> Iterator[Stage]:
    with running_anvil("--hardfork", "prague", *FREE) as chain:
        chain.terms["gasPrice"] = "0x0"
        yield Stage(AnvilMarket(Protocol(chain, CONFIG), transcoders=9))


@pytest.fixture
def anvil_stage(_anvil_stage: Stage) -> Iterator[Stage]:
    """The protocol on anvil as it was before the test, with seeds proven from real headers."""
    chain: AnvilChain = _anvil_stage.chain  # type: ignore[assignment]
    point = chain.rpc("evm_snapshot")
    yield _anvil_stage
    chain.rpc("evm_revert", point)
