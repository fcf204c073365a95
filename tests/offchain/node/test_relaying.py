"""From a broadcaster through a relay and a gateway to a player: real code, HTTP and media."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from offchain.media.playlist_check import check_master, check_media
from offchain.node import broadcaster, relaying, worker
from offchain.node.config import Address, RelaySettings, WatchSettings
from offchain.node.control import ask

pytestmark = pytest.mark.needs("anvil")
FREE_PORT = Address("127.0.0.1", 0)


async def fetch(url: str) -> bytes | None:
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            if answer.status == 200:
                return await answer.read()
    return None


async def until_there(url: str) -> str:
    async with asyncio.timeout(30):
        while True:
            found = await fetch(url)
            if found is not None:
                return found.decode()
            await asyncio.sleep(0.1)


@pytest.mark.timeout(60)
async def test_stream_through_a_relay_and_a_gateway__the_broadcasters_bytes(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    main, blender, passing = (tmp_path / name for name in ("main", "blender", "relay"))
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        working = tasks.create_task(worker.serve(network.worker("main", main)))
        await node_facts(main)
        settings = network.broadcaster(
            blender, clip, realtime=True, loop=True, duration_s=60,
            transcoders=(network.keys["main"].address,),
        )  # fmt: skip
        streaming = tasks.create_task(broadcaster.serve(settings))
        origin = (await node_facts(blender))["url"]
        relaying_ = RelaySettings(
            network.chain, network.key(next(network.unused)), passing,
            listen=FREE_PORT, admin=FREE_PORT, peers=(origin,),
        )  # fmt: skip
        passing_on = tasks.create_task(relaying.serve(relaying_))
        relay = await node_facts(passing)
        address = (await ask(blender, "status"))["address"]
        said: asyncio.Queue[str] = asyncio.Queue()
        watching = tasks.create_task(
            relaying.watch(
                WatchSettings(network.chain.network, f"{address}/live", (relay["url"],), FREE_PORT),
                said.put_nowait,
            )
        )
        play = await said.get()
        rungs = list(check_master(await until_there(play)))
        assert rungs[0] == "source/index.m3u8"
        base = play.removesuffix("index.m3u8")
        seen = 0
        for rung in rungs:
            listed = check_media(await until_there(base + rung)).segments
            for each in listed:
                folder = rung.split("/")[0]
                here = await fetch(f"{base}{folder}/{each.uri}")
                there = await fetch(f"{origin}{base[base.index('/v1/') :]}{folder}/{each.uri}")
                assert here is not None
                assert here == there
                seen += 1
        assert seen >= len(rungs)
        metrics = (await fetch(f"{relay['admin']}/metrics") or b"").decode()
        figures = dict(
            line.split() for line in metrics.splitlines() if line.startswith("livepeer_relay_")
        )
        # The broadcaster, and the worker that is registered on chain; a gateway stays unknown.
        assert float(figures["livepeer_relay_peers"]) == 2
        assert float(figures["livepeer_relay_caught_total"]) == 0
        for task in (watching, passing_on, streaming, working, miner):
            task.cancel()
