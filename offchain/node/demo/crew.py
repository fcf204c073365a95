"""The nodes: six workers and a broadcaster as processes of their own, started and asked."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from offchain.node.demo.anvil import free_port
from offchain.node.demo.people import slug
from offchain.node.demo.problems import DemoError
from offchain.node.demo.workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from offchain.node.demo.people import People, Person
    from offchain.node.demo.processes import Child, Processes
    from offchain.node.demo.workspace import Workspace

STREAM = "live"
MOST_RESTARTS = 5
# sysexits.h: what a node returns when starting it again cannot help (no input, key, config).
HOPELESS = range(64, 79)
WORKER_POLL_SECONDS = "0.5"


@dataclass(frozen=True, slots=True)
class Show:
    """What is streamed and how. `seconds` of input, or for ever; `source_height` in pixels."""

    clip: Path
    seconds: float | None
    price: str
    most_segments: int
    source_height: int
    segment_seconds: float
    elect_every: int
    check_every: int


@dataclass(slots=True)
class Node:
    """A running node and what it last said of itself."""

    person: Person
    child: Child
    status_url: str
    status: dict[str, Any] = field(default_factory=dict)
    lost: int = 0

    @property
    def name(self) -> str:
        """The name of whose node it is."""
        return self.person.name


class Crew:
    """All nodes of the demo. A worker that is lost is started again on the same data."""

    def __init__(
        self,
        processes: Processes,
        session: aiohttp.ClientSession,
        workspace: Workspace,
        people: People,
        say: Callable[[str], None],
    ) -> None:
        self._processes = processes
        self._session = session
        self._workspace = workspace
        self._people = people
        self._say = say
        self.workers: dict[str, Node] = {}
        self.broadcaster: Node | None = None

    async def start_workers(
        self,
        people: Iterable[Person],
        network: Path,
        rpc: str,
        claim_every: int,
        mischief: Mapping[str, Sequence[str]],
    ) -> None:
        """Starts a worker for each of these transcoders; `mischief` holds options by name."""
        for person in people:
            port, admin = free_port(), free_port()
            command = self._command("worker", person, network, rpc)
            command += ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"]
            command += ["--claim-every", str(claim_every), "--drain-seconds", "3"]
            command += mischief.get(person.name, ())
            child = await self._processes.start(f"worker-{person.name.lower()}", command)
            status = f"http://127.0.0.1:{admin}/v1/status"
            self.workers[person.name] = Node(person, child, status)

    async def start_broadcaster(self, network: Path, rpc: str, show: Show) -> None:
        """Starts the stream: the first two transcoders are main and standby."""
        port = free_port()
        command = self._command("broadcaster", self._people.broadcaster, network, rpc)
        command += ["--input", str(show.clip), "--name", STREAM, "--listen", f"127.0.0.1:{port}"]
        for person in self._people.hired:
            command += ["--transcoder", person.address]
        command += ["--price", show.price, "--most-segments", str(show.most_segments)]
        command += ["--source-height", str(show.source_height), "--loop", "--stay"]
        command += ["--drain-seconds", "3", "--segment-seconds", str(show.segment_seconds)]
        command += ["--elect-every", str(show.elect_every), "--check-every", str(show.check_every)]
        if show.seconds is not None:
            command += ["--duration", str(show.seconds)]
        child = await self._processes.start("broadcaster", command)
        base = f"http://127.0.0.1:{port}"
        self.broadcaster = Node(self._people.broadcaster, child, f"{base}/v1/status")

    def _command(self, kind: str, person: Person, network: Path, rpc: str) -> list[str]:
        data = self._workspace.node(slug(person.name))
        data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(ROOT / "offchain" / f"{kind}.py"), "run"]
        command += ["--network", str(network), "--rpc", rpc, "--poll", WORKER_POLL_SECONDS]
        command += ["--keystore", str(person.keystore)]
        command += ["--password-file", str(self._people.password_file), "--data", str(data)]
        return command

    @property
    def logs(self) -> str:
        """Where the nodes' logs are, as a person would type it."""
        return self._workspace.shown(self._workspace.logs)

    @property
    def stream_base(self) -> str | None:
        """Where the broadcaster serves the stream's playlists."""
        if self.broadcaster is None:
            return None
        return self.broadcaster.status_url.removesuffix("/v1/status") + f"/live/{STREAM}"

    async def ask_all(self) -> None:
        """Reads every node's status; a node that does not answer keeps its last one."""
        nodes = [*self.workers.values(), *([self.broadcaster] if self.broadcaster else [])]
        await asyncio.gather(*(self._ask(node) for node in nodes))

    async def _ask(self, node: Node) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=3)
            async with self._session.get(node.status_url, timeout=timeout) as answer:
                if answer.status == 200:
                    node.status = await answer.json()
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError):
            pass  # starting, busy or gone; whether it is gone its process says

    async def has_picture(self) -> bool:
        """Whether a player would find a segment to play: a rung's playlist lists one."""
        base = self.stream_base
        if base is None:
            return False
        try:
            master = await self._text(f"{base}/index.m3u8")
            rungs = [line for line in master.splitlines() if line and not line.startswith("#")]
            return bool(rungs) and "#EXTINF" in await self._text(f"{base}/{rungs[-1]}")
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _text(self, url: str) -> str:
        async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=3)) as answer:
            return await answer.text() if answer.status == 200 else ""

    async def mind(self) -> None:
        """Restarts lost workers; raises `DemoError` when a node, or the chain, cannot go on."""
        chain = self._processes.children["anvil"]
        if not chain.alive:
            raise DemoError(f"the local chain was lost: anvil {chain.how_it_ended()}")
        if self.broadcaster is not None:
            child = self.broadcaster.child
            if not child.alive and not child.stopping and child.process.returncode != 0:
                raise DemoError(
                    f"the broadcaster {child.how_it_ended()}: {child.last_words() or 'no words'} "
                    f"(log: {self._workspace.shown(child.log)})"
                )
        for node in self.workers.values():
            if node.child.alive or node.child.stopping:
                continue
            node.lost += 1
            how = node.child.how_it_ended()
            code = node.child.process.returncode
            if node.lost > MOST_RESTARTS or (code is not None and code in HOPELESS):
                raise DemoError(
                    f"{node.name}'s worker {how} and does not come back: "
                    f"{node.child.last_words()} (log: {self._workspace.shown(node.child.log)})"
                )
            self._say(f"{node.name}'s worker {how}; it is started again and goes on")
            node.child = await self._processes.restart(node.child)
