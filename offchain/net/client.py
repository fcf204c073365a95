"""The other end of a transcoder's HTTP face: send a segment, stream the answer.

Every answer is held to the protocol's order, its size and time to their caps.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.net import wire
from offchain.net.peers import (
    JSON_CAP,
    PeerBroke,
    PeerError,
    PeerRefused,
    PeerUnreachable,
    base_url,
    get_json,
    new_session,
    peer_errors,
    refusal,
)
from offchain.proof.hashes import data_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

__all__ = [
    "PeerBroke",
    "PeerError",
    "PeerRefused",
    "PeerUnreachable",
    "SegmentAnswer",
    "SegmentRequest",
    "TranscoderClient",
    "new_session",
]

CLAIM_CAP = 64 << 20
"""Largest list of leaves taken from a peer, in bytes."""


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


class TranscoderClient:
    """Speaks to transcoders over one session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def info(self, url: str, timeout_s: float = 5.0) -> dict[str, Any]:
        """The peer's signed TranscoderInfo, unchecked."""
        return await get_json(self._session, f"{base_url(url)}/v1/info", timeout_s, JSON_CAP)

    async def claim(self, url: str, root: bytes, timeout_s: float = 20.0) -> dict[str, Any]:
        """The leaves of a claim, unchecked."""
        address = f"{base_url(url)}/v1/claims/0x{root.hex()}"
        return await get_json(self._session, address, timeout_s, CLAIM_CAP)

    async def stream(
        self, url: str, request: SegmentRequest, rungs: int
    ) -> AsyncIterator[wire.RenditionPart | wire.SignedReceipt]:
        """Send a segment and yield the answer's messages as they arrive; the last is the receipt.

        The caller sets the deadline. Raises `PeerError`.
        """
        lease = request.lease.lease
        address = f"{base_url(url)}/v1/jobs/{lease.job_id}/segments/{lease.sequence}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(request.size()),
        }
        with peer_errors(url):
            async with self._session.post(
                address, data=request.body(), headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await refusal(response)
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
        with peer_errors(url):
            async with asyncio.timeout(timeout_s):
                async for message in self.stream(url, request, rungs):
                    if isinstance(message, wire.RenditionPart):
                        renditions[message.rung].append(message.data)
                    else:
                        receipt = message
        assert receipt is not None  # the reader refuses an answer without one
        return SegmentAnswer(tuple(tuple(parts) for parts in renditions), receipt)
