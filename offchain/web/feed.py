"""A bounded log of lines that many browsers can follow, and resume, without missing one."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offchain.web.narrator import Line


class EventFeed:
    """Keeps the last `limit` lines, numbered from 1, and wakes whoever waits for the next."""

    def __init__(self, limit: int = 400) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=limit)
        self._last = 0
        self._grown = asyncio.Condition()
        # A browser that outlives this process must not mix its old numbers with new ones.
        self.session = secrets.token_hex(4)

    async def append(self, line: Line) -> None:
        """Adds a line and wakes all followers."""
        self._last += 1
        self._lines.append((self._last, json.dumps(line.as_json())))
        async with self._grown:
            self._grown.notify_all()

    def after(self, number: int) -> list[tuple[int, str]]:
        """The kept lines numbered above `number`, oldest first."""
        return [entry for entry in self._lines if entry[0] > number]

    async def follow(self, last_event_id: str | None) -> AsyncIterator[str]:
        """Server-sent events from after `last_event_id` (all kept lines if it is not ours)."""
        session, _, last = (last_event_id or "").partition("-")
        seen = int(last) if session == self.session and last.isdecimal() else 0
        if last_event_id and seen == 0:
            yield "event: reset\ndata: {}\n\n"
        while True:
            for number, text in self.after(seen):
                seen = number
                yield f"id: {self.session}-{number}\ndata: {text}\n\n"
            async with self._grown:
                if self._last > seen:
                    continue
                try:
                    await asyncio.wait_for(self._grown.wait(), 15)
                except TimeoutError:
                    yield ": still here\n\n"  # keeps idle connections open, and finds dead ones
