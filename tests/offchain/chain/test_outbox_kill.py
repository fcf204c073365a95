"""Kill -9 at every step of a transaction's life; afterwards the chain has seen each wish once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.offchain.conftest import DEV_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.chain.contracts import Contract
    from tests.offchain.conftest import Anvil

ROOT = Path(__file__).resolve().parents[3]

# Submits two counts and works until both are final; each start does exactly the same.
NODE = """
import asyncio, sys
from pathlib import Path
from offchain.chain.client import ChainClient
from offchain.chain.keys import LocalSigner
from offchain.chain.outbox import Outbox
from offchain.chain.transactions import FeePolicy
from offchain.store import Database

async def main(url, folder, key, target, data, bump_after):
    async with ChainClient([url]) as client, Database(Path(folder) / "node.db") as db:
        fees = FeePolicy(bump_after=float(bump_after))
        outbox = Outbox(client, db, LocalSigner(bytes.fromhex(key)), confirmations=1, poll=0.02,
                        fees=fees)
        for n in range(2):
            await outbox.submit(f"count:{n}", target, bytes.fromhex(data))
        running = asyncio.ensure_future(outbox.run())
        for n in range(2):
            outcome = await outbox.wait(f"count:{n}", final=True)
            assert outcome.ok, outcome
        running.cancel()

asyncio.run(main(*sys.argv[1:]))
"""


@contextlib.contextmanager
def mining(anvil: Anvil) -> Iterator[None]:
    """Ten blocks a second while the context is open."""
    anvil.automine(False)
    stop = threading.Event()

    def mine() -> None:
        while not stop.wait(0.1):
            anvil.mine()

    miner = threading.Thread(target=mine)
    miner.start()
    try:
        yield
    finally:
        stop.set()
        miner.join()


def run_node(
    anvil: Anvil, folder: Path, counter: Contract, crash_at: str, bump_after: float = 30
) -> int:
    """The exit status of a node that dies at `crash_at`, if it ever gets there."""
    result = subprocess.run(
        [
            sys.executable, "-c", NODE, anvil.url, str(folder), DEV_KEYS[0].hex(), counter.address,
            counter.encode("count", 7).hex(), str(bump_after),
        ],
        env={**os.environ, "LIVEPEER_CRASH_AT": crash_at},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )  # fmt: skip
    assert result.returncode in (0, -signal.SIGKILL), result.stderr[-2000:]
    return result.returncode


# Seconds on an idle machine; several processes start, which a busy one makes slow.
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "point",
    [
        "outbox.stored",
        "outbox.signed",
        "outbox.sent",
        "outbox.marked_sent",
        "outbox.mined",
        "outbox.final",
    ],
)
async def test_killed_at_each_step__each_wish_happens_once(
    point: str, anvil: Anvil, counter: Contract, tmp_path: Path
) -> None:
    with mining(anvil):
        assert run_node(anvil, tmp_path, counter, point) == -signal.SIGKILL
        assert run_node(anvil, tmp_path, counter, "") == 0
    assert await counter.call("total") == 2


@pytest.mark.parametrize("point", ["outbox.replacement_stored", "outbox.replacement_sent"])
async def test_killed_while_raising_the_offer__each_wish_happens_once(
    point: str, anvil: Anvil, counter: Contract, tmp_path: Path
) -> None:
    anvil.automine(False)
    assert run_node(anvil, tmp_path, counter, point, bump_after=0.01) == -signal.SIGKILL
    with mining(anvil):
        assert run_node(anvil, tmp_path, counter, "") == 0
    assert await counter.call("total") == 2
