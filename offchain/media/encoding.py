"""One rung's encoder: scaled, encoded by the contract, muxed with the source's audio.

Encoders are made anew for each segment, so that any verifier can reproduce a segment alone; scalers
hold no state that reaches the pixels and live on. x264 runs with one thread and without macroblock
tree: with either, the same input gives other bytes from run to run.
"""

from __future__ import annotations

import functools
import io
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from offchain.media.reader import TICKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract, Rung

# Exact on every CPU; plain bicubic gives other pixels on other instruction sets.
SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

TIME_BASE = Fraction(1, TICKS)
# Timestamps stay as they are, or the next segment would not follow on this one.
MUXER_OPTIONS = {"mpegts_copyts": "1", "avoid_negative_ts": "disabled"}


class Scaler:
    """Scales to one size, reusing its context (a new one a frame costs 14 % of the whole)."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._reformatter = VideoReformatter()

    def scale(self, frame: VideoFrame) -> VideoFrame:
        """`frame` in this size as 8-bit 4:2:0 in video range."""
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        scaled = self._reformatter.reformat(
            frame,
            self.width,
            self.height,
            "yuv420p",
            interpolation=SCALER,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        # Else x264 would repeat the source's picture types.
        scaled.pict_type = 0
        return scaled


class FrameCap:
    """Drops frames above a rate, evenly, by their timestamps alone; slower video passes whole.

    A bucket holding at most 1.75 frames fills at the rung's rate. A frame passes when 0.75 are in
    it, so that jitter of a quarter of a frame costs nothing. Integers only: every verifier drops
    the same frames.
    """

    def __init__(self, fps: Fraction) -> None:
        self._one = TICKS * fps.denominator * 4
        self._per_tick = fps.numerator * 4
        self._credit = self._one
        self._last: int | None = None

    def passes(self, pts: int) -> bool:
        """Whether the frame at `pts` (ticks, increasing) is kept."""
        if self._last is not None:
            gained = (pts - self._last) * self._per_tick
            self._credit = min(self._credit + gained, self._one * 7 // 4)
        self._last = pts
        if self._credit * 4 < self._one * 3:
            return False
        self._credit -= self._one
        return True


@functools.cache
def _pinned_level() -> str:
    """x264's instruction set as an option, so that a newer processor makes the same bytes.

    AVX2 where the processor has it; what is older uses what it has, and may make other bytes.
    """
    try:
        cpu = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    flags = next((line.split() for line in cpu.splitlines() if line.startswith("flags")), [])
    return ":asm=avx2" if {"avx2", "fma", "bmi1", "bmi2"} <= set(flags) else ""


def encoder_options(contract: QualityContract, rung: Rung) -> dict[str, str]:
    """x264's options for a rung: capped bitrate, one keyframe at the start, closed groups."""
    options = {
        "preset": contract.preset,
        "b": str(rung.bitrate),
        "maxrate": str(rung.bitrate),
        # One second of buffer: a segment is at most half as large again as its nominal size.
        "bufsize": str(rung.bitrate),
        "flags": "+cgop",
        "x264-params": "mbtree=0:keyint=infinite" + _pinned_level(),
    }
    if contract.mode == "live":
        options |= {"tune": "zerolatency", "bf": "0"}
    return options


class RungEncoder:
    """Encodes the frames of one segment for one rung and returns it as MPEG-TS."""

    def __init__(
        self,
        contract: QualityContract,
        rung: Rung,
        options: dict[str, str] | None = None,
        threads: int = 1,
    ) -> None:
        """`options` and `threads` other than the contract's are for experiments."""
        self.rung = rung
        self.frames = 0
        self.video_bytes = 0
        self._cap = FrameCap(rung.fps)
        self._packets: list[Packet[Stream]] = []
        self._encoder = av.CodecContext.create("libx264", "w")
        self._encoder.width, self._encoder.height = rung.width, rung.height
        self._encoder.pix_fmt = "yuv420p"
        self._encoder.framerate, self._encoder.time_base = rung.fps, TIME_BASE
        self._encoder.thread_count = threads
        self._encoder.options = options or encoder_options(contract, rung)

    def wants(self, pts: int) -> bool:
        """Whether the rung's frame rate has room for the frame at `pts`; ask once per frame."""
        return self._cap.passes(pts)

    def encode(self, scaled: VideoFrame) -> None:
        """Adds one frame, already in the rung's size."""
        if not self.frames:
            self._describe_colour(scaled)
        self.frames += 1
        self._keep(scaled)

    def finish(
        self, template: AudioStream | None = None, audio: Sequence[Packet[AudioStream]] = ()
    ) -> bytes:
        """Flushes the encoder, adds the sound, and returns the segment.

        `template` is the source's audio stream, still open. A stream that was announced but never
        heard is left out: a player would wait for it.
        """
        self._keep(None)
        sink = io.BytesIO()
        with av.open(sink, "w", format="mpegts", options=MUXER_OPTIONS) as container:
            video = container.add_mux_stream(
                "h264", self.rung.fps, width=self.rung.width, height=self.rung.height
            )
            for packet in self._packets:
                packet.stream = video
            packets = list(self._packets)
            if template is not None and audio:
                sound = container.add_stream_from_template(template)
                for heard in audio:
                    heard.stream = sound
                    packets.append(cast("Packet[Stream]", heard))
            for packet in packets:
                container.mux(packet)
        return sink.getvalue()

    @property
    def packets(self) -> list[Packet[Stream]]:
        """The pictures' packets so far, in the order of decoding."""
        return self._packets

    @property
    def pixels(self) -> int:
        """Pixels encoded so far."""
        return self.frames * self.rung.width * self.rung.height

    def _keep(self, frame: VideoFrame | None) -> None:
        for packet in self._encoder.encode(frame):
            self.video_bytes += packet.size
            self._packets.append(cast("Packet[Stream]", packet))

    def _describe_colour(self, frame: VideoFrame) -> None:
        self._encoder.colorspace = frame.colorspace
        self._encoder.color_primaries = frame.color_primaries
        self._encoder.color_trc = frame.color_trc
