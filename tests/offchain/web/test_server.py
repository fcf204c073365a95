"""The page's server over real HTTP: ports, proxy, and events that resume."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from offchain.web.feed import EventFeed
from offchain.web.narrator import Line
from offchain.web.server import NoFreePort, WebServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.needs("hls.js")
HOST = "127.0.0.1"


@dataclass
class Source:
    base: str | None = None

    def state(self) -> dict[str, Any]:
        return {"phase": "Live", "block": 3}

    def stream_base(self) -> str | None:
        return self.base


def line(number: int) -> Line:
    return Line(f"Event {number}", "plain", number, "JobsManager", "WorkClaimed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(
    source: Source | None = None, feed: EventFeed | None = None
) -> AsyncIterator[tuple[aiohttp.ClientSession, EventFeed]]:
    feed = feed or EventFeed()
    async with (
        WebServer(source or Source(), feed, HOST, free_port()) as server,
        aiohttp.ClientSession(server.address) as session,
    ):
        yield session, feed


async def test_page__every_file_it_names__is_served_by_ourselves() -> None:
    async with serving() as (session, _):
        async with session.get("/") as answer:
            page = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
        named = [part.split('"')[0] for part in page.split('="/static/')[1:]]
        statuses = [(await session.get(f"/static/{name}")).status for name in named]

    assert sorted(named) == ["app.js", "hls.js", "style.css"]
    assert statuses == [200, 200, 200]
    assert "default-src 'self'" in policy
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


async def test_start__port_is_busy__takes_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        busy = taken.getsockname()[1]
        async with WebServer(Source(), EventFeed(), HOST, busy) as server:
            assert busy < server.port <= busy + 50
            assert server.address == f"http://{HOST}:{server.port}/"


async def test_start__no_port_left__says_which_were_tried() -> None:
    with socket.socket() as taken:
        try:
            taken.bind((HOST, 65_535))
        except OSError:
            pass  # somebody has it already, which serves as well
        else:
            taken.listen()

        with pytest.raises(NoFreePort, match="ports 65535 to 65535 are all taken"):
            await WebServer(Source(), EventFeed(), HOST, 65_535).__aenter__()


async def test_live__stream_there__passes_body_type_and_status() -> None:
    segment = bytes(range(256)) * 12_000  # larger than any buffer on the way

    async def playlist(request: web.Request) -> web.Response:
        kind = "application/vnd.apple.mpegurl"
        return web.Response(text=f"#EXTM3U {request.path}", content_type=kind)

    async def whole_segment(request: web.Request) -> web.Response:
        return web.Response(body=segment, content_type="video/mp2t")

    app = web.Application()
    app.router.add_get("/live/show/240p/7-0a1b.ts", whole_segment)
    app.router.add_get("/live/show/{path:.+}", playlist)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, HOST, port).start()
    try:
        async with serving(Source(f"http://{HOST}:{port}/live/show")) as (session, _):
            async with session.get("/live/240p/index.m3u8") as answer:
                found = (answer.status, answer.content_type, await answer.text())
            async with session.get("/live/240p/7-0a1b.ts") as answer:
                passed = await answer.read()
            escape = await session.get("/live/a%2f..%2f..%2fsecret")
            hidden = await session.get("/live/.hidden")
    finally:
        await runner.cleanup()

    kind = "application/vnd.apple.mpegurl"
    assert passed == segment
    assert found == (200, kind, "#EXTM3U /live/show/240p/index.m3u8")
    assert escape.status == hidden.status == 404


async def test_live__no_stream_or_no_answer__says_so_in_json() -> None:
    async with serving() as (session, _):
        early = await (await session.get("/live/index.m3u8")).json()
    async with serving(Source(f"http://{HOST}:{free_port()}/live/show")) as (session, _):
        gone = await session.get("/live/index.m3u8")
        words = await gone.json()

    assert early == {"error": "not live", "detail": "no stream yet"}
    assert (gone.status, words["error"]) == (502, "bad gateway")


async def read_lines(
    session: aiohttp.ClientSession, wanted: int, last: str | None = None
) -> tuple[list[int], str, bool]:
    """Numbers of the next events, the id of the last, and whether the feed told to start anew."""
    headers = {"Last-Event-ID": last} if last else {}
    numbers: list[int] = []
    identity, reset = "", False
    async with session.get("/api/events", headers=headers) as answer:
        async for raw in answer.content:
            text = raw.decode().strip()
            reset |= text == "event: reset"
            if text.startswith("id: "):
                identity = text[4:]
            if text.startswith("data: {") and text != "data: {}":
                numbers.append(json.loads(text[6:])["block"])
                if len(numbers) == wanted:
                    return numbers, identity, reset
    raise AssertionError("the feed ended")


async def test_events__browser_reconnects__gets_each_line_once_in_order() -> None:
    async with asyncio.timeout(10), serving() as (session, feed):
        for number in range(3):
            await feed.append(line(number))
        first, last, reset = await read_lines(session, 3)
        reader = asyncio.create_task(read_lines(session, 2, last))
        for number in (3, 4):
            await feed.append(line(number))
        second, _, reset_again = await reader

    assert (first, second) == ([0, 1, 2], [3, 4])
    assert not reset and not reset_again


async def test_events__id_of_an_earlier_run__starts_anew() -> None:
    async with asyncio.timeout(10), serving() as (session, feed):
        await feed.append(line(8))
        numbers, _, reset = await read_lines(session, 1, "0badcafe-17")

    assert numbers == [8]
    assert reset


async def test_feed__more_lines_than_kept__drops_the_oldest() -> None:
    feed = EventFeed(limit=2)
    for number in range(5):
        await feed.append(line(number))

    assert [number for number, _ in feed.after(0)] == [4, 5]
