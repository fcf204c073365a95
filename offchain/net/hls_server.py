"""Playlists and segments over HTTP, as HLS players ask for them.

    /live/{name}/index.m3u8               the master playlist
    /live/{name}/{rung}/index.m3u8        one rung's media playlist
    /live/{name}/{rung}/{segment}.ts      one segment

Where the streams come from is the library's; names never reach a file system.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from offchain.net.http import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/mp2t"
# A live playlist is stale the moment the next segment is listed; a segment's name holds a part of
# its hash, so what a name stands for never changes.
PLAYLIST_CACHE = "no-cache, no-store, max-age=0"
SEGMENT_CACHE = "public, max-age=3600, immutable"


class StreamLibrary(Protocol):
    """What the server asks of the node behind it."""

    def streams(self) -> list[str]:
        """The names of the streams that can be played."""
        ...

    def master(self, name: str) -> str | None:
        """A stream's master playlist, or nothing."""
        ...

    def playlist(self, name: str, rung: str) -> str | None:
        """A rung's media playlist, or nothing."""
        ...

    def segment(self, name: str, rung: str, segment: str) -> bytes | None:
        """A segment's bytes, or nothing."""
        ...


def hls_routes(library: StreamLibrary) -> list[web.RouteDef]:
    """The three HLS routes and `GET /live`, the list of streams as JSON."""

    async def streams(_request: web.Request) -> web.Response:
        return web.json_response({"streams": library.streams()})

    async def master(request: web.Request) -> web.Response:
        return _playlist(library.master(_safe(request, "name")))

    async def media(request: web.Request) -> web.Response:
        return _playlist(library.playlist(_safe(request, "name"), _safe(request, "rung")))

    async def segment(request: web.Request) -> web.Response:
        names = [_safe(request, part) for part in ("name", "rung", "segment")]
        body = library.segment(*names)
        if body is None:
            raise Refused(404, "that segment does not exist or has left the playlist")
        return web.Response(
            body=body, content_type=SEGMENT_TYPE, headers={"Cache-Control": SEGMENT_CACHE}
        )

    return [
        web.get("/live", streams),
        web.get("/live/{name}/index.m3u8", master),
        web.get("/live/{name}/{rung}/index.m3u8", media),
        web.get("/live/{name}/{rung}/{segment}.ts", segment),
    ]


@web.middleware
async def cors_for_players(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let pages of any origin read: everything served here is public and takes no credentials."""
    if request.method == "OPTIONS":
        response: web.StreamResponse = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Range"
        response.headers["Access-Control-Max-Age"] = "86400"
    else:
        response = await handler(request)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _playlist(text: str | None) -> web.Response:
    if text is None:
        raise Refused(404, "there is no such stream or rung")
    return web.Response(
        text=text,
        content_type=PLAYLIST_TYPE,
        charset="utf-8",
        headers={"Cache-Control": PLAYLIST_CACHE},
    )


def _safe(request: web.Request, part: str) -> str:
    value = request.match_info[part]
    if SAFE_NAME.fullmatch(value) is None:
        raise Refused(404, "there is no such stream or rung")
    return value
