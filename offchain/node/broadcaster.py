"""The broadcaster: live input, through two paid transcoders, out to HLS players."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from offchain.net.client import TranscoderClient, new_session
from offchain.net.hls_server import cors_for_players, hls_routes
from offchain.net.http import Server, errors_as_json, health_route, status_route
from offchain.net.publish import Publication
from offchain.node.base import Node, keep_running, node_file, open_node, stop_signals
from offchain.node.control import control_socket, intent_calls
from offchain.node.dispatch import MAIN, STANDBY, Dispatcher, Seat
from offchain.node.duties import Duties
from offchain.node.election import Elections
from offchain.node.errors import BadSetup, NodeError, NoInput
from offchain.node.exchange import Exchange
from offchain.node.inspector import Inspector
from offchain.node.jobbook import JobBook
from offchain.node.live_input import LiveInput
from offchain.node.livestream import LiveStream
from offchain.node.orders import Candidate, Hiring, NoOffer, Order
from offchain.node.push_input import PushInput
from offchain.node.recruiter import Recruiter
from offchain.node.relay import relay_of
from offchain.node.source import (
    Source,
    open_input,
    quality_contract,
    segment_pixels,
    segments,
)
from offchain.node.steward import Steward
from offchain.node.tally import StreamTally, rounded
from offchain.node.watchdog import Watchdog
from offchain.store import Findings, Receipts

if TYPE_CHECKING:
    from offchain.media.segments import SourceSegment
    from offchain.node.config import BroadcasterSettings
    from offchain.node.relay import Relay

log = logging.getLogger("livepeer.broadcaster")

MOST_IN_FLIGHT = 8
"""Segments that wait for an answer at once; the next is shown from the source only."""
FAST_IN_FLIGHT = 2
"""As many where the input is sent as fast as it can be worked on, instead of at its own pace."""
MOST_REMEMBERED = 1000
"""Bad segments that `/v1/status` lists."""


async def serve(settings: BroadcasterSettings) -> None:
    """Run a broadcaster to the end of its input, or until SIGTERM or SIGINT."""
    source: Source | None = None
    if settings.source is not None:
        if not settings.source.is_file():
            raise NoInput(f"there is no video file {settings.source}")
        source = await asyncio.to_thread(open_input, settings.source, settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    async with open_node(settings.chain, settings.key, settings.data) as node:
        if source is not None:
            await Broadcaster(settings, node, source).run()
            return
        door = PushInput(settings) if settings.push is not None else LiveInput(settings)
        async with door:
            with stop_signals(lambda _: door.end()):
                source = await door.source()
            if source is not None:
                await Broadcaster(settings, node, source, door).run()


class Broadcaster:
    """One stream, from its input to its last settled job."""

    def __init__(
        self,
        settings: BroadcasterSettings,
        node: Node,
        source: Source,
        door: LiveInput | PushInput | None = None,
    ) -> None:
        self._settings = settings
        self._node = node
        self._source = source
        self._door = door
        self._contract = quality_contract(settings, source)
        self._publication = Publication(
            node.domain,
            node.signer.private_key,
            node.address,
            settings.name,
            window=settings.window,
        )
        self._stream = LiveStream(
            settings.name,
            self._contract,
            (source.width, source.height),
            source.fps,
            window=settings.window,
            publication=self._publication,
        )
        self._receipts = Receipts(node.db)
        self._findings = Findings(node.db)
        self._counts = StreamTally()
        self._seats: list[Seat] = []
        self._bad: list[str] = []
        self._phase = "starting"
        self._stop = asyncio.Event()
        self._watchdog: Watchdog | None = None
        self._hiring: Hiring
        self._dispatcher: Dispatcher
        self._steward: Steward
        self._inspector = Inspector(self._contract, settings.check_every, self._caught_late)
        self._background: asyncio.TaskGroup

    async def run(self) -> None:
        """Serve, hire, stream, end the jobs; with `stay`, serve on and close them."""
        settings, node = self._settings, self._node
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_signals(self._on_signal))
            session = await stack.enter_async_context(new_session(node.reach))
            relay = relay_of(node, session)
            relay.publish(self._publication)
            server = await stack.enter_async_context(
                Server(self._app(relay), settings.listen.host, settings.listen.port)
            )
            relay.url = server.url
            await stack.enter_async_context(relay)
            stack.enter_context(node_file(settings.data, url=server.url, name=settings.name))
            calls = {"status": self._answer_status, **intent_calls(node)}
            await stack.enter_async_context(control_socket(settings.data, calls))
            client = TranscoderClient(session)
            book = JobBook(node)
            await book.open()
            self._watchdog = Watchdog(
                node, book, self._receipts, self._findings, client, budget=settings.bond_budget
            )
            self._steward = steward = Steward(node, book, poll_s=settings.chain.poll_s)
            await stack.enter_async_context(self._inspector)
            async with asyncio.TaskGroup() as background:
                self._background = background
                duties = Duties(node, [self._watchdog])
                watch = background.create_task(keep_running("watchdog", duties.run))
                left = await steward.leftovers()
                closing: asyncio.Task[None] | None = None
                if left:
                    log.info("ending the jobs of an earlier run", extra={"jobs": left})
                    await steward.end_jobs(left)
                    closing = background.create_task(steward.close_jobs(left))
                log.info("serving", extra={"url": f"{server.url}/live/{settings.name}/index.m3u8"})
                try:
                    await self._stream_all(client, background)
                except NodeError:
                    await self._end_jobs(steward, left)
                    raise
                jobs = await self._end_jobs(steward, left)
                if settings.stay:
                    await self._stay(steward, jobs)
                watch.cancel()
                if closing is not None:
                    closing.cancel()

    def status(self) -> dict[str, Any]:
        """What `/v1/status` answers."""
        counts = self._counts
        return {
            "address": self._node.address,
            "stream": self._stream.as_json(),
            "input": self._door.status() if self._door else {"file": str(self._settings.source)},
            "phase": self._phase,
            "ended": self._phase in ("ended", "settled"),
            "uptime": round(time.time() - counts.started, 1),
            "segments": {
                "in": counts.cut,
                "answered": counts.answered,
                "published": self._stream.published,
                "fromSource": self._stream.substituted,
                "unanswered": counts.unanswered,
                "inFlight": counts.in_flight,
            },
            "mediaSeconds": round(counts.media_ms / 1000, 3),
            "realTimeFactor": rounded(counts.real_time_factor()),
            "latency": counts.latency.as_json(),
            "transcoders": [seat.as_json() for seat in self._seats],
            "claims": self._watchdog.as_json() if self._watchdog else {},
            "pictures": {**self._inspector.as_json(), "bad": self._bad},
            "contract": self._contract.to_json(),
        }

    async def _answer_status(self, _question: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    def _app(self, relay: Relay) -> web.Application:
        app = web.Application(middlewares=[cors_for_players, errors_as_json])
        app.add_routes(hls_routes(self._stream))
        app.add_routes(relay.routes())
        app.add_routes([health_route(lambda: not self._stop.is_set()), status_route(self.status)])
        return app

    def _on_signal(self, name: str) -> None:
        log.info("stopping", extra={"signal": name})
        self._stop.set()
        if self._door is not None:
            self._door.end()

    async def _stream_all(self, client: TranscoderClient, background: asyncio.TaskGroup) -> None:
        self._phase = "hiring"
        self._hiring = hiring = Hiring(self._node, client, self._order())
        self._seats = await self._hire(hiring)
        recruiter = Recruiter(self._node, hiring, self._seats, self._settings.transcoders)
        self._dispatcher = dispatcher = Dispatcher(
            self._seats,
            Exchange(self._node, client, self._receipts),
            background,
            inspect=self._inspector,
            on_caught=self._caught,
            late_factor=self._settings.late_after,
        )
        self._phase = "live"
        recruiting = [background.create_task(keep_running("recruiter", recruiter.run))]
        if self._settings.elect_every:
            elections = Elections(self._node, hiring, self._seats, self._settings.elect_every)
            recruiting.append(background.create_task(keep_running("elections", elections.run)))
        # A live input does not wait; one that is sent as fast as it can be worked on does.
        room = asyncio.Semaphore(FAST_IN_FLIGHT)
        waiting: set[asyncio.Task[None]] = set()
        async for segment in segments(self._source, self._settings, self._stop):
            self._publish_source(segment)
            if not self._settings.realtime:
                await room.acquire()
            elif self._counts.in_flight >= MOST_IN_FLIGHT:
                self._settle(segment, None)
                continue
            self._counts.in_flight += 1
            task = background.create_task(self._deliver(dispatcher, segment))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            task.add_done_callback(lambda _: room.release())
        if waiting:
            patience = self._settings.drain_s if self._stop.is_set() else None
            await asyncio.wait(waiting, timeout=patience)
        if self._stop.is_set():
            dispatcher.cancel()
        for task in recruiting:
            task.cancel()
        self._stream.end()
        self._phase = "ended"
        log.info("the stream has ended", extra={"segments": self._counts.cut})

    def _order(self) -> Order:
        settings = self._settings
        return Order(
            stream=settings.name,
            contract=self._contract,
            price=settings.price,
            segment_pixels=segment_pixels(self._contract, self._source),
            max_segments=settings.most_segments,
        )

    async def _hire(self, hiring: Hiring) -> list[Seat]:
        if self._settings.transcoders:
            candidates = await hiring.named(self._settings.transcoders)
        else:
            candidates = await hiring.from_pool()
        seats: list[Seat] = []
        wanted = 2
        while candidates and len(seats) < wanted:
            batch, candidates = candidates[: wanted - len(seats)], candidates[wanted - len(seats) :]
            hired = await asyncio.gather(*(self._try_hire(hiring, each) for each in batch))
            for candidate, job in zip(batch, hired, strict=True):
                if job is not None:
                    seats.append(Seat(STANDBY if seats else MAIN, job, candidate.url))
        if not seats:
            raise BadSetup(
                "no transcoder could be hired; is one running, with room, at your price?"
            )
        if len(seats) < wanted:
            log.warning("there is no standby: only one transcoder could be hired")
        return seats

    async def _try_hire(self, hiring: Hiring, candidate: Candidate) -> Any:
        try:
            return await hiring.hire(candidate)
        except NoOffer as exc:
            log.warning("not hired", extra={"transcoder": candidate.address, "why": str(exc)})
            return None

    def _publish_source(self, segment: SourceSegment) -> None:
        counts = self._counts
        if counts.first_cut is None:
            # The first segment was already recorded when it arrives here.
            counts.first_cut = time.monotonic() - segment.duration_ms / 1000
        counts.cut += 1
        self._stream.add_source(segment)

    async def _deliver(self, dispatcher: Dispatcher, segment: SourceSegment) -> None:
        begun = time.monotonic()
        try:
            delivered = await dispatcher.deliver(segment)
        finally:
            self._counts.in_flight -= 1
        if delivered is not None:
            self._counts.latency.add(time.monotonic() - begun)
        self._settle(segment, None if delivered is None else delivered[1].renditions)

    async def _caught(self, seat: Seat, segment: SourceSegment, why: str) -> None:
        """Keep what was found for the claim on it, and sign nothing more under this job."""
        job = seat.job.job_id
        words = f"segment {segment.sequence} by {seat.job.transcoder}: {why}"
        self._bad = [*self._bad[1 - MOST_REMEMBERED :], words]
        await self._findings.add(job, segment.sequence, why)
        self._background.create_task(
            keep_running(f"ending job {job}", lambda: self._steward.end_jobs([job]))
        )

    async def _caught_late(self, seat: Seat, segment: SourceSegment, why: str) -> None:
        """As `_caught`, for a segment that could not wait for the judge."""
        await self._dispatcher.caught(seat, segment, why)

    def _settle(self, segment: SourceSegment, renditions: tuple[bytes, ...] | None) -> None:
        counts = self._counts
        counts.last_settled = time.monotonic()
        if renditions is None:
            counts.unanswered += 1
            log.warning("segment shown from the source", extra={"sequence": segment.sequence})
        else:
            counts.answered += 1
            counts.media_ms += segment.duration_ms
        self._stream.add_renditions(segment.sequence, renditions)
        if isinstance(self._door, PushInput):
            names = [rung.name for rung in self._contract.rungs]
            done = None if renditions is None else dict(zip(names, renditions, strict=True))
            self._door.settled(segment.sequence, done)

    async def _end_jobs(self, steward: Steward, left: list[int]) -> list[int]:
        """End every job of this run, also those ordered at the last moment."""
        patience = self._settings.drain_s if self._stop.is_set() else None
        try:
            async with asyncio.timeout(patience):
                await self._hiring.quiet()
                jobs = [job for job in await steward.leftovers() if job not in left]
                await steward.end_jobs(jobs)
                return jobs
        except TimeoutError:
            log.warning("some jobs are not ended yet; the next run ends them")
            return []

    async def _stay(self, steward: Steward, jobs: list[int]) -> None:
        """Serve on until told to stop, and close the jobs when their last claim is settled."""
        if not self._stop.is_set():
            closing = asyncio.ensure_future(steward.close_jobs(jobs))
            stopped = asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({closing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                closing.result()
                self._phase = "settled"
                log.info("all jobs are settled and closed")
            else:
                closing.cancel()
                await asyncio.wait({closing})
            await stopped
