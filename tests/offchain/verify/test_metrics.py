"""The metrics against slow textbook versions, and the word that seats reveal."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.chain.protocol_config import CommitteeParameters
from offchain.verify.judgement import INVALID, Judgement, RungScores, Scores
from offchain.verify.metrics import Original, Track, block_sums, compare, psnr
from offchain.verify.thresholds import VERSIONS, Thresholds

values = st.integers(-(2**22), 2**22 - 1)
scores = st.builds(Scores, *[values] * 11)
FIELDS = tuple(Scores.__slots__)
ALL = [bounds for table in VERSIONS.values() for bounds in table.bounds.values()]


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


def frame(picture: np.ndarray) -> av.VideoFrame:
    """What a decoder gives: `picture` as luma, no colour."""
    planes = np.full((picture.shape[0] * 3 // 2, picture.shape[1]), 128, np.uint8)
    planes[: picture.shape[0]] = picture
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def scored(
    source: list[np.ndarray], made: list[np.ndarray], ideal: list[np.ndarray]
) -> tuple[Scores, Track, Track]:
    """Scores of `made` against `ideal`, and both tracks."""
    original = Original([frame(picture) for picture in source])
    tracks = Track(original), Track(original)
    for track, pictures in zip(tracks, (made, ideal), strict=True):
        for picture in pictures:
            track.add(frame(picture))
    return compare(*tracks), *tracks


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 9), st.integers(0, 60))
def test_track__equals_the_textbook(seed: int, rows: int, columns: int, noise: int) -> None:
    random = np.random.default_rng(seed)
    source = random.integers(0, 256, (rows * 4, columns * 4), np.uint8)
    made = np.clip(source + random.integers(-noise, noise + 1, source.shape), 0, 255).astype(
        np.uint8
    )
    track = scored([source], [made], [source])[1]
    assert track.ssim[0] == pytest.approx(textbook_ssim(source, made), abs=1e-9)
    error = float(((source.astype(float) - made) ** 2).mean())
    assert track.psnr[0] == pytest.approx(psnr(error), abs=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(8, 40), st.integers(8, 40))
def test_block_sums__add_two_rows_of_each_block(seed: int, height: int, width: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    sums = block_sums(picture)
    assert sums.shape == (height // 8, width // 8)
    for row, column in np.ndindex(sums.shape):
        block = picture[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        assert sums[row, column] == int(block[1].sum()) + int(block[5].sum())


def test_compare__small_mark_in_one_place__shows_in_its_region_only() -> None:
    random = np.random.default_rng(7)
    source = [random.integers(60, 120, (96, 128), np.uint8) for _ in range(8)]
    coded = [picture + random.integers(0, 6, picture.shape, np.uint8) for picture in source]
    marked = [picture.copy() for picture in coded]
    for picture in marked:
        picture[8:24, 100:120] += 40
    found = scored(source, marked, coded)[0]
    assert found.ssim_region < -500
    assert found.psnr_region < -1000
    assert found.shade_region < -1000
    assert found.ssim_mean > -300
    for bounds in ALL:
        assert bounds.broken_by(found) is not None


def test_compare__same_pictures__score_nothing() -> None:
    source = [np.random.default_rng(seed).integers(0, 256, (48, 64), np.uint8) for seed in range(4)]
    coded = [(picture // 4 * 4).astype(np.uint8) for picture in source]
    assert scored(source, coded, coded)[0] == Scores()


def wave(index: int) -> np.ndarray:
    """A texture that wanders by three pixels a frame."""
    texture = np.random.default_rng(3).integers(0, 256, (48, 16), np.uint8).repeat(4, axis=1)
    return np.roll(texture, 3 * index, axis=1)


@pytest.mark.parametrize(
    ("shown", "still"),
    [
        (lambda index: min(index, 11), 12 / 23),  # freezes after the twelfth frame
        (lambda index: index - index % 2, 12 / 23),  # half of the rate
        (lambda index: index - (index % 4 == 3), 6 / 23),  # every fourth repeated
    ],
)
def test_compare__stands_still__counts_the_frames(shown: object, still: float) -> None:
    source = [wave(index) for index in range(24)]
    made = [wave(shown(index)) for index in range(24)]  # type: ignore[operator]
    assert scored(source, made, source)[0].stalled == round(still * 10_000)


def test_compare__shown_a_frame_late__is_far_below_the_reference() -> None:
    source = [wave(index) for index in range(24)]
    late = scored(source, [source[0], *source[:-1]], source)[0]
    for bounds in ALL:
        assert bounds.broken_by(late) is not None


def test_compare__nothing_moves__nothing_stands_still() -> None:
    source = [wave(0)] * 12
    assert scored(source, source, source)[0].stalled == 0


def test_compare__scaled_up__lacks_detail() -> None:
    sharp = [np.random.default_rng(seed).integers(0, 256, (64, 96), np.uint8) for seed in range(6)]
    small = [picture[::2, ::2].repeat(2, axis=0).repeat(2, axis=1) for picture in sharp]
    assert scored(sharp, small, sharp)[0].detail < -4000
    plain = [np.full((64, 96), 100 + seed, np.uint8) for seed in range(6)]
    assert scored(plain, plain[::-1], plain)[0].detail == 0


@given(scores)
def test_scores__pack_and_unpack(value: Scores) -> None:
    word = value.pack()
    assert 0 <= word < 2**253
    assert Scores.unpack(word) == value


def test_scores__worst__and_agreement_is_by_distance() -> None:
    one = Scores(-10, -20, -3, -4, -5, -6, -7, -8, 2, -10, -9)
    two = Scores(-20, -10, -4, -3, -6, -5, -8, -7, 1, -9, -8)
    assert one.worst_with(two) == Scores(-20, -20, -4, -4, -6, -6, -8, -8, 2, -10, -9)
    for place, band in enumerate(Scores.DEAD_BAND):
        moved = [getattr(one, name) for name in FIELDS]
        moved[place] += band
        assert one.agrees_with(Scores(*moved))
        moved[place] += 1
        assert not one.agrees_with(Scores(*moved))
    with pytest.raises(ValueError, match="no scores"):
        Scores.unpack(2**253)


def test_dead_band__is_what_committees_are_deployed_with() -> None:
    deployed = CommitteeParameters()
    assert deployed.score_bits == Scores.BITS
    assert deployed.dead_band == Scores(*Scores.DEAD_BAND).pack().to_bytes(32, "big")


@pytest.mark.parametrize(
    "name", [name for name in FIELDS if name not in ("stalled", "psnr_full", "size")]
)
@pytest.mark.parametrize("bounds", ALL)
def test_thresholds__each_bound_is_exact_and_named(bounds: Thresholds, name: str) -> None:
    limit = getattr(bounds, name)
    assert bounds.broken_by(Scores(**{name: limit})) is None
    reason = bounds.broken_by(Scores(**{name: limit - 1}))
    assert reason is not None
    assert ("PSNR" in reason) == ("psnr" in name)
    assert bounds.broken_by(Scores(stalled=bounds.stalled)) is None
    assert "stand still" in (bounds.broken_by(Scores(stalled=bounds.stalled + 1)) or "")


@pytest.mark.parametrize("bounds", ALL)
def test_thresholds__fewer_bits__must_be_as_good(bounds: Thresholds) -> None:
    worse = bounds.psnr_thin - 1
    assert bounds.broken_by(Scores(psnr_full=worse, size=bounds.size)) is None
    assert bounds.broken_by(Scores(psnr_full=worse + 1, size=bounds.size - 1)) is None
    broken = bounds.broken_by(Scores(psnr_full=worse, size=bounds.size - 1))
    assert "fewer bits" in (broken or "")


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
