"""Clips and segments shared by the media tests."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from offchain.media.profiles import QualityContract, Rung
from offchain.media.segmenter import Segmenter, SourceSegment
from tests.offchain.media.clips import Clip, write_clip

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds, 64x48, 24 frames a second, a keyframe every two seconds, stereo AAC."""
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", Clip())


@pytest.fixture(scope="session")
def segments(clip_file: Path) -> list[SourceSegment]:
    """The clip's two segments."""
    return list(Segmenter(clip_file))


@pytest.fixture
def contract() -> QualityContract:
    """Two small rungs, the second at half the frame rate."""
    return QualityContract(
        (
            Rung("48p", 64, 48, 120_000, Fraction(24)),
            Rung("24p", 32, 24, 40_000, Fraction(12)),
        )
    )
