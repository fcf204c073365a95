"""The media tests' clips serve here too, and a larger one."""

from __future__ import annotations

import pytest

from offchain.media.segmenter import Segmenter
from tests.offchain.media.clips import Clip, write_clip
from tests.offchain.media.conftest import clip_file, contract, segments

__all__ = ["clip_file", "contract", "moving", "segments"]


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two segments large enough to be measured: 192x128, two seconds each."""
    path = tmp_path_factory.mktemp("moving") / "moving.mp4"
    write_clip(path, Clip(width=192, height=128))
    return [segment.data for segment in Segmenter(path)]
