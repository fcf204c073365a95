"""A lookup: ask those nearest to a name who is nearer still, until nobody is.

Each round the distance to the name about halves, so among n nodes it takes O(log n) hops. Of each
address range one node is asked, and one believed to carry the stream: whoever makes up a thousand
nodes in four ranges is four voices among the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offchain.routing.table import distance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.routing.types import Announcement, NodeId, Peer

WIDTH = 8
"""How many of the nearest are asked before a lookup is content."""
AT_ONCE = 3
_MOST = 64  # peers looked at in one lookup: answers cannot make it endless


@dataclass(slots=True)
class Lookup:
    """`enough` carriers end it early; 0 looks for the nearest nodes only."""

    target: bytes
    enough: int
    began: float
    hops: int = 0
    carriers: dict[NodeId, Announcement] = field(default_factory=dict)
    _seen: dict[NodeId, tuple[Peer, int]] = field(default_factory=dict)
    _places: dict[str, NodeId] = field(default_factory=dict)
    _asked: set[NodeId] = field(default_factory=set)
    _waiting: set[NodeId] = field(default_factory=set)
    _failed: set[NodeId] = field(default_factory=set)

    def suggest(self, peers: Iterable[Peer], hop: int) -> None:
        """Peers that could be asked, first heard of after so many hops."""
        for peer in peers:
            if peer.id in self._seen or len(self._seen) >= _MOST:
                continue
            before = self._places.get(peer.place)
            if before is not None:
                if before in self._asked or self._far(before) <= self._far(peer.id):
                    continue
                del self._seen[before]
            self._seen[peer.id] = (peer, hop)
            self._places[peer.place] = peer.id

    def next(self) -> list[Peer]:
        """Whom to ask now; they count as asked."""
        chosen: list[Peer] = []
        for peer in self._nearest():
            if len(self._waiting) >= AT_ONCE or self._has_enough():
                break
            if peer.id not in self._asked:
                self._asked.add(peer.id)
                self._waiting.add(peer.id)
                chosen.append(peer)
        return chosen

    def answered(
        self, node: NodeId, nearer: Iterable[Peer], carriers: Iterable[Announcement]
    ) -> None:
        """A peer has answered."""
        if node not in self._waiting:
            return
        self._waiting.discard(node)
        hop = self._seen[node][1] + 1
        found = [each for each in carriers if each.stream == self.target]
        if found and not self.carriers:
            self.hops = hop
        for each in found[:WIDTH]:
            if all(each.peer.place != other.peer.place for other in self.carriers.values()):
                self.carriers[each.peer.id] = each
        # Only those who bring us nearer: the rest lengthens the list and nothing else.
        here = distance(node, self.target)
        self.suggest((p for p in nearer if distance(p.id, self.target) < here), hop)

    def failed(self, node: NodeId) -> None:
        """A peer has not answered."""
        if node in self._waiting:
            self._waiting.discard(node)
            self._failed.add(node)

    @property
    def done(self) -> bool:
        """Whether nobody is left to ask, or enough has been found."""
        if self._has_enough():
            return True
        return not self._waiting and all(peer.id in self._asked for peer in self._nearest())

    def nearest(self) -> list[Peer]:
        """The nearest nodes that answered."""
        return [peer for peer in self._nearest() if peer.id in self._asked - self._waiting]

    def _far(self, node: NodeId) -> int:
        return distance(node, self.target)

    def _has_enough(self) -> bool:
        return bool(self.enough) and len(self.carriers) >= self.enough

    def _nearest(self) -> list[Peer]:
        alive = [peer for node, (peer, _) in self._seen.items() if node not in self._failed]
        return sorted(alive, key=lambda peer: self._far(peer.id))[:WIDTH]
