"""Follows the chain for the page and the books: every event once, in order, kept in memory.

The local chain never reorganises and dies with the demo, so unlike a node this keeps no cursor on
disk; nodes use `offchain.chain.follower`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from offchain.chain.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contracts
    from offchain.chain.events import ChainEvent

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.4


class ChainWatch:
    """Events since `start_block`, and a wake-up for whoever waits for the next block."""

    def __init__(self, client: ChainClient, contracts: Contracts, start_block: int) -> None:
        self._client = client
        self._contracts = contracts
        self._next = start_block
        self._moved = asyncio.Condition()
        self._by_kind: dict[tuple[str, str], list[ChainEvent]] = defaultdict(list)
        self.events: list[ChainEvent] = []
        self.block = start_block - 1

    async def run(self) -> None:
        """Polls until cancelled; a chain that does not answer for a moment is asked again."""
        while True:
            try:
                await self.catch_up()
            except ChainError as error:
                logger.warning("the chain did not answer: %s", error)
            await asyncio.sleep(POLL_SECONDS)

    async def catch_up(self) -> None:
        """Reads all blocks up to the newest."""
        newest = await self._client.block_number()
        if newest < self._next:
            return
        logs = await self._client.logs(self._contracts.addresses, first=self._next, last=newest)
        logs.sort(key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))
        for log in logs:
            event = self._contracts.decode_log(log)
            if event is not None:
                self.events.append(event)
                self._by_kind[event.contract, event.name].append(event)
        self._next = newest + 1
        self.block = newest
        async with self._moved:
            self._moved.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition` holds; it is asked again after every block."""
        async with self._moved:
            await self._moved.wait_for(condition)

    def of(self, contract: str, *names: str) -> Iterator[ChainEvent]:
        """The events of these names that `contract` has emitted, oldest first of each name."""
        kinds = (self._by_kind.get((contract, name), ()) for name in names)
        return itertools.chain.from_iterable(kinds)

    def total(self, contract: str, name: str, field: str, **of: Any) -> int:
        """Sum of a field over events of a name; only those whose other fields are as in `of`."""
        return sum(
            event.args[field]
            for event in self.of(contract, name)
            if all(event.args[key] == value for key, value in of.items())
        )
