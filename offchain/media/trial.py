"""A segment to try a machine with: made on the spot, as hard to encode as plain live video."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np

from offchain.media.profiles import QualityContract, Rung

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 30, 2


def trial_segment(seconds: int = SECONDS) -> bytes:
    """Two seconds, or as many as asked for, of 720p MPEG-TS: a texture that moves."""
    noise = np.random.default_rng(7).integers(0, 255, (HEIGHT // 8, WIDTH // 8), np.uint8)
    ground = np.kron(noise, np.ones((8, 8), np.uint8))
    sink = io.BytesIO()
    with av.open(sink, "w", format="mpegts") as container:
        stream: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = FPS * seconds
        chroma = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
        for index in range(FPS * seconds):
            luma = ground.copy()
            moving = np.roll(ground[: HEIGHT // 2], (3 * index, 5 * index), axis=(0, 1))
            luma[HEIGHT // 4 : HEIGHT * 3 // 4] = moving
            frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getvalue()


def trial_contract() -> QualityContract:
    """The usual ladder below 720p."""
    fps = Fraction(FPS)
    return QualityContract(
        (
            Rung("480p", 854, 480, 1_400_000, fps),
            Rung("360p", 640, 360, 800_000, fps),
            Rung("240p", 426, 240, 400_000, fps),
        )
    )
