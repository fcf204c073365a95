"""How much worse than the reference a rendition may be: data with a version, named by contracts.

A version, once published, never changes: a verdict must be the same next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offchain.verify.judgement import Scores

# What each score is called, its unit, and how many of its steps make one.
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


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Lower bounds on the scores, in their units; `stalled` is an upper bound.

    What is smaller than the reference by more than `size` owes a mean PSNR of `psnr_thin`: who
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
        if scores.stalled > self.stalled:
            return f"{scores.stalled / 100:g} % of the frames stand still where the source moves"
        if scores.size < self.size and scores.psnr_mean < self.psnr_thin:
            return (
                f"mean PSNR is {-scores.psnr_mean / 100:g} dB below the reference's "
                f"with {-scores.size / 100:g} % fewer bits"
            )
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
        detail=-2500,
        stalled=1000,
        size=-3000,
        psnr_thin=-100,
    ),
}
