"""The local chain: finds anvil, starts it on a free port, and moves its clock."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from offchain.node.demo.problems import DemoError, MissingTool
from offchain.node.demo.workspace import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.node.demo.processes import Child, Processes

CHAIN_ID = 31_337
START_SECONDS = 20.0
PORTS = range(20_000, 30_000)
STATES_KEPT = 256  # blocks back from the newest at which calls can still be answered


def find_anvil(root: Path = ROOT) -> str:
    """The anvil program: npm's, without going through Node where possible, or one on PATH."""
    for native in sorted((root / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil")):
        if os.access(native, os.X_OK):
            return str(native)
    launcher = root / "node_modules" / ".bin" / "anvil"
    if os.access(launcher, os.X_OK):
        if shutil.which("node") is None:
            raise MissingTool("Node is missing: anvil from npm needs it; install Node 18 or later")
        return str(launcher)
    found = shutil.which("anvil")
    if found is None:
        raise MissingTool(
            "anvil, the local chain, is missing: run `make setup` (needs Node and npm), "
            "or put an anvil 1.x on PATH"
        )
    return found


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago.

    Below the range from which the system takes ports for outgoing connections: one of those could
    be gone again by the time a node listens.
    """
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise DemoError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free on {host}")


@dataclass(slots=True)
class Anvil:
    """A running local chain and the JSON-RPC calls only a local chain answers."""

    url: str
    child: Child
    session: aiohttp.ClientSession
    _calls: int = 0

    async def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call; raises `DemoError` with the chain's own words."""
        self._calls += 1
        body = {"jsonrpc": "2.0", "id": self._calls, "method": method, "params": list(params)}
        try:
            async with self.session.post(self.url, json=body) as answer:
                result = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DemoError(f"the local chain does not answer {method}: {error}") from error
        if "error" in result:
            raise DemoError(f"the local chain refused {method}: {result['error'].get('message')}")
        return result["result"]

    async def mine(self, blocks: int) -> None:
        """Adds `blocks` blocks at once: time passes on the chain, not on the wall."""
        if blocks > 0:
            await self.rpc("anvil_mine", hex(blocks))

    async def tick(self, seconds: int) -> None:
        """From now on one block every `seconds` seconds, instead of one per transaction."""
        await self.rpc("evm_setIntervalMining", seconds)

    async def block_number(self) -> int:
        """Height of the chain."""
        return int(await self.rpc("eth_blockNumber"), 16)


async def start_anvil(processes: Processes, session: aiohttp.ClientSession) -> Anvil:
    """Starts anvil, mining a block per transaction until `tick`, and waits until it answers."""
    program = find_anvil()
    port = free_port()
    command = [program, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--chain-id", str(CHAIN_ID), "--order", "fifo", "--quiet"]
    # Left to itself, anvil puts old states into the home folder, half a gigabyte for a thousand
    # blocks, and leaves them there.
    command += ["--prune-history", str(STATES_KEPT)]
    child = await processes.start("anvil", command)
    chain = Anvil(f"http://127.0.0.1:{port}", child, session)
    try:
        async with asyncio.timeout(START_SECONDS):
            while child.alive:
                try:
                    await chain.rpc("eth_chainId")
                    return chain
                except DemoError:
                    await asyncio.sleep(0.02)
    except TimeoutError:
        raise DemoError(f"anvil did not answer within {START_SECONDS:.0f} s") from None
    raise DemoError(f"anvil {child.how_it_ended()}: {child.last_words() or 'it said nothing'}")
