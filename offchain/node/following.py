"""Following a stream at a parent: every rendition's feed, and not a byte unchecked.

What several parents send of one stream goes through one `Checker` for each rendition, so it does
not matter which of them brings a part first, and nothing comes through twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offchain.net.carried import CarriedStream, listed_renditions
from offchain.net.feed import Distance, FedPart, Goodbye, read_feed
from offchain.net.peers import PeerBroke, PeerRefused
from offchain.proof.publication import MASTER, BadRecord, Checker, stream_id

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from offchain.proof.publication import Part
    from offchain.proof.typed import Domain

log = logging.getLogger("livepeer.relay")

SLOW_SEGMENTS = 3
"""How many segments later than the best a part may come before another parent is looked for."""
FIRST_S = 3.0
"""Seconds until a parent's first frame."""


class Lied(Exception):
    """A parent sent what its stream's broadcaster never published, or sent it again."""


@dataclass
class Held:
    """A stream this node carries, with the checkers through which all of it came."""

    domain: Domain
    address: str
    name: str
    window: int = 30
    max_age_ms: int = 120_000
    carried: CarriedStream = field(init=False)
    checkers: dict[str, Checker] = field(default_factory=dict)

    # How far behind the first picture's time the best part came, in ms; clocks may disagree.
    least_lag_ms: int | None = None

    def __post_init__(self) -> None:
        self.carried = CarriedStream(self.address, self.name, self.window)
        self.id = stream_id(self.address, self.name)

    @property
    def path(self) -> str:
        """Where nodes serve it."""
        return f"/v1/streams/{self.address}/{self.name}"

    @property
    def ended(self) -> bool:
        """Whether the run is over in every rendition."""
        return bool(self.checkers) and all(each.ended for each in self.checkers.values())

    def lags(self, part: Part) -> bool:
        """Whether a part came so late that its sender must be slower than the stream."""
        lag = int(time.time() * 1000) - part.wall_time
        if self.least_lag_ms is None or lag < self.least_lag_ms:
            self.least_lag_ms = lag
        return lag - self.least_lag_ms > SLOW_SEGMENTS * part.duration_ms

    def checker(self, rendition: str) -> Checker:
        """The one checker of a rendition."""
        if rendition not in self.checkers:
            self.checkers[rendition] = Checker(
                self.domain, self.address, self.id, rendition, self.max_age_ms
            )
        return self.checkers[rendition]

    def take(self, rendition: str, fed: FedPart, start: int | None) -> bool:
        """Check a part and keep it; False for one that another parent brought first.

        `start` is where the feed was asked to begin. Raises `Lied`.
        """
        checker, part = self.checker(rendition), fed.signed.part
        last = checker.last
        if last is not None and (part.sequence, part.index) <= (last.sequence, last.index):
            same_run = part.wall_time <= last.wall_time
            if same_run and start is not None and part.sequence >= start:
                return False
        try:
            missed = checker.check(fed.signed, fed.data, int(time.time() * 1000))
        except BadRecord as exc:
            raise Lied(str(exc)) from exc
        self.carried.open(rendition).add(fed.signed, fed.data, missed)
        return True


@dataclass(slots=True)
class Follower:
    """One parent's feeds of one stream.

    `news(part, depth)` is called when something came through, `count(bytes)` for everything that
    was received.
    """

    session: aiohttp.ClientSession
    held: Held
    url: str
    node: str
    news: Callable[[Part, int], None]
    count: Callable[[int], None]

    async def run(self) -> None:
        """Follow until the run ends; raises `PeerError` when the feed breaks, `Lied` at a lie."""
        async with asyncio.TaskGroup() as tasks:
            following: set[str] = set()

            def follow_listed() -> None:
                master = self.held.carried.rendition(MASTER)
                text = master.text() if master is not None else None
                for rendition in listed_renditions(text or ""):
                    if rendition not in following and rendition != MASTER:
                        following.add(rendition)
                        tasks.create_task(self._follow(rendition, lambda: None))

            follow_listed()
            await self._follow(MASTER, follow_listed)

    async def _follow(self, rendition: str, took: Callable[[], None]) -> None:
        held = self.held
        last = held.checker(rendition).last
        start = last.sequence + last.is_last if last is not None else None
        depth = 0
        async for fed in read_feed(
            self.session,
            self.url,
            f"{held.path}/{rendition}",
            start=start,
            node=self.node,
            first_s=FIRST_S,
        ):
            if isinstance(fed, Distance):
                depth = fed.depth
            elif isinstance(fed, FedPart):
                self.count(len(fed.data))
                if held.take(rendition, fed, start) and rendition != MASTER:
                    self.news(fed.signed.part, depth)
                took()
            elif isinstance(fed, Goodbye):
                if held.checker(rendition).ended:
                    return
                raise PeerRefused(503, "goodbye", fed.why)
        raise PeerBroke(f"{self.url} ended a feed without a word")
