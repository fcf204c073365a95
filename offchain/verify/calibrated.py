"""Thresholds as fitted. Written by `python -m bench.calibration report`; not to be edited."""

from __future__ import annotations

_FIRST = (-150, -1200, -250, -2500, -1200, -1000, -200, -2500, 1000, -3000, -100)

# Version: mode and band of rungs: the fields of `Thresholds` in order.
BOUNDS: dict[int, dict[tuple[str, str], tuple[int, ...]]] = {
    1: {
        (mode, band): _FIRST
        for mode in ("throughput", "live")
        for band in ("360p", "240p", "180p", "144p")
    },
}
