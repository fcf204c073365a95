"""What can be said of a rendition without looking at its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.media.reader import TICKS, Limits, SegmentReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract, Rung

_BITS_SLACK = 1.25  # of the encoder's own buffer model
_SYNC_TICKS = TICKS // 25  # sound may move by 40 ms


class Breach(ValueError):
    """The rendition is not what the contract asks for: the check's name and one sentence."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(reason)
        self.check = check


@dataclass(frozen=True, slots=True)
class Sound:
    """A stream's compressed sound: the packets' bytes joined, and when the first and last begin."""

    data: bytes
    first: int
    last: int
    packets: int


def sound_of(packets: Sequence[Packet[AudioStream]]) -> Sound | None:
    """None where there is no sound."""
    if not packets:
        return None
    times = [round(packet.pts * packet.time_base * TICKS) for packet in packets if packet.pts]
    data = b"".join(bytes(packet) for packet in packets)
    return Sound(data, min(times, default=0), max(times, default=0), len(packets))


@dataclass(slots=True)
class Rendition:
    """A rendition that is read as long as it is what the contract owes for `rung`.

    `times` are the ticks of the frames that the source owes, `sound` is the source's, and
    `reference_bytes` what the reference's pictures take.
    """

    data: bytes
    contract: QualityContract
    rung: Rung
    times: Sequence[int]
    sound: Sound | None
    reference_bytes: int
    video_bytes: int = 0

    def frames(self) -> Iterator[VideoFrame]:
        """The frames, as long as their number, times, size, bits and sound are as owed.

        Raises `Breach`, or `SourceFault` where the rendition does not decode.
        """
        rung, times = self.rung, self.times
        limits = Limits(
            pixels=rung.width * rung.height,
            frames=len(times) + 1,
            duration_ms=self.contract.segment_ms * 2,
            size=max(1 << 20, self.contract.segment_ms * rung.bitrate // 1000),
        )
        slack = round(TICKS / rung.fps / 2)
        count = 0
        with SegmentReader(self.data, limits) as reader:
            context = reader.video.codec_context
            if context.name != "h264":
                raise Breach("codec", f"the video is {context.name}, the contract asks for h264")
            _check_size(context.width, context.height, rung)
            for frame in reader.frames():
                _check_size(frame.width, frame.height, rung)
                if count == len(times):
                    raise Breach("frames", f"there are more than the {count} frames that are owed")
                if abs((frame.pts or 0) - times[count]) > slack:
                    raise Breach("timestamps", "a frame is shown at another time than the source's")
                count += 1
                yield frame
            if count < len(times):
                raise Breach("frames", f"there are {count} frames where {len(times)} are owed")
            self.video_bytes = reader.video_bytes
            _check_bits(self.video_bytes, self.contract, rung, self.reference_bytes)
            _check_sound(sound_of(reader.audio_packets), self.sound)


def _check_size(width: int, height: int, rung: Rung) -> None:
    if (width, height) != (rung.width, rung.height):
        raise Breach(
            "resolution",
            f"a picture is {width}x{height}, the contract asks for {rung.width}x{rung.height}",
        )


def _check_bits(size: int, contract: QualityContract, rung: Rung, reference_bytes: int) -> None:
    # Nominal bits plus one second of buffer is what the encoder's own model allows.
    nominal = rung.bitrate * (contract.segment_ms / 1000 + 1) / 8
    most = max(nominal * _BITS_SLACK, reference_bytes * _BITS_SLACK)
    if size > most:
        raise Breach("bitrate", f"the pictures take {size} bytes, the contract allows {most:.0f}")


def _check_sound(made: Sound | None, owed: Sound | None) -> None:
    if owed is None and made is None:
        return
    if made is None:
        raise Breach("audio", "the source's sound is missing")
    if owed is None:
        raise Breach("audio", "there is sound that the source does not have")
    if made.data != owed.data:
        raise Breach("audio", "the sound is not the source's")
    if max(abs(made.first - owed.first), abs(made.last - owed.last)) > _SYNC_TICKS:
        raise Breach("audio", "the sound is out of step with the pictures")
