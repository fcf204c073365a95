"""Published streams over HTTP: playlists and segments for players, records and feeds for relays.

/v1/streams/{address}/{name}/index.m3u8                 the master playlist
/v1/streams/{address}/{name}/{rendition}/index.m3u8     one rendition's playlist
/v1/streams/{address}/{name}/{rendition}/{segment}.ts   one segment
/v1/streams/{address}/{name}/{rendition}/records        its records, as JSON
/v1/streams/{address}/{name}/{rendition}/feed           parts and records as they come
/v1/streams/{address}/{name}/route                      where to get the stream, as JSON
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from offchain.net import feed
from offchain.net.carried import FellBehind
from offchain.net.hls_server import (
    PLAYLIST_CACHE,
    PLAYLIST_TYPE,
    SAFE_NAME,
    SEGMENT_CACHE,
    SEGMENT_TYPE,
)
from offchain.net.http import Refused
from offchain.proof.publication import START

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from offchain.net.carried import Carried, CarriedStream

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
STALL_S = 20.0
"""Seconds a reader of a feed may take for one part."""
_BASE = "/v1/streams/{address}/{name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request is for, and who asks: a relay by its node's name, or a player."""

    address: str
    name: str
    node: str
    remote: str
    path: str


class StreamHost(Protocol):
    """The node behind the server."""

    async def find(self, wanted: Wanted) -> CarriedStream:
        """The stream, carried from now on if it was not; `Refused` where it cannot be."""
        ...

    async def route(self, wanted: Wanted) -> dict[str, Any]:
        """Where to get the stream: `{"carried": bool, "relays": [{...}]}`."""
        ...

    def child(self, wanted: Wanted) -> AbstractAsyncContextManager[Child]:
        """A place for one reader of a feed; `Refused` where there is none."""
        ...

    def served(self, wanted: Wanted, size: int) -> None:
        """So many bytes were handed to a player."""
        ...


class Child(Protocol):
    """One reader of a feed."""

    def depth(self) -> int:
        """How far this node is from the broadcaster now."""
        ...

    def sent(self, size: int) -> None:
        """So many bytes were handed over."""
        ...


def stream_routes(host: StreamHost) -> list[web.RouteDef]:
    """The routes over a host's streams."""
    handlers = _Handlers(host)
    return [
        web.get(f"{_BASE}/route", handlers.route),
        web.get(f"{_BASE}/index.m3u8", handlers.master),
        web.get(f"{_BASE}/{{rendition}}/index.m3u8", handlers.playlist),
        web.get(f"{_BASE}/{{rendition}}/records", handlers.records),
        web.get(f"{_BASE}/{{rendition}}/feed", handlers.feed),
        web.get(f"{_BASE}/{{rendition}}/{{segment}}.ts", handlers.segment),
    ]


class _Handlers:
    def __init__(self, host: StreamHost) -> None:
        self._host = host

    async def route(self, request: web.Request) -> web.Response:
        answer = await self._host.route(_wanted(request))
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def master(self, request: web.Request) -> web.Response:
        stream = await self._host.find(_wanted(request))
        master = stream.rendition("master")
        return _text(master.text() if master is not None else None)

    async def playlist(self, request: web.Request) -> web.Response:
        return _text((await self._rendition(request)).playlist())

    async def records(self, request: web.Request) -> web.Response:
        carried = await self._rendition(request)
        return web.json_response(
            {"records": carried.records()}, headers={"Cache-Control": "no-store"}
        )

    async def segment(self, request: web.Request) -> web.Response:
        body = (await self._rendition(request)).segment(request.match_info["segment"])
        if body is None:
            raise Refused(404, "that segment does not exist or has left the playlist")
        self._host.served(_wanted(request), len(body))
        return web.Response(
            body=body, content_type=SEGMENT_TYPE, headers={"Cache-Control": SEGMENT_CACHE}
        )

    async def feed(self, request: web.Request) -> web.StreamResponse:
        wanted = _wanted(request)
        start = request.query.get("from")
        if start is not None and not (start.isascii() and start.isdigit() and len(start) < 17):
            raise Refused(400, "a feed begins at the number of a segment")
        async with self._host.child(wanted) as child:
            carried = await self._rendition(request)
            response = web.StreamResponse(headers={"Cache-Control": "no-store"})
            response.content_type = "application/octet-stream"
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                await _pour(response, carried, int(start) if start else None, child)
            return response

    async def _rendition(self, request: web.Request) -> Carried:
        stream = await self._host.find(_wanted(request))
        carried = stream.rendition(request.match_info["rendition"])
        if carried is None:
            raise Refused(404, "this stream has no such rendition")
        return carried


async def _pour(
    response: web.StreamResponse, carried: Carried, start: int | None, child: Child
) -> None:
    """Send part after part until the run ends or the reader goes."""
    depth = child.depth()
    await response.write(feed.hello(depth))
    position, skipping = carried.join(start), start is not None
    while True:
        try:
            found = carried.read(position)
        except FellBehind as exc:
            await response.write(feed.goodbye(str(exc)))
            return
        if found is None:
            if carried.ended:
                await response.write(feed.goodbye("the run has ended"))
                return
            await carried.wait(position)
            continue
        part = found[0].part
        skipping = skipping and part.sequence < (start or 0) and not part.flags & START
        if skipping:
            position += 1
            continue
        if child.depth() != depth:
            depth = child.depth()
            await response.write(feed.moved(depth))
        head, data = feed.record_frame(*found)
        # A reader that takes nothing must not hold its place.
        async with asyncio.timeout(STALL_S):
            await response.write(head)
            await response.write(bytes(data))
        child.sent(len(head) + len(data))
        position += 1


def _wanted(request: web.Request) -> Wanted:
    address, name = request.match_info["address"], request.match_info["name"]
    rendition = request.match_info.get("rendition", "x")
    if not (_ADDRESS.fullmatch(address) and SAFE_NAME.fullmatch(name)):
        raise Refused(404, "a stream is a broadcaster's address and a name")
    if SAFE_NAME.fullmatch(rendition) is None:
        raise Refused(404, "this stream has no such rendition")
    node = request.headers.get(feed.NODE_HEADER, "")[:64]
    return Wanted(address.lower(), name, node, request.remote or "", request.path)


def _text(text: str | None) -> web.Response:
    if text is None:
        raise Refused(404, "there is nothing to play here yet")
    return web.Response(
        text=text,
        content_type=PLAYLIST_TYPE,
        charset="utf-8",
        headers={"Cache-Control": PLAYLIST_CACHE},
    )
