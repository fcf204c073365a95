"""The broadcaster's end of the relay network: what it lists it signs and offers to relays."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from offchain.net.carried import CarriedStream
from offchain.net.feed import PART_BYTES
from offchain.net.http import Refused
from offchain.proof.publication import MASTER, Publisher, stream_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.net.stream_server import Wanted
    from offchain.proof.typed import Domain

FEEDS = 64
"""Feeds a broadcaster serves at once, where nothing else is said: relays, not viewers."""


class Publication:
    """One stream, signed and carried: the host behind the stream routes of a broadcaster."""

    def __init__(
        self,
        domain: Domain,
        private_key: bytes,
        address: str,
        name: str,
        *,
        window: int = 30,
        feeds: int = FEEDS,
    ) -> None:
        self.stream = CarriedStream(address.lower(), name, window)
        self._id = stream_id(address, name)
        self._domain = domain
        self._key = private_key
        self._feeds = feeds
        self._open = 0
        self._publishers: dict[str, Publisher] = {}
        self._masters = 0
        self._next: dict[str, int] = {}
        self.bytes_fed = 0
        self.bytes_played = 0

    def segment(
        self,
        rendition: str,
        sequence: int,
        data: bytes,
        *,
        wall_time: int,
        duration_ms: int,
        discontinuity: bool = False,
    ) -> None:
        """Publish a segment; `wall_time` in Unix milliseconds, when its first picture was taken."""
        carried = self.stream.open(rendition)
        parts = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
        signed = self._publisher(rendition).segment(
            sequence,
            parts,
            wall_time=wall_time,
            duration_ms=duration_ms,
            discontinuity=discontinuity,
        )
        for record, part in signed:
            carried.add(record, part)
        self._next[rendition] = sequence + 1

    def master(self, text: str, wall_time: int) -> None:
        """Publish the master playlist; said again with every segment, as those who join later take
        nothing old."""
        self.segment(MASTER, self._masters, text.encode(), wall_time=wall_time, duration_ms=0)
        self._masters += 1

    def end(self, wall_time: int) -> None:
        """No segment follows in any rendition."""
        for rendition, sequence in self._next.items():
            signed, nothing = self._publisher(rendition).end(sequence, wall_time)
            self.stream.open(rendition).add(signed, nothing)

    def _publisher(self, rendition: str) -> Publisher:
        if rendition not in self._publishers:
            self._publishers[rendition] = Publisher(self._domain, self._key, self._id, rendition)
        return self._publishers[rendition]

    # ------------------------------------------------------------ as a host of stream routes

    async def find(self, wanted: Wanted) -> CarriedStream:
        """Our own stream, and no other."""
        if (wanted.address, wanted.name) != (self.stream.address, self.stream.name):
            raise Refused(404, "this broadcaster has no such stream")
        return self.stream

    async def route(self, wanted: Wanted) -> dict[str, Any]:
        """Here, or nowhere."""
        await self.find(wanted)
        return {"carried": True, "depth": 0, "free": self._feeds - self._open, "relays": []}

    @contextlib.contextmanager
    def child(self, wanted: Wanted) -> Iterator[Publication]:
        """A place for one feed."""
        del wanted
        if self._open >= self._feeds:
            raise Refused(503, f"this broadcaster feeds {self._feeds} relays already", "full")
        self._open += 1
        try:
            yield self
        finally:
            self._open -= 1

    def depth(self) -> int:
        """A broadcaster is where it begins."""
        return 0

    def sent(self, size: int) -> None:
        """So many bytes went to a relay."""
        self.bytes_fed += size

    def served(self, wanted: Wanted, size: int) -> None:
        """So many bytes went to a player."""
        del wanted
        self.bytes_played += size
