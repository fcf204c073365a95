"""What relays ask each other, over HTTP with JSON: who is there, and who carries what.

POST /v1/ping       my record → yours; its round trip is the measurement
GET  /v1/peers      records of peers
POST /v1/find       a stream, my record → peers nearer to it, and who carries it
POST /v1/announce   my word that I carry a stream
POST /v1/tally      my signed count of the bytes you have served me
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from offchain.net.http import Refused
from offchain.net.peer_records import BadPeer, SignedCarrier, SignedPeer
from offchain.net.peers import PeerBroke, base_url, peer_errors, read_capped, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiohttp

    from offchain.proof.typed import Domain

BODY_CAP = 64 * 1024
"""Largest request or answer, in bytes."""
TIMEOUT_S = 3.0
MOST = 8
"""Peers and carriers in one answer."""


class Gossip(Protocol):
    """The node behind the routes."""

    @property
    def domain(self) -> Domain:
        """Where records are signed."""
        ...

    def record(self) -> SignedPeer:
        """This node's own record."""
        ...

    def met(self, peer: SignedPeer) -> None:
        """A peer has introduced itself."""
        ...

    def sample(self) -> Sequence[SignedPeer]:
        """Some of the peers known."""
        ...

    def answer(self, stream: bytes) -> tuple[Sequence[SignedPeer], Sequence[SignedCarrier]]:
        """Who is near a stream, and who carries it."""
        ...

    def announced(self, carrier: SignedCarrier) -> None:
        """A peer carries a stream."""
        ...

    def tallied(self, tally: Mapping[str, Any]) -> None:
        """A peer's count of what it was served; `BadPeer` if it is not."""
        ...


def gossip_routes(node: Gossip) -> list[web.RouteDef]:
    """The routes over a node."""

    async def body(request: web.Request) -> dict[str, Any]:
        raw = bytearray()
        async with asyncio.timeout(TIMEOUT_S):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > BODY_CAP:
                    raise Refused(413, f"a message has at most {BODY_CAP} bytes")
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise Refused(400, "a message is a JSON object")
        return value

    def introduced(value: Mapping[str, Any]) -> None:
        if value.get("from") is not None:
            node.met(_or_refuse(SignedPeer, value["from"], node.domain))

    async def ping(request: web.Request) -> web.Response:
        introduced(await body(request))
        return web.json_response(node.record().as_json())

    async def peers(_request: web.Request) -> web.Response:
        return web.json_response({"peers": [peer.as_json() for peer in node.sample()]})

    async def find(request: web.Request) -> web.Response:
        value = await body(request)
        introduced(value)
        try:
            stream = bytes.fromhex(str(value.get("stream", "")).removeprefix("0x"))
        except ValueError:
            stream = b""
        if len(stream) != 32:
            raise Refused(400, "a stream is 64 hexadecimal digits")
        nearer, carriers = node.answer(stream)
        return web.json_response(
            {
                "nearer": [peer.as_json() for peer in nearer[:MOST]],
                "carriers": [carrier.as_json() for carrier in carriers[:MOST]],
            }
        )

    async def announce(request: web.Request) -> web.Response:
        node.announced(_or_refuse(SignedCarrier, await body(request), node.domain))
        return web.json_response({"ok": True})

    async def tally(request: web.Request) -> web.Response:
        try:
            node.tallied(await body(request))
        except BadPeer as exc:
            raise Refused(400, str(exc)) from exc
        return web.json_response({"ok": True})

    return [
        web.post("/v1/ping", ping),
        web.get("/v1/peers", peers),
        web.post("/v1/find", find),
        web.post("/v1/announce", announce),
        web.post("/v1/tally", tally),
    ]


async def ask(session: aiohttp.ClientSession, url: str, path: str, message: Any) -> dict[str, Any]:
    """Post a message to a peer and return its JSON answer; raises `PeerError`."""
    address = base_url(url) + path
    with peer_errors(address):
        async with (
            asyncio.timeout(TIMEOUT_S),
            session.post(address, json=message, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise await refusal(response)
            raw = await read_capped(response, BODY_CAP)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise PeerBroke(f"{address} did not answer with a JSON object")
    return value


def read_all(kind: Any, values: Any, domain: Domain) -> list[Any]:
    """The good ones of a list of records; whoever passes bad ones on may have been fooled."""
    found = []
    for value in values[:MOST] if isinstance(values, list) else []:
        try:
            found.append(kind.read(value, domain, time.time()))
        except BadPeer:
            continue
    return found


def _or_refuse(kind: Any, value: Any, domain: Domain) -> Any:
    try:
        return kind.read(value, domain, time.time())
    except BadPeer as exc:
        raise Refused(400, str(exc)) from exc
