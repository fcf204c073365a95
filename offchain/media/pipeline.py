"""A segment in, its renditions out: decode once, scale and encode every rung, pass the audio.

Pure and synchronous. In `throughput` mode everything runs on the calling thread and several
segments are worked on at once by several processes; in `live` mode each rung has a thread, so that
one segment is done as soon as the cores can. Both give the same bytes from run to run.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.media.encoding import RungEncoder, Scaler
from offchain.media.reader import Limits, SegmentReader, SourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from typing import Self

    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract

_IN_FLIGHT = 8  # frames decoded ahead of the slowest rung's thread


@dataclass(frozen=True, slots=True)
class Transcoded:
    """One segment's renditions in rung order, the source's frames, and what a receipt claims.

    `pixels` is the sum over the renditions of width x height x frames.
    """

    renditions: list[bytes]
    frames: int
    pixels: int
    duration_ms: int


class Transcoder:
    """Transcodes the segments of one stream, one after another, by one contract."""

    def __init__(self, contract: QualityContract, limits: Limits | None = None) -> None:
        self.contract = contract
        self.limits = limits or limits_for(contract)
        self._scalers = [Scaler(rung.width, rung.height) for rung in contract.rungs]
        # One thread per rung keeps each rung's frames in order.
        self._pools: list[ThreadPoolExecutor] = []
        if contract.mode == "live" and contract.scaling == "direct":
            self._pools = [ThreadPoolExecutor(1, rung.name) for rung in contract.rungs]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads of `live` mode."""
        for pool in self._pools:
            pool.shutdown()

    def transcode(self, segment: bytes) -> Transcoded:
        """All renditions of `segment`; raises `SourceFault` when the source is to blame."""
        threads = 2 if self._pools else 1
        with SegmentReader(segment, self.limits, threads=threads) as reader:
            encoders = [RungEncoder(self.contract, rung) for rung in self.contract.rungs]
            frames = self._encode(reader.frames(), encoders)
            check_duration(reader, self.contract)
            renditions = [
                encoder.finish(reader.audio, reader.audio_packets) for encoder in encoders
            ]
            return Transcoded(
                renditions=renditions,
                frames=frames,
                pixels=sum(encoder.pixels for encoder in encoders),
                duration_ms=reader.duration_ms,
            )

    def _encode(self, frames: Iterator[VideoFrame], encoders: list[RungEncoder]) -> int:
        count = 0
        if not self._pools:
            for frame in frames:
                self._encode_frame(frame, encoders)
                count += 1
            return count
        queues: list[deque[Future[None]]] = [deque() for _ in encoders]
        try:
            for frame in frames:
                count += 1
                for place, encoder in enumerate(encoders):
                    if not encoder.wants(frame.pts or 0):
                        continue
                    queue = queues[place]
                    queue.append(
                        self._pools[place].submit(self._scale_and_encode, place, encoder, frame)
                    )
                    if len(queue) > _IN_FLIGHT:
                        queue.popleft().result()
        finally:
            wait(future for queue in queues for future in queue)
        for queue in queues:
            for future in queue:
                future.result()
        return count

    def _encode_frame(self, frame: VideoFrame, encoders: list[RungEncoder]) -> None:
        for encoder, scaler in zip(encoders, self._scalers, strict=True):
            if not encoder.wants(frame.pts or 0):
                continue
            scaled = scaler.scale(frame)
            encoder.encode(scaled)
            if self.contract.scaling == "cascade":
                frame = scaled

    def _scale_and_encode(self, place: int, encoder: RungEncoder, frame: VideoFrame) -> None:
        encoder.encode(self._scalers[place].scale(frame))


def transcode(segment: bytes, contract: QualityContract) -> Transcoded:
    """One segment by itself; a stream's worker keeps a `Transcoder`."""
    with Transcoder(contract) as transcoder:
        return transcoder.transcode(segment)


def limits_for(contract: QualityContract) -> Limits:
    """A source segment may last 1.5 times the contract's, at up to 120 frames a second."""
    longest = contract.segment_ms * 3 // 2
    return Limits(duration_ms=longest, frames=longest * 120 // 1000 + 1)


def check_duration(reader: SegmentReader, contract: QualityContract) -> None:
    """Refuses a segment whose last picture ends after the longest the contract allows."""
    if reader.duration_ms > contract.segment_ms * 3 // 2:
        raise SourceFault(
            f"the segment lasts {reader.duration_ms} ms, the contract's {contract.segment_ms} ms"
        )
