"""The rules by name, with their weights, and how they choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.contracts.jobs_reference.state import Claim, Job, Request
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw

    Rule = Callable[[Machine, Draw], None]

T = TypeVar("T")

RULES: dict[str, tuple[int, Rule]] = {}

ANYTHING = 2
"""In so many of a hundred cases a rule acts on whatever there is, sensible or not."""


def rule(weight: int) -> Callable[[Rule], Rule]:
    """Enters a function among the rules, to be drawn in proportion to ``weight``."""

    def enter(function: Rule) -> Rule:
        RULES[function.__name__] = (weight, function)
        return function

    return enter


def one(draw: Draw, options: Iterable[T]) -> T | None:
    """One of the options, if there are any."""
    found = list(options)
    return found[draw.integer(0, len(found) - 1)] if found else None


def some_job(machine: Machine, draw: Draw, fit: Callable[[Job], bool]) -> Job | None:
    """A job that is ``fit``; now and then any."""
    jobs = list(machine.world.jobs.values())
    if not draw.chance(ANYTHING):
        jobs = [job for job in jobs if fit(job)]
    return one(draw, jobs)


def some_claim(machine: Machine, draw: Draw, fit: Callable[[Claim], bool]) -> Claim | None:
    """A claim that is ``fit``; now and then any."""
    world = machine.world
    if draw.chance(ANYTHING):
        return one(draw, world.claims())
    return one(draw, [claim for claim in world.unpaid if fit(claim)])


def some_request(machine: Machine, draw: Draw, fit: Callable[[Request], bool]) -> Request | None:
    """A request that is ``fit``; now and then any."""
    requests = machine.world.requests.values()
    if draw.chance(ANYTHING):
        return one(draw, requests)
    return one(draw, [each for each in requests if not each.concluded and fit(each)])
