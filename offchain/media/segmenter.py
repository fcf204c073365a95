"""A file becomes a live stream: MPEG-TS segments with a keyframe first, one after another.

The pictures are passed as they are where their keyframes already stand every `segment_ms` and no
scaling is asked for; otherwise they are encoded once. A file can be repeated for ever: timestamps
go on, so a player sees one endless stream.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import av.error

from offchain.media.audio import Audio, audio_for
from offchain.media.encoding import TIME_BASE, FrameCap
from offchain.media.picture import Upright, fitted_size
from offchain.media.probe import MediaInfo, NotAVideo, open_file, probe, video_stream
from offchain.media.reader import TICKS
from offchain.media.segments import AUDIO_PATIENCE, SegmentAssembler, SourceSegment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from av.audio.stream import AudioStream
    from av.container.input import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["NotAVideo", "Segmenter", "SourceSegment", "paced"]

MAX_FPS = Fraction(60)
# A stream begins ten seconds after zero: decoding times before the first picture stay positive.
ORIGIN = 10 * TICKS


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where passed pictures may be cut, in the file's own ticks."""

    cuts: frozenset[int]


class Segmenter:
    """Iterates over a file's segments; blocking, so it runs beside the event loop (see `paced`).

    `source_height` caps the short side in pixels; `loop` repeats the file for ever; a stream that
    goes on after a restart passes the next sequence number and its start in ms.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        segment_ms: int = 2000,
        source_height: int | None = None,
        loop: bool = False,
        first_sequence: int = 0,
        start_ms: int = 0,
    ) -> None:
        self.path = Path(path)
        self.file: MediaInfo = probe(path)
        self.segment_ms = segment_ms
        self.width, self.height = fitted_size(self.file, source_height)
        self.fps = min(self.file.fps, MAX_FPS).limit_denominator(1001)
        self.has_audio = self.file.has_audio
        self._loop = loop
        self._first_sequence = first_sequence
        self._start_ms = start_ms
        self._step = segment_ms * TICKS // 1000
        self._plan = self._plan_copy()

    @property
    def copies_video(self) -> bool:
        """Whether the pictures are passed as they are."""
        return self._plan is not None

    def __iter__(self) -> Iterator[SourceSegment]:
        start = ORIGIN + self._start_ms * TICKS // 1000
        run = _Run(self, start)
        for segment in run.segments():
            yield replace(segment, start_ms=segment.start_ms + self._start_ms)

    def _plan_copy(self) -> _Plan | None:
        """Cuts at the file's own keyframes, if they suit."""
        file = self.file
        plain = (
            file.video_codec == "h264"
            and file.pixel_format == "yuv420p"
            and file.rotation == 0
            and file.square_pixels
            and (file.width, file.height) == (self.width, self.height)
            and file.fps <= MAX_FPS
        )
        if not plain:
            return None
        with open_file(self.path) as container:
            stream = cast("VideoStream", video_stream(container))
            return plan_cuts(
                (packet for packet in container.demux(stream) if packet.size), self._step
            )


def plan_cuts(packets: Iterable[Packet[VideoStream]], step: int) -> _Plan | None:
    """Where to cut so that every segment but the last lasts `step` ticks, give or take a quarter.

    None when the keyframes do not allow it, a group is open (a picture shown before its keyframe
    follows it), or a timestamp is missing.
    """
    cuts: list[int] = []
    keyframe: int | None = None
    last = 0
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            return None
        pts = round(packet.pts * packet.time_base * TICKS)
        if packet.is_keyframe:
            if not cuts or pts - cuts[-1] >= step * 3 // 4:
                cuts.append(pts)
            keyframe = pts
        elif keyframe is None or pts < keyframe:
            return None
        last = max(last, pts)
    gaps = [later - earlier for earlier, later in itertools.pairwise([*cuts, last])]
    if not cuts or any(gap > step * 5 // 4 for gap in gaps):
        return None
    return _Plan(frozenset(cuts))


class _Run:
    """One iteration over a file: the encoder, the clock and the open segments."""

    def __init__(self, segmenter: Segmenter, start: int) -> None:
        self._s = segmenter
        self._start = start
        self._clock = start  # tick at which this pass over the file begins
        self._end = start  # tick at which the last picture so far ends
        self._audio: Audio | None = None
        self._template: VideoStream | None = None
        self._first: int | None = None
        self._next_cut = start
        self._shown = start  # the earliest tick for the next picture
        self._frame_ticks = max(1, round(TICKS / segmenter.fps))
        self._cap = FrameCap(MAX_FPS) if segmenter.file.fps > MAX_FPS else None
        self._upright = Upright(segmenter.width, segmenter.height, segmenter.file.rotation)
        self._encoder = None if segmenter.copies_video else self._make_encoder()
        self._begins: set[int] = set()
        self._assembler = SegmentAssembler(
            self._add_video,
            self._add_audio if segmenter.has_audio else None,
            start,
            segmenter._first_sequence,
        )

    def segments(self) -> Iterator[SourceSegment]:
        # A segment's streams are described by the file's: it stays open until the last is written.
        with ExitStack() as files:
            while True:
                before = self._end
                container = open_file(self._s.path)
                yield from self._one_pass(container)
                files.close()
                files.enter_context(container)
                if self._end == before:
                    raise NotAVideo(f"{self._s.path} is not a video: no picture of it decodes")
                if not self._s._loop:
                    break
                self._assembler.cut_audio(self._end)
                self._clock, self._first = self._end, None
            if self._encoder is not None:
                self._take(self._encoder.encode(None))
            if self._audio is not None:
                self._hear(self._audio.pad(self._end))
                self._hear(self._audio.flush())
            yield from self._assembler.finish(self._end)

    def _one_pass(self, container: InputContainer) -> Iterator[SourceSegment]:
        video = cast("VideoStream", video_stream(container))
        video.thread_type = "AUTO"
        self._template = video
        streams: list[Stream] = [video]
        if self._s.has_audio:
            sound = container.streams.audio[0]
            streams.append(sound)
            if self._audio is None:
                self._audio = audio_for(sound, video, self._start)
            else:
                self._audio.restart(sound, self._clock)
        early: list[Packet[AudioStream]] = []
        for packet in container.demux(*streams):
            if packet.stream is not video:
                # Sound has no place on the clock before the first picture has one.
                early.append(cast("Packet[AudioStream]", packet))
            else:
                self._video(video, cast("Packet[VideoStream]", packet))
            if self._first is not None and early:
                self._sound(early)
                early = []
            if self._audio is not None:
                # Sound this far behind is not coming.
                self._hear(self._audio.pad(self._end - AUDIO_PATIENCE))
            yield from self._assembler.ready()

    def _video(self, stream: VideoStream, packet: Packet[VideoStream]) -> None:
        if self._encoder is None:
            self._pass(packet)
            return
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError:
            return  # a damaged stretch of the operator's own file is skipped, not fatal
        for frame in frames:
            self._encode(frame, stream)

    def _encode(self, frame: VideoFrame, stream: VideoStream) -> None:
        assert self._encoder is not None
        ticks = self._ticks(frame.pts, frame.time_base)
        if ticks is None:
            ticks = self._end
        if ticks < self._shown or (self._cap is not None and not self._cap.passes(ticks)):
            return  # out of order, or faster than a player can show
        self._shown = ticks + 1
        ready = self._upright.apply(frame)
        ready.pts, ready.time_base = ticks, TIME_BASE
        if ticks >= self._next_cut:
            ready.pict_type = 1
            self._begins.add(ticks)
            passed = (ticks - self._start) // self._s._step + 1
            self._next_cut = self._start + passed * self._s._step
        self._end = ticks + self._frame_ticks
        self._take(self._encoder.encode(ready))

    def _take(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            begins = packet.pts in self._begins
            self._begins.discard(packet.pts or 0)
            self._assembler.video(cast("Packet[Stream]", packet), begins=begins)

    def _pass(self, packet: Packet[VideoStream]) -> None:
        if not packet.size or self._s._plan is None:
            return
        raw = round(cast("int", packet.pts) * packet.time_base * TICKS)
        ticks = self._ticks(packet.pts, packet.time_base)
        assert ticks is not None
        delay = (cast("int", packet.pts) - cast("int", packet.dts)) * packet.time_base
        packet.pts, packet.dts = ticks, ticks - round(delay * TICKS)
        packet.time_base = TIME_BASE
        self._end = max(self._end, ticks + self._frame_ticks)
        self._assembler.video(
            cast("Packet[Stream]", packet),
            begins=packet.is_keyframe and raw in self._s._plan.cuts,
        )

    def _sound(self, packets: list[Packet[AudioStream]]) -> None:
        assert self._audio is not None and self._first is not None
        for packet in packets:
            try:
                done = self._audio.packets(packet, self._clock - self._first)
            except av.error.InvalidDataError:
                continue
            self._hear(done)

    def _hear(self, packets: Iterable[Packet[Stream]]) -> None:
        for packet in packets:
            self._assembler.audio(packet)

    def _ticks(self, pts: int | None, base: Fraction | None) -> int | None:
        """A time in the file as a tick of the stream."""
        if pts is None or base is None:
            return None
        raw = round(pts * base * TICKS)
        if self._first is None:
            self._first = raw
        return self._clock + raw - self._first

    def _make_encoder(self) -> VideoCodecContext:
        s = self._s
        rate = max(300_000, int(s.width * s.height * s.fps * Fraction(14, 100)))
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = s.width, s.height, "yuv420p"
        encoder.framerate, encoder.time_base = s.fps, TIME_BASE
        encoder.options = {
            "preset": "veryfast",
            "crf": "20",
            "maxrate": str(rate),
            "bufsize": str(rate * 2),
            "bf": "0",
            "forced-idr": "1",
            "flags": "+cgop",
            "x264-params": "keyint=infinite:rc-lookahead=10",
        }
        return encoder

    def _add_video(self, container: object) -> Stream:
        output = cast("av.container.OutputContainer", container)
        if self._encoder is None:
            return output.add_stream_from_template(cast("VideoStream", self._template))
        s = self._s
        return output.add_mux_stream("h264", s.fps, width=s.width, height=s.height)

    def _add_audio(self, container: object) -> Stream:
        assert self._audio is not None
        return self._audio.add_stream(cast("av.container.OutputContainer", container))


async def paced(
    segments: Iterable[SourceSegment],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[SourceSegment]:
    """Yields each segment when a camera would have finished it, working beside the event loop.

    A consumer that falls behind gets the next ones at once until it has caught up.
    """
    iterator = iter(segments)
    loop = asyncio.get_running_loop()
    begin = clock()
    thread = ThreadPoolExecutor(1, "segmenter")
    try:
        while True:
            segment = await loop.run_in_executor(thread, next, iterator, None)
            if segment is None:
                return
            wait = begin + (segment.start_ms + segment.duration_ms) / 1000 - clock()
            if wait > 0:
                await sleep(wait)
            yield segment
    finally:
        # Not waited for: the segment in the making would hold up the loop.
        thread.shutdown(wait=False, cancel_futures=True)
