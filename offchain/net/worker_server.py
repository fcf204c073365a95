"""The transcoder's HTTP face: segments in, renditions and receipts out, evidence to verifiers.

The server knows the protocol, its caps and its status codes. What to accept and what to answer is
the desk's: the node behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from offchain.net import wire
from offchain.net.blobs import BlobShelf, blob_routes
from offchain.net.frames import WireError
from offchain.net.http import Refused, errors_as_json, hash_of, health_route, number_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

log = logging.getLogger("livepeer.net")

CONTENT_TYPE = "application/octet-stream"
LEASE_TIMEOUT_S = 10.0
"""Seconds a peer has to send its lease."""
BODY_TIMEOUT_S = 30.0
"""Seconds a peer has to send the whole segment after its lease was accepted."""
ANSWER_TIMEOUT_S = 120.0
"""Seconds from there until the peer must have read the whole answer."""


class Admission(Protocol):
    """A segment the node has agreed to work on."""

    def answer(
        self, segment: wire.SignedSegment, parts: list[bytes]
    ) -> AsyncIterator[wire.RenditionPart | wire.SignedReceipt]:
        """Transcode and yield the answer; raises `Refused` for what cannot be accepted."""
        ...


class Desk(Protocol):
    """What the server asks of the node behind it."""

    def info(self) -> dict[str, Any]:
        """The signed TranscoderInfo as JSON."""
        ...

    def admit(self, lease: wire.SignedLease) -> AbstractAsyncContextManager[Admission]:
        """Accept a lease or raise `Refused`, before a byte of media is read."""
        ...

    async def claim(self, root: bytes) -> dict[str, Any] | None:
        """The leaves of a claim as JSON, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Caps on one request: bytes of its body, seconds for its lease, its rest and its answer."""

    request_bytes: int = wire.MAX_REQUEST_BYTES
    lease_s: float = LEASE_TIMEOUT_S
    body_s: float = BODY_TIMEOUT_S
    answer_s: float = ANSWER_TIMEOUT_S


def worker_app(
    desk: Desk, shelf: BlobShelf, ready: Callable[[], bool], limits: WorkerLimits | None = None
) -> web.Application:
    """The application a transcoder serves to broadcasters and verifiers."""
    handlers = _Handlers(desk, limits or WorkerLimits())
    app = web.Application(middlewares=[errors_as_json], client_max_size=0)
    app.add_routes(
        [
            web.get("/v1/info", handlers.info),
            web.post("/v1/jobs/{jobId}/segments/{sequence}", handlers.segment),
            web.get("/v1/claims/{root}", handlers.claim),
            health_route(ready),
            *blob_routes(shelf),
        ]
    )
    return app


class _Handlers:
    def __init__(self, desk: Desk, limits: WorkerLimits) -> None:
        self._desk = desk
        self._limits = limits

    async def info(self, _request: web.Request) -> web.Response:
        return web.json_response(self._desk.info(), headers={"Cache-Control": "no-cache"})

    async def claim(self, request: web.Request) -> web.Response:
        claim = await self._desk.claim(hash_of(request, "root"))
        if claim is None:
            raise Refused(404, "this transcoder has no claim with that root")
        return web.json_response(claim)

    async def segment(self, request: web.Request) -> web.StreamResponse:
        job_id, sequence = number_of(request, "jobId"), number_of(request, "sequence")
        if request.content_type != CONTENT_TYPE:
            raise Refused(415, f"the body's type is {CONTENT_TYPE}", "unsupported_media_type")
        if (request.content_length or 0) > self._limits.request_bytes:
            raise Refused(413, f"a request has at most {self._limits.request_bytes} bytes")
        inbox = _Inbox(request, self._limits)
        lease = await inbox.lease()
        if (lease.lease.job_id, lease.lease.sequence) != (job_id, sequence):
            raise Refused(400, "the lease is for another segment than the path")
        async with self._desk.admit(lease) as admission:
            segment, parts = await inbox.rest()
            # A reader that dawdles must not keep its place for ever.
            async with asyncio.timeout(self._limits.answer_s):
                return await _send(request, admission.answer(segment, parts))


class _Inbox:
    """Reads one request body, with its caps and timeouts."""

    def __init__(self, request: web.Request, limits: WorkerLimits) -> None:
        self._content = request.content
        self._limits = limits
        self._messages = self._read(wire.RequestReader(limits.request_bytes))

    async def lease(self) -> wire.SignedLease:
        with _refusing():
            async with asyncio.timeout(self._limits.lease_s):
                first = await anext(self._messages, None)
        if not isinstance(first, wire.SignedLease):
            raise Refused(400, "a request opens with its lease")
        return first

    async def rest(self) -> tuple[wire.SignedSegment, list[bytes]]:
        parts: list[bytes] = []
        segment: wire.SignedSegment | None = None
        with _refusing():
            async with asyncio.timeout(self._limits.body_s):
                async for message in self._messages:
                    if isinstance(message, wire.SourcePart):
                        parts.append(message.data)
                    elif isinstance(message, wire.SignedSegment):
                        segment = message
        assert segment is not None  # the reader refuses a body without one
        return segment, parts

    async def _read(self, reader: wire.RequestReader) -> AsyncIterator[wire.RequestMessage]:
        async for chunk in self._content.iter_any():
            for message in reader.feed(chunk):
                yield message
        reader.close()


@contextlib.contextmanager
def _refusing() -> Any:
    try:
        yield
    except WireError as exc:
        raise Refused(400, str(exc)) from exc
    except TimeoutError:
        raise Refused(408, "the request's body did not arrive in time") from None


async def _send(
    request: web.Request, answer: AsyncIterator[wire.RenditionPart | wire.SignedReceipt]
) -> web.StreamResponse:
    """Stream the answer; an error before its first message is an ordinary HTTP error."""
    first = await anext(answer)
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
    await response.prepare(request)
    await response.write(wire.encode(first))
    try:
        async for message in answer:
            await response.write(wire.encode(message))
    except Refused as refused:
        error = wire.ErrorMessage(refused.status, refused.error, refused.detail)
        await response.write(wire.encode(error))
    await response.write_eof()
    return response
