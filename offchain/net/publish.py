"""The broadcaster's end of the relay network: what it lists it signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.net.carried import CarriedStream
from offchain.net.feed import PART_BYTES
from offchain.proof.publication import MASTER, Publisher, stream_id

if TYPE_CHECKING:
    from offchain.proof.typed import Domain


class Publication:
    """One stream, signed part by part, and carried."""

    def __init__(
        self,
        domain: Domain,
        private_key: bytes,
        address: str,
        name: str,
        *,
        window: int = 30,
    ) -> None:
        self.stream = CarriedStream(address.lower(), name, window)
        self.id = stream_id(address, name)
        self._domain = domain
        self._key = private_key
        self._publishers: dict[str, Publisher] = {}
        self._masters = 0
        self._next: dict[str, int] = {}

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
            self._publishers[rendition] = Publisher(self._domain, self._key, self.id, rendition)
        return self._publishers[rendition]
