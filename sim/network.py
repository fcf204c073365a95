"""The relay network in virtual time: the routing core itself, links and clocks made up.

Every node runs `offchain.routing.Core`, the same as a relay does; messages take the time of their
link, segments queue on their sender's uplink, cryptography costs its time and is not computed.
`python -m sim.network --nodes 300 --viewers 3000` prints what came of it.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import json
import math
import random
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from offchain.routing import types as t
from offchain.routing.core import Core, Limits
from offchain.routing.table import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

STREAM = hashlib.sha256(b"the stream").digest()
TIMEOUT_S = 1.0
RECORD_S = 10_000.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What to simulate: times in seconds, sizes in bytes, rates in bytes a second.

    `arrival_s` is over how long the viewers come; `churn` the share of relays that die, evenly over
    the run; `slow` the share of relays whose uplink is a tenth; `sybils` records of nodes that
    accept and never deliver, from few address ranges; `check_s` what checking a segment costs.
    """

    nodes: int = 300
    viewers: int = 3_000
    minutes: float = 3.0
    segment_s: float = 2.0
    segment_bytes: int = 500_000
    uplink: float = 40e6
    places: int = 24
    arrival_s: float = 30.0
    churn: float = 0.0
    slow: float = 0.0
    sybils: int = 0
    check_s: float = 0.001
    origin_places: int = 8
    seed: int = 1
    tick_s: float = 0.5


@dataclass(slots=True)
class _Viewer:
    """One player: asked at, plays from, and how often it had nothing to show."""

    asked: float
    relay: int = -1
    started: float | None = None
    due: float = 0.0
    stalls: int = 0
    stalled_s: float = 0.0
    seen: int = -1
    tries: int = 0


@dataclass(slots=True)
class _Node:
    core: Core
    where: tuple[float, float]
    uplink: float
    alive: bool = True
    sybil: bool = False
    free_at: float = 0.0
    have: int = -1
    born: dict[int, float] = field(default_factory=dict)
    # Ticket to child, and child to ticket: the feeds that are open.
    feeds: dict[int, int] = field(default_factory=dict)
    viewers: dict[int, _Viewer] = field(default_factory=dict)
    sent: int = 0


class Network:
    """`run()` to the end, then `report()`; `watch(network)` is called after every core's step."""

    def __init__(self, setting: Setting, watch: Callable[[Network], None] | None = None) -> None:
        self.setting = setting
        self.now = 0.0
        self.random = random.Random(setting.seed)
        self.nodes: list[_Node] = []
        self.by_id: dict[bytes, int] = {}
        self.viewers: list[_Viewer] = []
        self.delays: list[float] = []  # of a segment at a relay, since it was published
        self.gaps = 0
        self.latest = -1
        self._watch = watch
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = self._ticket = 0
        self._tickets: dict[int, tuple[int, int] | _Viewer] = {}
        for index in range(setting.nodes):
            self._add_node(index, sybil=False)
        for index in range(setting.sybils):
            self._add_node(setting.nodes + index, sybil=True)
        self._arrange()

    # ------------------------------------------------------------ setting up

    def _add_node(self, index: int, *, sybil: bool) -> None:
        setting, rng = self.setting, self.random
        name = hashlib.sha256(f"{setting.seed} {index}".encode()).digest()
        # Honest nodes are spread over ranges and stakers; made-up ones have few of either.
        place = f"10.0.{index % 4}" if sybil else f"{rng.randrange(256)}.{rng.randrange(256)}.0"
        staker = "" if sybil or index % 2 else f"staker {index}"
        peer = t.Peer(name, f"sim://{index}", place, staker, RECORD_S)
        places = setting.origin_places if index == 0 else setting.places
        length = setting.segment_s
        limits = Limits(places=places, trial_s=2 * length, silence_s=2 * length)
        core = Core(peer, limits, Quotas(), seed=rng.randrange(1 << 30))
        uplink = setting.uplink * (0.1 if index and rng.random() < setting.slow else 1.0)
        where = (rng.random() * 0.1, rng.random() * 0.1)  # seconds on a plane
        self.by_id[name] = len(self.nodes)
        self.nodes.append(_Node(core, where, uplink, sybil=sybil))

    def _arrange(self) -> None:
        setting, rng = self.setting, self.random
        everybody = [node.core.me for node in self.nodes]
        made_up = everybody[setting.nodes :]
        for index, node in enumerate(self.nodes):
            if not node.sybil:
                # What the registry on chain lists, and a crowd that pushes itself forward.
                known = rng.sample(everybody[: setting.nodes], min(setting.nodes, 24))
                known += rng.sample(made_up, min(len(made_up), 200))
                rng.shuffle(known)
                for peer in known:
                    self.step(index, t.Met(peer))
                self.at(rng.random() * setting.tick_s, partial(self._tick, index))
            else:
                for other in rng.sample(self.nodes[: setting.nodes], min(8, setting.nodes)):
                    announced = t.Announcement(STREAM, node.core.me, 100.0)
                    other.core.step(0.0, t.Announced(announced))
        self.step(0, t.Published(STREAM))
        self.at(1.0, partial(self._publish, 0))
        for number in range(setting.viewers):
            # A flash crowd: most come early.
            when = 5.0 + setting.arrival_s * rng.random() ** 2
            self.at(when, partial(self._arrive, number))
        span = setting.minutes * 60
        for index in rng.sample(range(1, setting.nodes), int(setting.churn * (setting.nodes - 1))):
            self.at(10.0 + rng.random() * (span - 20.0), partial(self._die, index))

    # ------------------------------------------------------------ time

    def at(self, delay: float, act: Callable[[], None]) -> None:
        """Do something later."""
        self._number += 1
        heapq.heappush(self._queue, (self.now + delay, self._number, act))

    def run(self) -> Network:
        """Go through the minutes."""
        end = self.setting.minutes * 60
        while self._queue and self._queue[0][0] <= end:
            self.now, _, act = heapq.heappop(self._queue)
            act()
        return self

    def step(self, index: int, event: t.Event) -> None:
        """Tell a node's core something, and do what it asks for."""
        node = self.nodes[index]
        if not node.alive:
            return
        actions = node.core.step(self.now, event)
        if self._watch is not None:
            self._watch(self)
        for action in actions:
            self._act(index, action)

    def _act(self, index: int, action: t.Action) -> None:
        match action:
            case t.Ask(stream, peer):
                self._call(index, peer, partial(self._asked, stream=stream))
            case t.Announce(stream, peer):
                mine = t.Announcement(stream, self.nodes[index].core.me, self.now + 60.0)
                there = self.by_id[peer.id]
                self.at(self._way(index, there), lambda: self.step(there, t.Announced(mine)))
            case t.Probe(peer):
                self._call(index, peer, self._probed)
            case t.Attach(_, parent):
                self._call(index, parent, self._attached)
            case t.Detach(_, parent):
                there = self.by_id[parent]
                self.at(self._way(index, there), lambda: self._leave(there, index))
            case t.Serve(ticket):
                self._served(index, ticket)
            case t.Redirect(ticket, peers):
                self._redirected(index, ticket, peers)
            case t.Drop():
                self.nodes[index].have = -1

    def _way(self, here: int, there: int) -> float:
        """One way between two nodes, in seconds."""
        (ax, ay), (bx, by) = self.nodes[here].where, self.nodes[there].where
        return 0.001 + math.hypot(ax - bx, ay - by)

    def _call(self, here: int, peer: t.Peer, answer: Callable[[int, int, bool], None]) -> None:
        """Speak to a peer: `answer(here, there, alive)` when its answer, or nothing, is back."""
        there = self.by_id[peer.id]
        alive = self.nodes[there].alive
        wait = 2 * self._way(here, there) if alive else TIMEOUT_S
        self.at(wait, lambda: answer(here, there, alive and self.nodes[there].alive))

    def _tick(self, index: int) -> None:
        if self.nodes[index].alive:
            self.step(index, t.Tick())
            self.at(self.setting.tick_s, partial(self._tick, index))

    # ------------------------------------------------------------ what nodes say to each other

    def _asked(self, here: int, there: int, alive: bool, *, stream: bytes) -> None:
        peer = self.nodes[there].core.me.id
        if not alive:
            self.step(here, t.NotFound(stream, peer))
            return
        node = self.nodes[there]
        nearer, carriers = node.core.answer(self.now, stream)
        if node.sybil:
            # They name each other, and claim to have everything.
            crowd = [each.core.me for each in self.nodes[self.setting.nodes :]]
            nearer = tuple(self.random.sample(crowd, min(8, len(crowd))))
            carriers = tuple(t.Announcement(stream, each, self.now + 60.0) for each in nearer)
        self.step(here, t.Measured(peer, 2 * self._way(here, there)))
        self.step(there, t.Met(self.nodes[here].core.me, direct=True))
        self.step(here, t.Found(stream, peer, nearer, carriers))

    def _probed(self, here: int, there: int, alive: bool) -> None:
        peer = self.nodes[there].core.me.id
        trip = 2 * self._way(here, there)
        self.step(here, t.Measured(peer, trip if alive else None))

    def _attached(self, here: int, there: int, alive: bool) -> None:
        parent = self.nodes[there]
        if not alive:
            self.step(here, t.ParentLost(STREAM, parent.core.me.id))
            return
        if parent.sybil:
            return  # it takes the request and never sends a thing
        self._ticket += 1
        self._tickets[self._ticket] = (there, here)
        self.step(there, t.Met(self.nodes[here].core.me, direct=True))
        self.step(there, t.Wanted(self._ticket, STREAM, self.nodes[here].core.me.id))

    def _leave(self, parent: int, child: int) -> None:
        ticket = self.nodes[parent].feeds.pop(child, None)
        if ticket is not None:
            self.step(parent, t.Left(ticket))

    def _served(self, index: int, ticket: int) -> None:
        asker = self._tickets.pop(ticket)
        node = self.nodes[index]
        if isinstance(asker, _Viewer):
            node.viewers[ticket] = asker
            asker.relay = index
            for sequence in range(max(0, node.have - 2), node.have + 1):
                self._show(asker, sequence)
            return
        child = asker[1]
        node.feeds[child] = ticket
        if node.have >= 0:
            self._send(index, child, node.have)

    def _redirected(self, index: int, ticket: int, peers: tuple[t.Peer, ...]) -> None:
        asker = self._tickets.pop(ticket)
        if isinstance(asker, _Viewer):
            asker.tries += 1
            near = [self.by_id[peer.id] for peer in peers]
            honest = [each for each in near if self.nodes[each].alive]
            target = self.random.choice(honest) if honest else self._some_relay()
            self.at(0.1 if honest else 1.0, lambda: self._ask_for(asker, target))
            return
        child = asker[1]
        lost = t.ParentLost(STREAM, self.nodes[index].core.me.id, peers)
        self.at(self._way(index, child), lambda: self.step(child, lost))

    # ------------------------------------------------------------ what flows

    def _publish(self, sequence: int) -> None:
        origin = self.nodes[0]
        self.latest = origin.have = sequence
        origin.born[sequence] = self.now
        self._pass_on(0, sequence)
        self.at(self.setting.segment_s, lambda: self._publish(sequence + 1))

    def _pass_on(self, index: int, sequence: int) -> None:
        node = self.nodes[index]
        for child in list(node.feeds):
            self._send(index, child, sequence)
        for viewer in node.viewers.values():
            self._show(viewer, sequence)

    def _send(self, here: int, child: int, sequence: int) -> None:
        """One segment over a feed: it waits for the uplink, crosses the link, and is checked."""
        node = self.nodes[here]
        begin = max(self.now, node.free_at)
        node.free_at = begin + self.setting.segment_bytes / node.uplink
        node.sent += self.setting.segment_bytes
        arrives = node.free_at + self._way(here, child) + self.setting.check_s
        self.at(arrives - self.now, lambda: self._arrived(here, child, sequence))

    def _arrived(self, parent: int, child: int, sequence: int) -> None:
        node, feeder = self.nodes[child], self.nodes[parent]
        if not node.alive or not feeder.alive:
            return
        depth = feeder.core.depth(STREAM)
        news = sequence > node.have
        self.step(child, t.Delivered(STREAM, feeder.core.me.id, sequence, depth))
        if not news or node.core.parent(STREAM) != feeder.core.me.id:
            return
        if 0 <= node.have < sequence - 1:
            self.gaps += sequence - 1 - node.have
        node.have = sequence
        self.delays.append(self.now - self.nodes[0].born[sequence])
        self._pass_on(child, sequence)

    def _die(self, index: int) -> None:
        """A relay stops; those it fed notice, its viewers go elsewhere."""
        node = self.nodes[index]
        node.alive = False
        lost = t.ParentLost(STREAM, node.core.me.id)
        for child in list(node.feeds):
            self.at(self._way(index, child), partial(self.step, child, lost))
        for viewer in list(node.viewers.values()):
            self.at(0.2, partial(self._ask_for, viewer, self._some_relay()))
        node.feeds.clear()
        node.viewers.clear()
        parent = node.core.parent(STREAM)
        if parent is not None:
            self._leave(self.by_id[parent], index)

    # ------------------------------------------------------------ players

    def _some_relay(self) -> int:
        while True:
            index = self.random.randrange(1, self.setting.nodes)
            if self.nodes[index].alive:
                return index

    def _arrive(self, number: int) -> None:
        del number
        viewer = _Viewer(self.now)
        self.viewers.append(viewer)
        self._ask_for(viewer, self._some_relay())

    def _ask_for(self, viewer: _Viewer, index: int) -> None:
        if not self.nodes[index].alive:
            self.at(1.0, lambda: self._ask_for(viewer, self._some_relay()))
            return
        self._ticket += 1
        self._tickets[self._ticket] = viewer
        self.step(index, t.Wanted(self._ticket, STREAM))

    def _show(self, viewer: _Viewer, sequence: int) -> None:
        if sequence <= viewer.seen:
            return
        length = self.setting.segment_s
        if viewer.started is None:
            viewer.started = self.now
            viewer.due = self.now + length
        late = self.now - viewer.due
        if late > 0:
            viewer.stalls += 1
            viewer.stalled_s += late
            viewer.due = self.now
        viewer.due += length * (sequence - viewer.seen if viewer.seen >= 0 else 1)
        viewer.seen = sequence

    # ------------------------------------------------------------ what came of it

    def parents(self) -> dict[int, int]:
        """Who feeds whom at this moment."""
        found = {}
        for index, node in enumerate(self.nodes):
            parent = node.core.parent(STREAM)
            if node.alive and parent is not None:
                found[index] = self.by_id[parent]
        return found

    def report(self) -> dict[str, Any]:
        """The figures."""
        honest = self.nodes[: self.setting.nodes]
        carrying = [node for node in honest if node.alive and node.core.carries(STREAM)]
        started = [v.started - v.asked for v in self.viewers if v.started is not None]
        hops = [hop for node in honest for hop in node.core.hops]
        depths = Counter(node.core.depth(STREAM) for node in carrying)
        fed_by_honest = sum(
            1
            for index, parent in self.parents().items()
            if index < self.setting.nodes and not self.nodes[parent].sybil
        )
        seconds = max(self.now, 1.0)
        return {
            "nodes": self.setting.nodes,
            "viewers": len(self.viewers),
            "playing": len(started),
            "startupMedian": round(_quantile(started, 0.5), 3),
            "startup99": round(_quantile(started, 0.99), 3),
            "stallsPerViewerHour": round(
                sum(v.stalls for v in self.viewers) / max(1, len(self.viewers)) * 3600 / seconds, 3
            ),
            "relaysCarrying": len(carrying),
            "fedByHonest": fed_by_honest,
            "lookupHopsMean": round(statistics.fmean(hops), 2) if hops else None,
            "depths": dict(sorted(depths.items())),
            "delayMedian": round(_quantile(self.delays, 0.5), 3),
            "delay99": round(_quantile(self.delays, 0.99), 3),
            "gaps": self.gaps,
            "originBytesPerSegment": round(
                honest[0].sent / max(1, self.latest + 1) / self.setting.segment_bytes, 2
            ),
            "busiestRelayShare": round(
                max((node.sent for node in honest[1:]), default=0)
                / (honest[1].uplink * seconds), 3,
            ),
        }  # fmt: skip


def _quantile(values: list[float], share: float) -> float:
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def hops_by_size(sizes: list[int], **settings: Any) -> dict[int, float]:
    """The mean number of hops of a lookup, for networks of several sizes."""
    found = defaultdict(float)
    for size in sizes:
        report = Network(Setting(nodes=size, viewers=size, minutes=1.5, **settings)).run().report()
        found[size] = report["lookupHopsMean"]
    return dict(found)


def main() -> None:
    """Simulate what the arguments say and print it as JSON."""
    parser = argparse.ArgumentParser(description="The relay network in virtual time.")
    for name, default in (("nodes", 300), ("viewers", 3000), ("sybils", 0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("minutes", 3.0), ("churn", 0.0), ("slow", 0.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    began = time.monotonic()
    report = Network(Setting(**vars(parser.parse_args()))).run().report()
    report["wallSeconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(report, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
