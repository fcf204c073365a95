"""A real network for node tests: anvil, the deployed protocol, two transcoders, a broadcaster.

With two transcoders nobody is left to sit on a committee, and unchallenged claims are paid after
their windows; committees have tests of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contracts
from offchain.chain.deployer import deploy
from offchain.chain.deployment import development
from offchain.chain.deployments import Deployment
from offchain.chain.keys import LocalSigner, create_keystore
from offchain.node.config import (
    Address,
    BroadcasterSettings,
    ChainSettings,
    KeySettings,
    Price,
    WorkerSettings,
)
from offchain.node.control import NoNode, ask
from offchain.node.demo.anvil import find_anvil, free_port
from offchain.node.demo.wallet import Wallet

CHAIN_ID = 31337
LPT = ETHER = 10**18
TRANSCODERS = ("main", "standby")
# Each test has a broadcaster of its own, so that it does not tidy up after the one before.
BROADCASTERS = tuple(f"broadcaster{number}" for number in range(20))
NAMES = (*TRANSCODERS, *BROADCASTERS)
FREE_PORT = Address("127.0.0.1", 0)
PRICE = Price(1_000_000, 1)
ASK = Price(1_000, 1)


@dataclass(frozen=True)
class Network:
    """A running chain with the protocol on it; `keys` by role."""

    rpc: str
    file: Path
    deployment: Deployment
    keys: dict[str, LocalSigner]
    folder: Path
    process: subprocess.Popen[bytes]
    unused: Iterator[str] = field(default_factory=lambda: iter(BROADCASTERS))

    @property
    def chain(self) -> ChainSettings:
        return ChainSettings(str(self.file), (self.rpc,), poll_s=0.1)

    def key(self, name: str) -> KeySettings:
        return KeySettings(self.folder / f"{name}.json", self.folder / "password")

    def worker(self, name: str, data: Path, **changes: Any) -> WorkerSettings:
        settings = {
            "chain": self.chain,
            "key": self.key(name),
            "data": data,
            "listen": FREE_PORT,
            "admin": FREE_PORT,
            "claim_every": 3,
            "drain_s": 5.0,
        }
        return WorkerSettings(**{**settings, **changes})

    def broadcaster(self, data: Path, source: Path, **changes: Any) -> BroadcasterSettings:
        settings = {
            "chain": self.chain,
            "key": self.key(next(self.unused)),
            "data": data,
            "source": source,
            "listen": FREE_PORT,
            "segment_s": 1.0,
            "price": PRICE,
            "most_segments": 20,
            "realtime": False,
            "transcoders": tuple(self.keys[name].address for name in TRANSCODERS),
        }
        return BroadcasterSettings(**{**settings, **changes})

    async def rpc_call(self, method: str, *params: Any) -> Any:
        async with aiohttp.ClientSession() as session:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            async with session.post(self.rpc, json=body) as answer:
                return (await answer.json())["result"]

    @contextlib.asynccontextmanager
    async def contracts(self) -> AsyncIterator[Contracts]:
        async with ChainClient([self.rpc], chain_id=CHAIN_ID) as client:
            yield Contracts(client, self.deployment)

    async def blocks(self) -> None:
        """Five blocks a second: windows pass while one watches, and nodes keep up with them."""
        async with aiohttp.ClientSession() as session:
            body = {"jsonrpc": "2.0", "id": 1, "method": "anvil_mine", "params": ["0x1"]}
            while True:
                async with session.post(self.rpc, json=body) as answer:
                    await answer.read()
                await asyncio.sleep(0.2)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    port = free_port()
    program = [find_anvil(), "--port", str(port), "--chain-id", str(CHAIN_ID), "--quiet"]
    # Or it writes the state of every block to the home folder, and a killed one leaves it there.
    program += ["--prune-history", "64"]
    process = subprocess.Popen([*program, "--order", "fifo", "--accounts", "1"])
    try:
        yield asyncio.run(_set_up(f"http://127.0.0.1:{port}", folder, process))
    finally:
        process.kill()
        process.wait()


async def _set_up(rpc: str, folder: Path, process: subprocess.Popen[bytes]) -> Network:
    (folder / "password").touch(0o600)
    (folder / "password").write_text("development\n")
    keys = {
        name: create_keystore(folder / f"{name}.json", "development", scrypt_n=2) for name in NAMES
    }
    deployer = LocalSigner(b"\x77" * 32)
    nothing = Deployment("", 0, False, 0)
    network = Network(rpc, folder / "test.json", nothing, keys, folder, process)
    await _reachable(network)
    for address in (deployer.address, *(key.address for key in keys.values())):
        await network.rpc_call("anvil_setBalance", address, hex(100 * ETHER))
    async with ChainClient([rpc], chain_id=CHAIN_ID) as client:
        deployment = await deploy(client, deployer, development(), "test")
        deployment.save(network.file)
        contracts = Contracts(client, deployment)
        chief = Wallet(client, deployer)
        await chief.send(contracts.RoundsManager, "initializeRound")
        for name in TRANSCODERS:
            own = Wallet(client, keys[name])
            await chief.send(contracts.LivepeerToken, "transfer", keys[name].address, 5000 * LPT)
            manager = contracts.BondingManager
            await own.send(contracts.LivepeerToken, "approve", manager.address, 5000 * LPT)
            await own.send(manager, "bond", 5000 * LPT, keys[name].address)
            await own.send(manager, "transcoder", 100_000, 500_000)
            await own.send(contracts.JobsManager, "setTranscoderPrice", ASK.wei, ASK.pixels)
        for _ in range(2):
            await network.rpc_call("anvil_mine", hex(60))
            await chief.send(contracts.RoundsManager, "initializeRound")
    return replace(network, deployment=deployment)


async def _reachable(network: Network) -> None:
    async with asyncio.timeout(15):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await network.rpc_call("eth_chainId")
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a moving square at 10 frames a second, 96x64."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame(96, 64, "yuv420p")
            for index, plane in enumerate(frame.planes):
                rows = bytearray([40 + 40 * index]) * plane.buffer_size
                rows[(number * 7) % 500 : (number * 7) % 500 + 60] = b"\xd0" * 60
                plane.update(bytes(rows))
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


async def node_facts(data: Path) -> dict[str, Any]:
    """What a node says of itself in its data folder, once it is up."""
    async with asyncio.timeout(15):
        while True:
            with contextlib.suppress(FileNotFoundError, NoNode):
                facts: dict[str, Any] = json.loads((data / "node.json").read_text())
                if (await ask(data, "status")).get("ready", True):
                    return facts
            await asyncio.sleep(0.05)


@pytest.fixture(name="node_facts")
def node_facts_fixture() -> Any:
    """The function above, for tests."""
    return node_facts
