"""Mean squared errors from libavfilter, which sums integers and so is exact on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.filter import Graph
from av.video.format import VideoFormat

from offchain.media.encoding import TIME_BASE

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_FORMAT = VideoFormat("yuv420p")
_STEP = 1000  # ticks
_KEY = "lavfi.psnr.mse.y"


class Meter:
    """Compares pairs of 8-bit 4:2:0 frames of one size."""

    def __init__(self, width: int, height: int) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        self._inputs = [
            self._graph.add_buffer(width=width, height=height, format=_FORMAT, time_base=TIME_BASE)
            for _ in range(2)
        ]
        psnr, self._sink = self._graph.add("psnr"), self._graph.add("buffersink")
        for place, source in enumerate(self._inputs):
            source.link_to(psnr, 0, place)
        psnr.link_to(self._sink)
        self._graph.configure()
        self._count = 0

    def mean_error(self, one: VideoFrame, other: VideoFrame) -> float:
        """Mean of the squared differences of both frames' luma, in squared grey levels."""
        for source, frame in zip(self._inputs, (one, other), strict=True):
            pts = frame.pts
            # Both inputs wait for frames of the same time.
            frame.pts = self._count * _STEP
            source.push(frame)
            frame.pts = pts
        self._count += 1
        return float(self._sink.pull().metadata[_KEY])
