"""Follower and outbox behind endpoints that fail in every way: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from offchain.chain.client import ChainClient
from offchain.chain.follower import Follower
from offchain.chain.outbox import Outbox
from offchain.store import Database
from tests.offchain.chain.test_follower import OneContract

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from offchain.chain.contracts import Contract
    from offchain.chain.keys import LocalSigner
    from tests.offchain.conftest import Anvil

PATIENCE = 0.3  # seconds a client waits for an answer


class Weather:
    """A proxy before a node; `mood` decides what happens to each request."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.mood: Callable[[], str] = lambda: "fair"
        self.met: set[str] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        mood = self.mood()
        self.met.add(mood)
        if mood == "refused":
            return web.Response(status=503, text="over capacity")
        if mood == "nonsense":
            return web.Response(text="<html>hello</html>")
        if mood == "limited":
            error = {"code": -32005, "message": "rate limit"}
            return web.json_response({"jsonrpc": "2.0", "id": 1, "error": error})
        if mood == "lost before":
            return self._cut(request)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.target, data=body, headers={"Content-Type": "application/json"}) as r,
        ):
            answer = await r.read()
        if mood == "lost after":
            # The node did what it was asked; nobody hears of it.
            return self._cut(request)
        if mood == "slow":
            await asyncio.sleep(PATIENCE * 1.5)
        return web.Response(body=answer, content_type="application/json")

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@contextlib.asynccontextmanager
async def weather(target: str) -> AsyncIterator[tuple[Weather, str]]:
    proxy = Weather(target)
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/", proxy.handle)
    async with TestServer(app) as server:
        yield proxy, str(server.make_url("/"))


async def count_through(
    urls: list[str],
    folder: Path,
    signer: LocalSigner,
    counter: Contract,
    times: int,
    *,
    before: Callable[[int], Any] = lambda _: None,
) -> list[int]:
    """Have `times` counts made by a node that only knows `urls`; the tags its follower saw."""
    async with (
        ChainClient(urls, chain_id=31337, timeout=PATIENCE) as client,
        Database(folder / "node.db") as db,
    ):
        outbox = Outbox(client, db, signer, confirmations=1, poll=0.02)
        follower = Follower(client, db, OneContract(counter), poll=0.02)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each.run()) for each in (outbox, follower)]
            for n in range(times):
                before(n)
                await outbox.submit(f"count:{n}", counter.address, counter.encode("count", n))
            for n in range(times):
                assert (await outbox.wait(f"count:{n}")).ok
            while len(await follower.events("Counter", "Counted")) < times:
                await follower.advanced((follower.cursor or await follower.advanced()).number)
            for task in running:
                task.cancel()
        seen = await follower.events("Counter", "Counted")
        return [event.args["tag"] for event in seen]


@pytest.fixture
async def roomy(client: ChainClient, anvil: Anvil, counter: Contract) -> Contract:
    """The counter with room for many counts, on a chain that mines by itself."""
    sender = anvil.rpc("eth_accounts")[5]
    data = "0x" + counter.encode("raiseLimit", 1_000).hex()
    anvil.automine(False)
    anvil.rpc("eth_sendTransaction", {"from": sender, "to": counter.address, "data": data})
    anvil.mine()
    anvil.automine(True)
    return counter


@pytest.mark.parametrize("seed", range(3))
async def test_every_kind_of_failure__each_count_once(
    seed: int, anvil: Anvil, roomy: Contract, signer: LocalSigner, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    moods = ["refused", "nonsense", "limited", "lost before", "lost after", "slow"]
    async with weather(anvil.url) as (proxy, url):
        proxy.mood = lambda: dice.choice(moods) if dice.random() < 0.12 else "fair"
        seen = await count_through([url], tmp_path, signer, roomy, 8)
    assert sorted(seen) == list(range(8))
    assert await roomy.call("total") == 8
    assert len(proxy.met) >= 4


async def test_one_endpoint_dies__the_other_takes_over(
    anvil: Anvil, roomy: Contract, signer: LocalSigner, tmp_path: Path
) -> None:
    async with weather(anvil.url) as (first, url), weather(anvil.url) as (second, other):

        def before(n: int) -> None:
            if n == 3:
                first.mood = lambda: "lost after"
            if n == 6:
                second.mood, first.mood = first.mood, lambda: "fair"

        seen = await count_through([url, other], tmp_path, signer, roomy, 10, before=before)
    assert sorted(seen) == list(range(10))
    assert await roomy.call("total") == 10


async def test_node_of_another_chain_joins__is_refused_and_the_rest_goes_on(
    anvil: Anvil,
    new_anvil: Callable[..., Anvil],
    roomy: Contract,
    signer: LocalSigner,
    tmp_path: Path,
) -> None:
    stranger = new_anvil("--chain-id", "5")
    seen = await count_through([anvil.url, stranger.url], tmp_path, signer, roomy, 3)
    assert sorted(seen) == [0, 1, 2]
    assert int(stranger.rpc("eth_blockNumber"), 16) == 0


async def test_chain_restarted_from_its_state__goes_on(
    new_anvil: Callable[..., Anvil],
    counter_artifact: dict[str, Any],
    signer: LocalSigner,
    tmp_path: Path,
) -> None:
    """The node's chain stops and comes back with what it had, on the same address."""
    from tests.offchain.conftest import deploy_counter, stop_anvil

    state = str(tmp_path / "chain.json")
    first = new_anvil("--state", state)
    port = first.url.rpartition(":")[2]
    async with ChainClient([first.url], timeout=PATIENCE) as client:
        counter = deploy_counter(first, client, counter_artifact, limit=100)
        assert await count_through([first.url], tmp_path, signer, counter, 2) == [0, 1]
        stop_anvil(first)
        second = new_anvil("--state", state, "--port", port)
        assert second.url == first.url
        assert sorted(await count_through([second.url], tmp_path, signer, counter, 5)) == [
            0, 1, 2, 3, 4,
        ]  # fmt: skip
        assert await counter.call("total") == 5
