"""A broadcaster's input that is pushed segment by segment over HTTP.

    PUT or POST /live/{name}/{number}.ts    (or .mp4)

answers when the segment is transcoded: 200, with the renditions as `multipart/mixed` where the
client accepts that; 403 without the stream key; 404 for another stream; 422 for a segment that
cannot be streamed, which sending again will not change; 503 where no transcoder did it in time.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import MultipartWriter, web

from offchain.ingest.keyed import BadKey, StreamKey
from offchain.ingest.session import Asked
from offchain.media.pushed import CONTAINERS, Pushed, read_pushed
from offchain.media.reader import Limits, SourceFault
from offchain.media.segments import SourceSegment
from offchain.net.http import Refused, Server, errors_as_json
from offchain.node.errors import BadSetup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from offchain.media.probe import MediaInfo
    from offchain.node.config import BroadcasterSettings

log = logging.getLogger("livepeer.broadcaster")

REMEMBERED = 32
"""Answers kept for clients that send a segment again because they missed the first answer."""
ANSWER_S = 60.0
"""Seconds a client waits at most; hiring transcoders for the first segment is part of them."""

Renditions = dict[str, bytes] | None
"""By rung, in the ladder's order; None where the segment was not transcoded."""


class PushedSource:
    """What is pushed, as a broadcaster's source: shape of the first segment, then all of them."""

    copies_video = True

    def __init__(self, first: MediaInfo) -> None:
        self.file = first
        self.width, self.height = first.width, first.height
        self.fps = min(first.fps, Fraction(60)).limit_denominator(1001)
        self.has_audio = first.has_audio
        self.queue: asyncio.Queue[SourceSegment | None] = asyncio.Queue()

    async def segments(self) -> AsyncIterator[SourceSegment]:
        """As they come, until `PushInput.end`."""
        while (segment := await self.queue.get()) is not None:
            yield segment


@dataclass(slots=True)
class _Sent:
    """One pushed segment and what is to be answered to it."""

    digest: bytes
    answer: asyncio.Future[Renditions]


class PushInput:
    """Listens for segments while it is open; whoever knows the stream key may push."""

    def __init__(self, settings: BroadcasterSettings) -> None:
        assert settings.push is not None  # the settings name it, or a broadcaster has no such input
        self._name = settings.name
        try:
            self._key = StreamKey(settings.stream_key or settings.data / "stream.key")
        except (BadKey, OSError) as exc:
            raise BadSetup(str(exc)) from exc
        longest = round(settings.segment_s * 1000) * 5 // 4
        self._limits = Limits(duration_ms=longest)
        app = web.Application(middlewares=[errors_as_json], client_max_size=self._limits.size)
        for method in (web.put, web.post):
            app.add_routes([method("/live/{name}/{file}", self._pushed)])
        self._server = Server(app, settings.push.host, settings.push.port)
        self._first: asyncio.Future[PushedSource | None] = asyncio.Future()
        self._source: PushedSource | None = None
        self._order = asyncio.Lock()
        self._sent: OrderedDict[int, _Sent] = OrderedDict()
        self._answers: dict[int, asyncio.Future[Renditions]] = {}
        self._last = -1  # the client's number of the newest segment
        self._sequence, self._start_ms = 0, 0  # ours
        self._heard = 0.0

    async def __aenter__(self) -> PushInput:
        await self._server.__aenter__()
        log.info("waiting for segments", extra={"url": self.url})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        await self._server.__aexit__(kind, error, trace)

    @property
    def url(self) -> str:
        """Under which segments are pushed; number and suffix follow."""
        return f"{self._server.url}/live/{self._name}"

    def end(self) -> None:
        """Take no more segments."""
        if not self._first.done():
            self._first.set_result(None)
        if self._source is not None:
            self._source.queue.put_nowait(None)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(None)

    def status(self) -> dict[str, object]:
        """Where to push, and whether somebody has in the last ten seconds."""
        live = bool(self._heard) and time.monotonic() - self._heard < 10
        return {"url": self.url, "live": live, "pushed": self._sequence}

    async def source(self) -> PushedSource | None:
        """The source, once the first segment has come; None after `end`."""
        return await self._first

    def settled(self, sequence: int, renditions: Renditions) -> None:
        """Answer the client: its segment is transcoded, or shown from the source only."""
        answer = self._answers.pop(sequence, None)
        if answer is not None and not answer.done():
            answer.set_result(renditions)

    async def _pushed(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["name"] != self._name:
            raise Refused(404, "there is no such stream here")
        self._check_key(request)
        number, suffix = _file(request.match_info["file"])
        data = await request.read()
        sent = await self._take(number, suffix, data)
        try:
            async with asyncio.timeout(ANSWER_S):
                renditions = await asyncio.shield(sent.answer)
        except TimeoutError:
            renditions = None
        if renditions is None:
            raise Refused(503, "no transcoder had this segment ready in time")
        if "multipart/mixed" in request.headers.get("Accept", ""):
            return _multipart(number, renditions)
        return web.Response()

    def _check_key(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        said = token if scheme.lower() == "bearer" else request.query.get("key", "")
        try:
            known = self._key.opens(Asked("", said, {}))
        except BadKey as exc:
            raise Refused(503, str(exc)) from exc
        if not known:
            raise Refused(403, "the stream key is missing or wrong")

    async def _take(self, number: int, suffix: str, data: bytes) -> _Sent:
        """Number, check and queue a segment, one after another; known ones are not queued again."""
        digest = sha256(data).digest()
        async with self._order:
            known = self._sent.get(number)
            if known is not None and hmac.compare_digest(known.digest, digest):
                return known
            if number <= self._last and number != 0:
                raise Refused(422, f"segment {number} comes after segment {self._last}")
            try:
                pushed = await asyncio.to_thread(
                    read_pushed, data, suffix, self._start_ms, self._limits
                )
            except SourceFault as exc:
                raise Refused(422, str(exc)) from exc
            if number == 0:
                self._sent.clear()  # a client that has begun anew
            return self._queue(number, digest, pushed)

    def _queue(self, number: int, digest: bytes, pushed: Pushed) -> _Sent:
        if self._source is None:
            self._source = PushedSource(pushed.info)
            if not self._first.done():
                self._first.set_result(self._source)
        segment = SourceSegment(
            self._sequence, pushed.data, self._start_ms, pushed.duration_ms, pushed.frames
        )
        sent = _Sent(digest, asyncio.get_running_loop().create_future())
        self._answers[segment.sequence] = sent.answer
        self._sent[number] = sent
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        self._last, self._heard = number, time.monotonic()
        self._sequence += 1
        self._start_ms += pushed.duration_ms
        self._source.queue.put_nowait(segment)
        return sent


def _file(name: str) -> tuple[int, str]:
    number, _, suffix = name.partition(".")
    if suffix not in CONTAINERS or not (number.isascii() and number.isdigit() and len(number) < 12):
        raise Refused(422, f"{name[:40]!r} is no segment: its name is NUMBER.ts or NUMBER.mp4")
    return int(number), suffix


def _multipart(number: int, renditions: dict[str, bytes]) -> web.Response:
    writer = MultipartWriter("mixed")
    for rung, rendition in renditions.items():
        part = writer.append(rendition, {"Content-Type": "video/mp2t"})
        part.headers["Rendition-Name"] = rung
        part.headers["Content-Disposition"] = f'attachment; filename="{rung}_{number}.ts"'
    return web.Response(body=writer)
