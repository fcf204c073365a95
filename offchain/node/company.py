"""The peers a relay keeps company with: their signed records, and its own."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from offchain.net.gossip import MOST
from offchain.net.peer_records import RECORD_LIFE_S, SignedCarrier, SignedPeer, place_of
from offchain.proof.signatures import address_of
from offchain.routing import types as t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offchain.proof.typed import Domain
    from offchain.routing.table import PeerTable

_MOST_CARRIERS = 8_192


@dataclass
class Company:
    """Turns records as they travel into peers as the routing core knows them, and back.

    `stakers` says whose stake is behind an account ("" for none). Times on the wire are Unix
    seconds, in the core those of the event loop's clock.
    """

    domain: Domain
    key: bytes
    stakers: Callable[[str], str]
    url: str = ""
    records: dict[bytes, SignedPeer] = field(default_factory=dict)
    carriers: dict[tuple[bytes, bytes], SignedCarrier] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = address_of(self.key)

    def record(self) -> SignedPeer:
        """Our own record, made anew."""
        expiry = int(time.time()) + RECORD_LIFE_S
        return SignedPeer.make(self.domain, self.key, self.address, self.url, expiry)

    def carrying(self, stream: bytes, life_s: float) -> SignedCarrier:
        """Our own word that we carry a stream."""
        expiry = int(time.time() + life_s)
        return SignedCarrier.make(self.domain, self.key, self.record(), stream, expiry)

    def peer(self, record: SignedPeer) -> t.Peer:
        """A record as the core knows it, kept to be passed on."""
        self.records[record.id] = record
        staker = self.stakers(record.node)
        expiry = _core_time(record.expiry)
        return t.Peer(record.id, record.url, place_of(record.url), staker, expiry)

    def announcement(self, carrier: SignedCarrier) -> t.Announcement:
        """An announcement as the core knows it."""
        return t.Announcement(carrier.stream, self.peer(carrier.peer), _core_time(carrier.expiry))

    def keep(self, carrier: SignedCarrier) -> t.Announcement:
        """An announcement made to us, kept to be passed on."""
        if len(self.carriers) >= _MOST_CARRIERS:
            self.carriers.clear()  # they are said again within a minute
        self.carriers[carrier.peer.id, carrier.stream] = carrier
        return self.announcement(carrier)

    def signed(self, peers: Iterable[t.Peer]) -> list[SignedPeer]:
        """The records of peers."""
        return [self.records[peer.id] for peer in peers if peer.id in self.records]

    def sample(self) -> list[SignedPeer]:
        """Some records."""
        some = list(self.records.values())
        return secrets.SystemRandom().sample(some, min(len(some), MOST))

    def forget_all_but(self, known: PeerTable) -> None:
        """Drop the records of those the core has dropped."""
        for node in [node for node in self.records if node not in known]:
            del self.records[node]


@dataclass
class Accounts:
    """Who served whom how much, in bytes: our own counts, and what readers have signed for."""

    sent: dict[str, int] = field(default_factory=dict)
    received: dict[bytes, int] = field(default_factory=dict)
    tallies: dict[str, tuple[int, int]] = field(default_factory=dict)
    played: int = 0
    since: int = field(default_factory=lambda: int(time.time()))

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says."""
        return {
            "sent": dict(self.sent),
            "received": {node.hex(): size for node, size in self.received.items()},
            "played": self.played,
            "tallies": {reader: served for reader, (served, _) in self.tallies.items()},
        }


def _core_time(unix: float) -> float:
    return asyncio.get_running_loop().time() + unix - time.time()
