"""Luma quality of an encode against the scaled source it was made from.

Everything comes from integer sums, so that two machines measure the same. Every frame gives PSNR,
brightness by blocks, and how far its changes follow the source's, which shows frames that stand
still. What is dearer is taken from `LOOKED_AT` frames spread over the segment: structure (SSIM over
8x8 windows at stride 4), fine detail, and a map of errors for what is wrong in one place only. What
is done to the frames between them still shows in all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from offchain.verify.judgement import Scores
from offchain.verify.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

Array = npt.NDArray[Any]

LOOKED_AT = 6  # frames of a segment whose structure, detail and errors are compared

# SSIM's constants, scaled as sums over 64 pixels scale its means and variances.
_C1 = 0.01**2 * 255**2 * 64 * 64
_C2 = 0.03**2 * 255**2 * 64 * 63
_REGION = 16  # pixels on a side
_BLOCK = 8  # pixels on a side, for brightness and movement
_ADDED = 16  # pixels of a block that are added up: two of its rows
_PSNR_CAP = 50.0  # dB: as good as equal
_SEEN = 45.0  # dB: above it nobody sees a difference
_REGION_FLOOR = 2.0  # grey levels: an error below it is as good as none
_SPOILED = 0.05  # share of frames that are not looked at one by one
_MOVES = 0.15  # root mean square of the blocks' changes, in grey levels, that counts as movement
_FOLLOWS = 0.4  # share of the source's movement that the reference must show
_STALLED = 0.35  # share of the reference's movement below which a frame stands still
_FEW = 8  # with fewer moving frames, one that stands still weighs as one of so many
_FINE = 1.0  # mean square of second differences, in grey levels, that counts as detail
_KEPT = 0.2  # share of the detail that an encode is taken to keep at least
_STRIP = 16  # rows, so that what is worked on stays in the processor's cache
_DETAIL_PIXELS = 1 << 17  # of a frame, at most, where detail is looked for


def luma(frame: VideoFrame) -> Array:
    """The Y plane as rows of bytes, without a copy."""
    plane: Any = frame.planes[0]
    rows: Array = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def psnr(mean_error: float) -> float:
    """dB, at most the cap."""
    if mean_error <= 0:
        return _PSNR_CAP
    return float(min(_PSNR_CAP, 10 * np.log10(255**2 / mean_error)))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sums of the pixels and of their squares over each 4x4 block."""

    pixels: Array
    sums: Array
    squares: Array


class Original:
    """The scaled source of one rung, prepared for comparing encodes with it."""

    def __init__(self, frames: Sequence[VideoFrame]) -> None:
        count = len(frames)
        self.frames = frames
        self.sums = [block_sums(luma(frame)) for frame in frames]
        self.changes = _changes(self.sums)
        self.energy = [float(np.vdot(change, change)) for change in self.changes]
        chosen = {place * count // LOOKED_AT for place in range(LOOKED_AT)} if count else set()
        self.looked = {place: blocks(luma(frames[place])) for place in sorted(chosen)}
        self.fine = {place: _fine(luma(frames[place])) for place in self.looked}
        self.fineness = sum(_product(part, part) for part in self.fine.values())

    @property
    def is_plain(self) -> bool:
        """Whether there is hardly any fine detail that could be lost."""
        return self.fineness < _FINE * sum(s.size for part in self.fine.values() for s in part)

    def moves(self, place: int) -> bool:
        """Whether anything to be seen changes from the frame before to this one."""
        change = self.changes[place]
        return self.energy[place] > change.size * (_MOVES * _ADDED) ** 2


@dataclass(slots=True)
class Track:
    """One encode's likeness to its original, frame by frame; maps are summed over frames.

    `size` is what its pictures take, in bytes.
    """

    original: Original
    size: int = 0
    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    follows: list[float] = field(default_factory=list)
    similarity: Array | float = 0.0
    error: Array | float = 0.0
    shade: Array | float = 0.0
    kept: float = 0.0
    _before: Array | None = None
    _meter: Meter | None = None

    def add(self, frame: VideoFrame) -> None:
        """Measures the next frame, which is of the original's size."""
        original, place = self.original, len(self.psnr)
        if self._meter is None:
            self._meter = Meter(frame.width, frame.height)
        self.psnr.append(psnr(self._meter.mean_error(original.frames[place], frame)))
        made = luma(frame)
        sums = block_sums(made)
        self.shade = self.shade + (sums - original.sums[place])
        self.follows.append(self._followed(place, sums))
        self._before = sums
        if place in original.looked:
            self._look(place, made)

    @property
    def detail(self) -> float:
        """The share of the original's fine detail that is there; noise of coding does not count."""
        return self.kept / self.original.fineness if self.original.fineness else 1.0

    def _followed(self, place: int, sums: Array) -> float:
        """The share of the original's movement that this frame shows."""
        if self._before is None or not self.original.energy[place]:
            return 1.0
        change = (sums - self._before).astype(np.float64)
        shown = float(np.vdot(change, self.original.changes[place]))
        return shown / self.original.energy[place]

    def _look(self, place: int, made: Array) -> None:
        source, shown = self.original.looked[place], blocks(made)
        cross = _product_sums(source.pixels, shown.pixels)
        similarity = _ssim_map(source, shown, cross)
        self.ssim.append(float(similarity.mean()))
        self.similarity = self.similarity + similarity
        # The error's root, not its square: one bad frame (a flash, a cut) must not drown a mark
        # that is there all the time.
        error = source.squares + shown.squares - 2 * cross
        self.error = self.error + np.sqrt(_pool(error) / 16)
        self.kept += _product(_fine(made), self.original.fine[place])


def compare(made: Track, ideal: Track) -> Scores:
    """Rendition minus reference, both of one original, quantised."""
    looked = len(made.ssim)
    region_ssim = _pool(np.subtract(made.similarity, ideal.similarity)) / looked
    region_psnr = 20 * np.log10(
        (ideal.error / looked + _REGION_FLOOR) / (made.error / looked + _REGION_FLOOR)
    )
    # Noise of coding cancels out over time; a mark's brightness does not.
    made_shade, ideal_shade = (np.abs(_pool(np.asarray(t.shade), 2)) for t in (made, ideal))
    shade = (ideal_shade - made_shade) / (len(made.psnr) * _ADDED)
    seen, wanted = (list(np.minimum(track.psnr, _SEEN)) for track in (made, ideal))
    return Scores(
        psnr_mean=_centi(np.subtract(seen, wanted).mean()),
        psnr_frame=_centi(_bad(seen) - _bad(wanted)),
        ssim_mean=round(float(np.subtract(made.ssim, ideal.ssim).mean()) * 10_000),
        ssim_frame=round((_bad(made.ssim) - _bad(ideal.ssim)) * 10_000),
        ssim_region=round(float(region_ssim.min()) * 10_000),
        psnr_region=_centi(region_psnr.min()),
        shade_region=_centi(shade.min()),
        detail=_lost_detail(made, ideal),
        stalled=_stalled(made, ideal),
        psnr_full=_centi(np.subtract(made.psnr, ideal.psnr).mean()),
        size=round((made.size / ideal.size - 1) * 10_000) if ideal.size else 0,
    )


def _lost_detail(made: Track, ideal: Track) -> int:
    if made.original.is_plain:
        return 0
    return round((made.detail - ideal.detail) / max(ideal.detail, _KEPT) * 10_000)


def _stalled(made: Track, ideal: Track) -> int:
    """Frames that stand still where source and reference move, in 10^-4 of those that could."""
    moving = [
        (shown, wanted)
        for place, (shown, wanted) in enumerate(zip(made.follows, ideal.follows, strict=True))
        if place and made.original.moves(place) and wanted >= _FOLLOWS
    ]
    still = sum(shown < _STALLED * wanted for shown, wanted in moving)
    return round(still * 10_000 / max(_FEW, len(moving)))


def _bad(values: list[float]) -> float:
    """The value that one frame in twenty falls below.

    Not the worst: after a cut with the buffer empty an honest encoder may spoil a frame wholly, and
    encoders differ in which.
    """
    return sorted(values)[round(len(values) * _SPOILED)]


def _centi(decibels: float) -> int:
    return round(float(decibels) * 100)


def blocks(picture: Array) -> Blocks:
    """Cuts off what does not fill a block of 4x4."""
    height, width = (side // 4 * 4 for side in picture.shape)
    pixels = picture[:height, :width].astype(np.uint16)
    return Blocks(pixels, _quad_sums(pixels), _product_sums(pixels, pixels))


def block_sums(picture: Array) -> Array:
    """Sums over two rows of each 8x8 block; what does not fill a block is cut off.

    Eight bytes at once, within a 64-bit word: a lane's sum is below 2^10 and all four below 2^12.
    """
    height, width = (side // _BLOCK * _BLOCK for side in picture.shape)
    words = np.ascontiguousarray(picture[1:height:4, :width]).view(np.uint64)
    pairs = (words & _EVEN) + ((words >> _BYTE) & _EVEN)
    total: Array = (((pairs[0::2] + pairs[1::2]) * _ALL) >> _HIGHEST).astype(np.int32)
    return total


_EVEN, _ALL = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001)
_BYTE, _HIGHEST = np.uint64(8), np.uint64(48)


def _starts(side: int, step: int) -> Array:
    return np.arange(max(1, side // step)) * step


def _changes(sums: Sequence[Array]) -> list[Array]:
    before = sums[:1]
    return [
        (now - last).astype(np.float64)
        for last, now in zip([*before, *sums[:-1]], sums, strict=True)
    ]


def _fine(picture: Array) -> list[Array]:
    """Second differences, across and down: what scaling down and up again takes away.

    In strips of rows, of a large picture only as many as amount to `_DETAIL_PIXELS`.
    """
    height, width = picture.shape
    step = _STRIP * max(1, -(-height * width // _DETAIL_PIXELS))
    strips = []
    for top in range(0, height - 2, step):
        pixels = picture[top : top + _STRIP + 2].astype(np.int16)
        centre = pixels[1:-1, 1:-1] * 2
        across = centre - pixels[1:-1, :-2] - pixels[1:-1, 2:]
        down = centre - pixels[:-2, 1:-1] - pixels[2:, 1:-1]
        strips += [across.astype(np.float32), down.astype(np.float32)]
    return strips


def _product(one: Sequence[Array], other: Sequence[Array]) -> float:
    return sum(float(np.vdot(a, b)) for a, b in zip(one, other, strict=True))


def _quad_sums(pixels: Array) -> Array:
    """Sums over 4x4 blocks of 16-bit pixels, four columns added at once within a 64-bit word.

    A block's sum is below 2^12 and a column's below 2^10, so that nothing overflows in 16 bits.
    """
    rows = pixels[0::4] + pixels[1::4]
    rows += pixels[2::4]
    rows += pixels[3::4]
    total: Array = ((rows.view(np.uint64) * _ALL) >> _HIGHEST).astype(np.int32)
    return total


def _product_sums(one: Array, other: Array) -> Array:
    """Sums over 4x4 blocks of the products of two pictures' pixels, each below 2^16."""
    pairs = (one * other).view(np.uint32)
    pairs = (pairs & 0xFFFF) + (pairs >> 16)
    rows = pairs[0::4] + pairs[1::4]
    rows += pairs[2::4]
    rows += pairs[3::4]
    words = rows.view(np.uint64)
    total: Array = (words & 0xFFFFFFFF) + (words >> 32)
    return total.astype(np.int32)


def _windows(sums: Array) -> Array:
    """Sums over 8x8 windows at stride 4."""
    total: Array = (sums[:-1, :-1] + sums[1:, :-1] + sums[:-1, 1:] + sums[1:, 1:]).astype(
        np.float64
    )
    return total


def _ssim_map(source: Blocks, made: Blocks, cross: Array) -> Array:
    left, right = _windows(source.sums), _windows(made.sums)
    squares = _windows(source.squares + made.squares)
    product = left * right
    power = left * left + right * right
    covariance = _windows(cross) * 64 - product
    variance = squares * 64 - power
    similarity: Array = ((2 * product + _C1) * (2 * covariance + _C2)) / (
        (power + _C1) * (variance + _C2)
    )
    return similarity


def _pool(values: Array, size: int = 4) -> Array:
    """Means over squares of `size`; what is left at the right and below joins the last ones."""
    starts = [_starts(side, size) for side in values.shape]
    total = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff(np.append(s, side)) for s, side in zip(starts, values.shape, strict=True)]
    pooled: Array = total / np.outer(*sizes)
    return pooled
