"""The worker: a transcoder from its registration to its last settled claim."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from offchain.net.client import new_session
from offchain.net.http import Server
from offchain.net.worker_server import worker_app
from offchain.node.admin import WorkerCollector, admin_app
from offchain.node.base import Node, node_file, open_node, stop_signals
from offchain.node.control import control_socket, intent_calls
from offchain.node.desk import Desk
from offchain.node.duties.accept import AcceptJobs
from offchain.node.duties.base import Duties
from offchain.node.duties.rounds import Rounds
from offchain.node.errors import BadSetup
from offchain.node.jobbook import JobBook
from offchain.node.kitchen import Kitchen
from offchain.node.offers import OfferPolicy
from offchain.node.shelf import Shelf
from offchain.node.tally import WorkerTally
from offchain.store import Receipts

if TYPE_CHECKING:
    from offchain.node.config import WorkerSettings

log = logging.getLogger("livepeer.worker")


async def serve(settings: WorkerSettings) -> None:
    """Run a worker until SIGTERM, SIGINT or `livepeer worker drain`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    async with open_node(settings.chain, settings.key, settings.data) as node:
        await check_registered(node)
        if settings.cheat is not None and node.deployment.production:
            raise BadSetup("cheating is for development chains only")
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
        self._policy = OfferPolicy(self._book, settings.price)
        self._stop = asyncio.Event()
        self._until_settled = False
        self._ready = False
        self._desk: Desk | None = None

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
            desk = Desk(
                node=node,
                book=self._book,
                receipts=self._receipts,
                transcoding=kitchen,
                tally=self._tally,
                url="",
                price=settings.price,
                room=room,
            )
            self._desk = desk
            server = await stack.enter_async_context(
                Server(
                    worker_app(desk, Shelf(node), self._is_ready),
                    settings.listen.host,
                    settings.listen.port,
                )
            )
            desk.url = settings.service_uri or server.url
            admin = await stack.enter_async_context(
                Server(
                    admin_app(self.status, self._is_ready, WorkerCollector(self._tally, room)),
                    settings.admin.host,
                    settings.admin.port,
                )
            )
            await stack.enter_async_context(control_socket(settings.data, self._calls()))
            await stack.enter_async_context(new_session())
            stack.enter_context(
                node_file(settings.data, url=server.url, admin=admin.url, address=node.address)
            )
            async with asyncio.TaskGroup() as tasks:
                duties = Duties(node, [AcceptJobs(node, self._policy), Rounds(node)])
                running = [tasks.create_task(duties.run())]
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
            "jobs": {
                "taken": sorted(self._policy.taken),
                "declined": {str(job): why for job, why in self._policy.declined.items()},
            },
        }

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
        """Take nothing new and finish what is in flight."""
        desk.draining = True
        self._policy.draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                while self._tally.in_flight:  # noqa: ASYNC110 - the last one out tells nobody
                    await asyncio.sleep(0.05)
