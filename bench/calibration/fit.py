"""Thresholds from cases, and what they would have decided: plain functions of arrays.

It is tried how far outside honest work bounds could lie before cheats were missed, first all of
them together, then each for itself; they are set half-way to there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta

from offchain.verify.judgement import Scores
from offchain.verify.thresholds import BETTER, LOWER, Thresholds, band_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.calibration.cases import Case

Key = tuple[str, str]  # mode, band
FIELDS = tuple(field.name for field in fields(Scores))
_AT = {name: place for place, name in enumerate(FIELDS)}
# No honest worst is taken to be better than this: what the clips at hand do not happen to show.
_FLOOR = {
    "psnr_mean": -200, "psnr_frame": -300, "ssim_mean": -140, "ssim_frame": -700,
    "ssim_region": -400, "psnr_region": -300, "shade_region": -200, "detail": -1000,
}  # fmt: skip
_STALLED_FLOOR = 500
_FACTORS = (2.5, 2.2, 2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.25, 1.2, 1.15, 1.1, 1.05)
_TOLERATED = 0.002  # share of a cheat that the first step may miss
_THIN = (-4100, -140)  # bits fewer, in 10^-4, and full PSNR in 0.01 dB, unless honest work is there


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `count`, with the exact interval of Clopper and Pearson."""

    hits: int
    count: int

    @property
    def share(self) -> float:
        """The rate itself; nothing tried counts as none."""
        return self.hits / self.count if self.count else 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Both ends of the two-sided interval."""
        tail = (1 - confidence) / 2
        rest = self.count - self.hits
        low = 0.0 if self.hits == 0 else float(beta.ppf(tail, self.hits, rest + 1))
        high = 1.0 if rest == 0 else float(beta.ppf(1 - tail, self.hits + 1, rest))
        return low, high


def key_of(case: Case) -> Key:
    """The mode and band whose bounds judge a case."""
    return case.mode, band_of(case.side)


def fit(cases: Sequence[Case]) -> dict[Key, Thresholds]:
    """Bounds for each mode and band; honest work of the other bands of a mode counts too.

    An honest encoder that is a little worse on one rung of some clip will be so on others.
    """
    honest: dict[str, list[Case]] = {}
    cheats: dict[Key, dict[str, list[Case]]] = {}
    for case in cases:
        if case.scores and not case.cheat:
            honest.setdefault(case.mode, []).append(case)
        elif case.scores and case.visible:
            cheats.setdefault(key_of(case), {}).setdefault(case.kind, []).append(case)
    good = {mode: _array(found) for mode, found in honest.items()}
    return {
        key: _fit(good[key[0]], {kind: _array(found) for kind, found in kinds.items()})
        for key, kinds in sorted(cheats.items())
    }


def left_out(cases: Sequence[Case], scenes: dict[str, str]) -> dict[str, dict[Key, Thresholds]]:
    """For each scene the bounds fitted without it; `scenes` says which clip shows which."""
    return {
        scene: fit([case for case in cases if scenes[case.clip] != scene])
        for scene in sorted({scenes[case.clip] for case in cases})
    }


def _array(cases: Iterable[Case]) -> Any:
    found = [case.scores for case in cases]
    return np.array(found, float).reshape(-1, len(FIELDS))


def _fit(honest: Any, cheats: dict[str, Any]) -> Thresholds:
    worst = {name: min(_FLOOR[name], float(honest[:, _AT[name]].min(initial=0))) for name in LOWER}
    measured = honest[honest[:, _AT["psnr_mean"]] < BETTER]
    stalled = max(_STALLED_FLOOR, float(measured[:, _AT["stalled"]].max(initial=0)))
    thin = _thin(honest)

    def bounds(factors: dict[str, float]) -> Thresholds:
        lower = {name: round(worst[name] * factors[name]) for name in LOWER}
        return Thresholds(
            **lower, stalled=round(stalled * factors["stalled"]), size=thin[0], psnr_thin=thin[1]
        )

    names = (*LOWER, "stalled")
    for factor in _FACTORS:
        factors = dict.fromkeys(names, factor)
        missed = _missed(bounds(factors), cheats)
        if all(missed[kind] <= _TOLERATED * len(cheats[kind]) for kind in cheats):
            break
    total = sum(missed.values())
    for name in names:
        for factor in _FACTORS:
            if factor <= factors[name]:
                break
            wider = factors | {name: factor}
            if sum(_missed(bounds(wider), cheats).values()) <= total:
                factors = wider
                break
    # Half-way, by ratio, between honest work and where cheats would begin to be missed.
    return bounds({name: factor**0.5 for name, factor in factors.items()})


def _thin(honest: Any) -> tuple[int, int]:
    """Fewer bits than any honest encoder that was as much below the reference."""
    poor = honest[honest[:, _AT["psnr_full"]] < _THIN[1]]
    least = float(poor[:, _AT["size"]].min(initial=0))
    return min(_THIN[0], round(least - 200)), _THIN[1]


def _missed(bounds: Thresholds, cheats: dict[str, Any]) -> dict[str, int]:
    return {kind: int((~broken(bounds, scores)).sum()) for kind, scores in cheats.items()}


def broken(bounds: Thresholds, scores: Any) -> Any:
    """Which rows of scores break a bound."""
    found = scores[:, _AT["stalled"]] > bounds.stalled
    found &= scores[:, _AT["psnr_mean"]] < BETTER
    for name in LOWER:
        found |= scores[:, _AT[name]] < getattr(bounds, name)
    thin = scores[:, _AT["size"]] < bounds.size
    return found | (thin & (scores[:, _AT["psnr_full"]] < bounds.psnr_thin))
