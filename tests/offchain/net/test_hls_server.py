"""Playlists and segments: types, caching, CORS, and names that never become paths."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from offchain.net.hls_server import cors_for_players, hls_routes
from offchain.net.http import Server, errors_as_json


class Library:
    """One stream with one rung and one segment; remembers every name it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def streams(self) -> list[str]:
        return ["live"]

    def master(self, name: str) -> str | None:
        self.asked.add(name)
        return "#EXTM3U\n" if name == "live" else None

    def playlist(self, name: str, rung: str) -> str | None:
        self.asked |= {name, rung}
        return "#EXTM3U\n" if (name, rung) == ("live", "360p") else None

    def segment(self, name: str, rung: str, segment: str) -> bytes | None:
        self.asked |= {name, rung, segment}
        return b"\x47" if (name, rung, segment) == ("live", "360p", "7-ab") else None


library = Library()


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application(middlewares=[cors_for_players, errors_as_json])
    app.add_routes(hls_routes(library))
    async with Server(app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.mark.parametrize(
    ("path", "content_type", "cache"),
    [
        ("/live/live/index.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("/live/live/360p/index.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("/live/live/360p/7-ab.ts", "video/mp2t", "immutable"),
    ],
)
async def test_players_get_types_caching_and_cors(
    url: str, session: aiohttp.ClientSession, path: str, content_type: str, cache: str
) -> None:
    async with session.get(url + path) as response:
        assert response.status == 200
        assert response.content_type == content_type
        assert cache in response.headers["Cache-Control"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/live/../live/index.m3u8",
        "/live/%2e%2e%2f%2e%2e%2fetc/index.m3u8",
        "/live/live/%2fetc%2fpasswd/index.m3u8",
        "/live/live/360p/..%2f..%2fx.ts",
        "/live/" + "a" * 65 + "/index.m3u8",
        "/live/li%0d%0ave/index.m3u8",
        "/live/live/360p/%00.ts",
        "/live/nothere/index.m3u8",
    ],
)
async def test_other_names_are_404_and_reach_nothing(
    url: str, session: aiohttp.ClientSession, path: str
) -> None:
    from yarl import URL

    async with session.get(URL(url + path, encoded=True)) as response:
        assert response.status == 404
        assert set(await response.json()) == {"error", "detail"}
        assert response.headers["Access-Control-Allow-Origin"] == "*"

    assert all(name.replace("-", "").replace("_", "").isalnum() for name in library.asked)
    assert all(len(name) <= 64 for name in library.asked)
