"""Two machines judge alike: the same renditions judged with other threads and instructions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from bench.calibration.exactness import SURROUNDINGS, USUAL, Piece, judged_in, moved
from offchain.media.pipeline import transcode
from offchain.media.profiles import QualityContract, Rung
from offchain.verify.cheats import Cheat, CheatingTranscoder
from offchain.verify.judgement import INVALID, VALID, Scores

CONTRACT = QualityContract((Rung("96p", 144, 96, 150_000, Fraction(24)),))
# These change nothing at all; the others change the reference's bytes, and so some scores.
EXACT = ("again", "decoders with 2 threads", "FFmpeg without vector instructions")


@pytest.fixture(scope="module")
def pieces(moving: list[bytes]) -> list[Piece]:
    """Honest work with the reference's bytes and with others, and three cheats."""
    source = moving[0]
    made = [transcode(source, CONTRACT), transcode(source, replace(CONTRACT, preset="faster"))]
    for cheat in (Cheat.LOGO, Cheat.BITRATE, Cheat.REPEAT):
        with CheatingTranscoder(CONTRACT, cheat) as transcoder:
            made.append(transcoder.transcode(source))
    return [Piece(source, m.renditions[0], CONTRACT, m.duration_ms, m.pixels) for m in made]


@pytest.fixture(scope="module")
def usual(pieces: list[Piece]) -> list[dict[str, object]]:
    return judged_in(USUAL, pieces)


@pytest.mark.parametrize("surrounding", [name for name in SURROUNDINGS if name != USUAL])
def test_judge__elsewhere__gives_the_same_verdicts(
    pieces: list[Piece], usual: list[dict[str, object]], surrounding: str
) -> None:
    assert [found["verdict"] for found in usual] == [VALID, VALID, INVALID, INVALID, INVALID]
    found = judged_in(surrounding, pieces)
    assert [each["verdict"] for each in found] == [each["verdict"] for each in usual]
    apart = moved(usual, found)
    if surrounding in EXACT:
        assert found == usual
    bands = dict(zip(Scores.__slots__, Scores.DEAD_BAND, strict=True))
    # A seat in any of these surroundings is within the dead band of the others.
    assert all(distance <= bands[name] for name, distance in apart.items()), apart
