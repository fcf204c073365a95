"""Luma quality of a rendition and of a reference, both against the scaled source.

Everything comes from integer sums over 4x4 blocks, so that two machines measure the same: PSNR from
the squared differences, SSIM over 8x8 windows at stride 4, a map of regions for what is wrong in
one place only, and the blocks' changes from frame to frame for what does not move.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from offchain.verify.judgement import Scores

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Array = npt.NDArray[Any]

# SSIM's constants, scaled as sums over 64 pixels scale its means and variances.
_C1 = 0.01**2 * 255**2 * 64 * 64
_C2 = 0.03**2 * 255**2 * 64 * 63
_REGION = 4  # blocks on a side: 16 pixels
_PSNR_CAP = 50.0  # dB: above it nobody sees a difference
_REGION_FLOOR = 2.0  # grey levels: an error below it is as good as none
_SPOILED = 0.05  # share of frames that are not looked at one by one
_MOVES = 1.0  # mean change of a region's blocks, in grey levels, that counts as movement
_FOLLOWS = 0.4  # share of the source's movement that the reference must show there
_STALLED = 0.25  # share of the source's movement below which a frame stands still


def luma(frame: VideoFrame) -> Array:
    """The Y plane as rows of bytes, without a copy."""
    plane: Any = frame.planes[0]
    rows: Array = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sums of the pixels and of their squares over each 4x4 block."""

    pixels: Array
    sums: Array
    squares: Array


def blocks(picture: Array) -> Blocks:
    """Cuts off what does not fill a block."""
    height, width = (side // 4 * 4 for side in picture.shape)
    pixels = picture[:height, :width].astype(np.uint16)
    return Blocks(pixels, _block_sums(pixels), _product_sums(pixels, pixels))


@dataclass(slots=True)
class Track:
    """One encode's quality against the source, frame by frame."""

    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    movement: list[Array] = field(default_factory=list)
    similarity: Array | float = 0.0
    error: Array | float = 0.0
    shade: Array | int = 0
    _before: Array | None = None

    def add(self, source: Blocks, made: Blocks) -> None:
        """Measures the next frame; the maps are summed over frames."""
        cross = _product_sums(source.pixels, made.pixels)
        error = source.squares + made.squares - 2 * cross
        mean_error = float(error.sum()) / (error.size * 16)
        self.psnr.append(psnr(mean_error))
        similarity = _ssim_map(source, made, cross)
        self.ssim.append(float(similarity.mean()))
        # The error's root, not its square: one bad frame (a flash, a cut) must not drown a mark
        # that is there all the time.
        self.error = self.error + np.sqrt(_pool(error) / 16)
        self.similarity = self.similarity + similarity
        self.shade = self.shade + (made.sums - source.sums)
        self.movement.append(movement(self._before, made.sums))
        self._before = made.sums


def psnr(mean_error: float) -> float:
    """dB, at most the cap."""
    if mean_error <= 0:
        return _PSNR_CAP
    return float(min(_PSNR_CAP, 10 * np.log10(255**2 / mean_error)))


def movement(before: Array | None, now: Array) -> Array:
    """Mean change of each region's blocks since the frame before, in grey levels."""
    if before is None:
        return _pool(np.zeros_like(now))
    return _pool(np.abs(now - before)) / 16


@dataclass(slots=True)
class Comparison:
    """A rendition and a reference measured together against the same source frames."""

    rendition: Track = field(default_factory=Track)
    reference: Track = field(default_factory=Track)
    source_movement: list[Array] = field(default_factory=list)
    _before: Array | None = None

    def add(self, source: Array, rendition: VideoFrame, reference: VideoFrame) -> None:
        """The next frame of each, all of one size; of the source the luma is enough."""
        shown = blocks(source)
        self.rendition.add(shown, blocks(luma(rendition)))
        self.reference.add(shown, blocks(luma(reference)))
        self.source_movement.append(movement(self._before, shown.sums))
        self._before = shown.sums

    def scores(self) -> Scores:
        """Rendition minus reference, quantised."""
        made, ideal = self.rendition, self.reference
        count = len(made.psnr)
        psnr_gap = np.subtract(made.psnr, ideal.psnr)
        ssim_gap = np.subtract(made.ssim, ideal.ssim)
        region_ssim = _pool(np.subtract(made.similarity, ideal.similarity)) / count
        region_psnr = 20 * np.log10(
            (ideal.error / count + _REGION_FLOOR) / (made.error / count + _REGION_FLOOR)
        )
        # Noise of coding cancels out over time; a mark's brightness does not.
        made_shade, ideal_shade = (np.abs(_pool(np.asarray(t.shade))) for t in (made, ideal))
        shade = (ideal_shade - made_shade) / (count * 16)
        return Scores(
            psnr_mean=_centi(psnr_gap.mean()),
            psnr_frame=_centi(_bad(made.psnr) - _bad(ideal.psnr)),
            ssim_mean=round(float(ssim_gap.mean()) * 10_000),
            ssim_frame=round((_bad(made.ssim) - _bad(ideal.ssim)) * 10_000),
            ssim_region=round(float(region_ssim.min()) * 10_000),
            psnr_region=_centi(region_psnr.min()),
            shade_region=_centi(shade.min()),
            stalled=self._stalled(),
        )

    def _stalled(self) -> int:
        """Frames that stand still in the regions where source and reference move."""
        count = 0
        for moved, made, ideal in zip(
            self.source_movement, self.rendition.movement, self.reference.movement, strict=True
        ):
            moving = (moved >= _MOVES) & (ideal >= _FOLLOWS * moved)
            if moving.any():
                count += bool(made[moving].sum() < _STALLED * moved[moving].sum())
        return count


def _bad(values: list[float]) -> float:
    """The value that one frame in twenty falls below.

    Not the worst: after a cut with the buffer empty an honest encoder may spoil a frame wholly, and
    encoders differ in which.
    """
    return sorted(values)[round(len(values) * _SPOILED)]


def _centi(decibels: float) -> int:
    return round(float(decibels) * 100)


def _block_sums(pixels: Array) -> Array:
    """Sums over 4x4 blocks of pixels, four columns added at once within a 64-bit word.

    A block's sum is below 2^12 and a column's below 2^10, so that nothing overflows in 16 bits.
    """
    rows = pixels[0::4] + pixels[1::4]
    rows += pixels[2::4]
    rows += pixels[3::4]
    words = rows.view(np.uint64)
    total: Array = (
        (words & 0xFFFF) + (words >> 16 & 0xFFFF) + (words >> 32 & 0xFFFF) + (words >> 48)
    )
    return total.astype(np.int32)


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


def _pool(values: Array) -> Array:
    """Means over regions; what is left at the right and below joins the last ones."""
    starts = [np.arange(0, max(1, side - _REGION + 1), _REGION) for side in values.shape]
    total = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff(np.append(s, side)) for s, side in zip(starts, values.shape, strict=True)]
    pooled: Array = total / np.outer(*sizes)
    return pooled
