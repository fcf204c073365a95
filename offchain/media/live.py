"""Publishers, one after another, become one live stream of segments.

A publisher that comes back goes on where the stream stood: numbers and timestamps have no hole.
Pictures are passed as they are where the publisher's keyframes come often enough for the segments
asked for, which its first seconds show; otherwise they are encoded once.
"""

from __future__ import annotations

import itertools
import logging
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av.error

from offchain.media.cutting import can_pass, run
from offchain.media.picture import fitted_size
from offchain.media.probe import NotAVideo, describe, video_stream
from offchain.media.reader import TICKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.container.input import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    from offchain.media.segments import SourceSegment

log = logging.getLogger("livepeer.media")


class LiveSegmenter:
    """Iterates over the segments of publishers as they come; blocking, like `Segmenter`.

    `publishers` yields an open container for each, and ends when the stream does. The first one
    settles the stream's size and rate, and is waited for here. Raises `NotAVideo`.
    """

    def __init__(
        self,
        publishers: Iterator[InputContainer],
        *,
        segment_ms: int = 2000,
        source_height: int | None = None,
    ) -> None:
        self.segment_ms = segment_ms
        self._publishers = publishers
        self._source_height = source_height
        first = next((reel for each in publishers if (reel := self._reel(each))), None)
        if first is None:
            raise NotAVideo("nobody has published a video")
        self._first: _LiveReel | None = first
        self.file = first.file
        self.width, self.height, self.fps = first.width, first.height, first.fps
        self.has_audio = first.has_audio
        self.copies_video = first.copies_video

    def __iter__(self) -> Iterator[SourceSegment]:
        sequence, start_ms = 0, 0
        for reel in self._reels():
            try:
                for segment in run(reel, sequence, start_ms):
                    sequence = segment.sequence + 1
                    start_ms = segment.start_ms + segment.duration_ms
                    yield segment
            except (NotAVideo, av.error.FFmpegError, OSError) as exc:
                # One publisher's fault; the stream waits for the next.
                log.warning("publisher dropped", extra={"why": str(exc)})

    def _reels(self) -> Iterator[_LiveReel]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        for container in self._publishers:
            reel = self._reel(container)
            if reel is not None:
                reel.take_shape(self.width, self.height, self.fps)
                yield reel

    def _reel(self, container: InputContainer) -> _LiveReel | None:
        try:
            return _LiveReel(container, self.segment_ms, self._source_height)
        except (NotAVideo, av.error.FFmpegError, OSError) as exc:
            log.warning("publisher dropped", extra={"why": str(exc)})
            container.close()
            return None


class _LiveReel:
    """One publisher's packets. Its first seconds are read ahead to see where its keyframes are."""

    def __init__(
        self, container: InputContainer, segment_ms: int, source_height: int | None
    ) -> None:
        self.name = "what is published"
        self.file = describe(container, self.name)
        self.width, self.height = fitted_size(self.file, source_height)
        self.fps = min(self.file.fps, Fraction(60)).limit_denominator(1001)
        self.has_audio = self.file.has_audio
        self.loops = False
        self.step = segment_ms * TICKS // 1000
        self._container = container
        self._longest = self.step * 5 // 4
        self._packets = self._demuxed()
        self._ahead: list[Packet[Any]] = []
        self._interval = self._look_ahead()  # ticks between keyframes
        passes = self._interval <= self._longest
        self.copies_video = passes and can_pass(self.file, self.width, self.height)
        self._last_cut: int | None = None

    def take_shape(self, width: int, height: int, fps: Fraction) -> None:
        """Leave as the stream began: pictures of another size or rate are made to fit."""
        if (self.width, self.height) != (width, height) or self.fps > fps:
            self.copies_video = False
        self.width, self.height, self.fps = width, height, fps

    def open(self) -> InputContainer:
        """The publisher's container; there is no beginning to go back to."""
        return self._container

    def packets(self, container: InputContainer, streams: list[Stream]) -> Iterable[Packet[Any]]:
        """Those read ahead, then the rest as they arrive."""
        ahead, self._ahead = self._ahead, []
        wanted = {stream.index for stream in streams}
        return (
            packet
            for packet in itertools.chain(ahead, self._packets)
            if packet.stream_index in wanted and self._frequent_still(packet)
        )

    def cuts(self, tick: int) -> bool:
        """Where a segment is long enough, or would be too long by the next keyframe."""
        if self._last_cut is not None:
            length = tick - self._last_cut
            if length < self.step * 3 // 4 and length + self._interval <= self._longest:
                return False
        self._last_cut = tick
        return True

    def _demuxed(self) -> Iterator[Packet[Any]]:
        video = cast("Stream", video_stream(self._container))
        yield from self._container.demux(video, *self._container.streams.audio[:1])

    def _look_ahead(self) -> int:
        """Reads up to the second keyframe, or to where it is too late; ticks from the first."""
        first: int | None = None
        for packet in self._packets:
            self._ahead.append(packet)
            tick = _tick(packet)
            if tick is None:
                continue
            if first is None:
                first = tick
            elif packet.is_keyframe or tick - first > self._longest:
                return tick - first
        return self._longest + 1

    def _frequent_still(self, packet: Packet[Any]) -> bool:
        """Refuses passed pictures whose next keyframe is overdue: a segment has a limit."""
        tick = _tick(packet)
        if not self.copies_video or self._last_cut is None or tick is None:
            return True
        if tick - self._last_cut > self._longest:
            raise NotAVideo(
                "the publisher's keyframes have become too rare; "
                f"set its keyframe interval to {self.step / TICKS:g} s"
            )
        return True


def _tick(packet: Packet[Any]) -> int | None:
    """When a picture is shown, on its container's clock; None for sound and empty packets."""
    if packet.stream.type != "video" or packet.pts is None or not packet.size:
        return None
    return round(packet.pts * packet.time_base * TICKS)
