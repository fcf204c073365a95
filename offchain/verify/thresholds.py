"""How much worse than the reference a rendition may be: data with a version, named by contracts.

A version, once published, never changes: a verdict must be the same next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offchain.verify.judgement import Scores


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Lower bounds on scores (0.01 dB, 10^-4 SSIM) and the largest share of stalled frames."""

    psnr_mean: int
    psnr_frame: int
    ssim_mean: int
    ssim_frame: int
    ssim_region: int
    psnr_region: int
    shade_region: int
    stalled_share: float

    def broken_by(self, scores: Scores, frames: int) -> str | None:
        """The first bound that the scores break, in words; None where all hold."""
        for name, what, unit, scale in (
            ("psnr_mean", "mean PSNR", " dB", 100),
            ("psnr_frame", "the worst frame's PSNR", " dB", 100),
            ("ssim_mean", "mean SSIM", "", 10_000),
            ("ssim_frame", "the worst frame's SSIM", "", 10_000),
            ("ssim_region", "the worst region's SSIM", "", 10_000),
            ("psnr_region", "the worst region's PSNR", " dB", 100),
            ("shade_region", "the worst region's brightness", " grey levels", 100),
        ):
            value, bound = getattr(scores, name), getattr(self, name)
            if value < bound:
                return (
                    f"{what} is {-value / scale:g}{unit} below the reference's, "
                    f"more than {-bound / scale:g}{unit}"
                )
        if scores.stalled > max(1, round(frames * self.stalled_share)):
            return f"{scores.stalled} of {frames} frames stand still where the source moves"
        return None


# Version 1 is set by hand, outside the worst honest encode seen: presets faster and medium, two
# threads and `asm=sse2`, in both modes, over 23 segments of film, test pattern and noisy fractal.
VERSIONS: dict[int, Thresholds] = {
    1: Thresholds(
        psnr_mean=-150,
        psnr_frame=-1200,
        ssim_mean=-250,
        ssim_frame=-2500,
        ssim_region=-1200,
        psnr_region=-1000,
        shade_region=-200,
        stalled_share=0.06,
    ),
}
