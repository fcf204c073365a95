"""The routing core: requests in, decisions out.

A node asked for a stream it carries lets the asker in while it has a place, and else names nodes
below it, which have places. Asked for one it does not carry, it becomes a relay for it if it has
room, and else says who carries it. However many ask, there is one search and one parent a stream.

**No loops.** A new parent replaces the old one only with a sequence newer than any this node has
had. What a node has, its descendants had later; so none of them can ever bring news, and at every
moment the parents of a stream form a tree. A node that turns for a feed to one of its own
descendants merely hears nothing, and tries the next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offchain.routing import types as t
from offchain.routing.lookup import WIDTH, Lookup
from offchain.routing.stores import Announcements
from offchain.routing.table import PeerTable, Quotas

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What a node is good for: places for readers, streams, requests that wait; times in seconds.

    `first_s` until a first parent has to bring what it has, `trial_s` until a new one has to bring
    news, `silence_s` without news until another is tried.
    """

    places: int = 32
    streams: int = 16
    waiting: int = 256
    first_s: float = 1.5
    trial_s: float = 3.0
    silence_s: float = 6.0
    search_s: float = 10.0
    idle_s: float = 30.0
    announce_s: float = 20.0
    announced_s: float = 60.0
    again_s: float = 5.0
    refresh_s: float = 60.0
    probe_s: float = 5.0


@dataclass(slots=True)
class _Stream:
    """One stream this node carries, or is looking for."""

    id: t.StreamId
    began: float
    origin: bool = False
    parent: t.NodeId | None = None
    trial: t.NodeId | None = None
    trial_since: float = 0.0
    newest: int = -1
    depth: int = 0
    news: float = 0.0
    wanted: float = 0.0
    announced: float = float("-inf")
    waiting: list[t.Wanted] = field(default_factory=list)
    candidates: dict[t.NodeId, t.Peer] = field(default_factory=dict)
    rested: dict[t.NodeId, float] = field(default_factory=dict)
    rested_places: dict[str, float] = field(default_factory=dict)
    searches: int = 0

    @property
    def carried(self) -> bool:
        return self.origin or (self.parent is not None and self.newest >= 0)


class Core:
    """The state of one node. `step` is the only way to change it; nothing here reads a clock."""

    def __init__(
        self,
        me: t.Peer,
        limits: Limits | None = None,
        quotas: Quotas | None = None,
        *,
        seed: int = 0,
    ) -> None:
        self.me = me
        self.limits = limits or Limits()
        self.table = PeerTable(me.id, quotas or Quotas())
        self.announcements = Announcements()
        self.hops: list[int] = []  # of the last lookups that found somebody
        self._random = random.Random(seed)
        self._streams: dict[t.StreamId, _Stream] = {}
        self._lookups: dict[bytes, Lookup] = {}
        self._places: dict[int, tuple[t.StreamId, t.NodeId | None]] = {}
        self._refreshed = self._probed = self._expired = float("-inf")

    # ------------------------------------------------------------ questions

    @property
    def free(self) -> int:
        """Places left."""
        return self.limits.places - len(self._places)

    def parent(self, stream: t.StreamId) -> t.NodeId | None:
        """From whom a stream comes."""
        found = self._streams.get(stream)
        return found.parent if found else None

    def carries(self, stream: t.StreamId) -> bool:
        """Whether a stream is here."""
        found = self._streams.get(stream)
        return found is not None and found.carried

    def knows(self, stream: t.StreamId) -> bool:
        """Whether a stream is here, or looked for."""
        return stream in self._streams

    def depth(self, stream: t.StreamId) -> int:
        """Hops from the broadcaster to this node."""
        found = self._streams.get(stream)
        return found.depth if found else 0

    def readers(self, stream: t.StreamId) -> list[t.NodeId | None]:
        """Who holds a place for a stream: relays by name, players as None."""
        return [relay for of, relay in self._places.values() if of == stream]

    def answer(
        self, now: float, stream: t.StreamId
    ) -> tuple[tuple[t.Peer, ...], tuple[t.Announcement, ...]]:
        """What to say to a peer that asks: who is near the stream, and who carries it."""
        carriers = self.announcements.of(now, stream)
        if self.carries(stream):
            mine = t.Announcement(stream, self.me, now + self.limits.announced_s)
            carriers = [mine, *carriers]
        return tuple(self.table.nearest(now, stream, WIDTH)), tuple(carriers[:WIDTH])

    def elsewhere(
        self, now: float, stream: t.StreamId, asker: t.NodeId | None = None
    ) -> tuple[t.Peer, ...]:
        """Who else has a stream: those this node feeds, and those that announced it."""
        below = [
            self.table.get(relay) for relay in self.readers(stream) if relay not in (None, asker)
        ]
        peers = [known.peer for known in below if known and self.table.usable(now, known.peer.id)]
        peers = self._random.sample(peers, min(len(peers), WIDTH))
        for each in self.announcements.of(now, stream):
            if each.peer not in peers and each.peer.id != asker:
                peers.append(each.peer)
        return tuple(peers[:WIDTH])

    # ------------------------------------------------------------ events

    def step(self, now: float, event: t.Event) -> list[t.Action]:
        """What is to be done after an event."""
        match event:
            case t.Met(peer, direct):
                self.table.meet(now, peer, direct=direct)
                return []
            case t.Measured(node, round_trip_s, bytes_per_s):
                self.table.measured(now, node, round_trip_s, bytes_per_s)
                return []
            case t.Misbehaved(node):
                return self._shun(now, node)
            case t.Announced(announcement):
                self.table.meet(now, announcement.peer, direct=True)
                self.announcements.add(now, announcement, self._random)
                return []
            case t.Published(stream):
                self._stream(now, stream).origin = True
                return []
            case t.Found() | t.NotFound():
                return self._heard(now, event)
            case t.Wanted():
                return self._wanted(now, event)
            case t.Left(ticket):
                self._places.pop(ticket, None)
                for each in self._streams.values():
                    each.waiting = [other for other in each.waiting if other.ticket != ticket]
                return []
            case t.Delivered():
                return self._delivered(now, event)
            case t.ParentLost(stream, parent, elsewhere):
                return self._lost(now, stream, parent, elsewhere)
            case t.Slow(stream, parent):
                return self._slow(now, stream, parent)
            case t.Ended(stream):
                return self._end(stream)
            case t.Tick():
                return self._tick(now)

    def _wanted(self, now: float, event: t.Wanted) -> list[t.Action]:
        stream = self._streams.get(event.stream)
        if stream is not None:
            stream.wanted = now
        if stream is not None and stream.carried:
            return [self._admit(now, stream, event)]
        if stream is None and not (self.free > 0 and self._room_for_a_stream()):
            known = [each.peer for each in self.announcements.of(now, event.stream)]
            return [t.Redirect(event.ticket, tuple(known[:WIDTH]))]
        stream = self._stream(now, event.stream)
        if len(stream.waiting) >= self.limits.waiting:
            return [t.Redirect(event.ticket, ())]
        stream.waiting.append(event)
        if stream.trial is None and stream.id not in self._lookups:
            return self._search(now, stream)
        return []

    def _admit(self, now: float, stream: _Stream, event: t.Wanted) -> t.Action:
        below = event.relay is not None
        fed_by_it = event.relay in (stream.parent, stream.trial) and below
        if self.free > 0 and not fed_by_it and not (below and stream.depth + 1 >= MAX_DEPTH):
            self._places[event.ticket] = (stream.id, event.relay)
            return t.Serve(event.ticket)
        return t.Redirect(event.ticket, self.elsewhere(now, stream.id, event.relay))

    def _delivered(self, now: float, event: t.Delivered) -> list[t.Action]:
        stream = self._streams.get(event.stream)
        if stream is None or event.parent not in (stream.parent, stream.trial):
            return [t.Detach(event.stream, event.parent)]
        if event.sequence <= stream.newest:
            return []
        if event.depth + 1 >= MAX_DEPTH:
            return self._lost(now, stream.id, event.parent, ())
        actions: list[t.Action] = []
        stream.newest, stream.news, stream.depth = event.sequence, now, event.depth + 1
        if event.parent == stream.trial:
            if stream.parent is not None:
                actions.append(t.Detach(stream.id, stream.parent))
                stream.rested[stream.parent] = now + self.limits.again_s
            stream.parent, stream.trial, stream.searches = stream.trial, None, 0
            actions += self._announce(now, stream)
        waiting, stream.waiting = stream.waiting, []
        return actions + [self._admit(now, stream, each) for each in waiting]

    def _lost(
        self, now: float, name: t.StreamId, parent: t.NodeId, elsewhere: Iterable[t.Peer]
    ) -> list[t.Action]:
        stream = self._streams.get(name)
        if stream is None:
            return []
        actions: list[t.Action] = [t.Detach(name, parent)]
        for peer in list(elsewhere)[:WIDTH]:
            self.table.meet(now, peer, direct=False)
            self._suggest(stream, peer)
        stream.rested[parent] = now + self.limits.again_s
        dropped = stream.candidates.pop(parent, None)
        if parent not in (stream.parent, stream.trial):
            return actions
        if parent == stream.parent:
            stream.parent = None
        if parent == stream.trial:
            stream.trial = None
            if dropped is not None and not elsewhere:
                # Nothing came of it: its neighbours in the same range can wait.
                stream.rested_places[dropped.place] = now + 4 * self.limits.again_s
        if stream.trial is None:
            actions += self._try_next(now, stream)
        return actions

    def _slow(self, now: float, name: t.StreamId, parent: t.NodeId) -> list[t.Action]:
        """Look for another parent, and keep this one until it is found."""
        stream = self._streams.get(name)
        if stream is None or parent != stream.parent or stream.trial is not None:
            return []
        stream.rested[parent] = now + 4 * self.limits.again_s
        return self._search(now, stream) if name not in self._lookups else []

    def _shun(self, now: float, node: t.NodeId) -> list[t.Action]:
        self.table.lied(now, node)
        self.announcements.forget(node)
        actions: list[t.Action] = []
        for stream in list(self._streams.values()):
            if node in (stream.parent, stream.trial):
                actions += self._lost(now, stream.id, node, ())
            stream.rested[node] = now + 720 * self.limits.again_s
            stream.candidates.pop(node, None)
        return actions

    def _end(self, name: t.StreamId) -> list[t.Action]:
        """The run is over: what is here stays until nobody wants it any more."""
        stream = self._streams.get(name)
        if stream is None or stream.origin:
            return []
        self._lookups.pop(name, None)
        actions: list[t.Action] = [
            t.Detach(name, node) for node in (stream.parent, stream.trial) if node is not None
        ]
        actions += [t.Redirect(each.ticket, ()) for each in stream.waiting]
        del self._streams[name]
        return actions

    # ------------------------------------------------------------ searching

    def _search(self, now: float, stream: _Stream) -> list[t.Action]:
        for announcement in self.announcements.of(now, stream.id):
            self._suggest(stream, announcement.peer)
        if any(self._can_try(now, stream, node) for node in stream.candidates):
            return self._try_next(now, stream)
        return self._look_for(now, stream)

    def _look_for(self, now: float, stream: _Stream) -> list[t.Action]:
        """Search for a stream: first until a few are said to carry it, then everywhere near it."""
        stream.searches += 1
        return self._look(now, stream.id, enough=3 if stream.searches == 1 else 0)

    def _look(self, now: float, target: bytes, enough: int) -> list[t.Action]:
        lookup = self._lookups[target] = Lookup(target, enough, now)
        lookup.suggest(self.table.nearest(now, target, WIDTH), 0)
        return self._go_on(now, lookup)

    def _heard(self, now: float, event: t.Found | t.NotFound) -> list[t.Action]:
        lookup = self._lookups.get(event.stream)
        if isinstance(event, t.NotFound):
            self.table.measured(now, event.peer, None, None)
            if lookup is not None:
                lookup.failed(event.peer)
        else:
            nearer = [peer for peer in event.nearer[:WIDTH] if peer.id != self.me.id]
            for peer in nearer:
                self.table.meet(now, peer, direct=False)
            if lookup is not None:
                shunned = [p for p in nearer if p.id in self.table and not self._ok(now, p.id)]
                lookup.answered(
                    event.peer, [peer for peer in nearer if peer not in shunned], event.carriers
                )
        return self._go_on(now, lookup) if lookup is not None else []

    def _go_on(self, now: float, lookup: Lookup) -> list[t.Action]:
        actions: list[t.Action] = [t.Ask(lookup.target, peer) for peer in lookup.next()]
        if not lookup.done:
            return actions
        self._lookups.pop(lookup.target, None)
        stream = self._streams.get(lookup.target)
        if stream is None:
            return actions
        if stream.carried:
            nearest = lookup.nearest()[:4]
            actions += [t.Announce(stream.id, peer) for peer in nearest]
        if stream.origin:
            return actions
        if lookup.carriers:
            self.hops = [*self.hops[-99:], lookup.hops]
        for announcement in lookup.carriers.values():
            self._suggest(stream, announcement.peer)
        if stream.trial is None:
            actions += self._try_next(now, stream, searched=True)
        return actions

    def _suggest(self, stream: _Stream, peer: t.Peer) -> None:
        if peer.id != self.me.id and len(stream.candidates) < 4 * WIDTH:
            stream.candidates.setdefault(peer.id, peer)

    def _can_try(self, now: float, stream: _Stream, node: t.NodeId) -> bool:
        place = stream.candidates[node].place
        rested = max(stream.rested.get(node, 0.0), stream.rested_places.get(place, 0.0)) <= now
        return rested and node != stream.parent and self._ok(now, node)

    def _ok(self, now: float, node: t.NodeId) -> bool:
        return node not in self.table or self.table.usable(now, node)

    def _try_next(self, now: float, stream: _Stream, *, searched: bool = False) -> list[t.Action]:
        """Turn to the best of a few candidates; without any, search, and then give up."""
        ready = [node for node in stream.candidates if self._can_try(now, stream, node)]
        if ready:
            # The best of a few at random: everybody's best would be the same node.
            some = self._random.sample(ready, min(3, len(ready)))
            node = min(some, key=lambda each: self._cost(now, each))
            stream.trial, stream.trial_since = node, now
            return [t.Attach(stream.id, stream.candidates[node])]
        if not searched and stream.id not in self._lookups:
            return self._look_for(now, stream)
        if searched and stream.parent is None:
            waiting, stream.waiting = stream.waiting, []
            if stream.newest < 0:
                self._streams.pop(stream.id, None)
            return [t.Redirect(each.ticket, ()) for each in waiting]
        return []

    def _cost(self, now: float, node: t.NodeId) -> float:
        known = self.table.get(node)
        return known.cost(now) if known is not None else 0.3

    # ------------------------------------------------------------ time

    def _tick(self, now: float) -> list[t.Action]:
        limits = self.limits
        if now - self._expired > limits.probe_s:
            self._expired = now
            self.table.expire(now)
            self.announcements.expire(now)
        actions: list[t.Action] = []
        for lookup in list(self._lookups.values()):
            if now - lookup.began > limits.search_s:
                del self._lookups[lookup.target]
                stream = self._streams.get(lookup.target)
                if stream is not None and stream.trial is None:
                    actions += self._try_next(now, stream, searched=True)
        for stream in list(self._streams.values()):
            actions += self._look_after(now, stream)
        if now - self._refreshed > limits.refresh_s and len(self.table):
            self._refreshed = now
            actions += self._look(now, self.me.id, enough=0)
        return actions + self._probes(now)

    def _look_after(self, now: float, stream: _Stream) -> list[t.Action]:
        limits = self.limits
        if any(of == stream.id for of, _ in self._places.values()) or stream.waiting:
            stream.wanted = now
        if not stream.origin and now - stream.wanted > limits.idle_s:
            self._streams.pop(stream.id)
            fed_by = [node for node in (stream.parent, stream.trial) if node is not None]
            return [*(t.Detach(stream.id, node) for node in fed_by), t.Drop(stream.id)]
        if stream.carried and now - stream.announced > limits.announce_s:
            return self._announce(now, stream)
        if stream.origin:
            return []
        if stream.trial is not None:
            patience = limits.trial_s if stream.newest >= 0 else limits.first_s
            if now - stream.trial_since > patience:
                self.table.measured(now, stream.trial, None, None)
                return self._lost(now, stream.id, stream.trial, ())
            return []
        if stream.parent is None or now - stream.news > limits.silence_s:
            return self._search(now, stream) if stream.id not in self._lookups else []
        return []

    def _announce(self, now: float, stream: _Stream) -> list[t.Action]:
        stream.announced = now
        if stream.origin:
            # The one that everybody has to find: to the nearest of all, not of those known here.
            return self._look(now, stream.id, enough=0)
        nearest = self.table.nearest(now, stream.id, 4)
        return [t.Announce(stream.id, peer) for peer in nearest]

    def _probes(self, now: float) -> list[t.Action]:
        """Two at a time: first those never measured, then the longest ago."""
        if now - self._probed < self.limits.probe_s:
            return []
        self._probed = now
        due = [
            known
            for known in self.table.peers()
            if self.table.usable(now, known.peer.id) and now - known.measured > 30.0
        ]
        due.sort(key=lambda known: known.measured)
        return [t.Probe(known.peer) for known in due[:2]]

    # ------------------------------------------------------------ small change

    def _stream(self, now: float, name: t.StreamId) -> _Stream:
        if name not in self._streams:
            self._streams[name] = _Stream(name, now, wanted=now, news=now)
        return self._streams[name]

    def _room_for_a_stream(self) -> bool:
        return len(self._streams) < self.limits.streams
