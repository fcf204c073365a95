"""What a relay says to its peers, one message at a time, and what it hears back as events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.net.gossip import ask, read_all
from offchain.net.peer_records import BadPeer, SignedCarrier, SignedPeer, tally_digest
from offchain.net.peers import PeerError
from offchain.proof.signatures import sign
from offchain.routing import types as t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import aiohttp

    from offchain.node.company import Accounts, Company

log = logging.getLogger("livepeer.relay")


@dataclass
class Errands:
    """Messages to peers; `tell` takes the events that come of them. A `shy` node gives no name."""

    session: aiohttp.ClientSession
    company: Company
    accounts: Accounts
    tell: Callable[[t.Event], None]
    shy: bool

    async def ping(self, url: str, expected: bytes | None) -> None:
        """Introduce ourselves and measure the way; `expected` is who should be there."""
        begun = _now()
        try:
            answer = await ask(self.session, url, "/v1/ping", {"from": self._introduction()})
            record = SignedPeer.read(answer, self.company.domain, time.time())
        except (PeerError, BadPeer) as exc:
            log.debug("peer does not answer", extra={"url": url, "why": str(exc)})
            if expected is not None:
                self.tell(t.Measured(expected))
            return
        if expected is None or record.id == expected:
            self.tell(t.Met(self.company.peer(record), direct=True))
            self.tell(t.Measured(record.id, _now() - begun))

    async def find(self, stream: bytes, peer: t.Peer) -> None:
        """Ask a peer who is nearer to a stream, and who carries it."""
        begun, company = _now(), self.company
        message = {"stream": "0x" + stream.hex(), "from": self._introduction()}
        try:
            answer = await ask(self.session, peer.url, "/v1/find", message)
        except PeerError:
            self.tell(t.NotFound(stream, peer.id))
            return
        self.tell(t.Measured(peer.id, _now() - begun))
        peers = read_all(SignedPeer, answer.get("nearer"), company.domain)
        carriers = read_all(SignedCarrier, answer.get("carriers"), company.domain)
        nearer = tuple(company.peer(each) for each in peers)
        found = tuple(company.announcement(each) for each in carriers)
        self.tell(t.Found(stream, peer.id, nearer, found))

    async def say(self, url: str, path: str, message: Mapping[str, Any]) -> None:
        """Tell a peer something; whether it heard is its own affair."""
        with contextlib.suppress(PeerError):
            await ask(self.session, url, path, message)

    async def tally(self) -> None:
        """Tell those who feed us, signed, how much we had from them."""
        for node, size in list(self.accounts.received.items()):
            record = self.company.records.get(node)
            if record is not None:
                await self.say(record.url, "/v1/tally", self.tally_for(record.node, size))

    def tally_for(self, server: str, size: int) -> dict[str, Any]:
        """Our signed count of the bytes a server has served us since we started."""
        company, since = self.company, self.accounts.since
        digest = tally_digest(company.domain, server, company.address, size, since)
        return {
            "reader": company.address,
            "bytes": size,
            "since": since,
            "signature": "0x" + sign(digest, company.key).hex(),
        }

    def _introduction(self) -> dict[str, Any] | None:
        return None if self.shy else self.company.record().as_json()


def _now() -> float:
    return asyncio.get_running_loop().time()
