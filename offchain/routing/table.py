"""The peer table: who is known, how good the way to them is, and who is near a name.

Kademlia's distance table: for each bit at which a peer's name first differs from ours a bucket of
the best-behaved, so a lookup halves the distance with every hop. The table is bounded in all, in
each bucket, in each address range and for each staker, so that whoever makes up a thousand nodes
gets no more of it than its addresses and stake allow.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.routing.types import NodeId, Peer

HALF_LIFE_S = 120.0
"""Seconds in which half of what was measured is forgotten."""
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 2.0, 600.0
_LIED_S = 3_600.0
_UNKNOWN_ROUND_TRIP_S = 0.3
_WEIGHT = 0.3  # of a new measurement


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many peers are kept: in all, in a bucket, from one address range, and of one staker.

    `unstaked` bounds those without stake together.
    """

    total: int = 512
    bucket: int = 16
    place: int = 8
    staker: int = 4
    unstaked: int = 256


@dataclass(slots=True)
class Known:
    """A peer and what is known of the way to it."""

    peer: Peer
    direct: bool = False
    round_trip_s: float | None = None
    bytes_per_s: float | None = None
    measured: float = 0.0
    failures: int = 0
    shunned_until: float = 0.0
    lied: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        self.number = int.from_bytes(self.peer.id, "big")

    def cost(self, now: float) -> float:
        """Seconds that a small answer is expected to take: old measurements fade into ignorance."""
        if self.round_trip_s is None:
            return _UNKNOWN_ROUND_TRIP_S
        trust: float = 0.5 ** ((now - self.measured) / HALF_LIFE_S)
        return trust * self.round_trip_s + (1 - trust) * _UNKNOWN_ROUND_TRIP_S


def distance(left: NodeId, right: NodeId) -> int:
    """How far two names are from each other."""
    return int.from_bytes(left, "big") ^ int.from_bytes(right, "big")


@dataclass(slots=True)
class PeerTable:
    """The peers of node `me`."""

    me: NodeId
    quotas: Quotas = field(default_factory=Quotas)
    _known: dict[NodeId, Known] = field(default_factory=dict)
    _buckets: dict[int, list[NodeId]] = field(default_factory=dict)
    _places: Counter[str] = field(default_factory=Counter)
    _stakers: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, node: NodeId) -> bool:
        return node in self._known

    def get(self, node: NodeId) -> Known | None:
        """What is known of a node."""
        return self._known.get(node)

    def peers(self) -> Iterable[Known]:
        """Everybody known."""
        return self._known.values()

    def meet(self, now: float, peer: Peer, *, direct: bool) -> bool:
        """Take a record in; whether the peer is in the table now."""
        if peer.id == self.me or peer.expiry <= now:
            return False
        known = self._known.get(peer.id)
        if known is not None and (peer.place, peer.staker) == (
            known.peer.place, known.peer.staker,
        ):  # fmt: skip
            if peer.expiry > known.peer.expiry:
                known.peer = peer
            known.direct |= direct
            return True
        if known is not None:
            if not direct or peer.expiry <= known.peer.expiry:
                return True  # only the peer itself can say that it has moved
            self.forget(peer.id)
        room, victim = self._room(now, peer)
        if not room:
            return False
        if victim is not None:
            self.forget(victim)
        self._known[peer.id] = Known(peer, direct)
        self._buckets.setdefault(self._bucket(peer.id), []).append(peer.id)
        self._count(peer, 1)
        return True

    def forget(self, node: NodeId) -> None:
        """Drop a peer."""
        known = self._known.pop(node, None)
        if known is not None:
            self._buckets[self._bucket(node)].remove(node)
            self._count(known.peer, -1)

    def measured(
        self, now: float, node: NodeId, round_trip_s: float | None, bytes_per_s: float | None
    ) -> None:
        """Take a measurement in; one without figures is a failure."""
        known = self._known.get(node)
        if known is None:
            return
        if round_trip_s is None and bytes_per_s is None:
            known.failures += 1
            pause = min(_FIRST_BACKOFF_S * 2.0 ** (known.failures - 1), _LONGEST_BACKOFF_S)
            known.shunned_until = max(known.shunned_until, now + pause)
            return
        known.failures, known.direct = 0, True
        if not known.lied:
            known.shunned_until = 0.0
        if round_trip_s is not None:
            known.round_trip_s = _mix(known.round_trip_s, round_trip_s)
            known.measured = now
        if bytes_per_s is not None:
            known.bytes_per_s = _mix(known.bytes_per_s, bytes_per_s)

    def lied(self, now: float, node: NodeId) -> None:
        """A peer sent something false: keep away from it for long."""
        known = self._known.get(node)
        if known is not None:
            known.lied = True
            known.shunned_until = now + _LIED_S

    def usable(self, now: float, node: NodeId) -> bool:
        """Whether a peer may be spoken to: known, not expired, not shunned."""
        known = self._known.get(node)
        return known is not None and known.peer.expiry > now and known.shunned_until <= now

    def nearest(self, now: float, name: bytes, count: int) -> list[Peer]:
        """The usable peers nearest to a name, one of each address range."""
        target = int.from_bytes(name, "big")
        ordered = sorted(
            (known.number ^ target, known.peer.place, known.peer)
            for known in self._known.values()
            if known.shunned_until <= now and known.peer.expiry > now
        )
        chosen: dict[str, Peer] = {}
        for _, place, peer in ordered:
            chosen.setdefault(place, peer)
            if len(chosen) == count:
                break
        return list(chosen.values())

    def expire(self, now: float) -> None:
        """Drop records that have run out and peers that never answer."""
        gone = [
            node
            for node, known in self._known.items()
            if known.peer.expiry <= now or (known.failures >= 8 and not known.lied)
        ]
        for node in gone:
            self.forget(node)

    def _room(self, now: float, peer: Peer) -> tuple[bool, NodeId | None]:
        """Whether there is room for a peer, and who makes it where it is full.

        First come, first served: only those that no longer answer are displaced. Whoever floods the
        table later gains nothing.
        """
        crowds: list[list[Known]] = []
        if self._places[peer.place] >= self.quotas.place:
            crowds.append([k for k in self._known.values() if k.peer.place == peer.place])
        if peer.staker and self._stakers[peer.staker] >= self.quotas.staker:
            crowds.append([k for k in self._known.values() if k.peer.staker == peer.staker])
        if not peer.staker and self._stakers[""] >= self.quotas.unstaked:
            crowds.append([k for k in self._known.values() if not k.peer.staker])
        bucket = self._buckets.get(self._bucket(peer.id), [])
        if len(bucket) >= self.quotas.bucket:
            crowds.append([self._known[node] for node in bucket])
        if len(self._known) >= self.quotas.total:
            crowds.append(list(self._known.values()))
        if not crowds:
            return True, None
        # One departure has to relieve every crowd.
        candidates = {known.peer.id for known in crowds[0]}
        for crowd in crowds[1:]:
            candidates &= {known.peer.id for known in crowd}
        stale = [node for node in candidates if not self.usable(now, node)]
        victim = min(stale, default=None, key=lambda node: self._known[node].peer.expiry)
        return victim is not None, victim

    def _bucket(self, node: NodeId) -> int:
        return distance(self.me, node).bit_length()

    def _count(self, peer: Peer, by: int) -> None:
        self._places[peer.place] += by
        self._stakers[peer.staker] += by


def _mix(old: float | None, new: float) -> float:
    return new if old is None else (1 - _WEIGHT) * old + _WEIGHT * new
