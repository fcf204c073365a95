"""How much worse than the reference a rendition may be: data with a version, named by contracts.

A version, once published, never changes: a verdict must be the same next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.verify.calibrated import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.media.profiles import Rung
    from offchain.verify.judgement import Scores

# What each score with a lower bound is called, its unit, and how many of its steps make one.
_WORDS = {
    "psnr_mean": ("mean PSNR", " dB", 100),
    "psnr_frame": ("the worst frame's PSNR", " dB", 100),
    "ssim_mean": ("mean SSIM", "", 10_000),
    "ssim_frame": ("the worst frame's SSIM", "", 10_000),
    "ssim_region": ("the worst region's SSIM", "", 10_000),
    "psnr_region": ("the worst region's PSNR", " dB", 100),
    "shade_region": ("the worst region's brightness", " grey levels", 100),
    "detail": ("fine detail", " %", 100),
}
LOWER = tuple(_WORDS)
# Names of the bands of rungs, and the least short side of each in pixels.
BANDS = {"360p": 300, "240p": 210, "180p": 162, "144p": 0}
# 0.01 dB of mean PSNR above the reference's: who is better by that much shows movement that the
# reference blurs, and is not measured by how the reference moves.
BETTER = 100


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Lower bounds on the scores, in their units, all below zero; `stalled` is an upper bound.

    What is smaller than the reference by more than `size` owes a full PSNR of `psnr_thin`: who
    saves bits must be as good.
    """

    psnr_mean: int
    psnr_frame: int
    ssim_mean: int
    ssim_frame: int
    ssim_region: int
    psnr_region: int
    shade_region: int
    detail: int
    stalled: int
    size: int
    psnr_thin: int

    def broken_by(self, scores: Scores) -> str | None:
        """The first bound that the scores break, in words; None where all hold."""
        for name, (what, unit, scale) in _WORDS.items():
            value, bound = getattr(scores, name), getattr(self, name)
            if value < bound:
                return (
                    f"{what} is {-value / scale:g}{unit} below the reference's, "
                    f"more than {-bound / scale:g}{unit}"
                )
        if scores.stalled > self.stalled and scores.psnr_mean < BETTER:
            return f"{scores.stalled / 100:g} % of the frames stand still where the source moves"
        if scores.size < self.size and scores.psnr_full < self.psnr_thin:
            return (
                f"mean PSNR is {-scores.psnr_full / 100:g} dB below the reference's "
                f"with {-scores.size / 100:g} % fewer bits"
            )
        return None

    def margins(self, scores: Scores) -> Iterator[tuple[str, float]]:
        """How far each score goes towards its bound: what is above one breaks it."""
        for name in LOWER:
            yield name, getattr(scores, name) / getattr(self, name)
        yield "stalled", scores.stalled / self.stalled if scores.psnr_mean < BETTER else 0.0
        yield "size", min(scores.size / self.size, scores.psnr_full / self.psnr_thin)


@dataclass(frozen=True, slots=True)
class Table:
    """One version's bounds, by mode and band."""

    bounds: dict[tuple[str, str], Thresholds]

    def of(self, mode: str, rung: Rung) -> Thresholds:
        """The bounds of a rung."""
        return self.bounds[mode, band_of(min(rung.width, rung.height))]


def band_of(side: int) -> str:
    """The band of a rung whose short side has so many pixels."""
    return next(name for name, least in BANDS.items() if side >= least)


VERSIONS: dict[int, Table] = {
    version: Table({key: Thresholds(*values) for key, values in bounds.items()})
    for version, bounds in BOUNDS.items()
}
