"""Margins of honest work and cheats, side by side, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.calibration.report import Judged

_GOOD, _BAD = "#2a7f62", "#b3412e"


def draw(judged: Sequence[Judged], path: Path) -> None:
    """A row of points for each honest encoder and each cheat whose picture is weighed."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [each for each in judged if each.case.scores and each.case.visible]
    honest = sorted({each.case.kind for each in shown if not each.case.cheat})
    cheats = sorted(
        {each.case.kind for each in shown if each.case.cheat},
        key=lambda kind: np.median([e.margin for e in shown if e.case.kind == kind]),
    )
    names = [*honest, *cheats]
    random = np.random.default_rng(1)
    figure, axes = plt.subplots(figsize=(8, 5.6))
    for row, name in enumerate(names):
        margins = np.clip([e.margin for e in shown if e.case.kind == name], 0.03, 100)
        spread = row + random.uniform(-0.3, 0.3, len(margins))
        colour = _GOOD if name in honest else _BAD
        axes.scatter(margins, spread, s=2, alpha=0.35, color=colour, linewidths=0)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("margin on the clip left out: left of 1 passes, right of it is caught")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)
