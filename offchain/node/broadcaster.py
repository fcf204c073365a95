"""The broadcaster: a file as live input, through two paid transcoders, out to HLS players."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from offchain.net.client import TranscoderClient, new_session
from offchain.net.hls_server import cors_for_players, hls_routes
from offchain.net.http import Server, errors_as_json, health_route, status_route
from offchain.node.answers import check_answer, signed_request
from offchain.node.base import Node, keep_running, node_file, open_node, stop_signals
from offchain.node.claimwatch import ClaimWatch
from offchain.node.control import control_socket, intent_calls
from offchain.node.dispatch import Dispatcher, Seat
from offchain.node.errors import BadSetup, NodeError, NoInput
from offchain.node.inspector import Inspector
from offchain.node.jobbook import JobBook
from offchain.node.livestream import LiveStream
from offchain.node.orders import Candidate, Hiring, NoOffer, Order
from offchain.node.recruiter import Recruiter
from offchain.node.source import (
    check_shape,
    open_input,
    quality_contract,
    segment_pixels,
    segments,
)
from offchain.node.steward import Steward
from offchain.node.tally import Latencies, rounded
from offchain.store import Receipts

if TYPE_CHECKING:
    from offchain.media.segmenter import Segmenter
    from offchain.media.segments import SourceSegment
    from offchain.node.answers import Checked
    from offchain.node.config import BroadcasterSettings

log = logging.getLogger("livepeer.broadcaster")

MOST_IN_FLIGHT = 8
"""Segments that wait for an answer at once; the next is shown from the source only."""
FAST_IN_FLIGHT = 2
"""As many where the input is sent as fast as it can be worked on, instead of at its own pace."""


async def serve(settings: BroadcasterSettings) -> None:
    """Run a broadcaster to the end of its input, or until SIGTERM or SIGINT."""
    if not settings.source.is_file():
        raise NoInput(f"there is no video file {settings.source}")
    source = await asyncio.to_thread(open_input, settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    async with open_node(settings.chain, settings.key, settings.data) as node:
        broadcaster = Broadcaster(settings, node, source)
        await broadcaster.run()


@dataclass
class _Counts:
    """What the broadcaster counts; times in seconds, media in milliseconds."""

    started: float = field(default_factory=time.time)
    cut: int = 0
    answered: int = 0
    unanswered: int = 0
    in_flight: int = 0
    media_ms: int = 0
    first_cut: float | None = None
    last_settled: float = 0.0
    latency: Latencies = field(default_factory=Latencies)


class Broadcaster:
    """One stream, from its input to its last settled job."""

    def __init__(self, settings: BroadcasterSettings, node: Node, source: Segmenter) -> None:
        self._settings = settings
        self._node = node
        self._source = source
        self._contract = quality_contract(settings, source)
        self._stream = LiveStream(
            settings.name,
            self._contract,
            (source.width, source.height),
            source.fps,
            window=settings.window,
        )
        self._receipts = Receipts(node.db)
        self._counts = _Counts()
        self._seats: list[Seat] = []
        self._phase = "starting"
        self._stop = asyncio.Event()
        self._claims: ClaimWatch | None = None
        self._hiring: Hiring
        self._inspector = Inspector(self._contract, settings.check_every)
        self._background: asyncio.TaskGroup

    async def run(self) -> None:
        """Serve, hire, stream, end the jobs; with `stay`, serve on and close them."""
        settings, node = self._settings, self._node
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_signals(self._on_signal))
            server = await stack.enter_async_context(
                Server(self._app(), settings.listen.host, settings.listen.port)
            )
            stack.enter_context(node_file(settings.data, url=server.url, name=settings.name))
            calls = {"status": self._answer_status, **intent_calls(node)}
            await stack.enter_async_context(control_socket(settings.data, calls))
            session = await stack.enter_async_context(new_session(node.reach))
            client = TranscoderClient(session)
            self._claims = ClaimWatch(node, self._receipts, client)
            book = JobBook(node)
            await book.open()
            steward = Steward(node, book, poll_s=settings.chain.poll_s)
            await stack.enter_async_context(self._inspector)
            async with asyncio.TaskGroup() as background:
                self._background = background
                watch = background.create_task(keep_running("claims", self._claims.run))
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
        elapsed = counts.last_settled - counts.first_cut if counts.first_cut is not None else 0.0
        return {
            "address": self._node.address,
            "stream": self._stream.as_json(),
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
            "realTimeFactor": rounded(counts.media_ms / 1000 / elapsed if elapsed > 0 else None),
            "latency": counts.latency.as_json(),
            "transcoders": [seat.as_json() for seat in self._seats],
            "claims": {
                "matched": self._claims.matched if self._claims else 0,
                "warnings": self._claims.warnings if self._claims else [],
            },
            "pictures": self._inspector.as_json(),
            "contract": self._contract.to_json(),
        }

    async def _answer_status(self, _question: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[cors_for_players, errors_as_json])
        app.add_routes(hls_routes(self._stream))
        app.add_routes([health_route(lambda: not self._stop.is_set()), status_route(self.status)])
        return app

    def _on_signal(self, name: str) -> None:
        log.info("stopping", extra={"signal": name})
        self._stop.set()

    async def _stream_all(self, client: TranscoderClient, background: asyncio.TaskGroup) -> None:
        self._phase = "hiring"
        self._hiring = hiring = Hiring(self._node, client, self._order())
        self._seats = await self._hire(hiring)
        for seat in self._seats:
            self._watch(seat)
        recruiter = Recruiter(
            self._node, hiring, self._seats, self._settings.transcoders, self._watch
        )
        dispatcher = Dispatcher(
            self._seats,
            _Exchange(self._node, client, self._receipts),
            background,
            late_factor=self._settings.late_after,
        )
        self._phase = "live"
        recruiting = background.create_task(keep_running("recruiter", recruiter.run))
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
        recruiting.cancel()
        self._stream.end()
        self._phase = "ended"
        log.info("the stream has ended", extra={"segments": self._counts.cut})

    def _watch(self, seat: Seat) -> None:
        assert self._claims is not None  # made before anybody is hired
        self._claims.watch(seat.job, seat.url)

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
                    role = "standby" if seats else "main"
                    seats.append(Seat(role, job, candidate.url))
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
        if delivered is not None and self._inspector.wants():
            seat, checked = delivered
            self._background.create_task(self._inspector.inspect(seat, segment, checked))

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


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One segment under one job: sent, checked, its receipt kept."""

    node: Node
    client: TranscoderClient
    receipts: Receipts

    async def __call__(self, seat: Seat, source: SourceSegment, timeout_s: float) -> Checked:
        node, job = self.node, seat.job
        assert job.contract is not None  # it is our own
        request = signed_request(job, source, node.domain, node.signer.private_key)
        answer = await self.client.submit(seat.url, request, len(job.contract.rungs), timeout_s)
        checked = check_answer(answer, request, job, node.domain)
        for rung, rendition in zip(job.contract.rungs, checked.renditions, strict=True):
            check_shape(rung, rendition)
        await self.receipts.add(checked.receipt)
        return checked
