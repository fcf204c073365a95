"""What every HTTP server here shares: JSON errors, a start on a chosen or free port, a stop."""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

log = logging.getLogger("livepeer.net")

STOP_GRACE_S = 2.0
"""Seconds that requests in progress get when a server stops; a node drains before."""

_WORDS = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    416: "range_not_satisfiable",
    422: "bad_media",
    503: "busy",
}


class Refused(Exception):
    """A request that is answered with an HTTP status, one word and one sentence."""

    def __init__(self, status: int, detail: str, error: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error or _WORDS.get(status, "error")
        self.detail = detail


class PortBusy(Exception):
    """The address a server was to listen on is taken or not ours; the text names it."""


def json_error(refused: Refused) -> web.Response:
    """The JSON answer `{error, detail}` of a refusal."""
    headers = {"Retry-After": "1"} if refused.status == 503 else None
    return web.json_response(
        {"error": refused.error, "detail": refused.detail}, status=refused.status, headers=headers
    )


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn every refusal into JSON with its status; what nobody foresaw is a bare 500."""
    try:
        return await handler(request)
    except Refused as refused:
        return json_error(refused)
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        return json_error(Refused(exc.status, exc.reason or "the request failed"))
    except TimeoutError:
        return json_error(Refused(503, "this node was too slow, or its peer was"))
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:
        log.exception("request failed: %s %s", request.method, request.path)
        return json_error(Refused(500, "this node failed to answer; its log says why", "internal"))


class Server:
    """An aiohttp application listening on one address while its context is open.

    Port 0 takes a free port; `url` says which.
    """

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the server listens, as `http://host:port`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return self._port

    async def __aenter__(self) -> Server:
        runner = web.AppRunner(
            self._app,
            access_log=None,
            shutdown_timeout=STOP_GRACE_S,
            handler_cancellation=True,
            keepalive_timeout=60.0,
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError as exc:
            await runner.cleanup()
            raise PortBusy(_port_problem(exc, self._host, self._port)) from exc
        self._port = runner.addresses[0][1]
        self._runner = runner
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def hash_of(request: web.Request, name: str = "hash") -> bytes:
    """The 32-byte hash in a request's path, with or without 0x; a refusal when it is none."""
    text = request.match_info[name].removeprefix("0x")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32 or len(text) != 64:
        raise Refused(400, "a hash is 64 hexadecimal digits")
    return value


def number_of(request: web.Request, name: str, bits: int = 256) -> int:
    """The unsigned number in a request's path; a refusal when it is none or too large."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 78):
        raise Refused(400, f"{name} is a decimal number")
    value = int(text)
    if value >= 1 << bits:
        raise Refused(400, f"{name} is below 2^{bits}")
    return value


def health_route(ready: Callable[[], bool]) -> web.RouteDef:
    """`GET /healthz`: 200 while the node takes work, 503 while it starts or drains."""

    async def healthz(_request: web.Request) -> web.Response:
        if not ready():
            raise Refused(503, "the node is starting or draining", "not_ready")
        return web.json_response({"ok": True})

    return web.get("/healthz", healthz)


def status_route(status: Callable[[], dict[str, Any]]) -> web.RouteDef:
    """`GET /v1/status`: the node's own figures, read at that moment."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(status(), headers={"Cache-Control": "no-store"})

    return web.get("/v1/status", answer)


def _port_problem(exc: OSError, host: str, port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is already in use; choose another or stop what holds it"
    if exc.errno == errno.EACCES:
        return f"port {port} on {host} needs privileges this process does not have"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine"
    return f"cannot listen on {host} port {port}: {exc.strerror or exc}"
