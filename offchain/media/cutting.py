"""Cuts a reel of packets into segments, passing its pictures or encoding them once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, cast

import av
import av.error

from offchain.media.audio import Audio, audio_for
from offchain.media.encoding import TIME_BASE, FrameCap
from offchain.media.picture import Upright
from offchain.media.probe import MediaInfo, NotAVideo, video_stream
from offchain.media.reader import TICKS
from offchain.media.segments import AUDIO_PATIENCE, SegmentAssembler, SourceSegment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.stream import AudioStream
    from av.container.input import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_FPS = Fraction(60)
# A stream begins ten seconds after zero: decoding times before the first picture stay positive.
ORIGIN = 10 * TICKS


class Reel(Protocol):
    """What is cut: where its packets come from, and how its pictures are to leave.

    Sizes in pixels as they leave, `step` in ticks; `copies_video` says that pictures are passed as
    they are, cut where `cuts` allows it, and not encoded.
    """

    name: str
    file: MediaInfo
    width: int
    height: int
    fps: Fraction
    has_audio: bool
    copies_video: bool
    loops: bool
    step: int

    def open(self) -> InputContainer:
        """The container to read, from its beginning."""
        ...

    def packets(self, container: InputContainer, streams: list[Stream]) -> Iterable[Packet[Any]]:
        """What the container holds for `streams`."""
        ...

    def cuts(self, tick: int) -> bool:
        """Whether a segment begins with the keyframe shown at `tick` of the container's clock."""
        ...


def can_pass(file: MediaInfo, width: int, height: int) -> bool:
    """Whether players take pictures like these as they are, at this size."""
    return (
        file.video_codec == "h264"
        and file.pixel_format == "yuv420p"
        and file.rotation == 0
        and file.square_pixels
        and (file.width, file.height) == (width, height)
        and file.fps <= MAX_FPS
    )


def run(reel: Reel, first_sequence: int, start_ms: int) -> Iterator[SourceSegment]:
    """The reel's segments, numbered from `first_sequence`, on a clock that stands at `start_ms`."""
    cut = _Run(reel, ORIGIN + start_ms * TICKS // 1000, first_sequence)
    for segment in cut.segments():
        yield replace(segment, start_ms=segment.start_ms + start_ms)


class _Run:
    """One iteration over a reel: the encoder, the clock and the open segments."""

    def __init__(self, reel: Reel, start: int, first_sequence: int) -> None:
        self._s = reel
        self._start = start
        self._clock = start  # tick at which this pass over the file begins
        self._end = start  # tick at which the last picture so far ends
        self._audio: Audio | None = None
        self._template: VideoStream | None = None
        self._first: int | None = None
        self._next_cut = start
        self._shown = start  # the earliest tick for the next picture
        self._frame_ticks = max(1, round(TICKS / reel.fps))
        self._cap = FrameCap(MAX_FPS) if reel.file.fps > MAX_FPS else None
        self._upright = Upright(reel.width, reel.height, reel.file.rotation)
        self._encoder = None if reel.copies_video else self._make_encoder()
        self._begins: set[int] = set()
        self._assembler = SegmentAssembler(
            self._add_video,
            self._add_audio if reel.has_audio else None,
            start,
            first_sequence,
        )

    def segments(self) -> Iterator[SourceSegment]:
        # A segment's streams are described by the file's: it stays open until the last is written.
        with ExitStack() as files:
            while True:
                before = self._end
                container = self._s.open()
                yield from self._one_pass(container)
                files.close()
                files.enter_context(container)
                if self._end == before:
                    raise NotAVideo(f"{self._s.name} is not a video: no picture of it decodes")
                if not self._s.loops:
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
        for packet in self._s.packets(container, streams):
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
            passed = (ticks - self._start) // self._s.step + 1
            self._next_cut = self._start + passed * self._s.step
        self._end = ticks + self._frame_ticks
        self._take(self._encoder.encode(ready))

    def _take(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            begins = packet.pts in self._begins
            self._begins.discard(packet.pts or 0)
            self._assembler.video(cast("Packet[Stream]", packet), begins=begins)

    def _pass(self, packet: Packet[VideoStream]) -> None:
        if not packet.size:
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
            begins=packet.is_keyframe and self._s.cuts(raw),
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
