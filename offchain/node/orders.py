"""Choosing transcoders and ordering work from them: one funded `jobFor` job for each.

Candidates come from the active pool, or by name. Each is asked for its signed offer; who answers
fast, asks little and has room is taken first, and now and then one at random, so that newcomers
get tried.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.client import checksum
from offchain.net.client import PeerError
from offchain.net.info import BadInfo, read_info
from offchain.node.config import Price
from offchain.node.errors import BadSetup
from offchain.node.jobbook import ACTIVE, OFFERED, KnownJob, known_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.media.profiles import QualityContract
    from offchain.net.client import TranscoderClient
    from offchain.node.base import Node

log = logging.getLogger("livepeer.broadcaster")

# How long a job may run if nobody ends it, in blocks; the broadcaster ends its jobs itself.
JOB_BLOCKS = 50_000
MOST_CANDIDATES = 20
TRY_A_NEWCOMER = 0.1
_POLL_S = 0.2


class NoOffer(Exception):
    """A transcoder cannot be hired; the text says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transcoder that answered: where it is, what it asks, how fast it answered (seconds)."""

    address: str
    url: str
    price: Price
    capacity: int
    round_trip_s: float


@dataclass(frozen=True, slots=True)
class Order:
    """What every job of a stream asks for; `price` is what we pay."""

    stream: str
    contract: QualityContract
    price: Price
    segment_pixels: int
    max_segments: int

    @property
    def escrow(self) -> int:
        """Wei that pay for every segment of the job."""
        total = self.max_segments * self.segment_pixels * self.price.wei
        return -(-total // self.price.pixels)


class Hiring:
    """Finds transcoders and orders from them."""

    def __init__(self, node: Node, client: TranscoderClient, order: Order) -> None:
        self._node = node
        self._client = client
        self._order = order
        self._unknown: set[str] = set()

    async def quiet(self) -> None:
        """Wait until every order that was sent is in a block that this node has read, or failed."""
        for purpose in sorted(self._unknown):
            if await self._node.outbox.get(purpose) is None:
                continue
            outcome = await self._node.outbox.wait(purpose)
            if outcome.ok and outcome.block_number is not None:
                await self._node.follower.advanced(outcome.block_number - 1)

    async def named(self, addresses: Sequence[str]) -> list[Candidate]:
        """The transcoders of these addresses, in this order; each must be to be had."""
        found = []
        for text in addresses:
            try:
                address = checksum(text)
            except (ValueError, TypeError):
                raise BadSetup(f"{text!r} is not an address") from None
            try:
                found.append(await self._ask(address))
            except NoOffer as exc:
                raise BadSetup(f"transcoder {address} cannot be hired: {exc}") from exc
        return found

    async def from_pool(self) -> list[Candidate]:
        """Active transcoders that can be hired, the best first."""
        addresses = [each for each in await self._pool() if each != self._node.address]
        answers = await asyncio.gather(
            *(self._ask(address) for address in addresses), return_exceptions=True
        )
        found: list[Candidate] = []
        for address, answer in zip(addresses, answers, strict=True):
            if isinstance(answer, Candidate):
                found.append(answer)
            elif isinstance(answer, NoOffer):
                log.info("not hired", extra={"transcoder": address, "why": str(answer)})
            else:
                raise answer
        # Tenths of a second: who is a few milliseconds faster is not better.
        random.shuffle(found)
        found.sort(
            key=lambda each: (round(each.round_trip_s, 1), each.price.wei / each.price.pixels)
        )
        if len(found) > 1 and random.random() < TRY_A_NEWCOMER:
            found.insert(0, found.pop(random.randrange(len(found))))
        return found

    async def hire(self, candidate: Candidate) -> KnownJob:
        """Create and fund a job for a transcoder and wait until it has accepted."""
        job = await self._order_from("jobFor", candidate.address, self._order.price)
        log.info("job ordered", extra={"job": job.job_id, "transcoder": job.transcoder})
        await self._accepted(job)
        return job

    async def put_out(self) -> KnownJob:
        """Create and fund a job for whoever an election by stake finds, at our price at most."""
        job = await self._order_from("job", None, self._order.price)
        log.info("job put out for an election", extra={"job": job.job_id})
        return job

    async def _order_from(self, function: str, transcoder: str | None, price: Price) -> KnownJob:
        order, jobs = self._order, self._node.contracts.JobsManager
        # Every order is another wish, also of the same transcoder.
        purpose = f"{function}:{order.stream}:{time.time_ns() // 1_000_000}:{transcoder or ''}"
        data = jobs.encode(
            function,
            *([transcoder] if transcoder else []),
            order.stream,
            order.contract.to_json(),
            self._node.address,
            price.wei,
            price.pixels,
            order.segment_pixels,
            order.max_segments,
            await self._node.clock() + JOB_BLOCKS,
        )
        balance = await self._node.client.balance(self._node.address)
        if balance < order.escrow:
            raise BadSetup(
                f"the job needs {order.escrow} wei in escrow, {self._node.address} has {balance}"
            )
        self._unknown.add(purpose)
        await self._node.outbox.submit(purpose, jobs.address, data, order.escrow)
        outcome = await self._node.outbox.wait(purpose)
        if not outcome.ok or outcome.tx_hash is None:
            raise NoOffer(f"the job was not created: {outcome.reason}")
        job = await self._created(outcome.tx_hash)
        self._unknown.discard(purpose)
        return job

    async def _created(self, tx_hash: bytes) -> KnownJob:
        receipt = await self._node.client.receipt(tx_hash)
        for entry in receipt["logs"] if receipt else ():
            event = self._node.contracts.decode_log(entry)
            if event is not None and event.name == "JobCreated":
                return known_job(event.args)
        raise NoOffer("the job's transaction is gone from the chain")

    async def _accepted(self, job: KnownJob) -> None:
        jobs = self._node.contracts.JobsManager
        while True:
            onchain = await jobs.call("getJob", job.job_id)
            if onchain["status"] == ACTIVE:
                return
            if onchain["status"] != OFFERED or await self._node.clock() > onchain["acceptBy"]:
                await self._node.outbox.submit(
                    f"cancel:{job.job_id}", jobs.address, jobs.encode("cancelJob", job.job_id)
                )
                raise NoOffer("it did not accept the job in time")
            await asyncio.sleep(_POLL_S)

    async def _pool(self) -> list[str]:
        manager = self._node.contracts.BondingManager
        addresses: list[str] = []
        address = await manager.call("getFirstTranscoderInPool")
        while int(address, 16) and len(addresses) < MOST_CANDIDATES:
            if await manager.call("isActiveTranscoder", address):
                addresses.append(address)
            address = await manager.call("getNextTranscoderInPool", address)
        return addresses

    async def _ask(self, address: str) -> Candidate:
        url = await self._node.contracts.ServiceRegistry.call("getServiceURI", address)
        if not url:
            raise NoOffer("it has not registered where it can be reached")
        begun = time.monotonic()
        try:
            answer = await self._client.info(url)
            info = read_info(answer, self._node.domain, address, time.time())
        except (PeerError, BadInfo) as exc:
            raise NoOffer(str(exc)) from exc
        price = Price(info.price_per_unit, max(1, info.pixels_per_unit))
        if not price.at_most(self._order.price):
            raise NoOffer(f"it asks {price} wei per pixel, we pay {self._order.price}")
        if info.capacity <= 0:
            raise NoOffer("it has no room")
        return Candidate(address, url, price, info.capacity, time.monotonic() - begun)
