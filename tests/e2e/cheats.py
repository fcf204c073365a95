"""Every way of cheating, each in a network of its own: `python -m tests.e2e.cheats`.

Ends with status 1 if a cheater keeps its stake, loses another amount than its fraction, or anybody
honest loses anything. Then streams 500 honest segments of which every one is drawn. Results are
kept, so that a campaign that was interrupted goes on where it was; `--again` starts over.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import av

from offchain.verify.cheats import Cheat
from tests.conftest import CLIP
from tests.e2e.conftest import Demo, free_port, make_clip
from tests.e2e.trials import (
    cheat_arguments,
    honest_arguments,
    problems_of_cheat,
    problems_of_honest,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".run" / "cheats"
RESULTS = FOLDER / "results.json"
PATIENCE_SECONDS = 900.0
HONEST_SEGMENTS = 500
HEAD = """\
# Every way of cheating, end to end

Each line is a network of its own as `make demo` starts it: a chain, six transcoders, a broadcaster,
real video. The main transcoder cheats in one way. It has to lose exactly its fraction of its own
stake on chain, its delegators nothing, and the stream has to go on with another. *Challenged*: the
broadcaster saw it first; *drawn*: the lottery did. Written by `make cheats ARGS="--write
docs/cheats.md"`.

| trial | seconds | outcome |
|---|---:|---|"""


def main() -> int:
    """Run what is asked for and print one line for each trial."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kind", action="append", choices=list(Cheat), help="only these")
    parser.add_argument("--honest", type=int, default=HONEST_SEGMENTS, help="segments; 0: none")
    parser.add_argument("--write", type=Path, help="also write the results to this Markdown file")
    parser.add_argument("--again", action="store_true", help="forget earlier results")
    asked = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    done: dict[str, Any] = {}
    if RESULTS.exists() and not asked.again:
        done = json.loads(RESULTS.read_text())
    film = FOLDER / "film.mp4"
    if not film.exists():
        # Real pictures have the detail that some cheats take away.
        make = shrink_clip if CLIP.exists() else made_up
        make(film)
    kinds = [Cheat(kind) for kind in asked.kind or list(Cheat)]
    trials = {
        kind.value: (
            cheat_arguments(kind, film),
            partial(problems_of_cheat, first_honest=kind is Cheat.STALE),
        )
        for kind in kinds
    }
    if asked.honest:
        trials[f"honest {asked.honest}"] = (
            honest_arguments(film, asked.honest),
            lambda report: problems_of_honest(report, asked.honest),
        )
    for name, (arguments, judge) in trials.items():
        if done.get(name, {}).get("problems") != []:
            done[name] = trial(name, arguments, judge)
            RESULTS.write_text(json.dumps(done, indent=2) + "\n")
        said = done[name]
        sys.stdout.write(f"{name:14} {said['seconds']:5.0f} s  {said['outcome']}\n")
        sys.stdout.flush()
    if asked.write:
        asked.write.write_text(as_markdown(done))
    return 1 if any(done[name]["problems"] for name in trials) else 0


def as_markdown(done: dict[str, Any]) -> str:
    """All results so far as a page of the documentation."""
    lines = [HEAD]
    order = [*Cheat, *sorted(name for name in done if name not in list(Cheat))]
    for name in order:
        if name in done:
            said = done[name]
            lines.append(f"| {name} | {said['seconds']:.0f} | {said['outcome']} |")
    return "\n".join([*lines, ""])


def made_up(path: Path) -> None:
    """A film where the clip is not installed."""
    make_clip(path, 640, 360, 8, audio=True)


def shrink_clip(path: Path) -> None:
    """The demo's clip at 640x360, sound as it is, so that reading it costs little."""
    with av.open(str(CLIP)) as clip, av.open(str(path), "w") as small:
        pictures, sound = clip.streams.video[0], clip.streams.audio[0]
        video = small.add_stream(
            "libx264", rate=pictures.average_rate, options={"preset": "veryfast"}
        )
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        audio = small.add_stream_from_template(sound)
        for packet in clip.demux(pictures, sound):
            if packet.stream is sound:
                if packet.dts is not None:
                    packet.stream = audio
                    small.mux(packet)
                continue
            for frame in packet.decode():
                scaled = frame.reformat(width=640, height=360, interpolation="BICUBIC")
                scaled.pict_type = 0
                small.mux(video.encode(scaled))
        small.mux(video.encode(None))


def trial(name: str, arguments: tuple[str, ...], judge: Any) -> dict[str, Any]:
    """One run; what came of it in words, and what did not go as it must."""
    folder = FOLDER / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    begun = time.monotonic()
    demo = Demo(*arguments, "--port", str(free_port()), folder=folder)
    try:
        result = demo.finish(PATIENCE_SECONDS)
    finally:
        demo.kill_all()
    report = result.report
    problems = judge(report) if result.status == 0 else [result.output.strip().splitlines()[-1]]
    outcome = "; ".join(problems)
    if not problems and report["slashes"]:
        slash = report["slashes"][0]
        how = "challenged" if slash["finder"] else "drawn"
        outcome = f"{how}, convicted, {int(slash['taken']) / 1e18:,.2f} LPT gone, delegators whole"
    elif not problems:
        claims = report["claims"]
        outcome = f"{sum(claim['segments'] for claim in claims)} segments claimed, checked and paid"
    return {
        "seconds": round(time.monotonic() - begun, 1),
        "outcome": outcome,
        "problems": problems,
    }


if __name__ == "__main__":
    sys.exit(main())
