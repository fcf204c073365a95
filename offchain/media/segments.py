"""Packets in, whole MPEG-TS segments out: every one begins with a keyframe and stands alone."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from offchain.media.encoding import MUXER_OPTIONS
from offchain.media.reader import TICKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container.output import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

AUDIO_PATIENCE = 3 * TICKS  # how far the pictures may run ahead of the sound


@dataclass(frozen=True, slots=True)
class SourceSegment:
    """One segment of a stream. Times in ms count from the stream's beginning and never drift."""

    sequence: int
    data: bytes
    start_ms: int
    duration_ms: int
    frames: int


@dataclass(slots=True)
class _Open:
    start: int
    packets: list[Packet[Stream]]


class SegmentAssembler:
    """Sorts packets into segments and closes each once its sound has arrived.

    `add_video` and `add_audio` make the streams of a segment's container; the latter is None for a
    stream without sound. All times are ticks; `origin` is the tick at which the stream begins.
    """

    def __init__(
        self,
        add_video: Callable[[OutputContainer], Stream],
        add_audio: Callable[[OutputContainer], Stream] | None,
        origin: int,
        first_sequence: int,
    ) -> None:
        self._add_video = add_video
        self._add_audio = add_audio
        self._origin = origin
        self._sequence = first_sequence
        self._open: list[_Open] = []
        self._audio: list[Packet[Stream]] = []
        self._audio_until = origin
        self._video_until = origin
        self._audio_floor = origin

    def video(self, packet: Packet[Stream], *, begins: bool) -> None:
        """The next picture; `begins` opens a segment with it."""
        pts = packet.pts or 0
        if begins or not self._open:
            self._open.append(_Open(pts, []))
        self._open[-1].packets.append(packet)
        self._video_until = max(self._video_until, pts)

    def audio(self, packet: Packet[Stream]) -> None:
        """The next sound; one that does not advance is dropped."""
        pts = packet.pts or 0
        if pts < self._audio_floor:
            return
        self._audio_floor = pts + 1
        self._audio.append(packet)
        self._audio_until = max(self._audio_until, pts)

    def cut_audio(self, ticks: int) -> None:
        """Forgets sound from `ticks` on that no segment has taken yet."""
        self._audio = [packet for packet in self._audio if (packet.pts or 0) < ticks]
        self._audio_until = min(self._audio_until, ticks)
        self._audio_floor = min(self._audio_floor, ticks)

    def ready(self) -> list[SourceSegment]:
        """Segments that the next one's keyframe has closed and whose sound is complete."""
        done: list[SourceSegment] = []
        while len(self._open) > 1:
            end = self._open[1].start
            heard = self._add_audio is None or self._audio_until >= end
            if not heard and self._video_until < end + AUDIO_PATIENCE:
                break
            done.append(self._close(end))
        return done

    def finish(self, end: int) -> list[SourceSegment]:
        """All that is left; the last picture is shown until `end`."""
        done: list[SourceSegment] = []
        while self._open:
            last = len(self._open) == 1
            done.append(self._close(end if last else self._open[1].start, rest=last))
        return done

    def _close(self, end: int, *, rest: bool = False) -> SourceSegment:
        segment = self._open.pop(0)
        audio = [packet for packet in self._audio if rest or (packet.pts or 0) < end]
        del self._audio[: len(audio)]
        sink = io.BytesIO()
        with av.open(sink, "w", format="mpegts", options=MUXER_OPTIONS) as container:
            video_stream = self._add_video(container)
            for packet in segment.packets:
                packet.stream = video_stream
            if self._add_audio is not None:
                audio_stream = self._add_audio(container)
                for packet in audio:
                    packet.stream = audio_stream
            for packet in sorted([*segment.packets, *audio], key=_decode_time):
                container.mux(packet)
        start_ms, end_ms = self._ms(segment.start), self._ms(end)
        self._sequence += 1
        return SourceSegment(
            self._sequence - 1, sink.getvalue(), start_ms, end_ms - start_ms, len(segment.packets)
        )

    def _ms(self, ticks: int) -> int:
        return round(Fraction(ticks - self._origin, TICKS) * 1000)


def _decode_time(packet: Packet[Stream]) -> int:
    return packet.dts if packet.dts is not None else packet.pts or 0
