"""Serves the page, its state and events, and the broadcaster's HLS under the same address."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from offchain.web.feed import EventFeed

STATIC = Path(__file__).parent / "static"
VENDOR = Path(__file__).parent / "vendor"
CHECKOUT_HLS = Path(__file__).parents[2] / "node_modules" / "hls.js" / "dist"
PLAYER_NAMES = ("hls.light.min.js", "hls.min.js")
PORTS_TO_TRY = 50
MAX_BODY_BYTES = 32 * 1024 * 1024

# Nothing is loaded from anywhere else; hls.js plays through blob: addresses and a blob worker.
POLICY = (
    "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_SAFE_PATH = re.compile(r"[A-Za-z0-9_\-]+(?:[./][A-Za-z0-9_\-]+)*")


class MissingPlayer(Exception):
    """hls.js is not there: set-up has not run."""


class NoFreePort(Exception):
    """The wanted port and the ones after it are all taken."""


class StateSource(Protocol):
    """What the page shows. Implementations read it from the chain and the nodes."""

    def state(self) -> Mapping[str, Any]:
        """JSON-able state of the network: phase, block, round, people, money, playlist."""

    def stream_base(self) -> str | None:
        """Where the broadcaster serves the stream, without the last slash; None while nowhere."""


def player_script() -> Path:
    """The vendored hls.js, or the one set-up put under node_modules."""
    for folder in (VENDOR, CHECKOUT_HLS):
        for name in PLAYER_NAMES:
            if (folder / name).is_file():
                return folder / name
    raise MissingPlayer("hls.js is missing: run `make setup` once, it fetches the player")


class WebServer:
    """The page's server on `host`; takes `port` or the next free one. Use as `async with`."""

    def __init__(self, source: StateSource, feed: EventFeed, host: str, port: int) -> None:
        self._source = source
        self._feed = feed
        self._host = host
        self._wanted = port
        self.port = port
        self._files = {
            f"/static/{path.name}": path for path in STATIC.iterdir() if path.suffix in TYPES
        }
        self._files["/static/hls.js"] = player_script()
        self._files["/"] = STATIC / "index.html"
        self._runner: web.AppRunner | None = None
        self._upstream: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://{self._host}:{self.port}/"

    async def __aenter__(self) -> Self:
        app = web.Application()
        for route in self._files:
            app.router.add_get(route, self._static)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/live/{path:.+}", self._live)
        self._upstream = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            await self._listen()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._upstream is not None:
            await self._upstream.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self) -> None:
        assert self._runner is not None
        last = min(self._wanted + PORTS_TO_TRY, 65_536)
        for port in range(self._wanted, last):
            try:
                await web.TCPSite(self._runner, self._host, port).start()
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
                continue
            self.port = port
            return
        raise NoFreePort(f"ports {self._wanted} to {last - 1} are all taken: choose another --port")

    async def _static(self, request: web.Request) -> web.Response:
        path = self._files[request.path]
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        body = path.read_bytes()
        kind = TYPES[path.suffix]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self._source.state(), headers={"Cache-Control": "no-store"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await answer.prepare(request)
        try:
            async for text in self._feed.follow(request.headers.get("Last-Event-ID")):
                await answer.write(text.encode())
        except ConnectionError:
            pass  # the browser went away; it will resume by its last event id
        return answer

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Passes HLS through, so that one address serves all (and no cross-origin rule bites)."""
        path = request.match_info["path"]
        base = self._source.stream_base()
        if base is None:
            return web.json_response({"error": "not live", "detail": "no stream yet"}, status=503)
        if not _SAFE_PATH.fullmatch(path):
            return web.json_response({"error": "not found", "detail": "no such path"}, status=404)
        assert self._upstream is not None
        try:
            async with self._upstream.get(f"{base}/{path}") as source:
                body = bytearray()
                async for chunk in source.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise aiohttp.ClientPayloadError("the broadcaster sends no end of it")
                headers = {"Cache-Control": source.headers.get("Cache-Control", "no-cache")}
                if "Content-Type" in source.headers:
                    headers["Content-Type"] = source.headers["Content-Type"]
                return web.Response(body=bytes(body), status=source.status, headers=headers)
        except (aiohttp.ClientError, TimeoutError):
            detail = "the broadcaster does not answer"
            return web.json_response({"error": "bad gateway", "detail": detail}, status=502)
