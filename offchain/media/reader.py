"""Opens one MPEG-TS segment without trusting it, and decodes it.

The demuxer is forced and never probed: a file object that turns out to be a playlist would make
FFmpeg open the files it names. Decoders are allow-listed, and pictures, frames and lengths capped.
A segment that breaks a rule raises `SourceFault`: the fault is its signer's.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self, cast

import av
import av.error

from offchain.media.tables import NotTransportStream, check_packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TICKS = 90_000  # MPEG-TS timestamps per second
_TICK = Fraction(1, TICKS)
VIDEO_CODECS = ("h264", "hevc")
AUDIO_CODECS = ("aac", "mp3", "ac3")


class SourceFault(ValueError):
    """The segment is broken or beyond the limits; the message says how in one sentence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what a segment may cost: pixels a frame, frames, milliseconds and bytes."""

    pixels: int = 4096 * 2304
    frames: int = 1300
    duration_ms: int = 12_000
    size: int = 64 << 20
    streams: int = 8


class SegmentReader:
    """One segment, open for decoding. Audio packets are kept while the frames are read."""

    def __init__(self, data: bytes, limits: Limits | None = None, *, threads: int = 1) -> None:
        self.limits = limits or Limits()
        if not data:
            raise SourceFault("the segment is empty")
        if len(data) > self.limits.size:
            raise SourceFault(f"the segment has {len(data)} bytes, more than {self.limits.size}")
        try:
            check_packets(data)
        except NotTransportStream as error:
            raise SourceFault(f"the segment is not MPEG-TS: {error}") from error
        # The decoder counts a picture's padding too; its shown size is checked frame by frame.
        padded = str(self.limits.pixels * 5 // 4 + 65_536)
        allowed = ",".join((*VIDEO_CODECS, *AUDIO_CODECS))
        options = {
            "protocol_whitelist": "none",
            "format_whitelist": "mpegts",
            "codec_whitelist": allowed,
            "max_streams": str(self.limits.streams),
            "max_pixels": padded,
        }
        try:
            self._container = av.open(
                io.BytesIO(data), "r", format="mpegts", container_options=options
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SourceFault(f"the segment is not MPEG-TS: {_words(error)}") from error
        try:
            self.video = self._pick_video(threads, padded)
            self.audio = self._pick_audio()
        except BaseException:
            self._container.close()
            raise
        self.audio_packets: list[Packet[AudioStream]] = []
        self.video_bytes = 0
        self.keyframe_first = False
        self._first: int | None = None
        self._last = 0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def frames(self) -> Iterator[VideoFrame]:
        """The frames in order of presentation, timestamps in ticks, strictly increasing."""
        streams = [self.video, self.audio] if self.audio else [self.video]
        seen_video = False
        try:
            for packet in self._container.demux(*streams):
                if packet.stream is self.audio:
                    if packet.size and packet.pts is not None:
                        self.audio_packets.append(cast("Packet[AudioStream]", packet))
                    continue
                if packet.size:
                    if not seen_video:
                        self.keyframe_first = packet.is_keyframe
                        seen_video = True
                    self.video_bytes += packet.size
                for frame in self.video.decode(packet):
                    yield self._checked(frame)
        except (av.error.FFmpegError, OSError) as error:
            raise SourceFault(f"the segment does not decode: {_words(error)}") from error
        if not self._count:
            raise SourceFault("the segment has no picture")
        if not self.keyframe_first:
            raise SourceFault("the segment does not begin with a keyframe")

    @property
    def duration_ms(self) -> int:
        """Length of the pictures so far; the last one lasts as long as the mean of the rest."""
        return round(self.duration_ticks * 1000 / TICKS)

    @property
    def duration_ticks(self) -> Fraction:
        """As `duration_ms`, exact, in 1/90000 s."""
        if self._first is None:
            return Fraction(0)
        if self._count == 1:
            rate = self.video.guessed_rate or Fraction(25)
            return Fraction(TICKS) / rate
        return Fraction((self._last - self._first) * self._count, self._count - 1)

    def _checked(self, frame: VideoFrame) -> VideoFrame:
        if frame.is_corrupt:
            raise SourceFault("the decoder reports a damaged picture")
        if frame.width * frame.height > self.limits.pixels:
            raise SourceFault(f"a picture of {frame.width}x{frame.height} is too large")
        if frame.pts is None or frame.time_base is None:
            raise SourceFault("a picture has no timestamp")
        ticks = self._ticks(frame.pts, frame.time_base)
        if self._first is None:
            self._first = ticks
        elif ticks <= self._last:
            raise SourceFault("the pictures' timestamps do not increase")
        self._last = ticks
        self._count += 1
        if self._count > self.limits.frames:
            raise SourceFault(f"the segment has more than {self.limits.frames} pictures")
        if (ticks - self._first) * 1000 > self.limits.duration_ms * TICKS:
            raise SourceFault(f"the segment lasts longer than {self.limits.duration_ms} ms")
        frame.pts = ticks
        frame.time_base = _TICK
        return frame

    def _ticks(self, pts: int, base: Fraction) -> int:
        """A decoded time in ticks; MPEG-TS counts in ticks itself."""
        if base.denominator == TICKS and base.numerator == 1:
            return pts
        return round(pts * base * TICKS)

    def _pick_video(self, threads: int, padded: str) -> VideoStream:
        if not self._container.streams.video:
            raise SourceFault("the segment has no video")
        if len(self._container.streams.video) > 1:
            raise SourceFault("the segment has more than one video stream")
        stream = self._container.streams.video[0]
        context = stream.codec_context
        if context is None or context.name not in VIDEO_CODECS:
            raise SourceFault(f"the video codec {_codec(stream)} is not one of {VIDEO_CODECS}")
        if context.width * context.height > self.limits.pixels:
            raise SourceFault(f"a picture of {context.width}x{context.height} is too large")
        context.options = {"err_detect": "explode", "max_pixels": padded}
        context.thread_count = threads
        context.thread_type = "AUTO" if threads != 1 else "SLICE"
        return stream

    def _pick_audio(self) -> AudioStream | None:
        if not self._container.streams.audio:
            return None
        stream = self._container.streams.audio[0]
        if _codec(stream) not in AUDIO_CODECS:
            raise SourceFault(f"the audio codec {_codec(stream)} is not one of {AUDIO_CODECS}")
        return stream


def _codec(stream: VideoStream | AudioStream) -> str:
    context = stream.codec_context
    return context.name if context is not None else "unknown"


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
