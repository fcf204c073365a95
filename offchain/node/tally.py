"""What a node counts about itself, for `/v1/status` and `/metrics`; nothing is steered by it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_KEEP = 512


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the values lie; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rounded(value: float | None, digits: int = 3) -> float | None:
    """For JSON: few digits, and None stays None."""
    return None if value is None else round(value, digits)


@dataclass(slots=True)
class Latencies:
    """The last few hundred durations, in seconds."""

    values: deque[float] = field(default_factory=lambda: deque(maxlen=_KEEP))

    def add(self, seconds: float) -> None:
        """Count one."""
        self.values.append(seconds)

    def as_json(self) -> dict[str, float | None]:
        """Median, 95th percentile and the last one, in seconds."""
        values = list(self.values)
        return {
            "p50": rounded(percentile(values, 0.5)),
            "p95": rounded(percentile(values, 0.95)),
            "last": rounded(values[-1] if values else None),
        }


@dataclass(slots=True)
class WorkerTally:
    """A transcoder's counts since it started. Times in seconds, media in milliseconds."""

    started: float = field(default_factory=time.time)
    received: int = 0
    transcoded: int = 0
    repeated: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    media_ms: int = 0
    work_s: float = 0.0
    pixels: int = 0
    late: int = 0
    crashes: int = 0
    latency: Latencies = field(default_factory=Latencies)

    def refuse(self, error: str) -> None:
        """Count a refusal by its word."""
        self.refused[error] = self.refused.get(error, 0) + 1

    def real_time_factor(self) -> float | None:
        """Seconds of video transcoded in a second of work; above 1 keeps up."""
        return self.media_ms / 1000 / self.work_s if self.work_s else None

    def as_json(self) -> dict[str, Any]:
        """The counts as `/v1/status` shows them."""
        return {
            "uptime": round(time.time() - self.started, 1),
            "received": self.received,
            "transcoded": self.transcoded,
            "repeated": self.repeated,
            "refused": dict(self.refused),
            "inFlight": self.in_flight,
            "late": self.late,
            "mediaSeconds": round(self.media_ms / 1000, 3),
            "realTimeFactor": rounded(self.real_time_factor()),
            "pixels": self.pixels,
            "childCrashes": self.crashes,
            "latency": self.latency.as_json(),
        }


@dataclass
class StreamTally:
    """What a broadcaster counts; times in seconds, media in milliseconds."""

    started: float = field(default_factory=time.time)
    cut: int = 0
    answered: int = 0
    unanswered: int = 0
    in_flight: int = 0
    media_ms: int = 0
    first_cut: float | None = None
    last_settled: float = 0.0
    latency: Latencies = field(default_factory=Latencies)

    def real_time_factor(self) -> float | None:
        """Seconds of video answered in a second since the first segment began."""
        if self.first_cut is None or self.last_settled <= self.first_cut:
            return None
        return self.media_ms / 1000 / (self.last_settled - self.first_cut)
