"""How many live streams a machine keeps up with: the most at which hardly a segment is late.

Mean speed lies: a machine twice as fast as one stream can still be late now and then with two, when
their segments arrive at the same moment. So streams are played at real-time pace, each with its own
phase, and segments that are not back within their own length are counted; one that never comes
back counts as late.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST_LATE: Final = 0.01
"""Share of late segments that viewers do not notice."""
MOST_STREAMS: Final = 256


class Work(Protocol):
    """One segment's work, from its arrival to its last rendition."""

    def __call__(self) -> Awaitable[object]:
        """Do it; an exception counts as late."""
        ...


@dataclass(frozen=True, slots=True)
class Level:
    """What happened with `streams` at once: segments sent, and how many of them were late.

    `worst_s` is the longest time one took, in seconds; of one that was given up, the time it had.
    """

    streams: int
    sent: int
    late: int
    worst_s: float

    @property
    def kept_up(self) -> bool:
        """Whether viewers would not have noticed."""
        return self.late <= self.sent * MOST_LATE


async def play(streams: int, work: Work, segment_s: float, rounds: int) -> Level:
    """`streams` at real-time pace, each of `rounds` segments of `segment_s` seconds."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    spent: list[float] = []

    async def one(due: float) -> None:
        await asyncio.sleep(due - loop.time())
        sent = loop.time()
        try:
            async with asyncio.timeout(2 * segment_s):
                await work()
        except Exception:
            spent.append(2 * segment_s)
        else:
            spent.append(loop.time() - sent)

    async with asyncio.TaskGroup() as tasks:
        for stream in range(streams):
            phase = segment_s * stream / streams
            for number in range(rounds):
                tasks.create_task(one(begin + phase + number * segment_s))
    late = sum(1 for each in spent if each > segment_s)
    return Level(streams, len(spent), late, max(spent))


async def find_capacity(
    work: Work, segment_s: float, rounds: int, told: Callable[[Level], None]
) -> int:
    """The most streams that are kept up with; 0 if not even one. `told` hears of every trial."""

    async def keeps_up(streams: int) -> bool:
        level = await play(streams, work, segment_s, rounds)
        told(level)
        return level.kept_up

    good, bad = 0, 1
    while bad <= MOST_STREAMS and await keeps_up(bad):
        good, bad = bad, bad * 2
    while bad - good > 1:
        middle = (good + bad) // 2
        if await keeps_up(middle):
            good = middle
        else:
            bad = middle
    return good
