"""What the narrator remembers between events: names, claims, seats and votes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from offchain.web.words import short

MOST_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Claim:
    """What is kept of a claim until it is old."""

    who: str
    first: int
    last: int
    segments: int
    draws: int
    seed_block: int

    def place(self, index: int) -> int:
        """How a viewer counts leaf `index`: its sequence number, or its rank if there are gaps."""
        dense = self.segments == self.last - self.first + 1
        return self.first + index if dense else index + 1


@dataclass(slots=True)
class Memory:
    """Folded from the events so far; bounded, so that a network may run for months."""

    names: dict[str, str] = field(default_factory=dict)
    claims: dict[tuple[int, int], Claim] = field(default_factory=dict)
    requests: dict[int, tuple[int, int]] = field(default_factory=dict)
    verdicts: dict[int, dict[str, int]] = field(default_factory=dict)

    def name(self, address: object) -> str:
        """The known name of an address, or its short form."""
        text = str(address)
        return self.names.get(text.lower(), short(text))

    def claimant(self, job: int, claim: int) -> str:
        """Name of whoever made the claim; `a transcoder` if that was before our time."""
        known = self.claims.get((job, claim))
        return known.who if known else "a transcoder"

    def forget_old(self) -> None:
        """Keeps the newest entries only."""
        for kept in (self.claims, self.requests, self.verdicts):
            mapping: dict[Any, Any] = kept
            while len(mapping) > MOST_KEPT:
                del mapping[next(iter(mapping))]
