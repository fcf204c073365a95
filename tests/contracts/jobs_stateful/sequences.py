"""Runs the rules from a seed, sequence after sequence, in markets of different sizes."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from tests.contracts.jobs_stateful.ending import pokes_end_everything
from tests.contracts.jobs_stateful.machine import Machine
from tests.contracts.jobs_stateful.rules_table import RULES
from tests.contracts.jobs_stateful.setting import deploy
from tests.contracts.stateful.machine import SeededDraw, Statistics

if TYPE_CHECKING:
    from tests.contracts.jobs_stateful.setting import Setting

STEPS_PER_SEQUENCE = 400
LEAST_SUCCESS = 0.03
ALWAYS_REFUSED = frozenset({"open_wrongly"})
"""Rules whose calls must be refused, but for a tree of one leaf."""

NO_CALLS = frozenset({"wait", "open_or_close_wallet"})
STATES = frozenset(
    {
        "15 seats",
        "33 seats",
        "a challenger not wrong",
        "a challenger wrong",
        "a convict's job elected again",
        "a copied commitment cannot be revealed",
        "a graver fault tops a slash up",
        "a wallet refuses its refund",
        "appeal lost",
        "appeal won",
        "claim forfeited",
        "claim paid",
        "claim unpaid",
        "claim void",
        "convicted after resigning",
        "convicted of a leaf unopened",
        "convicted of an unproven seed",
        "double claim",
        "double claim while voting",
        "elected",
        "election without a winner",
        "ended by pokes alone",
        "everybody is paid",
        "fewer seats than the stage has",
        "fined",
        "job lapsed",
        "job lapsed three times",
        "nobody can judge",
        "opened",
        "paid unjudged",
        "pause in a dispute",
        "resigned",
        "resigned before judgement",
        "seats nobody drew",
        "stake kept behind work",
        "third stage",
        "undecided for want of seats",
        "verdict INCONCLUSIVE",
        "verdict INVALID",
        "verdict UNAVAILABLE",
        "verdict VALID",
        "verdict on a void claim",
    }
)
"""States a campaign must come across."""

SHOWN = 40
SIZES = (8, 8, 40, 8, 4, 8, 24, 8, 3, 8, 6, 8, 2, 8, 40, 8, 1, 8, 24, 5)
"""Transcoders in the sequences of twenty: mostly enough for a first stage, now and then enough for
15 and for 33 seats, now and then for none."""


class Failure(AssertionError):
    """A sequence that found a difference: its seed, its last steps, and what differed."""


@cache
def setting_of(size: int) -> Setting:
    """One deployment for each size of market: every sequence starts from the same state."""
    return deploy(size)


def step(machine: Machine, draw: SeededDraw, names: list[str], weights: list[int]) -> None:
    """One rule that finds something to do."""
    clock, done = machine.world.clock, machine.statistics.steps
    while machine.statistics.steps == done:
        machine.rule = draw.weighted(names, weights)
        if clock.paused and draw.chance(25):
            machine.rule = "unpause"
        elif not clock.ready and draw.chance(30):
            machine.rule = "initialize_round"
        RULES[machine.rule][1](machine, draw)


def run_sequence(number: int, seed: str, steps: int, statistics: Statistics) -> None:
    """Runs one sequence, at whose end pokes alone bring everything to an end.

    Raises Failure with the seed and the last steps where contract and model differ.
    """
    machine = Machine(setting_of(SIZES[number % len(SIZES)]), statistics)
    draw = SeededDraw(random.Random(seed))
    names = list(RULES)
    weights = [RULES[name][0] for name in names]
    until = statistics.steps + steps
    try:
        while statistics.steps < until:
            step(machine, draw, names, weights)
        machine.rule = "poke"
        pokes_end_everything(machine)
    except AssertionError as error:
        recent = "\n  ".join(machine.history[-SHOWN:])
        raise Failure(f"sequence {seed!r}, step {len(machine.history)}: {error}\n  {recent}") from (
            error
        )
    finally:
        machine.close()


def run(seed: int, first: int, steps: int) -> Statistics:
    """Runs sequences from number ``first`` on until at least ``steps`` steps are done."""
    statistics = Statistics()
    number = first
    while statistics.steps < steps:
        run_sequence(number, f"{seed}/{number}", STEPS_PER_SEQUENCE, statistics)
        number += 1
    return statistics


def done(statistics: Statistics) -> int:
    """How many sequences have been run to their end."""
    return statistics.reached["everybody is paid"]


def shortcomings(statistics: Statistics) -> list[str]:
    """Why a clean campaign proves too little: rules that never work, states never seen."""
    reached = set(statistics.reached)
    missing = [f"state never reached: {state}" for state in sorted(STATES - reached)]
    for name in sorted(set(RULES) - ALWAYS_REFUSED - NO_CALLS):
        tried, went = statistics.tried[name], statistics.succeeded[name]
        if not tried or went / tried < LEAST_SUCCESS:
            missing.append(f"{name} went through {went} of {tried} times")
    return missing
