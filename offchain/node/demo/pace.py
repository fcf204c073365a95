"""Times of the run's phases, and the lines the person at the terminal reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class Pace:
    """Says what happens, with the seconds since the start in front."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._last = 0.0
        self.phases: list[tuple[str, float]] = []
        self.first_picture: float | None = None

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        """One line on the terminal."""
        self._console.print(
            f"[dim]{self.seconds:6.1f} s[/]  {text}", highlight=False, soft_wrap=True
        )

    def done(self, phase: str) -> None:
        """Ends a phase: what was done since the last one ended."""
        now = self.seconds
        self.phases.append((phase, now - self._last))
        self._last = now
        self.say(f"{phase} [dim]({self.phases[-1][1]:.1f} s)[/]")
