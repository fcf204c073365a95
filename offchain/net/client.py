"""The other end of a transcoder's HTTP face: send a segment, stream the answer, fetch by hash.

Peers are not trusted: no redirects, no decompression, sizes and times capped, every answer held to
the protocol's order, every blob to its hash.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from offchain.net import wire
from offchain.net.blobs import PARTS_HEADER
from offchain.net.frames import WireError
from offchain.proof.hashes import data_hash, rendition_root

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

JSON_CAP = 1 << 20
"""Largest JSON answer taken from a peer, in bytes."""
CLAIM_CAP = 64 << 20
"""Largest list of leaves taken from a peer, in bytes."""
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


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """One source segment, signed and ready to send."""

    lease: wire.SignedLease
    parts: tuple[bytes, ...]
    segment: wire.SignedSegment

    def size(self) -> int:
        """Bytes of the request's body."""
        return wire.encoded_size(len(part) for part in self.parts)

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body, frame by frame."""
        yield wire.encode(self.lease)
        for index, part in enumerate(self.parts):
            yield wire.encode(wire.SourcePart(index, part))
        yield wire.encode(self.segment)


@dataclass(frozen=True, slots=True)
class SegmentAnswer:
    """What a transcoder made of a segment: the parts of each rung's rendition, and its receipt."""

    renditions: tuple[tuple[bytes, ...], ...]
    receipt: wire.SignedReceipt

    def rendition_hashes(self) -> list[bytes]:
        """The content hash of each rung's rendition, in rung order."""
        return [data_hash(parts) for parts in self.renditions]


def new_session() -> aiohttp.ClientSession:
    """A session as peers are to be spoken to; close it when done."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class TranscoderClient:
    """Speaks to transcoders over one session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def info(self, url: str, timeout_s: float = 5.0) -> dict[str, Any]:
        """The peer's signed TranscoderInfo, unchecked."""
        return await _json(self._session, f"{_base(url)}/v1/info", timeout_s, JSON_CAP)

    async def claim(self, url: str, root: bytes, timeout_s: float = 20.0) -> dict[str, Any]:
        """The leaves of a claim, unchecked."""
        address = f"{_base(url)}/v1/claims/0x{root.hex()}"
        return await _json(self._session, address, timeout_s, CLAIM_CAP)

    async def stream(
        self, url: str, request: SegmentRequest, rungs: int
    ) -> AsyncIterator[wire.RenditionPart | wire.SignedReceipt]:
        """Send a segment and yield the answer's messages as they arrive; the last is the receipt.

        The caller sets the deadline. Raises `PeerError`.
        """
        lease = request.lease.lease
        address = f"{_base(url)}/v1/jobs/{lease.job_id}/segments/{lease.sequence}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(request.size()),
        }
        with _peer_errors(url):
            async with self._session.post(
                address, data=request.body(), headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await _refusal(response)
                reader = wire.AnswerReader(rungs)
                async for chunk in response.content.iter_any():
                    for message in reader.feed(chunk):
                        if isinstance(message, wire.ErrorMessage):
                            raise PeerRefused(message.status, message.error, message.detail)
                        yield message
                reader.close()

    async def submit(
        self, url: str, request: SegmentRequest, rungs: int, timeout_s: float
    ) -> SegmentAnswer:
        """Send a segment and wait for the whole answer, at most `timeout_s` seconds."""
        renditions: list[list[bytes]] = [[] for _ in range(rungs)]
        receipt: wire.SignedReceipt | None = None
        with _peer_errors(url):
            async with asyncio.timeout(timeout_s):
                async for message in self.stream(url, request, rungs):
                    if isinstance(message, wire.RenditionPart):
                        renditions[message.rung].append(message.data)
                    else:
                        receipt = message
        assert receipt is not None  # the reader refuses an answer without one
        return SegmentAnswer(tuple(tuple(parts) for parts in renditions), receipt)


class BlobUnavailable(PeerError):
    """No source had the bytes of a hash; the text lists what each said."""


class BlobFetcher:
    """Fetches bytes by hash, from one source after another until one has them."""

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float = 20.0) -> None:
        self._session = session
        self._timeout_s = timeout_s

    async def blob(
        self, blob_hash: bytes, sources: Sequence[str], max_bytes: int = wire.MAX_REQUEST_BYTES
    ) -> list[bytes]:
        """The parts of a blob whose hash is `blob_hash`; raises `BlobUnavailable`."""
        said: list[str] = []
        for source in sources:
            try:
                return await self._blob_from(source, blob_hash, max_bytes)
            except PeerError as exc:
                said.append(str(exc))
        raise BlobUnavailable(_nowhere("blob", blob_hash, said))

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        """The rendition hashes under a rendition root, in rung order; raises `BlobUnavailable`."""
        said: list[str] = []
        for source in sources:
            try:
                return await self._renditions_from(source, root)
            except PeerError as exc:
                said.append(str(exc))
        raise BlobUnavailable(_nowhere("rendition root", root, said))

    async def _blob_from(self, source: str, blob_hash: bytes, max_bytes: int) -> list[bytes]:
        address = f"{_base(source)}/v1/blobs/0x{blob_hash.hex()}"
        with _peer_errors(source):
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.get(address, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise await _refusal(response)
                body = await _read(response, max_bytes)
                parts = _split(body, response.headers.get(PARTS_HEADER, str(len(body))))
        if data_hash(parts) != blob_hash:
            raise PeerBroke(f"{source} sent other bytes than the hash names")
        return parts

    async def _renditions_from(self, source: str, root: bytes) -> list[bytes]:
        address = f"{_base(source)}/v1/renditions/0x{root.hex()}"
        answer = await _json(self._session, address, self._timeout_s, JSON_CAP)
        try:
            hashes = [bytes.fromhex(text.removeprefix("0x")) for text in answer["renditions"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PeerBroke(f"{source} did not send a list of hashes") from None
        if not 0 < len(hashes) <= wire.MAX_RUNGS or any(len(value) != 32 for value in hashes):
            raise PeerBroke(f"{source} did not send a list of hashes")
        if rendition_root(hashes) != root:
            raise PeerBroke(f"{source} sent other renditions than the root names")
        return hashes


def _base(url: str) -> str:
    base = url.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise PeerUnreachable(f"{url!r} is not an http address")
    return base


@contextlib.contextmanager
def _peer_errors(url: str) -> Any:
    try:
        yield
    except TimeoutError:
        raise PeerUnreachable(f"{url} did not answer in time") from None
    except WireError as exc:
        raise PeerBroke(f"{url} broke the protocol: {exc}") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise PeerUnreachable(f"{url} cannot be reached ({_why(exc)})") from exc


def _why(exc: Exception) -> str:
    """A connection's trouble without the library's decorations."""
    inner = exc.os_error if isinstance(exc, aiohttp.ClientConnectorError) else exc
    words = inner.strerror if isinstance(inner, OSError) else str(inner)
    return (words or type(inner).__name__).lower()


async def _json(
    session: aiohttp.ClientSession, address: str, timeout_s: float, cap: int
) -> dict[str, Any]:
    with _peer_errors(address):
        async with (
            asyncio.timeout(timeout_s),
            session.get(address, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise await _refusal(response)
            body = await _read(response, cap)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise PeerBroke(f"{address} did not answer with a JSON object")
    return answer


async def _refusal(response: aiohttp.ClientResponse) -> PeerRefused:
    """The peer's own words where it sent any, shortened."""
    error, detail = "error", response.reason or "no reason given"
    with contextlib.suppress(ValueError, PeerError, RecursionError):
        answer = json.loads(await _read(response, wire.MAX_ERROR_BYTES))
        if isinstance(answer, dict):
            error = str(answer.get("error", error))[:64]
            detail = str(answer.get("detail", detail))[:512]
    return PeerRefused(response.status, error, detail)


async def _read(response: aiohttp.ClientResponse, cap: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(READ_CHUNK):
        body += chunk
        if len(body) > cap:
            raise PeerBroke(f"{response.url.origin()} sent more than {cap} bytes")
    return bytes(body)


def _split(body: bytes, sizes: str) -> list[bytes]:
    """Cut a blob into its parts."""
    numbers = sizes.split(",")
    if len(numbers) > wire.MAX_PARTS or not all(n.isascii() and n.isdigit() for n in numbers):
        raise PeerBroke("the sizes of a blob's parts cannot be read")
    lengths = [int(number) for number in numbers]
    if sum(lengths) != len(body):
        raise PeerBroke("the sizes of a blob's parts do not add up to it")
    parts: list[bytes] = []
    start = 0
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts


def _nowhere(what: str, value: bytes, said: list[str]) -> str:
    reasons = "; ".join(said) if said else "no source is known"
    return f"{what} 0x{value.hex()} could not be fetched: {reasons}"
