"""What a node remembers for others: who announced that it carries which stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from offchain.routing.types import Announcement, NodeId, StreamId

MOST_STREAMS, MOST_OF_A_STREAM = 1_024, 32
MOST_OF_A_PLACE = 2
"""Announcements of one stream from one address range: a crowd in one rack is no crowd."""
LONGEST_S = 120.0


@dataclass(slots=True)
class Announcements:
    """Bounded in streams, in announcements of each, and in those from one place."""

    _kept: dict[StreamId, dict[NodeId, Announcement]] = field(default_factory=dict)

    def add(self, now: float, announcement: Announcement, choose: random.Random) -> None:
        """Remember one; where there are too many, another makes room at random."""
        if not now < announcement.expiry <= now + LONGEST_S:
            return
        if announcement.stream not in self._kept and len(self._kept) >= MOST_STREAMS:
            return
        here = self._kept.setdefault(announcement.stream, {})
        peer = announcement.peer
        if peer.id not in here:
            neighbours = [node for node, each in here.items() if each.peer.place == peer.place]
            if len(neighbours) >= MOST_OF_A_PLACE:
                del here[choose.choice(neighbours)]
            elif len(here) >= MOST_OF_A_STREAM:
                del here[choose.choice(list(here))]
        here[peer.id] = announcement

    def of(self, now: float, stream: StreamId) -> list[Announcement]:
        """Who carries a stream, the latest announcement first, one of each address range."""
        here = [each for each in self._kept.get(stream, {}).values() if each.expiry > now]
        chosen: dict[str, Announcement] = {}
        for each in sorted(here, key=lambda each: -each.expiry):
            chosen.setdefault(each.peer.place, each)
        return list(chosen.values())

    def forget(self, node: NodeId) -> None:
        """Remember nothing of a node that lied."""
        for here in self._kept.values():
            here.pop(node, None)

    def expire(self, now: float) -> None:
        """Drop what has run out."""
        for stream, here in list(self._kept.items()):
            for node in [node for node, each in here.items() if each.expiry <= now]:
                del here[node]
            if not here:
                del self._kept[stream]
