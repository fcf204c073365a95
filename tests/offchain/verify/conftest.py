"""The media tests' clips serve here too."""

from __future__ import annotations

from tests.offchain.media.conftest import clip_file, contract, segments

__all__ = ["clip_file", "contract", "segments"]
