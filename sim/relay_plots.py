"""Draws what the relay network does in virtual time: `python -m sim.relay_plots` → docs/relays.png.

Beside the picture it writes the figures, docs/relays.json: every point, and the fit of the hops.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from sim.network import Network, Setting

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZES = (50, 100, 200, 400, 800)
CROWDS = (100, 400, 1_600)


def measure() -> dict[str, Any]:
    """Networks of several sizes, and one network under crowds of several sizes."""
    sizes = [_report(Setting(nodes=nodes, viewers=2 * nodes, minutes=1.0)) for nodes in SIZES]
    crowds = [_report(Setting(nodes=100, viewers=viewers, minutes=1.0)) for viewers in CROWDS]
    x = [math.log2(each["nodes"]) for each in sizes]
    y = [each["lookupHopsMean"] for each in sizes]
    slope, start = np.polyfit(x, y, 1)
    residuals = [round(float(v - (start + slope * u)), 3) for u, v in zip(x, y, strict=True)]
    fit = {"a": round(float(start), 3), "b": round(float(slope), 3), "residuals": residuals}
    return {"sizes": sizes, "crowds": crowds, "hops": fit}


def draw(found: dict[str, Any], path: Path) -> None:
    """Three panels: hops by size, depth and delay by size, origin's egress by crowd."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.4))
    nodes = [each["nodes"] for each in found["sizes"]]
    fit = found["hops"]
    left.semilogx(nodes, [each["lookupHopsMean"] for each in found["sizes"]], "o", base=2)
    left.semilogx(nodes, [fit["a"] + fit["b"] * math.log2(n) for n in nodes], "-", base=2)
    left.set(title=f"hops of a search: {fit['a']} + {fit['b']} log₂ n", xlabel="nodes", ylim=(0, 4))
    depth = [_mean_depth(each["depths"]) for each in found["sizes"]]
    middle.semilogx(nodes, depth, "o-", base=2, label="mean depth (hops)")
    delays = [each["delayMedian"] for each in found["sizes"]]
    middle.semilogx(nodes, delays, "s-", base=2, label="median delay (s)")
    middle.set(title="from the broadcaster to a relay", xlabel="nodes", ylim=(0, None))
    middle.legend()
    crowd = [each["viewers"] for each in found["crowds"]]
    egress = [each["originBytesPerSegment"] for each in found["crowds"]]
    right.semilogx(crowd, egress, "o-", base=2)
    right.set(title="times the broadcaster sends a segment", xlabel="viewers", ylim=(0, 10))
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _report(setting: Setting) -> dict[str, Any]:
    return Network(setting).run().report()


def _mean_depth(depths: dict[int, int]) -> float:
    return sum(depth * count for depth, count in depths.items()) / sum(depths.values())


def main() -> None:
    """Measure, draw, write down."""
    found = measure()
    (DOCS / "relays.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, DOCS / "relays.png")


if __name__ == "__main__":
    main()
