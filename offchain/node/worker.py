"""The worker: a transcoder from its registration to its last settled claim."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from offchain.chain.errors import ChainError
from offchain.committee.appeals import Appeals
from offchain.committee.seat import Seat
from offchain.net.client import new_session
from offchain.net.fetcher import BlobFetcher
from offchain.net.http import Server
from offchain.net.worker_server import worker_app
from offchain.node.admin import WorkerCollector, admin_app
from offchain.node.base import (
    Node,
    keep_running,
    node_file,
    open_node,
    read_deployment,
    stop_signals,
)
from offchain.node.control import control_socket, intent_calls
from offchain.node.desk import Desk
from offchain.node.duties import ClaimPolicy, Duties, worker_duties
from offchain.node.errors import BadSetup
from offchain.node.gauges import ChainGauges
from offchain.node.jobbook import ACTIVE, JobBook
from offchain.node.kitchen import Kitchen
from offchain.node.mischief import StubbornSeat, check_allowed
from offchain.node.offers import OfferPolicy
from offchain.node.relay import relay_of
from offchain.node.shelf import OwnBytes, Shelf
from offchain.node.standing import Standings
from offchain.node.tally import WorkerTally
from offchain.store import Receipts
from offchain.store.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offchain.node.config import WorkerSettings

log = logging.getLogger("livepeer.worker")

# Status of a claim from which nothing more happens: PAID, FORFEITED, UNPAID, VOID.
FIRST_FINAL_STATUS = 5


async def serve(settings: WorkerSettings) -> None:
    """Run a worker until SIGTERM, SIGINT or `livepeer worker drain`."""
    if settings.cheat is not None or settings.stubborn is not None:
        check_allowed(read_deployment(settings.chain.network))
    settings.data.mkdir(parents=True, exist_ok=True)
    async with open_node(settings.chain, settings.key, settings.data) as node:
        await check_registered(node)
        await Worker(settings, node).run()


async def check_registered(node: Node) -> None:
    """Refuse to start for a key that no job could be made out to."""
    if not await node.contracts.BondingManager.call("isRegisteredTranscoder", node.address):
        raise BadSetup(f"{node.address} is not a registered transcoder: bond LPT to yourself first")


class Worker:
    """One transcoder's process."""

    def __init__(self, settings: WorkerSettings, node: Node) -> None:
        self._settings = settings
        self._node = node
        self._tally = WorkerTally()
        self._receipts = Receipts(node.db)
        self._book = JobBook(node)
        self._policy = OfferPolicy(node, self._book, settings.price)
        self._stop = asyncio.Event()
        self._until_settled = False
        self._ready = False
        self._desk: Desk | None = None
        self._seat: Seat | None = None

    async def run(self) -> None:
        """Serve and work until told to stop, then drain."""
        settings, node = self._settings, self._node
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_signals(self._on_signal))
            kitchen = await stack.enter_async_context(
                Kitchen(settings.parallel, self._tally, settings.cheat)
            )
            await self._book.open()
            # Two segments may wait for every one that is worked on.
            room = settings.parallel * 3
            standings = Standings(node, self._book, self._receipts)
            desk = Desk(
                node=node,
                book=self._book,
                receipts=self._receipts,
                transcoding=kitchen,
                tally=self._tally,
                url="",
                price=settings.price,
                room=room,
                standings=standings,
            )
            self._desk = desk
            session = await stack.enter_async_context(new_session(node.reach))
            relay = relay_of(node, session)
            app = worker_app(desk, Shelf(node), self._is_ready)
            app.add_routes(relay.routes())
            server = await stack.enter_async_context(
                Server(app, settings.listen.host, settings.listen.port)
            )
            desk.url = relay.url = settings.service_uri or server.url
            await stack.enter_async_context(relay)
            gauges = ChainGauges(node, self._receipts, Verdicts(node.db))
            figures = WorkerCollector(self._tally, room), gauges
            admin = await stack.enter_async_context(
                Server(
                    admin_app(self.status, self._is_ready, *figures),
                    settings.admin.host,
                    settings.admin.port,
                )
            )
            await stack.enter_async_context(control_socket(settings.data, self._calls()))
            stack.enter_context(
                node_file(settings.data, url=server.url, admin=admin.url, address=node.address)
            )
            async with asyncio.TaskGroup() as tasks:
                parts = node, Verdicts(node.db), BlobFetcher(session), kitchen
                self._seat = Seat(*parts)
                if settings.stubborn is not None:
                    self._seat = StubbornSeat(*parts, request=settings.stubborn)
                appeals = Appeals(
                    node,
                    OwnBytes(node),
                    kitchen,
                    location=desk.url,
                    budget=settings.appeal_budget,
                )
                running = [
                    tasks.create_task(keep_running("duties", self._duties(desk).run)),
                    tasks.create_task(keep_running("seat", self._seat.run)),
                    tasks.create_task(keep_running("appeals", appeals.run)),
                    tasks.create_task(keep_running("standings", standings.run)),
                    tasks.create_task(keep_running("gauges", gauges.run)),
                ]
                await self._register(desk.url)
                self._ready = True
                log.info("ready", extra={"url": desk.url, "address": node.address})
                await self._stop.wait()
                await self._drain(desk)
                for task in running:
                    task.cancel()

    def status(self) -> dict[str, Any]:
        """What `/v1/status` answers."""
        return {
            "address": self._node.address,
            "url": self._desk.url if self._desk else "",
            "ready": self._is_ready(),
            "draining": self._desk.draining if self._desk else False,
            **self._tally.as_json(),
            "committees": self._seat.sitting if self._seat else 0,
            "jobs": {
                "taken": sorted(self._policy.taken),
                "declined": {str(job): why for job, why in self._policy.declined.items()},
            },
        }

    def _duties(self, desk: Desk) -> Duties:
        """What this transcoder owes the chain; claims are cut below what is still worked on."""
        every = self._settings.claim_every
        return worker_duties(
            self._node,
            self._receipts,
            self._node.blobs,
            accept=self._policy,
            location=desk.url,
            claims=ClaimPolicy(min_segments=every, max_segments=max(every, 1000)),
            in_flight=desk.in_flight,
            draining=lambda: desk.draining,
        )

    def _calls(self) -> dict[str, Any]:
        async def status(_question: dict[str, Any]) -> dict[str, Any]:
            return self.status()

        async def drain(_question: dict[str, Any]) -> dict[str, Any]:
            self._until_settled = True
            self._on_signal("drain")
            return {}

        return {"status": status, "drain": drain, **intent_calls(self._node)}

    def _is_ready(self) -> bool:
        return self._ready and not self._stop.is_set()

    def _on_signal(self, name: str) -> None:
        log.info("draining", extra={"signal": name})
        self._stop.set()

    async def _register(self, url: str) -> None:
        """Say on chain where we are, unless the chain knows."""
        registry = self._node.contracts.ServiceRegistry
        if await registry.call("getServiceURI", self._node.address) == url:
            return
        purpose = f"service-uri:{url}:{await self._node.client.block_number()}"
        data = registry.encode("setServiceURI", url)
        await self._node.outbox.submit(purpose, registry.address, data)
        outcome = await self._node.outbox.wait(purpose)
        if not outcome.ok:
            raise BadSetup(f"the service address could not be registered: {outcome.reason}")
        log.info("registered", extra={"url": url})

    async def _drain(self, desk: Desk) -> None:
        """Take nothing new, finish and claim what is in flight; asked to, see every claim paid."""
        desk.draining = True
        self._policy.draining = True
        if self._until_settled:
            await self._wait(self._all_settled)
            return
        try:
            async with asyncio.timeout(self._settings.drain_s):
                await self._wait(self._all_claimed)
        except TimeoutError:
            log.warning("stopped before everything was claimed; start again to claim the rest")
        for claim in await self._receipts.claims():
            log.warning(
                "a claim is not settled yet: start again soon, what it owes has deadlines",
                extra={"job": claim.job_id, "claim": claim.claim_id},
            )

    async def _all_claimed(self) -> bool:
        """Whether nothing is in flight and every claim that can be made is in the chain."""
        if self._tally.in_flight:
            return False
        for job_id in await self._receipts.jobs_unclaimed():
            if await self._receipts.unclaimed(job_id) and await self._claimable(job_id):
                return False
        return all(claim.claim_id is not None for claim in await self._receipts.claims())

    async def _all_settled(self) -> bool:
        """Whether every claim has ended, too, and no committee waits for our vote."""
        if not await self._all_claimed() or (self._seat is not None and self._seat.sitting):
            return False
        jobs = self._node.contracts.JobsManager
        for claim in await self._receipts.claims():
            onchain = await jobs.call("getClaim", claim.job_id, claim.claim_id)
            if onchain["status"] < FIRST_FINAL_STATUS:
                return False
        return True

    async def _claimable(self, job_id: int) -> bool:
        job = await self._node.contracts.JobsManager.call("getJob", job_id)
        mine: bool = job["status"] == ACTIVE and job["transcoder"] == self._node.address
        return mine and await self._node.clock() <= job["endBlock"]

    async def _wait(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Look at every step of the chain's follower, and at least every second."""
        while True:
            with contextlib.suppress(ChainError):
                if await condition():
                    return
            cursor = self._node.follower.cursor
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._node.follower.advanced(cursor.number if cursor else -1)
