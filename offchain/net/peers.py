"""What every client of a peer shares: a session, errors in sentences, answers with a cap.

Peers are not trusted: no redirects, no decompression, no addresses inside our own network, sizes
and times capped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import aiohttp

from offchain.net import wire
from offchain.net.frames import WireError
from offchain.net.reach import PUBLIC, Reach

JSON_CAP = 1 << 20
"""Largest JSON answer taken from a peer, in bytes."""
CONNECT_TIMEOUT_S = 3.0
READ_CHUNK = 256 * 1024


class PeerError(Exception):
    """A peer could not be used; the text says why, in one sentence."""


class PeerUnreachable(PeerError):
    """No connection, or it broke, or time ran out."""


class PeerRefused(PeerError):
    """The peer answered with an error of its own."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {error})")
        self.status = status
        self.error = error
        self.detail = detail


class PeerBroke(PeerError):
    """The peer's answer breaks the protocol, or is not what its hash says."""


def new_session(reach: Reach = PUBLIC, *, local: str | None = None) -> aiohttp.ClientSession:
    """A session as peers are to be spoken to; close it when done.

    It connects to public addresses only, unless `reach` says otherwise; `local` is the address to
    connect from.
    """
    connector = aiohttp.TCPConnector(
        socket_factory=reach.open_socket, local_addr=(local, 0) if local else None
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def base_url(url: str) -> str:
    """A peer's address without its last slash; `PeerUnreachable` unless it is one of http."""
    base = url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise PeerUnreachable(f"{url!r} is not an http address")
    return base


@contextlib.contextmanager
def peer_errors(url: str) -> Any:
    """Turn whatever goes wrong with a peer into a `PeerError`."""
    try:
        yield
    except TimeoutError:
        raise PeerUnreachable(f"{url} did not answer in time") from None
    except WireError as exc:
        raise PeerBroke(f"{url} broke the protocol: {exc}") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise PeerUnreachable(f"{url} cannot be reached ({_why(exc)})") from exc


async def get_json(
    session: aiohttp.ClientSession, address: str, timeout_s: float, cap: int = JSON_CAP
) -> dict[str, Any]:
    """The JSON object at an address, at most `cap` bytes of it."""
    with peer_errors(address):
        async with (
            asyncio.timeout(timeout_s),
            session.get(address, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise await refusal(response)
            body = await read_capped(response, cap)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise PeerBroke(f"{address} did not answer with a JSON object")
    return answer


async def refusal(response: aiohttp.ClientResponse) -> PeerRefused:
    """The peer's own words where it sent any, shortened."""
    error, detail = "error", response.reason or "no reason given"
    with contextlib.suppress(ValueError, PeerError, RecursionError):
        answer = json.loads(await read_capped(response, wire.MAX_ERROR_BYTES))
        if isinstance(answer, dict):
            error = str(answer.get("error", error))[:64]
            detail = str(answer.get("detail", detail))[:512]
    return PeerRefused(response.status, error, detail)


async def read_capped(response: aiohttp.ClientResponse, cap: int) -> bytes:
    """An answer's body; `PeerBroke` as soon as it is larger than `cap` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(READ_CHUNK):
        body += chunk
        if len(body) > cap:
            raise PeerBroke(f"{response.url.origin()} sent more than {cap} bytes")
    return bytes(body)


def _why(exc: Exception) -> str:
    """A connection's trouble without the library's decorations."""
    inner = exc.os_error if isinstance(exc, aiohttp.ClientConnectorError) else exc
    words = inner.strerror if isinstance(inner, OSError) else str(inner)
    return (words or type(inner).__name__).lower()
