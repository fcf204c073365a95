"""How much worse than the reference a rendition may be: data with a version, named by contracts.

A version, once published, never changes: a verdict must be the same next year.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
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
    """Lower bounds on the scores, in their units; `stalled` is an upper bound."""

    psnr_mean: int
    psnr_frame: int
    ssim_mean: int
    ssim_frame: int
    ssim_region: int
    psnr_region: int
    shade_region: int
    detail: int
    stalled: int

    def broken_by(self, scores: Scores) -> str | None:
        """The first bound that the scores break, in words; None where all hold."""
        for field in fields(self):
            value, bound = getattr(scores, field.name), getattr(self, field.name)
            if field.name == "stalled":
                if value > bound:
                    return f"{value / 100:g} % of the frames stand still where the source moves"
            elif value < bound:
                what, unit, scale = _WORDS[field.name]
                return (
                    f"{what} is {-value / scale:g}{unit} below the reference's, "
                    f"more than {-bound / scale:g}{unit}"
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
    ),
}
