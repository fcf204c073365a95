"""Broadcasters and relays on loopback ports, with real HTTP and real signatures between them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from offchain.net.http import Server, errors_as_json
from offchain.net.peer_records import SignedCarrier
from offchain.net.peers import new_session
from offchain.net.publish import Publication
from offchain.net.reach import ANYWHERE
from offchain.node.relay import Relay
from offchain.proof.keccak import keccak
from offchain.proof.signatures import address_of
from offchain.proof.typed import Domain
from offchain.routing.core import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

DOMAIN = Domain(31337, "0x" + "22" * 20)
SEGMENT_MS = 200
QUICK = Limits(first_s=0.5, trial_s=0.6, silence_s=0.6, again_s=0.4, announce_s=1.0, refresh_s=5.0)
NAME = "stage"
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsource/index.m3u8\n"


def key(name: str) -> bytes:
    return keccak(f"relay key of {name}".encode())


@dataclass
class Node:
    """A relay and the server in front of it."""

    relay: Relay
    server: Server
    stack: contextlib.AsyncExitStack

    @property
    def url(self) -> str:
        return self.server.url

    async def stop(self) -> None:
        """As if its machine had gone: connections break."""
        await self.stack.aclose()


@dataclass
class Live:
    """A broadcaster that publishes a segment every 200 ms, and what it published."""

    node: Node
    publication: Publication
    published: dict[int, bytes] = field(default_factory=dict)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def path(self) -> str:
        return f"/v1/streams/{self.publication.stream.address}/{NAME}"

    async def run(self) -> None:
        """For ever, at its own pace."""
        choose = random.Random(4)
        begun = time.time()
        number = 0
        while True:
            now = int((begun + number * SEGMENT_MS / 1000) * 1000)
            data = choose.randbytes(188 * 1500)
            self.publication.master(MASTER, now)
            self.publication.segment("source", number, data, wall_time=now, duration_ms=SEGMENT_MS)
            self.published[number] = data
            async with self.grown:
                self.grown.notify_all()
            number += 1
            await asyncio.sleep(max(0.0, begun + number * SEGMENT_MS / 1000 - time.time()))

    async def until(self, number: int) -> None:
        """Until so many segments have been published."""
        async with self.grown:
            await self.grown.wait_for(lambda: len(self.published) >= number)


class Town:
    """Everything of one test, ended with it."""

    def __init__(self, stack: contextlib.AsyncExitStack, tasks: asyncio.TaskGroup) -> None:
        self.stack = stack
        self.tasks = tasks
        self.session: aiohttp.ClientSession
        self.running: list[asyncio.Task[None]] = []
        self.nodes: list[Node] = []

    async def relay(
        self,
        name: str,
        seeds: Sequence[Node] = (),
        kind: type[Relay] = Relay,
        **settings: Any,
    ) -> Node:
        """A relay that knows where its seeds are."""
        stack = contextlib.AsyncExitStack()
        session = await stack.enter_async_context(new_session(ANYWHERE))

        async def urls() -> list[str]:
            return [node.url for node in seeds]

        limits = settings.pop("limits", QUICK)
        relay = kind(DOMAIN, key(name), session, limits=limits, seeds=urls, **settings)
        app = web.Application(middlewares=[errors_as_json])
        app.add_routes(relay.routes())
        server = await stack.enter_async_context(Server(app, "127.0.0.1", 0))
        relay.url = server.url
        await stack.enter_async_context(relay)
        node = Node(relay, server, stack)
        self.nodes.append(node)
        return node

    async def live(self, **settings: Any) -> Live:
        """A broadcaster, live."""
        node = await self.relay("broadcaster", **settings)
        publication = Publication(DOMAIN, key("broadcaster"), node.relay.address, NAME, window=40)
        node.relay.publish(publication)
        live = Live(node, publication)
        self.running.append(self.tasks.create_task(live.run()))
        await live.until(2)
        return live

    def tell(self, listener: Node, carrier: Node, live: Live) -> None:
        """One relay hears that another carries the stream."""
        record = carrier.relay.record()
        word = SignedCarrier.make(
            DOMAIN, carrier.relay.key, record, live.publication.id, int(time.time()) + 60
        )
        listener.relay.announced(word)

    async def watch(self, node: Node, live: Live) -> str:
        """Open the stream at a relay as a player does; returns the master playlist."""
        return await self.text(node.url + live.path + "/index.m3u8")

    async def text(self, url: str) -> str:
        async with self.session.get(url) as response:
            assert response.status == 200, await response.text()
            return await response.text()

    async def play(self, node: Node, live: Live, segments: int) -> list[int]:
        """Play on until so many segments were shown; every byte is compared with the original.

        Returns the sequences that were shown.
        """
        shown: dict[int, None] = {}
        base = f"{node.url}{live.path}/source"
        async with asyncio.timeout(15):
            while len(shown) < segments:
                async with self.session.get(f"{base}/index.m3u8") as response:
                    playlist = await response.text() if response.status == 200 else ""
                for line in playlist.splitlines():
                    number = int(line.split("-")[0]) if line.endswith(".ts") and "-" in line else -1
                    if line.startswith("#") or number < 0 or number in shown:
                        continue
                    async with self.session.get(f"{base}/{line}") as response:
                        assert response.status == 200
                        assert await response.read() == live.published[number], "a wrong byte"
                    shown[number] = None
                await live.until(len(live.published) + 1)
        return list(shown)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        town = Town(stack, tasks)
        town.session = await stack.enter_async_context(new_session(ANYWHERE))
        yield town
        for task in town.running:
            task.cancel()
        for node in reversed(town.nodes):
            await node.stop()


@pytest.fixture
def address() -> str:
    return address_of(key("broadcaster"))
