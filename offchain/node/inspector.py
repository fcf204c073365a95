"""The broadcaster's own look at the picture: one segment in so many, one rung of it, judged.

It judges as a committee seat would, in a sandboxed child, before the segment counts. A live stream
does not wait long, though: where the judge is slow the segment counts, and whoever made it is still
found out afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Any, Self

from offchain.media.sandbox import ChildDied, TranscoderChild
from offchain.verify.judgement import INVALID, Claim

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offchain.media.profiles import QualityContract
    from offchain.media.segments import SourceSegment
    from offchain.node.answers import Checked
    from offchain.node.dispatch import Seat

log = logging.getLogger("livepeer.broadcaster")

DEADLINE_S = 60.0


class Inspector:
    """Judges one in `every` segments; 0 for none.

    `late` hears of bad work that was found out after its segment had to count.
    """

    def __init__(
        self,
        contract: QualityContract,
        every: int,
        late: Callable[[Seat, SourceSegment, str], Awaitable[None]],
    ) -> None:
        self._contract = contract
        self._every = every
        self._late = late
        self._child = TranscoderChild(deadline_s=DEADLINE_S)
        self._running: asyncio.Task[str] | None = None
        self._overdue: set[asyncio.Task[None]] = set()
        self.inspected = 0
        self.in_time = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._overdue, *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._child.close()

    async def __call__(
        self, seat: Seat, source: SourceSegment, checked: Checked, patience_s: float
    ) -> str:
        """What is wrong with an answer, or nothing if it was not looked at or cannot wait."""
        if not self._wants(seat):
            return ""
        self._running = task = asyncio.create_task(self._judge(source, checked))
        done, _ = await asyncio.wait({task}, timeout=max(0.0, patience_s))
        if done:
            self.in_time += 1
            return task.result()
        rest = asyncio.create_task(self._hear(task, seat, source))
        self._overdue.add(rest)
        rest.add_done_callback(self._overdue.discard)
        return ""

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says about it."""
        return {"inspected": self.inspected, "inTime": self.in_time}

    def _wants(self, seat: Seat) -> bool:
        """Whether to look at this one: never at two at once, at all of who was caught before."""
        if self._every == 0 or (self._running is not None and not self._running.done()):
            return False
        return seat.bad > 0 or random.randrange(self._every) == 0

    async def _hear(self, task: asyncio.Task[str], seat: Seat, source: SourceSegment) -> None:
        bad = await task
        if bad:
            await self._late(seat, source, bad)

    async def _judge(self, source: SourceSegment, checked: Checked) -> str:
        rung = random.randrange(len(checked.renditions))
        receipt = checked.receipt
        claim = Claim(
            receipt.data_hash,
            receipt.rendition_root,
            receipt.renditions,
            receipt.duration_ms,
            receipt.pixels,
        )
        try:
            judgement = await self._child.judge(
                source.data, {rung: checked.renditions[rung]}, self._contract, claim, rungs=[rung]
            )
        except ChildDied as exc:
            log.warning("a segment was not inspected", extra={"why": str(exc)})
            return ""
        self.inspected += 1
        return judgement.reason if judgement.verdict == INVALID else ""
