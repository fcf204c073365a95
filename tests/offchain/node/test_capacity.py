"""Capacity is where segments begin to be late, not where the mean says so."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.cli.main import main
from offchain.node.capacity import Level, find_capacity, play


class Clock(asyncio.SelectorEventLoop):
    """Virtual time: sleeping moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        select = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout: float | None = None) -> object:
            if timeout:
                self._now += timeout
            return select(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now


class Machine:
    """`cores` segments at once, each of `work_s` seconds, the rest queue."""

    def __init__(self, cores: int, work_s: float) -> None:
        self._room, self._work_s = asyncio.Semaphore(cores), work_s

    async def __call__(self) -> None:
        async with self._room:
            await asyncio.sleep(self._work_s)


@settings(max_examples=12, deadline=None)
@given(cores=st.integers(1, 3), work_ms=st.integers(300, 2500))
def test_capacity__is_what_the_machine_can_do(cores: int, work_ms: int) -> None:
    levels: list[Level] = []
    with asyncio.Runner(loop_factory=Clock) as runner:
        found = runner.run(find_capacity(Machine(cores, work_ms / 1000), 2.0, 30, levels.append))
    exact = cores * 2000 // work_ms if work_ms <= 2000 else 0
    # A queue that only just grows is not late within thirty segments.
    assert exact <= found <= exact * 1.08 + 1
    assert levels[-1].sent == levels[-1].streams * 30


def test_segments_that_never_return_or_fail__are_late() -> None:
    async def hangs() -> None:
        await asyncio.get_running_loop().create_future()

    async def fails() -> None:
        raise RuntimeError("the child died")

    for work in (hangs, fails):
        with asyncio.Runner(loop_factory=Clock) as runner:
            level = runner.run(play(2, work, 2.0, 5))
        assert (level.sent, level.late, level.worst_s) == (10, 10, 4.0)
        assert not level.kept_up


@pytest.mark.timeout(60)
def test_command__plays_real_segments() -> None:
    result = CliRunner().invoke(
        main, ["worker", "bench", "--parallel", "1", "--seconds", "4", "--json"]
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["tried"][0]["sent"] == 2
    tried = {each["streams"]: each["late"] for each in answer["tried"]}
    assert answer["streams"] == max((n for n, late in tried.items() if not late), default=0)
