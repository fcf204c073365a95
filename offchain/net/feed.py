"""Feeds: how parts flow from a node to the next, each with its record, as they arrive.

    GET /v1/streams/{address}/{name}/{rendition}/feed?from=SEQUENCE

One answer without an end: `HELLO` (how many hops the sender is from the broadcaster), then for
every part `RECORD` and `DATA`, `DEPTH` when the sender's distance changes, and `BYE` with a
sentence where the sender ends it. The frames are those of `offchain.net.frames`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.net.frames import Frame, FrameDecoder, WireError
from offchain.net.peers import PeerRefused, base_url, peer_errors, refusal
from offchain.proof.publication import RECORD_BYTES, BadRecord, SignedPart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import aiohttp

HELLO, RECORD, DATA, DEPTH, BYE = 0x20, 0x21, 0x22, 0x23, 0x2F
PART_BYTES = 188 * 1024
"""Largest part a broadcaster publishes: whole MPEG-TS packets, about 190 kB."""
MAX_PART_BYTES = 1 << 20
MAX_DEPTH = 16
"""Hops from the broadcaster beyond which nothing is passed on."""
_CAPS = {HELLO: 1, RECORD: RECORD_BYTES, DATA: MAX_PART_BYTES, DEPTH: 1, BYE: 512}
_ENDLESS = 1 << 62
NODE_HEADER = "Livepeer-Node"


@dataclass(frozen=True, slots=True)
class Distance:
    """The sender is so many hops from the broadcaster."""

    depth: int


@dataclass(frozen=True, slots=True)
class FedPart:
    """A part as it arrived, unchecked."""

    signed: SignedPart
    data: bytes


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The sender ends the feed, and says why."""

    why: str


Fed = Distance | FedPart | Goodbye


class FeedReader:
    """Turns a feed's bytes into what they mean; raises `WireError`."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder(_CAPS, _ENDLESS)
        self._record: SignedPart | None = None
        self._begun = False

    def feed(self, data: bytes) -> Iterator[Fed]:
        """Take in more bytes and yield what is complete."""
        for frame in self._decoder.feed(data):
            if self._begun == (frame.type == HELLO) or self._record and frame.type != DATA:
                raise WireError(f"a frame of type {frame.type} is out of place in a feed")
            if frame.type in (HELLO, DEPTH):
                self._begun = True
                if len(frame.payload) != 1 or frame.payload[0] >= MAX_DEPTH:
                    raise WireError("the sender is too far from the broadcaster")
                yield Distance(frame.payload[0])
            elif frame.type == RECORD:
                try:
                    self._record = SignedPart.parse(frame.payload)
                except BadRecord as exc:
                    raise WireError(str(exc)) from exc
            elif frame.type == DATA:
                if self._record is None:
                    raise WireError("a part comes without its record")
                yield FedPart(self._record, frame.payload)
                self._record = None
            else:
                yield Goodbye(frame.payload.decode("utf-8", "replace"))


def hello(depth: int) -> bytes:
    """The first frame of a feed."""
    return bytes(Frame(HELLO, bytes([depth])))


def moved(depth: int) -> bytes:
    """The frame that says that the sender's distance is another now."""
    return bytes(Frame(DEPTH, bytes([depth])))


def goodbye(why: str) -> bytes:
    """The frame that ends a feed."""
    return bytes(Frame(BYE, why.encode()[:512]))


def record_frame(signed: SignedPart, data: bytes | memoryview) -> tuple[bytes, bytes | memoryview]:
    """A part as it travels: what goes before its bytes, and its bytes."""
    return bytes(Frame(RECORD, bytes(signed))) + DATA.to_bytes(1, "big") + len(data).to_bytes(
        4, "big"
    ), data


async def read_feed(
    session: aiohttp.ClientSession,
    url: str,
    path: str,
    *,
    start: int | None,
    node: str,
    first_s: float,
) -> AsyncIterator[Fed]:
    """The feed at `url` + `path` from sequence `start`; raises `PeerError`.

    `first_s` seconds for the first frame; how long to wait for the next is the caller's business.
    """
    query = f"?from={start}" if start is not None else ""
    address = f"{base_url(url)}{path}/feed{query}"
    with peer_errors(url):
        async with asyncio.timeout(first_s) as patience:
            async with session.get(
                address, headers={NODE_HEADER: node}, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await refusal(response)
                reader = FeedReader()
                async for chunk in response.content.iter_any():
                    patience.reschedule(None)
                    for message in reader.feed(chunk):
                        yield message
    raise PeerRefused(503, "ended", f"{url} ended the feed")
