"""What workers may hand in for one rung: honest encodes of several kinds, and every cheat."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np

from offchain.media.encoding import MUXER_OPTIONS, RungEncoder, Scaler, encoder_options
from offchain.media.reader import SegmentReader
from offchain.verify.cheats import Cheat, edited, poorer, reordered, smaller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract, Rung
    from offchain.verify.reference import OwedRung

Frames = list["VideoFrame"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What another codec's decoder shows, and the bytes that it took."""

    frames: Frames
    size: int


Made = bytes | Shown

# name: x264 preset (None: the contract's), threads, further x264 parameters
_X264 = {
    "x264 2 threads": (None, 2, ""),
    "x264 4 threads": (None, 4, ""),
    "x264 sse2": (None, 1, ":asm=sse2"),
    "x264 faster": ("faster", 1, ""),
    "x264 medium": ("medium", 1, ""),
    "x264 slow": ("slow", 2, ""),
}
_OTHERS = ("x265 superfast", "svt-av1 preset 10", "libvpx-vp9 realtime")
CASCADE = "x264 cascade"
HONEST = (*_X264, CASCADE, *_OTHERS)
# Made without encoding again, and so on every unit's smallest rung only.
SMALL = (Cheat.MUTE, Cheat.SWAPAUDIO, Cheat.TRUNCATE, Cheat.PHANTOM)


def honest(
    contract: QualityContract, owed: OwedRung, above: Frames | None, sound: SegmentReader
) -> Iterator[tuple[str, Made]]:
    """Honest encodes of a rung; `above` are the frames of the next larger one, for a cascade.

    `sound` is the source, open and read.
    """
    for name, (preset, threads, more) in _X264.items():
        options = encoder_options(
            contract if preset is None else replace(contract, preset=cast("Any", preset)),
            owed.rung,
        )
        options["x264-params"] += more
        yield name, _encode(contract, owed.rung, owed.frames, sound, options, threads)
    if above is not None:
        scaler = Scaler(owed.rung.width, owed.rung.height)
        frames = [scaler.scale(frame) for frame in above]
        yield CASCADE, _encode(contract, owed.rung, frames, sound)
    live = contract.mode == "live"
    for name in _OTHERS:
        yield name, _other(name, owed, live)


def cheats(
    contract: QualityContract, owed: OwedRung, before: list[Any], sound: SegmentReader
) -> Iterator[tuple[Cheat, Made]]:
    """Every cheat that has pictures of its own; `before` are another segment's."""
    scaler = Scaler(owed.rung.width, owed.rung.height)
    stale = [
        scaler.scale(av.VideoFrame.from_ndarray(picture, format="yuv420p")).to_ndarray()
        for picture in before
    ]
    for cheat in Cheat:
        if cheat in SMALL:
            continue
        rung = owed.rung
        frames = owed.frames
        if cheat is Cheat.BITRATE:
            rung = poorer(rung)
        elif cheat is Cheat.LOWRUNG:
            rung = smaller(rung)
            low = Scaler(rung.width, rung.height)
            frames = [low.scale(frame) for frame in frames]
        else:
            frames = edited(cheat, frames, stale)
        yield cheat, _encode(contract, rung, frames, sound)


def small_cheats(owed: OwedRung) -> Iterator[tuple[Cheat, Made]]:
    """The cheats that need no encoding: on sound and on bytes."""
    data = owed.data
    yield Cheat.MUTE, _remuxed(data, lambda packets: [])
    yield Cheat.SWAPAUDIO, _remuxed(data, reordered)
    yield Cheat.TRUNCATE, data[: len(data) * 6 // 10 // 188 * 188]
    yield Cheat.PHANTOM, hashlib.sha256(data).digest() * (len(data) // 32)


def _encode(
    contract: QualityContract,
    rung: Rung,
    frames: Frames,
    sound: SegmentReader,
    options: dict[str, str] | None = None,
    threads: int = 1,
) -> bytes:
    encoder = RungEncoder(contract, rung, options, threads)
    for frame in frames:
        encoder.encode(frame)
    return encoder.finish(sound.audio, sound.audio_packets)


def _remuxed(data: bytes, change: Any) -> bytes:
    """The rendition with its sound's packets changed."""
    sink = io.BytesIO()
    with (
        av.open(io.BytesIO(data), format="mpegts") as seen,
        av.open(io.BytesIO(data), format="mpegts") as heard,
        av.open(sink, "w", format="mpegts", options=MUXER_OPTIONS) as made,
    ):
        video = made.add_stream_from_template(seen.streams.video[0])
        packets = [packet for packet in seen.demux(seen.streams.video[0]) if packet.size]
        for packet in packets:
            packet.stream = video
        kept = change([p for p in heard.demux(heard.streams.audio[0]) if p.size])
        if kept:
            audio = made.add_stream_from_template(heard.streams.audio[0])
            for packet in kept:
                packet.stream = audio
            packets += kept
        for packet in packets:
            made.mux(packet)
    return sink.getvalue()


def _other(name: str, owed: OwedRung, live: bool) -> Shown:
    rate = owed.rung.bitrate
    kilo = rate // 1000
    if name.startswith("x265"):
        options = {
            "preset": "superfast",
            "x265-params": f"log-level=none:vbv-maxrate={kilo}:vbv-bufsize={kilo}",
        }
        if live:
            options["tune"] = "zerolatency"
        return _shown("libx265", "hevc", owed, options)
    if name.startswith("svt"):
        return _fitted(owed)
    options = {"deadline": "realtime", "cpu-used": "5", "qmin": "2"}
    return _shown("libvpx-vp9", "vp9", owed, options)


def _fitted(owed: OwedRung) -> Shown:
    """AV1 by constant quality, tried until it uses the rung's bits.

    Within a second SVT-AV1's own rate control does not learn to spend what it is given.
    """
    wanted = owed.rung.bitrate * len(owed.frames) / owed.rung.fps / 8
    quality, best = 32.0, None
    for _ in range(3):
        made = _shown("libsvtav1", "libdav1d", owed, {"preset": "10", "crf": str(round(quality))})
        if best is None or abs(made.size - wanted) < abs(best.size - wanted):
            best = made
        if 0.85 * wanted <= made.size <= 1.15 * wanted:
            break
        quality = min(60.0, max(4.0, quality + 8 * np.log2(made.size / float(wanted))))
    assert best is not None
    return best


def _shown(codec: str, decoder: str, owed: OwedRung, options: dict[str, str]) -> Shown:
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height = owed.rung.width, owed.rung.height
    encoder.pix_fmt = "yuv420p"
    if "crf" not in options:
        encoder.bit_rate = owed.rung.bitrate
    encoder.framerate, encoder.time_base = owed.rung.fps, 1 / Fraction(owed.rung.fps)
    encoder.thread_count, encoder.options = 1, options
    packets: list[Any] = []
    for index, frame in enumerate(owed.frames):
        pts, base = frame.pts, frame.time_base
        frame.pts, frame.time_base = index, encoder.time_base
        packets += encoder.encode(frame)
        frame.pts, frame.time_base = pts, cast("Fraction", base)
    packets += encoder.encode(None)
    shown = av.CodecContext.create(decoder, "r")
    shown.thread_count = 1
    if encoder.extradata:
        shown.extradata = encoder.extradata
    frames: Frames = []
    for packet in [*packets, None]:
        frames += shown.decode(packet)
    return Shown(frames, sum(packet.size for packet in packets))


def decoded(data: bytes) -> Frames:
    """All frames of a rendition of our own."""
    with SegmentReader(data) as reader:
        return list(reader.frames())
