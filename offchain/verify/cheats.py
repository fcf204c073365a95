"""Every way of cheating that a verifier must catch, as it would be done: applied to honest work.

One enumeration serves tests, calibration and the `--cheat` switch of development chains.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self, cast

import av
import numpy as np
import numpy.typing as npt

from offchain.media.encoding import TIME_BASE, RungEncoder, Scaler
from offchain.media.pipeline import Transcoded, Transcoder, check_duration, limits_for
from offchain.media.profiles import BadContract, QualityContract, Rung
from offchain.media.reader import SegmentReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.frame import VideoFrame

Planes = npt.NDArray[Any]  # a frame as rows of bytes: luma, then both chroma planes


class Cheat(StrEnum):
    """What is done instead of the work."""

    BLACK = "black"  # black pictures
    FREEZE = "freeze"  # the second half stands still
    DROP = "drop"  # every fourth frame is left out
    REPEAT = "repeat"  # every fourth frame is the one before
    HALFRATE = "halfrate"  # every second frame is the one before
    UPSCALE = "upscale"  # scaled down to two thirds and up again
    LOWRUNG = "lowrung"  # a smaller rung's rendition in place of this one
    STALE = "stale"  # the segment before, with this one's timestamps
    OTHERSTREAM = "otherstream"  # pictures of something else
    BITRATE = "bitrate"  # half of the bits
    BLUR = "blur"  # blurred, so that it costs less to encode
    LOGO = "logo"  # a mark on 2 % of the area, half opaque
    CROP = "crop"  # the middle nine tenths, scaled up
    MUTE = "mute"  # no sound
    SWAPAUDIO = "swapaudio"  # the sound's pieces in another order
    TRUNCATE = "truncate"  # the rendition's first 60 %
    PHANTOM = "phantom"  # bytes that are no video at all


class CheatingTranscoder:
    """A transcoder that cheats in one way; the numbers it claims are the honest ones."""

    def __init__(self, contract: QualityContract, cheat: str) -> None:
        if cheat not in list(Cheat):
            raise BadContract(f"no way of cheating is called {cheat!r}")
        self.contract = contract
        self.cheat = Cheat(cheat)
        self._honest = Transcoder(contract)
        self._before: list[Planes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """As `Transcoder.close`."""
        self._honest.close()

    def transcode(self, segment: bytes) -> Transcoded:
        """The segment's renditions as the cheat makes them.

        A stale rendition needs a segment before: the first one is done honestly.
        """
        honest = self._honest.transcode(segment)
        renditions = [
            self._rendition(segment, rung, rendition)
            for rung, rendition in zip(self.contract.rungs, honest.renditions, strict=True)
        ]
        if self.cheat is Cheat.STALE:
            self._before = _pictures(segment, self.contract)
        return Transcoded(renditions, honest.frames, honest.pixels, honest.duration_ms)

    def _rendition(self, segment: bytes, rung: Rung, honest: bytes) -> bytes:
        if self.cheat is Cheat.TRUNCATE:
            return honest[: len(honest) * 6 // 10 // 188 * 188]
        if self.cheat is Cheat.PHANTOM:
            return hashlib.sha256(honest).digest() * (len(honest) // 32)
        encoded = rung
        if self.cheat is Cheat.BITRATE:
            encoded = poorer(rung)
        elif self.cheat is Cheat.LOWRUNG:
            encoded = smaller(rung)
        with SegmentReader(segment, limits_for(self.contract)) as reader:
            encoder = RungEncoder(self.contract, encoded)
            scaler = Scaler(encoded.width, encoded.height)
            frames = [
                scaler.scale(frame) for frame in reader.frames() if encoder.wants(frame.pts or 0)
            ]
            check_duration(reader, self.contract)
            for frame in self._edited(frames):
                encoder.encode(frame)
            sound = [] if self.cheat is Cheat.MUTE else reader.audio_packets
            if self.cheat is Cheat.SWAPAUDIO:
                sound = reordered(sound)
            return encoder.finish(reader.audio, sound)

    def _edited(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        if self.cheat is not Cheat.STALE:
            return edited(self.cheat, frames)
        if self._before is None:
            return frames
        size = frames[0].width, frames[0].height
        before = [_scaled(picture, *size) for picture in self._before]
        return edited(self.cheat, frames, before)


def edited(
    cheat: Cheat, frames: list[VideoFrame], before: Sequence[Planes] = ()
) -> list[VideoFrame]:
    """A rung's scaled frames as the cheat encodes them; `before` is the segment before's."""
    if cheat is Cheat.DROP:
        return [frame for index, frame in enumerate(frames) if index % 4 != 3]
    if cheat is Cheat.STALE:
        pictures = [before[min(i, len(before) - 1)] for i in range(len(frames))]
    else:
        pictures = _EDITS.get(cheat, list)([frame.to_ndarray() for frame in frames])
    return [
        _frame(picture, frame.pts or 0) for picture, frame in zip(pictures, frames, strict=True)
    ]


def _black(pictures: list[Planes]) -> list[Planes]:
    picture = np.full_like(pictures[0], 128)
    picture[: len(picture) * 2 // 3] = 16
    return [picture] * len(pictures)


def _freeze(pictures: list[Planes]) -> list[Planes]:
    half = len(pictures) // 2
    return pictures[:half] + [pictures[max(0, half - 1)]] * (len(pictures) - half)


def _repeat(every: int) -> Callable[[list[Planes]], list[Planes]]:
    def edit(pictures: list[Planes]) -> list[Planes]:
        return [
            pictures[index - 1] if index % every == every - 1 else picture
            for index, picture in enumerate(pictures)
        ]

    return edit


def _upscale(pictures: list[Planes]) -> list[Planes]:
    height, width = len(pictures[0]) * 2 // 3, pictures[0].shape[1]
    small = max(16, width * 2 // 3 // 2 * 2), max(16, height * 2 // 3 // 2 * 2)
    return [_scaled(_scaled(picture, *small), width, height) for picture in pictures]


def _other(pictures: list[Planes]) -> list[Planes]:
    """Bars that wander: plausible video of something else."""
    made = []
    for index, picture in enumerate(pictures):
        other = np.full_like(picture, 128)
        height = len(picture) * 2 // 3
        columns = (np.arange(picture.shape[1]) + 3 * index) // 8 % 8 * 24 + 30
        other[:height] = columns
        made.append(other)
    return made


def _blur(pictures: list[Planes]) -> list[Planes]:
    made = []
    for picture in pictures:
        height = len(picture) * 2 // 3
        blurred = picture.copy()
        rows = np.pad(picture[:height].astype(np.uint16), 1, mode="edge")
        total = sum(
            rows[y : y + height, x : x + picture.shape[1]] for y in range(3) for x in range(3)
        )
        blurred[:height] = total // 9
        made.append(blurred)
    return made


def _logo(pictures: list[Planes]) -> list[Planes]:
    height, width = len(pictures[0]) * 2 // 3, pictures[0].shape[1]
    tall, wide = max(2, round(height * 0.02**0.5)), max(2, round(width * 0.02**0.5))
    top, left = height // 16, width - wide - width // 16
    # Half white, half black: to be seen on any ground.
    mark = np.where(np.arange(wide) < wide // 2, 235, 16).astype(np.uint16)
    made = []
    for picture in pictures:
        marked = picture.copy()
        patch = marked[top : top + tall, left : left + wide].astype(np.uint16)
        marked[top : top + tall, left : left + wide] = (patch + mark) // 2
        made.append(marked)
    return made


def _crop(pictures: list[Planes]) -> list[Planes]:
    height, width = len(pictures[0]) * 2 // 3, pictures[0].shape[1]
    top, left = max(2, height // 20 // 2 * 2), max(2, width // 20 // 2 * 2)
    inner = height - 2 * top, width - 2 * left
    made = []
    for picture in pictures:
        luma = picture[top : top + inner[0], left : left + inner[1]]
        chroma = picture[height:].reshape(2, height // 2, width // 2)
        chroma = chroma[:, top // 2 : (top + inner[0]) // 2, left // 2 : (left + inner[1]) // 2]
        cut = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
        made.append(_scaled(cut.reshape(inner[0] * 3 // 2, inner[1]), width, height))
    return made


_EDITS: dict[Cheat, Callable[[list[Planes]], list[Planes]]] = {
    Cheat.BLACK: _black,
    Cheat.FREEZE: _freeze,
    Cheat.REPEAT: _repeat(4),
    Cheat.HALFRATE: _repeat(2),
    Cheat.UPSCALE: _upscale,
    Cheat.OTHERSTREAM: _other,
    Cheat.BLUR: _blur,
    Cheat.LOGO: _logo,
    Cheat.CROP: _crop,
}


def _pictures(segment: bytes, contract: QualityContract) -> list[Planes]:
    """The segment's frames at the ladder's largest size."""
    largest = max(contract.rungs, key=lambda rung: rung.width * rung.height)
    scaler = Scaler(largest.width, largest.height)
    with SegmentReader(segment, limits_for(contract)) as reader:
        return [scaler.scale(frame).to_ndarray() for frame in reader.frames()]


def reordered(packets: list[Packet[AudioStream]]) -> list[Packet[AudioStream]]:
    """The same packets' contents, last first, at the same times."""
    made: list[Packet[AudioStream]] = []
    for packet, content in zip(packets, reversed([bytes(p) for p in packets]), strict=True):
        swapped = cast("Packet[AudioStream]", av.Packet(content))
        swapped.pts, swapped.dts, swapped.time_base = packet.pts, packet.dts, packet.time_base
        made.append(swapped)
    return made


def _scaled(picture: Planes, width: int, height: int) -> Planes:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    return Scaler(width, height).scale(frame).to_ndarray()


def _frame(picture: Planes, pts: int) -> VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
    frame.pts, frame.time_base = pts, TIME_BASE
    return frame


def poorer(rung: Rung) -> Rung:
    """The rung with half of its bits."""
    return _replaced(rung, bitrate=rung.bitrate // 2)


def smaller(rung: Rung) -> Rung:
    """The rung at half of its size."""
    return _replaced(rung, width=_half(rung.width), height=_half(rung.height))


def _replaced(rung: Rung, **changes: int) -> Rung:
    values: dict[str, Any] = {"width": rung.width, "height": rung.height, "bitrate": rung.bitrate}
    return Rung(rung.name, fps=Fraction(rung.fps), **(values | changes))


def _half(side: int) -> int:
    return max(16, side // 2 // 2 * 2)
