"""Decoded pictures made fit to stream: upright, square pixels, even sides, 8-bit 4:2:0."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from offchain.media.encoding import Scaler

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from offchain.media.probe import MediaInfo


def fitted_size(info: MediaInfo, short_side: int | None) -> tuple[int, int]:
    """Even width and height in the file's shape, its short side at most `short_side` pixels."""
    short = min(info.width, info.height)
    factor = Fraction(min(short_side or short, short), short)
    width, height = (max(16, 2 * round(side * factor / 2)) for side in (info.width, info.height))
    return width, height


class Upright:
    """Scales to `width` x `height` and turns by `rotation` degrees counter-clockwise."""

    def __init__(self, width: int, height: int, rotation: int) -> None:
        self._turns = rotation // 90
        if self._turns % 2:
            width, height = height, width
        self._scaler = Scaler(width, height)

    def apply(self, frame: VideoFrame) -> VideoFrame:
        """The picture as it is shown; timestamps are the caller's."""
        scaled = self._scaler.scale(frame)
        if not self._turns:
            return scaled
        planes = scaled.to_ndarray()
        width, height = scaled.width, scaled.height
        luma = np.rot90(planes[:height], self._turns)
        chroma = planes[height:].reshape(2, height // 2, width // 2)
        turned = np.concatenate(
            [luma.reshape(-1), *(np.rot90(plane, self._turns).reshape(-1) for plane in chroma)]
        )
        shape = (luma.shape[0] * 3 // 2, luma.shape[1])
        upright = av.VideoFrame.from_ndarray(turned.reshape(shape), format="yuv420p")
        upright.colorspace, upright.color_range = scaled.colorspace, scaled.color_range
        return upright
