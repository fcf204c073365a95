"""Runs the rules from a seed, sequence after sequence.

    python -m tests.contracts.stateful.campaign --steps 1000000 --seed 7
    python -m tests.contracts.stateful.campaign --steps 1000000 --seed 7 --machine jobs

A sequence is a few hundred steps on a protocol of its own, and ends with everybody leaving. Its
seed follows from the campaign's seed and its number, so a failure names the one sequence to run
again. Progress is kept in a file: a campaign that was stopped goes on where it was.
"""

# ruff: noqa: T201 - a command line reports on its standard output
from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contracts.stateful.ending import everybody_leaves
from tests.contracts.stateful.machine import COUNTS, Machine, SeededDraw, Statistics
from tests.contracts.stateful.protocol import deploy
from tests.contracts.stateful.rules_table import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.stateful.protocol import Protocol

ROOT = Path(__file__).resolve().parents[3]
PROGRESS = ROOT / "bench" / "campaign.json"
PROGRESS_OF_JOBS = ROOT / "bench" / "campaign_jobs.json"
TESTED = ("contracts", "offchain/chain/artifacts", ":!contracts/*.md")
STEPS_PER_SEQUENCE = 400
LEAST_SUCCESS = 0.03
SHOWN = 25
UNREADY_STARTS = 50
"""In so many of a hundred steps in a round nobody has started, somebody starts it."""

ALWAYS_REFUSED = {"intrude"}
"""Rules whose every call must be refused."""

STATES = frozenset(
    {
        "a friend as finder",
        "empty pool",
        "everybody has left",
        "fees after the reward",
        "fees before the reward",
        "fees of one who left",
        "full fee factor",
        "full pool",
        "full reward factor",
        "locked round",
        "paused",
        "penalised seat",
        "reward after a missed round",
        "reward after resigning",
        "reward in every round",
        "round of another length",
        "round over at once",
        "round after a skipped one",
        "round not initialised",
        "second slash",
        "slash",
        "slash of everything",
        "slash of locks",
        "slash of one who resigned",
        "the same with and without hints",
        "treasury has enough",
        "upgrade",
        "work paid by its fee",
        "work paid by its share",
    }
)
"""States a campaign must come across."""


class Failure(AssertionError):
    """A sequence that found a difference: its seed, its last steps, and what differed."""


def run_sequence(deployed: Protocol, seed: str, steps: int, statistics: Statistics) -> None:
    """Runs one sequence and lets everybody leave at its end.

    Raises Failure with the seed and the last steps where contract and model differ.
    """
    machine = Machine(deployed, statistics)
    draw = SeededDraw(random.Random(seed))
    names = list(RULES)
    weights = [RULES[name][0] for name in names]
    try:
        for _ in range(steps):
            statistics.steps += 1
            machine.rule = draw.weighted(names, weights)
            if not machine.world.clock.ready and draw.chance(UNREADY_STARTS):
                machine.rule = "initialize_round"
            RULES[machine.rule][1](machine, draw)
        machine.rule = "leave"
        everybody_leaves(machine)
    except AssertionError as error:
        recent = "\n  ".join(machine.history[-SHOWN:])
        raise Failure(f"sequence {seed!r}, step {len(machine.history)}: {error}\n  {recent}") from (
            error
        )
    finally:
        machine.close()


def run(seed: int, first: int, steps: int, deployed: Protocol | None = None) -> Statistics:
    """Runs sequences from number ``first`` on until ``steps`` steps are done."""
    deployed = deployed or deploy()
    statistics = Statistics()
    number = first
    while statistics.steps < steps:
        left = min(STEPS_PER_SEQUENCE, steps - statistics.steps)
        run_sequence(deployed, f"{seed}/{number}", left, statistics)
        number += 1
    return statistics


def shortcomings(statistics: Statistics) -> list[str]:
    """Why a clean campaign proves too little: rules that never work, states never seen."""
    missing = [
        f"state never reached: {state}" for state in sorted(STATES - set(statistics.reached))
    ]
    for name in RULES:
        tried = statistics.tried[name]
        if name in ALWAYS_REFUSED or name == "wait":
            continue
        if not tried or statistics.succeeded[name] / tried < LEAST_SUCCESS:
            missing.append(f"{name} went through {statistics.succeeded[name]} of {tried} times")
    return missing


def commit() -> str:
    """The commit the contracts are at, marked where the tree differs from it."""
    commands = (
        ["git", "log", "-1", "--format=%h", "--", *TESTED],
        ["git", "status", "--porcelain", "--", *TESTED],
    )
    newest, changes = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
        for command in commands
    )
    return (newest.strip() or "unknown") + ("-dirty" if changes.strip() else "")


def load(path: Path, seed: int, at: str, fresh: bool) -> tuple[Statistics, float]:
    """Figures and seconds so far of a campaign with this seed on these contracts."""
    if fresh or not path.exists():
        return Statistics(), 0.0
    stored = json.loads(path.read_text())
    if (stored["seed"], stored["commit"]) != (seed, at):
        return Statistics(), 0.0
    statistics = Statistics(steps=stored["steps"])
    for name in COUNTS:
        getattr(statistics, name).update(stored[name])
    return statistics, stored["seconds"]


def save(path: Path, seed: int, at: str, statistics: Statistics, seconds: float) -> None:
    """Writes the campaign's figures, atomically."""
    report = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": at,
        "seed": seed,
        "seconds": round(seconds),
        "steps": statistics.steps,
        **{name: dict(getattr(statistics, name)) for name in COUNTS},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    part.replace(path)


@dataclass(frozen=True, slots=True)
class Subject:
    """A machine to run a campaign on."""

    progress: Path
    """Where its figures are kept."""

    run: Callable[[int, int, int], Statistics]
    """Runs sequences of a seed, from a number on, for so many steps."""

    done: Callable[[Statistics], int]
    """How many sequences have been run to their end."""

    only: Callable[[str, int], None]
    """Runs the one sequence of this seed and number."""

    shortcomings: Callable[[Statistics], list[str]]
    """Why a clean campaign proves too little."""


def subject(name: str) -> Subject:
    """The machine of that name: staking, or jobs and committees."""
    if name == "jobs":
        from tests.contracts.jobs_stateful import sequences as jobs

        def only(seed: str, number: int) -> None:
            jobs.run_sequence(number, seed, jobs.STEPS_PER_SEQUENCE, Statistics())

        return Subject(PROGRESS_OF_JOBS, jobs.run, jobs.done, only, jobs.shortcomings)
    deployed = deploy()
    return Subject(
        PROGRESS,
        lambda seed, first, steps: run(seed, first, steps, deployed),
        lambda statistics: statistics.steps // STEPS_PER_SEQUENCE,
        lambda seed, _: run_sequence(deployed, seed, STEPS_PER_SEQUENCE, Statistics()),
        shortcomings,
    )


def main() -> int:
    """Runs a campaign from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the campaign")
    parser.add_argument("--fresh", action="store_true", help="start again from the first sequence")
    parser.add_argument("--machine", choices=("staking", "jobs"), default="staking", help="which")
    parser.add_argument("--progress", type=Path, help="where figures are kept")
    parser.add_argument("--only", type=int, help="run this one sequence and nothing else")
    options = parser.parse_args()
    at = commit()
    machine = subject(options.machine)
    progress = options.progress or machine.progress
    if options.only is not None:
        machine.only(f"{options.seed}/{options.only}", options.only)
        print(f"sequence {options.seed}/{options.only} ran clean")
        return 0
    total, before = load(progress, options.seed, at, options.fresh)
    started = time.monotonic()
    while total.steps < options.steps:
        total.add(machine.run(options.seed, machine.done(total), 10_000))
        seconds = before + time.monotonic() - started
        save(progress, options.seed, at, total, seconds)
        print(f"{total.steps:,} steps, {seconds:.0f} s", flush=True)
    problems = machine.shortcomings(total)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
