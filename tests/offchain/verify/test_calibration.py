"""Fitting on made-up cases: intervals are exact, bounds lie between, and what fails is told."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bench.calibration import fit, report
from bench.calibration.cases import Case
from offchain.media.profiles import MODES
from offchain.verify.judgement import Scores
from offchain.verify.thresholds import BANDS, VERSIONS, band_of

FIELDS = fit.FIELDS
CLIPS = ("bunny", "bikes", "city")


def case(clip: str, kind: str, cheat: bool, **scores: int) -> Case:
    values = tuple(scores.get(name, 0) for name in FIELDS)
    return Case(clip, 1.0, "live", 360, kind, cheat, "", values, 30.0, "music")


def made_up() -> list[Case]:
    """Honest work a little worse than the reference, and two cheats that are far worse."""
    random = np.random.default_rng(5)
    cases = []
    for clip in CLIPS:
        for _ in range(50):
            honest = int(random.integers(-230, 100))
            cases.append(case(clip, "x264 faster", False, psnr_mean=honest))
            far = int(random.integers(-3000, -900))
            cases.append(case(clip, "black", True, psnr_mean=far))
            cases.append(case(clip, "halfrate", True, stalled=int(random.integers(3000, 5000))))
    return cases


@given(st.integers(1, 2000), st.floats(0, 1))
def test_interval__is_clopper_and_pearsons(count: int, share: float) -> None:
    hits = round(count * share)
    low, high = fit.Rate(hits, count).interval()
    assert low <= hits / count <= high
    if hits:
        assert binom.sf(hits - 1, count, low) == pytest.approx(0.025, rel=1e-6)
    if hits < count:
        assert binom.cdf(hits, count, high) == pytest.approx(0.025, rel=1e-6)


def test_fit__bounds_lie_between_honest_work_and_cheats() -> None:
    bounds = fit.fit(made_up())["live", "360p"]
    assert -900 <= bounds.psnr_mean < -230
    assert fit._STALLED_FLOOR < bounds.stalled < 3000
    # Nothing says how much detail a cheat would lack: the bound stays outside honest work only.
    assert bounds.detail < 0


def test_fit__hidden_cheats_do_not_count() -> None:
    hidden = [replace(each, apart=46.0) if each.kind == "black" else each for each in made_up()]
    assert [each.visible for each in hidden].count(False) == 150
    near = [case(clip, "blur", True, detail=-1100) for clip in CLIPS for _ in range(20)]
    tight = fit.fit([*made_up(), *near])["live", "360p"].detail
    free = fit.fit([*made_up(), *[replace(each, apart=46.0) for each in near]])["live", "360p"]
    assert tight >= -1100 > free.detail


def test_report__tells_what_is_missed_and_what_fails() -> None:
    odd = case("city", "x265 superfast", False, psnr_mean=-800)
    sly = case("bikes", "black", True, psnr_mean=-50)
    cases = [*made_up(), odd, sly]
    judged = report.judge_left_out(cases)
    failing = [each.case for each in judged if each.caught and not each.case.cheat]
    missed = [each.case for each in judged if each.case.cheat and not each.caught]
    assert failing == [odd]
    assert missed == [sly]
    text = report.page(judged, fit.fit(cases))
    assert "| black | 151 | 0 | 150 | 99.34 % |" in text
    assert "Missed: 1. black at bikes 1 s, 360p, live" in text
    assert "| x265 superfast | 1 | 1 | 100.00 % |" in text


def test_versions__cover_every_mode_and_band() -> None:
    for table in VERSIONS.values():
        assert set(table.bounds) == set(itertools.product(MODES, BANDS))
        for bounds in table.bounds.values():
            # The reference itself is within all bounds, and nothing is bound above it.
            assert bounds.broken_by(Scores()) is None
            assert max(getattr(bounds, name) for name in ("psnr_mean", "detail", "size")) < 0
    assert [band_of(side) for side in (1080, 360, 272, 180, 144, 32)] == [
        "360p", "360p", "240p", "180p", "144p", "144p",
    ]  # fmt: skip
