"""Small clips made on the spot: a texture that moves with a bouncing square, and a tone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

RATE = 48_000


@dataclass(frozen=True, slots=True)
class Clip:
    """What to make. `audio` names an encoder or is None; `turn` is written into the container."""

    width: int = 64
    height: int = 48
    fps: int = 24
    frames: int = 96
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    group: int = 48
    audio: str | None = "aac"
    layout: str = "stereo"
    seed: int = 1
    options: tuple[tuple[str, str], ...] = ()


def write_clip(path: Path, clip: Clip, *, format: str | None = None) -> Path:
    """Writes the clip; the container follows the suffix unless `format` names it."""
    with av.open(str(path), "w", format=format) as container:
        # Keyframes stand where `group` says, not where the encoder sees a cut.
        options = {"sc_threshold": "0", **dict(clip.options)}
        video: Any = container.add_stream(clip.codec, rate=clip.fps, options=options)
        video.width, video.height, video.pix_fmt = clip.width, clip.height, clip.pixel_format
        video.codec_context.gop_size = clip.group
        sound: Any = None
        if clip.audio is not None:
            sound = container.add_stream(clip.audio, rate=RATE)
            sound.layout = clip.layout
        heard = 0
        for index in range(clip.frames):
            for packet in video.encode(picture(clip, index)):
                container.mux(packet)
            while sound is not None and heard < (index + 1) * RATE // clip.fps:
                frame = tone(heard, clip.layout, sound.format.name)
                heard += frame.samples
                for packet in sound.encode(frame):
                    container.mux(packet)
        for stream in filter(None, (video, sound)):
            for packet in stream.encode(None):
                container.mux(packet)
    return path


def picture(clip: Clip, index: int) -> av.VideoFrame:
    """Frame `index`: a wandering smooth texture and a square that bounces over it."""
    texture = _texture(clip.seed, clip.width, clip.height)
    image = np.roll(texture, (index, 2 * index), axis=(0, 1))[: clip.height, : clip.width].copy()
    side = max(4, clip.height // 5)
    top = _bounce(index * 2 + clip.seed, clip.height - side)
    left = _bounce(index * 3, clip.width - side)
    image[top : top + side, left : left + side] = (230, 210, 40)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=clip.pixel_format)
    frame.pts, frame.time_base = index, Fraction(1, clip.fps)
    return frame


def tone(start: int, layout: str, format: str) -> av.AudioFrame:
    """1024 samples of 440 Hz, whose loudness tells when it is."""
    at = (np.arange(1024) + start) / RATE
    wave = np.sin(2 * np.pi * 440 * at) * (0.2 + 0.1 * np.sin(2 * np.pi * at))
    channels = av.AudioLayout(layout).nb_channels
    samples = np.stack([wave] * channels).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    if format != "fltp":
        frame = av.AudioResampler(format, layout, RATE).resample(frame)[0]
        frame.pts, frame.time_base = start, Fraction(1, RATE)
    return frame


@lru_cache(maxsize=16)
def _texture(seed: int, width: int, height: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height * 2, width * 2, 3))
    smooth = noise.astype(float)
    for axis in (0, 1):
        smooth = sum(np.roll(smooth, shift, axis) for shift in range(-2, 3)) / 5
    contrast = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return (contrast * 200 + 20).astype(np.uint8)


def _bounce(position: int, span: int) -> int:
    place = position % (2 * max(1, span))
    return min(place, 2 * span - place)
