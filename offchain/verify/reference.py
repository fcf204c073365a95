"""The verifier's own work: the source decoded once, and the contract's encode of each judged rung.

What others made of the same segment is measured against it, any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import av

from offchain.media.encoding import FrameCap, RungEncoder, Scaler
from offchain.media.pipeline import check_duration, limits_for
from offchain.media.reader import SegmentReader
from offchain.verify.metrics import Original, Track, compare
from offchain.verify.shape import Rendition, Sound, sound_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract, Rung
    from offchain.verify.judgement import Scores


@dataclass(slots=True)
class OwedRung:
    """What the contract owes for one rung; of a rung that is not judged only its frames' times.

    `times` are ticks, `frames` the scaled source's, `data` is the reference
    encode and `packets` its pictures.
    """

    rung: Rung
    times: list[int] = field(default_factory=list)
    frames: list[VideoFrame] = field(default_factory=list)
    data: bytes = b""
    packets: Sequence[Packet[Stream]] = ()
    video_bytes: int = 0
    _original: Original | None = None
    _ideal: Track | None = None

    @property
    def original(self) -> Original:
        """The scaled source, prepared when it is first asked for."""
        if self._original is None:
            self._original = Original(self.frames)
        return self._original

    def track(self, frames: Iterable[VideoFrame]) -> Track:
        """Measures an encode's frames, one for each that is owed."""
        track = Track(self.original)
        for frame in frames:
            track.add(frame)
        return track

    @property
    def ideal(self) -> Track:
        """The reference's own track: it is decoded when something else is first measured."""
        if self._ideal is None:
            self._ideal = self.track(self._decoded())
            self._ideal.size = self.video_bytes
        return self._ideal

    def _decoded(self) -> Iterator[VideoFrame]:
        """The reference's frames, straight from the encoder's packets."""
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        for packet in [*self.packets, None]:
            yield from decoder.decode(packet)


class Reference:
    """One source segment's `owed` rungs, sound and pixels; raises `SourceFault`."""

    def __init__(self, contract: QualityContract, source: bytes, wanted: Sequence[int]) -> None:
        self.contract = contract
        self.owed = [OwedRung(rung) for rung in contract.rungs]
        caps = [FrameCap(rung.fps) for rung in contract.rungs]
        scalers = [Scaler(rung.width, rung.height) for rung in contract.rungs]
        encoders = {place: RungEncoder(contract, contract.rungs[place]) for place in wanted}
        cascade = contract.scaling == "cascade"
        with SegmentReader(source, limits_for(contract)) as reader:
            for frame in reader.frames():
                shown = frame
                for place, owed in enumerate(self.owed):
                    if not caps[place].passes(shown.pts or 0):
                        continue
                    owed.times.append(shown.pts or 0)
                    encoder = encoders.get(place)
                    # A cascade scales each rung from the one above, judged or not.
                    if encoder is None and not cascade:
                        continue
                    scaled = scalers[place].scale(shown)
                    if encoder is not None:
                        owed.frames.append(scaled)
                        encoder.encode(scaled)
                    if cascade:
                        shown = scaled
            check_duration(reader, contract)
            self.duration_ms = reader.duration_ms
            self.sound: Sound | None = sound_of(reader.audio_packets)
            for place, encoder in encoders.items():
                self.owed[place].data = encoder.finish(reader.audio, reader.audio_packets)
                self.owed[place].packets = encoder.packets
                self.owed[place].video_bytes = encoder.video_bytes

    @property
    def pixels(self) -> int:
        """Pixels owed over all rungs."""
        return sum(owed.rung.width * owed.rung.height * len(owed.times) for owed in self.owed)

    def track(self, place: int, rendition: bytes) -> Track:
        """Measures a rendition; raises `Breach`, or `SourceFault` where it does not decode."""
        owed = self.owed[place]
        read = Rendition(
            rendition, self.contract, owed.rung, owed.times, self.sound, owed.video_bytes
        )
        track = owed.track(read.frames())
        track.size = read.video_bytes
        return track

    def measure(self, place: int, rendition: bytes) -> Scores:
        """A rendition's scores relative to the reference; raises as `track`."""
        return compare(self.track(place, rendition), self.owed[place].ideal)
