"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """With `once`, `seconds` of video are streamed and the demo ends by itself."""

    clip: Path
    once: bool
    seconds: float
    port: int
    report: Path | None = None
