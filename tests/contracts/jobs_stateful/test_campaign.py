"""Twenty thousand steps from fixed seeds, in markets of every size."""

from __future__ import annotations

from functools import cache

import pytest

from tests.contracts.jobs_stateful.sequences import run, shortcomings
from tests.contracts.stateful.machine import Statistics

# A part takes two seconds on an idle machine; on a crowded one, patience beats a false alarm.
pytestmark = pytest.mark.timeout(300)
SEED = 20_181_211
PARTS = 10
STEPS = 2_000
SEQUENCES_PER_PART = 5


@cache
def part(number: int) -> Statistics:
    """The figures of one part of the campaign."""
    return run(SEED, number * SEQUENCES_PER_PART, STEPS)


@pytest.mark.parametrize("number", range(PARTS))
def test_campaign__contracts_and_model_agree_after_every_step(number: int) -> None:
    assert part(number).steps >= STEPS


def test_campaign__works_every_rule_and_reaches_every_state() -> None:
    total = Statistics()
    for number in range(PARTS):
        total.add(part(number))

    assert shortcomings(total) == []
    assert total.steps >= 20_000
