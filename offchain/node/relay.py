"""A relay: the routing core driven by sockets and a clock.

It serves what it carries, fetches what it is asked for, and passes on nothing that the stream's
broadcaster has not signed. Broadcasters run the same component around what they publish.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from offchain.net.gossip import gossip_routes, read_all
from offchain.net.http import Refused
from offchain.net.peer_records import (
    BadPeer,
    SignedCarrier,
    SignedPeer,
    node_id,
    read_tally,
)
from offchain.net.peers import PeerError, get_json
from offchain.net.stream_server import Wanted, stream_routes
from offchain.node.company import Accounts, Company
from offchain.node.errands import Errands
from offchain.node.following import Follower, Held, Lied
from offchain.node.registry import Registry
from offchain.proof.publication import stream_id
from offchain.routing import types as t
from offchain.routing.core import Core, Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from offchain.net.carried import CarriedStream
    from offchain.net.publish import Publication
    from offchain.node.base import Node
    from offchain.proof.publication import Part
    from offchain.proof.typed import Domain

log = logging.getLogger("livepeer.relay")

TICK_S = 0.25
PATIENCE_S = 10.0
"""Seconds a request waits for a stream that is being looked for."""
_PLAYER_S = 15.0
_TALLY_S = 10.0
_BOOT_S = 30.0
_AT_ONCE = 32  # messages to peers under way


@dataclass(slots=True)
class _Reader:
    """Who holds a place: one for a player, and for a relay with all its feeds of a stream."""

    ticket: int
    feeds: int = 0
    seen: float = 0.0


@dataclass(slots=True)
class _Child:
    """One feed's view of its host."""

    relay: Relay
    stream: bytes
    node: str

    def depth(self) -> int:
        return self.relay.core.depth(self.stream)

    def sent(self, size: int) -> None:
        sent = self.relay.accounts.sent
        sent[self.node] = sent.get(self.node, 0) + size


@dataclass
class Relay:
    """One node of the relay network; `async with` it, then serve `routes()`.

    Give it its `url` once it is known where peers reach it. `seeds` says whom to ask first,
    `stakers` whose stake is behind an account ("" for none). A `shy` one serves its own players and
    tells nobody of itself.
    """

    domain: Domain
    key: bytes
    session: aiohttp.ClientSession
    limits: Limits = field(default_factory=Limits)
    window: int = 30
    max_age_ms: int = 120_000
    seeds: Callable[[], Awaitable[Sequence[str]]] | None = None
    stakers: Callable[[str], str] = lambda _: ""
    shy: bool = False

    def __post_init__(self) -> None:
        self.company = Company(self.domain, self.key, self.stakers)
        self.accounts = Accounts()
        self.errands = Errands(self.session, self.company, self.accounts, self._step, self.shy)
        self.address = self.company.address
        me = t.Peer(node_id(self.address), self.url, "", "", float("inf"))
        self.core = Core(me, self.limits, seed=secrets.randbits(62))
        self.caught: dict[str, str] = {}
        self._held: dict[bytes, Held] = {}
        self._own: dict[bytes, Publication] = {}
        self._feeds: dict[tuple[bytes, bytes], asyncio.Task[None]] = {}
        self._answers: dict[int, asyncio.Future[t.Action]] = {}
        self._readers: dict[tuple[str, bytes], _Reader] = {}
        self._tickets = 0
        self._busy = asyncio.Semaphore(_AT_ONCE)
        self._in_company = asyncio.Event()
        self._spawned: set[asyncio.Task[None]] = set()
        self._closing = False
        self._stack = contextlib.AsyncExitStack()
        self._tasks: asyncio.TaskGroup

    async def __aenter__(self) -> Relay:
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        running = [self._tasks.create_task(each) for each in (self._tick(), self._boot())]
        running.append(self._tasks.create_task(self._tally()))
        self._stack.callback(lambda: [task.cancel() for task in running])
        return self

    async def __aexit__(self, *_: object) -> None:
        # An answer that comes in now must not open another feed, which would go on for ever.
        self._closing = True
        for task in [*self._feeds.values(), *self._spawned]:
            task.cancel()
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """Where peers reach this node."""
        return self.company.url

    @url.setter
    def url(self, url: str) -> None:
        self.company.url = url

    def routes(self) -> list[web.RouteDef]:
        """What a relay serves."""
        return [*stream_routes(self), *gossip_routes(self)]

    def publish(self, publication: Publication) -> None:
        """Offer a stream of our own."""
        self._own[publication.id] = publication
        self._step(t.Published(publication.id))

    def status(self) -> dict[str, Any]:
        """What `/v1/status` says."""
        return {
            "address": self.address,
            "url": self.url,
            "peers": len(self.core.table),
            "free": self.core.free,
            "streams": [
                {
                    "address": stream.address,
                    "name": stream.name,
                    "depth": self.core.depth(name),
                    "parent": self._url_of(self.core.parent(name)),
                    "readers": len(self.core.readers(name)),
                    "newest": stream.newest_sequence(),
                }
                for name, stream in self._streams().items()
            ],
            "caught": dict(self.caught),
            **self.accounts.as_json(),
        }

    def hold(self, wanted: Wanted) -> Held:
        """What a stream that is to be carried is kept in."""
        return Held(self.domain, wanted.address, wanted.name, self.window, self.max_age_ms)

    # ------------------------------------------------------------ streams, as their server asks

    async def find(self, wanted: Wanted) -> CarriedStream:
        """The stream, carried from now on if it was not; a redirect where another node has it."""
        name = stream_id(wanted.address, wanted.name)
        if not wanted.node:
            await self._player(wanted, name)
        stream = self._streams().get(name)
        if stream is None:
            raise Refused(404, "this stream is not here")
        return stream

    async def route(self, wanted: Wanted) -> dict[str, Any]:
        """Whether it is here, with how many places, and who else has it."""
        name = stream_id(wanted.address, wanted.name)
        others = self.core.elsewhere(self._now(), name, _node_of(wanted))
        return {
            "carried": self.core.carries(name),
            "depth": self.core.depth(name),
            "free": self.core.free,
            "relays": [each.as_json() for each in self.company.signed(others)],
        }

    @contextlib.asynccontextmanager
    async def child(self, wanted: Wanted) -> AsyncIterator[_Child]:
        """A place for one relay, whatever the number of its feeds."""
        name = stream_id(wanted.address, wanted.name)
        node = _node_of(wanted)
        if node is None:
            raise Refused(400, "a feed is for a node that says its name")
        key = (wanted.node, name)
        if key not in self._readers:
            ticket = await self._admit(wanted, name, node)
            reader = self._readers.setdefault(key, _Reader(ticket))
            if reader.ticket != ticket:
                self._step(t.Left(ticket))  # two of its feeds asked at once
        reader = self._readers[key]
        reader.feeds += 1
        try:
            yield _Child(self, name, wanted.node)
        finally:
            reader.feeds -= 1
            if not reader.feeds and self._readers.get(key) is reader:
                del self._readers[key]
                self._step(t.Left(reader.ticket))

    def served(self, wanted: Wanted, size: int) -> None:
        """So many bytes went to a player."""
        del wanted
        self.accounts.played += size

    async def _player(self, wanted: Wanted, name: bytes) -> None:
        key = (wanted.remote, name)
        if key not in self._readers:
            ticket = await self._admit(wanted, name, None)
            reader = self._readers.setdefault(key, _Reader(ticket))
            if reader.ticket != ticket:
                self._step(t.Left(ticket))
        self._readers[key].seen = self._now()

    async def _admit(self, wanted: Wanted, name: bytes, node: bytes | None) -> int:
        """A place, when the core grants it; many who ask at once wait for one search."""
        self._tickets += 1
        ticket = self._tickets
        if name not in self._own and name not in self._held:
            self._held[name] = self.hold(wanted)
        with contextlib.suppress(TimeoutError):
            # Just started, we know nobody yet who could be asked.
            async with asyncio.timeout(PATIENCE_S):
                await self._in_company.wait()
        future = self._answers[ticket] = asyncio.get_running_loop().create_future()
        self._step(t.Wanted(ticket, name, node))
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await future
        except BaseException:
            self._step(t.Left(ticket))
            raise
        finally:
            self._answers.pop(ticket, None)
        if isinstance(answer, t.Serve):
            return ticket
        peers = answer.peers if isinstance(answer, t.Redirect) else ()
        if peers and node is None:
            raise web.HTTPTemporaryRedirect(peers[0].url + wanted.path)
        if self.core.carries(name):
            raise Refused(503, "this node has no place left", "full")
        raise Refused(404, "nobody is known to carry this stream")

    # ------------------------------------------------------------ peers, as they ask

    def record(self) -> SignedPeer:
        """Our own record, made anew."""
        return self.company.record()

    def met(self, peer: SignedPeer) -> None:
        """A peer introduced itself; it is measured before it counts for much."""
        self._step(t.Met(self.company.peer(peer)))

    def sample(self) -> list[SignedPeer]:
        """Some peers."""
        return self.company.sample()

    def answer(self, stream: bytes) -> tuple[list[SignedPeer], list[SignedCarrier]]:
        """Who is near a stream, and who carries it."""
        nearer, carriers = self.core.answer(self._now(), stream)
        known = [self.company.carriers.get((each.peer.id, stream)) for each in carriers]
        found = [carrier for carrier in known if carrier is not None]
        if self.core.carries(stream) and not self.shy:
            found.insert(0, self._mine(stream))
        return self.company.signed(nearer), found

    def announced(self, carrier: SignedCarrier) -> None:
        """A peer carries a stream."""
        self._step(t.Announced(self.company.keep(carrier)))

    def tallied(self, tally: Mapping[str, Any]) -> None:
        """A reader's own count of what it had from us: what a payment can rest on."""
        reader, served, since = read_tally(tally, self.domain, self.address)
        accounts = self.accounts
        if served > accounts.sent.get(node_id(reader).hex(), 0):
            raise BadPeer("the tally counts more bytes than were served")
        accounts.tallies[reader] = max(accounts.tallies.get(reader, (0, since)), (served, since))

    # ------------------------------------------------------------ driving the core

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _step(self, event: t.Event) -> None:
        if not self._closing:
            for action in self.core.step(self._now(), event):
                self._act(action)

    def _act(self, action: t.Action) -> None:
        match action:
            case t.Ask(stream, peer):
                self._spawn(partial(self.errands.find, stream, peer))
            case t.Announce(stream, peer) if not self.shy:
                word = self._mine(stream).as_json()
                self._spawn(partial(self.errands.say, peer.url, "/v1/announce", word))
            case t.Probe(peer):
                self._spawn(partial(self.errands.ping, peer.url, peer.id))
            case t.Attach(stream, parent):
                task = self._tasks.create_task(self._feed(stream, parent))
                self._feeds[stream, parent.id] = task
            case t.Detach(stream, node):
                task_or_none = self._feeds.pop((stream, node), None)
                if task_or_none is not None:
                    task_or_none.cancel()
            case t.Serve(ticket) | t.Redirect(ticket):
                waiting = self._answers.get(ticket)
                if waiting is not None and not waiting.done():
                    waiting.set_result(action)
            case t.Drop(stream):
                self._held.pop(stream, None)

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        async def bounded() -> None:
            try:
                async with self._busy:
                    await work()
            except Exception:
                # One peer's oddity must not drop the streams of the others.
                log.exception("a message to a peer failed")

        task = self._tasks.create_task(bounded())
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._beat()
            except Exception:
                log.exception("the relay stumbled")

    def _beat(self) -> None:
        now = self._now()
        self._step(t.Tick())
        for key, reader in list(self._readers.items()):
            if not reader.feeds and reader.seen and now - reader.seen > _PLAYER_S:
                del self._readers[key]
                self._step(t.Left(reader.ticket))
        self.company.forget_all_but(self.core.table)
        read = {stream for _, stream in self._readers}
        for name in [n for n in self._held if n not in read and not self.core.knows(n)]:
            del self._held[name]

    async def _boot(self) -> None:
        """Introduce ourselves to the seeds, again and again: they may start later than we."""
        if self.seeds is None:
            self._in_company.set()
        while self.seeds is not None:
            try:
                for url in await self.seeds():
                    if url.rstrip("/") != self.url.rstrip("/"):
                        await self.errands.ping(url, None)
            except Exception:
                log.exception("peers could not be looked up")
            self._in_company.set()
            await asyncio.sleep(_BOOT_S if len(self.core.table) else 1.0)

    async def _feed(self, stream: bytes, parent: t.Peer) -> None:
        held = self._held.get(stream)
        if held is None:
            self._step(t.ParentLost(stream, parent.id))
            return
        elsewhere: tuple[t.Peer, ...] = ()
        try:
            route = await get_json(self.session, f"{parent.url}{held.path}/route", 3.0)
            if not route.get("carried") or not route.get("free"):
                others = read_all(SignedPeer, route.get("relays"), self.domain)
                elsewhere = tuple(self.company.peer(each) for each in others)
                raise PeerError(f"{parent.url} has no place, or not the stream")
            await self._follower(held, parent).run()
        except* Lied as lies:
            why = str(lies.exceptions[0])
            log.warning("peer caught", extra={"url": parent.url, "why": why})
            self.caught[parent.url] = why
            self._lost(stream, parent)
            self._step(t.Misbehaved(parent.id))
        except* (PeerError, OSError) as errors:
            log.info("parent lost", extra={"url": parent.url, "why": str(errors.exceptions[0])})
            self._lost(stream, parent)
            self._step(t.ParentLost(stream, parent.id, elsewhere))
        except* Exception:
            log.exception("following a stream failed")
            self._lost(stream, parent)
            self._step(t.ParentLost(stream, parent.id))
        else:
            self._step(t.Ended(stream))

    def _follower(self, held: Held, parent: t.Peer) -> Follower:
        def news(part: Part, depth: int) -> None:
            self._step(t.Delivered(held.id, parent.id, part.wall_time, depth))
            if held.lags(part):
                self._step(t.Slow(held.id, parent.id))

        def count(size: int) -> None:
            received = self.accounts.received
            received[parent.id] = received.get(parent.id, 0) + size

        me = self.core.me.id.hex()
        return Follower(self.session, held, parent.url, me, news, count)

    def _lost(self, stream: bytes, parent: t.Peer) -> None:
        self._feeds.pop((stream, parent.id), None)

    async def _tally(self) -> None:
        while True:
            await asyncio.sleep(_TALLY_S)
            self._spawn(self.errands.tally)

    # ------------------------------------------------------------ small change

    def _mine(self, stream: bytes) -> SignedCarrier:
        return self.company.carrying(stream, self.limits.announced_s)

    def _streams(self) -> dict[bytes, CarriedStream]:
        return {
            **{name: own.stream for name, own in self._own.items()},
            **{name: held.carried for name, held in self._held.items()},
        }

    def _url_of(self, node: bytes | None) -> str | None:
        known = self.core.table.get(node) if node is not None else None
        return known.peer.url if known is not None else None


def relay_of(
    node: Node,
    session: aiohttp.ClientSession,
    *,
    seeds: Sequence[str] = (),
    limits: Limits | None = None,
) -> Relay:
    """A relay around a node's key: its peers are those on chain, and the `seeds` named."""
    registry = Registry(node)

    async def both() -> list[str]:
        return [*seeds, *await registry.seeds()]

    return Relay(
        node.domain,
        node.signer.private_key,
        session,
        limits=limits or Limits(),
        seeds=both,
        stakers=registry.staker,
    )


def _node_of(wanted: Wanted) -> bytes | None:
    try:
        node = bytes.fromhex(wanted.node)
    except ValueError:
        return None
    return node if len(node) == 32 else None
