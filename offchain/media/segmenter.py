"""A file becomes a live stream: MPEG-TS segments with a keyframe first, one after another.

The pictures are passed as they are where their keyframes already stand every `segment_ms` and no
scaling is asked for; otherwise they are encoded once. A file can be repeated for ever: timestamps
go on, so a player sees one endless stream.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from offchain.media.cutting import MAX_FPS, can_pass, run
from offchain.media.picture import fitted_size
from offchain.media.probe import MediaInfo, NotAVideo, open_file, probe, video_stream
from offchain.media.reader import TICKS
from offchain.media.segments import SourceSegment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from av.container.input import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = ["NotAVideo", "Segmenter", "SourceSegment", "paced"]


class Segmenter:
    """Iterates over a file's segments; blocking, so it runs beside the event loop (see `paced`).

    `source_height` caps the short side in pixels; `loop` repeats the file for ever; a stream that
    goes on after a restart passes the next sequence number and its start in ms.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        segment_ms: int = 2000,
        source_height: int | None = None,
        loop: bool = False,
        first_sequence: int = 0,
        start_ms: int = 0,
    ) -> None:
        self.path = Path(path)
        self.name = str(path)
        self.file: MediaInfo = probe(path)
        self.segment_ms = segment_ms
        self.width, self.height = fitted_size(self.file, source_height)
        self.fps = min(self.file.fps, MAX_FPS).limit_denominator(1001)
        self.has_audio = self.file.has_audio
        self.loops = loop
        self.step = segment_ms * TICKS // 1000
        self._first_sequence = first_sequence
        self._start_ms = start_ms
        self._cuts = self._plan_copy()
        self.copies_video = self._cuts is not None

    def __iter__(self) -> Iterator[SourceSegment]:
        return run(self, self._first_sequence, self._start_ms)

    def open(self) -> InputContainer:
        """The file, from its beginning."""
        return open_file(self.path)

    def packets(self, container: InputContainer, streams: list[Stream]) -> Iterable[Packet[Any]]:
        """What the file holds for `streams`."""
        return container.demux(*streams)

    def cuts(self, tick: int) -> bool:
        """Whether a segment begins at this keyframe."""
        return self._cuts is not None and tick in self._cuts

    def _plan_copy(self) -> frozenset[int] | None:
        """Cuts at the file's own keyframes, if they suit."""
        if not can_pass(self.file, self.width, self.height):
            return None
        with open_file(self.path) as container:
            stream = cast("VideoStream", video_stream(container))
            return plan_cuts(
                (packet for packet in container.demux(stream) if packet.size), self.step
            )


def plan_cuts(packets: Iterable[Packet[VideoStream]], step: int) -> frozenset[int] | None:
    """Where to cut so that every segment but the last lasts `step` ticks, give or take a quarter.

    None when the keyframes do not allow it, a group is open (a picture shown before its keyframe
    follows it), or a timestamp is missing.
    """
    cuts: list[int] = []
    keyframe: int | None = None
    last = 0
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            return None
        pts = round(packet.pts * packet.time_base * TICKS)
        if packet.is_keyframe:
            if not cuts or pts - cuts[-1] >= step * 3 // 4:
                cuts.append(pts)
            keyframe = pts
        elif keyframe is None or pts < keyframe:
            return None
        last = max(last, pts)
    gaps = [later - earlier for earlier, later in itertools.pairwise([*cuts, last])]
    if not cuts or any(gap > step * 5 // 4 for gap in gaps):
        return None
    return frozenset(cuts)


async def paced(
    segments: Iterable[SourceSegment],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[SourceSegment]:
    """Yields each segment when a camera would have finished it, working beside the event loop.

    A consumer that falls behind gets the next ones at once until it has caught up.
    """
    iterator = iter(segments)
    loop = asyncio.get_running_loop()
    begin = clock()
    thread = ThreadPoolExecutor(1, "segmenter")
    try:
        while True:
            segment = await loop.run_in_executor(thread, next, iterator, None)
            if segment is None:
                return
            wait = begin + (segment.start_ms + segment.duration_ms) / 1000 - clock()
            if wait > 0:
                await sleep(wait)
            yield segment
    finally:
        # Not waited for: the segment in the making would hold up the loop.
        thread.shutdown(wait=False, cancel_futures=True)
