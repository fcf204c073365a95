"""Main and standby: who gets a segment, when the other gets it too, and who is left alone a while.

A segment goes to the main transcoder, every few segments to one that was elected. When it fails, or
is in flight longer than a segment may take, it goes to the standby as well, signed for the
standby's own job; the first good answer counts, and a late one is still awaited for its receipt.
Whoever failed is passed over for a time that doubles with every failure in a row, and whose work is
found bad for much longer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from offchain.net.client import PeerError
from offchain.node.answers import BadAnswer, BadWork
from offchain.node.tally import Latencies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from offchain.media.segments import SourceSegment
    from offchain.node.answers import Checked
    from offchain.node.jobbook import KnownJob

log = logging.getLogger("livepeer.broadcaster")

FIRST_SUSPENSION_S = 2.0
LONGEST_SUSPENSION_S = 60.0
BAD_WORK_S = 600.0
"""Seconds for which a transcoder whose work was found bad is passed over."""
MAIN, STANDBY, ELECTED = "main", "standby", "elected"


class Exchange(Protocol):
    """Sends one segment under one job and returns the checked answer."""

    async def __call__(self, seat: Seat, source: SourceSegment, timeout_s: float) -> Checked:
        """Raises `PeerError` or `BadAnswer`."""
        ...


class Inspection(Protocol):
    """Looks at an answer's pictures before it counts; most answers it lets pass unseen."""

    async def __call__(
        self, seat: Seat, source: SourceSegment, checked: Checked, patience_s: float
    ) -> str:
        """What is wrong with it, or nothing; after `patience_s` seconds it counts unseen."""
        ...


async def unseen(seat: Seat, source: SourceSegment, checked: Checked, patience_s: float) -> str:
    """The inspection of those who trust."""
    return ""


@dataclass
class Seat:
    """One of the stream's transcoders: its job, its URL, and how it has been doing.

    `every` such segment goes here first; 0 where it is a matter of who is free.
    """

    role: str
    job: KnownJob
    url: str
    every: int = 0
    sent: int = 0
    good: int = 0
    late: int = 0
    failed: int = 0
    used: int = 0
    bad: int = 0
    failures_in_a_row: int = 0
    suspended_until: float = 0.0
    barred_until: float = 0.0
    last_trouble: str = ""
    latency: Latencies = field(default_factory=Latencies)

    def trouble(self, why: str, now: float) -> None:
        """It failed or was late: pass it over for a while."""
        length = min(LONGEST_SUSPENSION_S, FIRST_SUSPENSION_S * 2**self.failures_in_a_row)
        self.failures_in_a_row = min(self.failures_in_a_row + 1, 16)
        self.suspended_until = max(self.barred_until, now + length)
        self.last_trouble = why

    def bar(self, why: str, until: float) -> None:
        """Its work was found bad: pass it over until then, however well it answers."""
        self.last_trouble = why
        self.barred_until = until
        self.suspended_until = max(self.suspended_until, until)

    def did_well(self) -> None:
        """It answered in time: it may be asked first again, unless its work was bad."""
        self.failures_in_a_row = 0
        self.suspended_until = self.barred_until

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says about it."""
        return {
            "role": self.role,
            "transcoder": self.job.transcoder,
            "url": self.url,
            "jobId": self.job.job_id,
            "sent": self.sent,
            "good": self.good,
            "late": self.late,
            "failed": self.failed,
            "used": self.used,
            "bad": self.bad,
            "suspended": self.suspended_until > time.monotonic(),
            "lastTrouble": self.last_trouble,
            "latency": self.latency.as_json(),
        }


class Dispatcher:
    """Brings segments to the seats; `late_factor` segment durations in flight are late.

    `give_up_factor` durations after it was cut, nobody waits for a segment any more.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        exchange: Exchange,
        background: asyncio.TaskGroup,
        *,
        inspect: Inspection = unseen,
        on_caught: Callable[[Seat, SourceSegment, str], Awaitable[None]] | None = None,
        late_factor: float = 1.0,
        give_up_factor: float = 5.0,
        least_late_s: float = 1.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seats = seats
        self._exchange = exchange
        self._background = background
        self._inspect = inspect
        self._on_caught = on_caught
        self._late_factor = late_factor
        self._give_up_factor = give_up_factor
        self._least_late_s = least_late_s
        self._clock = clock
        self._running: set[asyncio.Task[Checked | None]] = set()

    def cancel(self) -> None:
        """Wait for no answer any more."""
        for task in self._running:
            task.cancel()

    def order(self, sequence: int = 0) -> list[Seat]:
        """Whom a segment goes to, in this order; those that are passed over at present last.

        An elected seat comes first when it is its turn, and otherwise after main and standby. Whose
        work was bad gets none: its answer would be worth nothing.
        """
        now = self._clock()
        trusted = [seat for seat in self.seats if seat.barred_until <= now]

        def rank(seat: Seat) -> tuple[bool, int]:
            place = 1
            if seat.every:
                place = 0 if sequence % seat.every == seat.every - 1 else 2
            return seat.suspended_until > now, place

        return sorted(trusted, key=rank)

    async def deliver(self, source: SourceSegment) -> tuple[Seat, Checked] | None:
        """The first good answer and who gave it, or None when nobody did in time."""
        duration = source.duration_ms / 1000
        late_s = max(self._least_late_s, duration * self._late_factor)
        end = self._clock() + max(late_s * 2, duration * self._give_up_factor)
        waiting = self.order(source.sequence)
        running: dict[asyncio.Task[Checked | None], Seat] = {}
        while waiting or running:
            if waiting:
                seat = waiting.pop(0)
                task = self._background.create_task(self._try(seat, source, end, late_s))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                running[task] = seat
            patience = late_s if waiting else end - self._clock()
            done, _ = await asyncio.wait(
                running, timeout=max(0.0, patience), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                seat = running.pop(task)
                checked = None if task.cancelled() else task.result()
                if checked is not None:
                    seat.used += 1
                    return seat, checked
            if not done and not waiting:
                return None
        return None

    async def _try(
        self, seat: Seat, source: SourceSegment, end: float, late_s: float
    ) -> Checked | None:
        begun = self._clock()
        seat.sent += 1
        try:
            checked = await self._exchange(seat, source, max(0.1, end - begun))
        except BadWork as exc:
            await self.caught(seat, source, str(exc))
            return None
        except (PeerError, BadAnswer) as exc:
            seat.failed += 1
            seat.trouble(str(exc), self._clock())
            log.warning(
                "segment failed",
                extra={"sequence": source.sequence, "role": seat.role, "why": str(exc)},
            )
            return None
        took = self._clock() - begun
        seat.latency.add(took)
        seat.good += 1
        if took > late_s:
            seat.late += 1
            seat.trouble(f"segment {source.sequence} took {took:.1f} s", self._clock())
        else:
            seat.did_well()
        bad = await self._inspect(seat, source, checked, end - self._clock())
        if bad:
            await self.caught(seat, source, bad)
            return None
        return checked

    async def caught(self, seat: Seat, source: SourceSegment, why: str) -> None:
        """Its signed work is bad: neither this job of its nor another gets more for a while.

        Whoever wants to do more about it is told last.
        """
        log.warning(
            "bad work",
            extra={"sequence": source.sequence, "transcoder": seat.job.transcoder, "why": why},
        )
        seat.bad += 1
        for each in self.seats:
            if each.job.transcoder == seat.job.transcoder:
                each.bar(why, self._clock() + BAD_WORK_S)
        if self._on_caught is not None:
            await self._on_caught(seat, source, why)
