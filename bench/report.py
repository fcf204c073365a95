"""Rows of figures, kept in `results.json` and shown in `RESULTS.md`; every area uses it.

    rows = [Row("gas", "reward", 233_000, 513_000, 0.45, "gas", "pool of 10")]
    write("gas", rows, text="What was measured, and how.")

An area replaces its own rows and leaves the others' alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
# Per area: when it was measured, and how.
WORDS = FOLDER / "areas.json"
CAMPAIGNS = {
    "Staking campaign": FOLDER / "campaign.json",
    "Jobs campaign": FOLDER / "campaign_jobs.json",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``target`` is the most ``ratio`` may be or, without reference, ``ours``."""

    area: str
    name: str
    ours: float
    reference: float | None = None
    target: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by the reference's; nothing where there is no reference."""
        return round(self.ours / self.reference, 3) if self.reference else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; nothing where there is none."""
        if self.target is None:
            return None
        measured = self.ratio if self.reference else self.ours
        return measured is not None and measured <= self.target


def write(area: str, rows: list[Row], text: str = "") -> None:
    """Replaces an area's rows and words, and draws the page anew."""
    others = [row for row in load(RESULTS, []) if row["area"] != area]
    mine = [{**asdict(row), "ratio": row.ratio} for row in rows]
    store(RESULTS, sorted(others + mine, key=lambda row: str(row["area"])))
    measured = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    store(WORDS, {**load(WORDS, {}), area: {"date": measured, "text": text}})
    draw()


def load(path: Path, otherwise: Any) -> Any:
    """What a file holds, if there is one."""
    return json.loads(path.read_text()) if path.exists() else otherwise


def store(path: Path, value: Any) -> None:
    """Writes a file so that its changes can be read."""
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def draw() -> None:
    """Writes the page from what is stored."""
    parts = ["# Results", "", "Written by `make bench`; the same figures are in `results.json`."]
    rows = load(RESULTS, [])
    for area, said in sorted(load(WORDS, {}).items()):
        parts += ["", f"## {area}", "", f"Measured {said['date']}. {said['text']}".strip(), ""]
        parts += table([row for row in rows if row["area"] == area])
    for title, path in CAMPAIGNS.items():
        if path.exists():
            parts += ["", *campaign(title, load(path, {}))]
    PAGE.write_text("\n".join(parts) + "\n")


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as a table in Markdown."""
    lines = [
        "| what | ours | reference | ratio | target | met | note |",
        "|---|--:|--:|--:|--:|:-:|---|",
    ]
    for stored in rows:
        row = Row(**{key: value for key, value in stored.items() if key != "ratio"})
        unit = f" {row.unit}" if row.unit and row.unit != "gas" else ""
        cells = (
            row.name,
            number(row.ours) + unit,
            number(row.reference),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            number(row.target),
            {True: "yes", False: "**no**", None: ""}[row.met],
            row.note,
        )
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return lines


def number(value: float | None) -> str:
    """A figure to read: thousands apart, no more digits than needed."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.1f}"


def campaign(title: str, stored: dict[str, Any]) -> list[str]:
    """What a long random campaign did."""
    tried, succeeded = stored["tried"], stored["succeeded"]
    lines = [
        f"## {title}",
        "",
        f"{stored['steps']:,} steps from seed {stored['seed']} ran clean in {stored['seconds']:,} "
        f"s at commit {stored['commit']}, finished {stored['date']}: contract and model agreed "
        "after every step. How often each rule went through (a refused call is a check too):",
        "",
        "| rule | tried | went through | share |",
        "|---|--:|--:|--:|",
    ]
    for name in sorted(tried):
        done = succeeded.get(name, 0)
        lines.append(f"| {name} | {tried[name]:,} | {done:,} | {done / tried[name]:.0%} |")
    states = ", ".join(f"{state} ({count:,})" for state, count in sorted(stored["reached"].items()))
    return [*lines, "", f"States reached: {states}."]
