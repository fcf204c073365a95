"""A node's parts: one that fails starts again, unless what failed is the node's memory."""

from __future__ import annotations

import asyncio

import pytest

from offchain.node import base
from offchain.node.base import keep_running
from offchain.store import StoreFull


async def test_part_that_fails_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "RESTART_S", 0.0)
    runs = 0

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ZeroDivisionError
        if runs == 2:
            async with asyncio.TaskGroup() as group:
                group.create_task(part())
                await asyncio.Event().wait()
        if runs == 3:
            raise KeyError("unforeseen")

    await keep_running("part", part)

    assert runs == 4


async def test_trouble_with_the_store_ends_the_node() -> None:
    async def part() -> None:
        raise StoreFull("no room left")

    with pytest.raises(ExceptionGroup) as caught:
        await keep_running("part", part)
    assert caught.group_contains(StoreFull)


async def test_cancelling_a_part_ends_it() -> None:
    async def part() -> None:
        await asyncio.Event().wait()

    task = asyncio.ensure_future(keep_running("part", part))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
