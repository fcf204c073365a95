"""A real chain for off-chain tests: one anvil per session, rolled back after each test."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
import vyper

from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contract
from offchain.chain.keys import LocalSigner
from tests.offchain.stage import Stage, make_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
# anvil's published development keys: they hold nothing anywhere else.
DEV_KEYS = [
    bytes.fromhex(key)
    for key in (
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
        "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    )
]
COUNTER = """
# pragma version 0.4.3
#pragma evm-version cancun

event Counted:
    who: indexed(address)
    tag: indexed(uint256)
    total: uint256
    note: String[64]

struct Entry:
    who: address
    total: uint256
    tags: DynArray[uint256, 8]

total: public(uint256)
limit: public(uint256)
tagged: public(HashMap[uint256, uint256])


@deploy
def __init__(_limit: uint256):
    self.limit = _limit


@external
@payable
def count(_tag: uint256, _note: String[64] = ""):
    assert self.total < self.limit, "the counter is full"
    self.total += 1
    self.tagged[_tag] += 1
    log Counted(who=msg.sender, tag=_tag, total=self.total, note=_note)


@external
def raiseLimit(_limit: uint256):
    self.limit = _limit


@view
@external
def entry(_who: address, _tags: DynArray[uint256, 8]) -> Entry:
    return Entry(who=_who, total=self.total, tags=_tags)


@external
def takeEntries(_entries: DynArray[Entry, 4]) -> uint256:
    return _entries[0].total + len(_entries)
"""


class Anvil:
    """A running anvil; `rpc` is for arranging and looking, not for the code under test."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def rpc(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> int:
        """Mine, and return the newest block's number."""
        self.rpc("anvil_mine", hex(blocks))
        return int(self.rpc("eth_blockNumber"), 16)

    def automine(self, on: bool) -> None:
        self.rpc("evm_setAutomine", on)

    def reorg(self, depth: int) -> None:
        """Replace the newest `depth` blocks by empty ones; their transactions are gone."""
        self.rpc("anvil_reorg", depth, [])


def start_anvil(*args: str) -> Anvil:
    """Start anvil on a port of its own choosing and wait until it listens."""
    program = ROOT / "node_modules" / ".bin" / "anvil"
    command = [str(program) if program.exists() else shutil.which("anvil") or "anvil"]
    process = subprocess.Popen(
        [
            *command,
            *(() if "--port" in args else ("--port", "0")),
            "--host",
            "127.0.0.1",
            "--accounts",
            "12",
            *args,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Listening on"):
            # It logs every request: unread, the pipe would fill and stop it.
            threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
            return Anvil(process, "http://" + line.split()[-1])
    raise RuntimeError("anvil ended before it listened")


def drain(stream: IO[str]) -> None:
    """Read a program's output and forget it."""
    with stream:
        deque(stream, maxlen=0)


def stop_anvil(anvil: Anvil) -> None:
    # npm's anvil is a wrapper around the program: the whole group, which is ours alone.
    with contextlib.suppress(ProcessLookupError):  # a test may have stopped it before
        os.killpg(anvil.process.pid, signal.SIGTERM)
    anvil.process.wait(10)


@pytest.fixture(scope="session")
def anvil_process() -> Iterator[Anvil]:
    """One anvil for the whole run."""
    anvil = start_anvil()
    yield anvil
    stop_anvil(anvil)


@pytest.fixture
def new_anvil() -> Iterator[Callable[..., Anvil]]:
    """Starts further anvils for one test: `new_anvil("--hardfork", "london")`."""
    started: list[Anvil] = []

    def start(*args: str) -> Anvil:
        started.append(start_anvil(*args))
        return started[-1]

    yield start
    for each in started:
        stop_anvil(each)


@pytest.fixture
def anvil(anvil_process: Anvil) -> Iterator[Anvil]:
    """The session's anvil, rolled back afterwards."""
    snapshot = anvil_process.rpc("evm_snapshot")
    yield anvil_process
    anvil_process.automine(True)
    assert anvil_process.rpc("evm_revert", snapshot)


@pytest.fixture
async def client(anvil: Anvil) -> AsyncIterator[ChainClient]:
    """A client of the session's anvil."""
    async with ChainClient([anvil.url]) as client:
        yield client


@pytest.fixture(scope="session")
def counter_artifact() -> dict[str, Any]:
    """A small contract that counts: ABI and bytecode."""
    return vyper.compile_code(COUNTER, output_formats=["abi", "bytecode"])


@pytest.fixture
async def counter(client: ChainClient, anvil: Anvil, counter_artifact: dict[str, Any]) -> Contract:
    """A deployed counter that takes three counts."""
    return deploy_counter(anvil, client, counter_artifact)


def deploy_counter(
    anvil: Anvil, client: ChainClient, compiled: dict[str, Any], limit: int = 3
) -> Contract:
    """Deploy the counter from anvil's last account."""
    sender = anvil.rpc("eth_accounts")[-1]
    data = compiled["bytecode"] + limit.to_bytes(32, "big").hex()
    # Mined by hand: automatic mining happens some time after the answer.
    anvil.automine(False)
    tx_hash = anvil.rpc("eth_sendTransaction", {"from": sender, "data": data})
    anvil.mine()
    anvil.automine(True)
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    return Contract("Counter", receipt["contractAddress"], compiled["abi"], client)


@pytest.fixture
def signer() -> LocalSigner:
    """A funded key."""
    return LocalSigner(DEV_KEYS[0])


@pytest.fixture
def other_signer() -> LocalSigner:
    """Another funded key."""
    return LocalSigner(DEV_KEYS[1])


@pytest.fixture(scope="session")
def stage_ready() -> Iterator[Stage]:
    """The protocol deployed on a chain of its own, once per run."""
    anvil = start_anvil()
    try:
        yield asyncio.run(make_stage(anvil))
    finally:
        stop_anvil(anvil)


@pytest.fixture
def stage(stage_ready: Stage) -> Iterator[Stage]:
    """The stage, rolled back afterwards; blocks come when a test says so."""
    snapshot = stage_ready.anvil.rpc("evm_snapshot")
    yield stage_ready
    assert stage_ready.anvil.rpc("evm_revert", snapshot)


@pytest.fixture
async def stage_client(stage: Stage) -> AsyncIterator[ChainClient]:
    """A client of the stage's chain."""
    async with ChainClient([stage.anvil.url]) as client:
        yield client
