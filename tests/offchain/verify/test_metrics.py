"""The metrics against slow textbook versions, and the word that seats reveal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.verify.judgement import INVALID, Judgement, RungScores, Scores
from offchain.verify.metrics import Comparison, Track, blocks, psnr
from offchain.verify.thresholds import VERSIONS, Thresholds

values = st.integers(-(2**31), 2**31 - 1)
scores = st.builds(Scores, *[values] * 7, st.integers(0, 2**31 - 1))
FIELDS = tuple(Scores.__slots__)


def textbook_ssim(left: np.ndarray, right: np.ndarray) -> float:
    """Mean over 8x8 windows at stride 4, straight from the definition."""
    one, two = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    seen = []
    for top in range(0, left.shape[0] - 7, 4):
        for start in range(0, left.shape[1] - 7, 4):
            a = left[top : top + 8, start : start + 8].astype(float)
            b = right[top : top + 8, start : start + 8].astype(float)
            covariance = ((a - a.mean()) * (b - b.mean())).sum() / 63
            seen.append(
                (2 * a.mean() * b.mean() + one)
                * (2 * covariance + two)
                / ((a.mean() ** 2 + b.mean() ** 2 + one) * (a.var(ddof=1) + b.var(ddof=1) + two))
            )
    return float(np.mean(seen))


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 9), st.integers(0, 60))
def test_track__equals_the_textbook(seed: int, rows: int, columns: int, noise: int) -> None:
    random = np.random.default_rng(seed)
    source = random.integers(0, 256, (rows * 4, columns * 4), np.uint8)
    made = np.clip(source + random.integers(-noise, noise + 1, source.shape), 0, 255).astype(
        np.uint8
    )
    track = Track()
    track.add(blocks(source), blocks(made))
    assert track.ssim[0] == pytest.approx(textbook_ssim(source, made), abs=1e-9)
    error = float(((source.astype(float) - made) ** 2).mean())
    assert track.psnr[0] == pytest.approx(psnr(error))


def frame(picture: np.ndarray) -> object:
    """What the comparison needs of a decoded frame."""
    import av

    planes = np.full((picture.shape[0] * 3 // 2, picture.shape[1]), 128, np.uint8)
    planes[: picture.shape[0]] = picture
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def test_comparison__small_mark_in_one_place__shows_in_its_region_only() -> None:
    random = np.random.default_rng(7)
    comparison = Comparison()
    for _ in range(5):
        source = random.integers(60, 120, (96, 128), np.uint8)
        coded = source + random.integers(0, 6, source.shape, np.uint8)
        marked = coded.copy()
        marked[8:24, 100:120] += 40
        comparison.add(source, frame(marked), frame(coded))  # type: ignore[arg-type]
    found = comparison.scores()
    assert found.ssim_region < -500
    assert found.psnr_region < -1000
    assert found.ssim_mean > -300
    assert VERSIONS[1].broken_by(found, 5) is not None


def test_comparison__same_pictures__score_nothing() -> None:
    comparison = Comparison()
    for seed in range(4):
        source = np.random.default_rng(seed).integers(0, 256, (48, 64), np.uint8)
        coded = (source // 4 * 4).astype(np.uint8)
        comparison.add(source, frame(coded), frame(coded))  # type: ignore[arg-type]
    assert comparison.scores() == Scores()


def test_comparison__stands_still__counts_the_frames() -> None:
    comparison = Comparison()
    gradient = np.add.outer(np.arange(48), np.arange(64) * 2).astype(np.uint8)
    for index in range(10):
        source = np.roll(gradient, 3 * index, axis=1)
        still = np.roll(gradient, 3 * min(index, 5), axis=1)
        comparison.add(source, frame(still), frame(source))  # type: ignore[arg-type]
    assert comparison.scores().stalled == 4


@given(scores)
def test_scores__pack_and_unpack(value: Scores) -> None:
    word = value.pack()
    assert 0 <= word < 2**256
    assert Scores.unpack(word) == value


def test_scores__worst__and_agreement_is_by_distance() -> None:
    one = Scores(-10, -20, -3, -4, -5, -6, -7, 2)
    two = Scores(-20, -10, -4, -3, -6, -5, -8, 1)
    assert one.worst_with(two) == Scores(-20, -20, -4, -4, -6, -6, -8, 2)
    for place, band in enumerate(Scores.DEAD_BAND):
        moved = [getattr(one, name) for name in FIELDS]
        moved[place] += band
        assert one.agrees_with(Scores(*moved))
        moved[place] += 1
        assert not one.agrees_with(Scores(*moved))
    with pytest.raises(ValueError, match="no scores"):
        Scores.unpack(2**256)


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "stalled"])
def test_thresholds__each_bound_is_exact_and_named(name: str) -> None:
    bounds: Thresholds = VERSIONS[1]
    limit = getattr(bounds, name)
    assert bounds.broken_by(Scores(**{name: limit}), 48) is None
    reason = bounds.broken_by(Scores(**{name: limit - 1}), 48)
    assert reason is not None
    assert ("PSNR" in reason) == ("psnr" in name)
    assert bounds.broken_by(Scores(stalled=3), 48) is None
    assert "4 of 48 frames" in (bounds.broken_by(Scores(stalled=4), 48) or "")


def test_judgement__measurement_root__binds_every_score() -> None:
    measured = RungScores(0, False, Scores(-1))
    judgement = Judgement(INVALID, "picture", "bad", (measured,))
    others = [
        Judgement(INVALID, "picture", "bad", (RungScores(1, False, Scores(-1)),)),
        Judgement(INVALID, "picture", "bad", (RungScores(0, False, Scores(-2)),)),
        Judgement(INVALID, "picture", "bad", (measured, RungScores(1, True, Scores()))),
    ]
    roots = {judgement.measurement_root(), *(other.measurement_root() for other in others)}
    assert len(roots) == 4
    assert Judgement.from_json(judgement.to_json()) == judgement
