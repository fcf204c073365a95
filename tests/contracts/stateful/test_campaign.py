"""Twenty thousand steps from fixed seeds, and a few hundred that hypothesis chooses and shrinks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.contracts.stateful.campaign import run, shortcomings
from tests.contracts.stateful.ending import everybody_leaves
from tests.contracts.stateful.machine import Machine, Statistics
from tests.contracts.stateful.protocol import Protocol, deploy
from tests.contracts.stateful.rules_table import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

# A part takes two seconds on an idle machine; on a crowded one, patience beats a false alarm.
pytestmark = pytest.mark.timeout(120)
SEED = 20_181_211
PARTS = 20
STEPS = 1_000
SEQUENCES_PER_PART = 3


@cache
def deployed() -> Protocol:
    """One deployment for all: every sequence starts from the same state."""
    return deploy()


@cache
def part(number: int) -> Statistics:
    """The figures of one part of the campaign."""
    return run(SEED, number * SEQUENCES_PER_PART, STEPS, deployed())


@pytest.mark.parametrize("number", range(PARTS))
def test_campaign__contract_and_model_agree_after_every_step(number: int) -> None:
    assert part(number).steps == STEPS


def test_campaign__works_every_rule_and_reaches_every_state() -> None:
    total = Statistics()
    for number in range(PARTS):
        total.add(part(number))

    assert shortcomings(total) == []
    assert total.steps >= 20_000


class ChosenDraw:
    """Choices made, and made smaller after a failure, by hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return self._data.draw(st.integers(low, max(low, high)))

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self._data.draw(st.integers(0, 99)) < percent

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""
        return options[self._data.draw(st.integers(0, len(options) - 1))]


class Staking(RuleBasedStateMachine):
    """The same rules, chosen by hypothesis; everybody leaves at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine(deployed(), Statistics())

    @rule(name=st.sampled_from(sorted(RULES)), data=st.data())
    def step(self, name: str, data: st.DataObject) -> None:
        """One call of one rule."""
        self.machine.rule = name
        RULES[name][1](self.machine, ChosenDraw(data))

    def teardown(self) -> None:
        """Ends the sequence, and takes the chain back."""
        try:
            everybody_leaves(self.machine)
        finally:
            self.machine.close()


def test_hypothesis__contract_and_model_agree_after_every_step() -> None:
    run_state_machine_as_test(
        Staking,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
