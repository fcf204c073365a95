"""A relay that is a process of its own, killed with -9 in the middle of a stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offchain.net.gossip import ask
from offchain.net.peer_records import SignedCarrier, SignedPeer
from tests.offchain.relay.conftest import DOMAIN, QUICK, Town, key
from tests.offchain.relay.test_relays import gaps, parent_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parents[3]

NODE = """
import asyncio, json, sys
from offchain.net.http import Server
from offchain.net.peers import new_session
from offchain.net.reach import ANYWHERE
from offchain.node.relay import Relay
from offchain.node.relaying import relay_app
from tests.offchain.relay.conftest import DOMAIN, QUICK, key

async def main(origin):
    async def seeds():
        return [origin]
    async with new_session(ANYWHERE) as session:
        relay = Relay(DOMAIN, key("victim"), session, limits=QUICK, seeds=seeds)
        async with Server(relay_app(relay), "127.0.0.1", 0) as server:
            relay.url = server.url
            async with relay:
                print(json.dumps(relay.record().as_json()), flush=True)
                await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


@contextlib.asynccontextmanager
async def victim(origin: str) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """A relay's process id and its record; it is gone with the test, if not before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, origin, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(await process.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.timeout(60)
async def test_relay_process_killed__players_of_the_next_see_no_gap_over_a_segment(
    town: Town,
) -> None:
    live = await town.live()
    other = await town.relay("other", [live.node])
    relay = await town.relay("relay", [], limits=QUICK)
    async with victim(live.node.url) as (pid, facts):
        record = SignedPeer.read(facts, DOMAIN, time.time())
        assert "source/index.m3u8" in await town.text(f"{record.url}{live.path}/index.m3u8")
        short = int(time.time()) + 60
        word = SignedCarrier.make(DOMAIN, key("victim"), record, live.publication.id, short)
        await ask(town.session, relay.url, "/v1/announce", word.as_json())
        await town.watch(relay, live)
        assert parent_of(relay, live) == record.id
        await town.watch(other, live)
        town.tell(relay, other, live)
        before = await town.play(relay, live, 4)

        os.kill(pid, signal.SIGKILL)

        after = await town.play(relay, live, 10)
    assert gaps(before + after) <= 1
    assert max(after) > max(before)
    assert parent_of(relay, live) != record.id
