"""Reads every event of the deployment's contracts once, in order, and takes back what a
reorganisation undid.

The truth is `eth_getLogs` over a cursor in the database. Events, their effects (`apply`) and the
cursor are one transaction, so each event takes effect exactly once even across `kill -9`. A
timer, or `wake()`, only says when to look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from offchain.chain import history
from offchain.chain.errors import ChainError, Reverted, RpcError, RpcUnavailable
from offchain.chain.history import Cursor
from offchain.store.crashpoints import crashpoint

if TYPE_CHECKING:
    import sqlite3

    from offchain.chain.client import ChainClient
    from offchain.chain.events import ChainEvent
    from offchain.store.database import Database

logger = logging.getLogger(__name__)

Handler = Callable[["sqlite3.Connection", "ChainEvent"], None]
_TOO_MANY = ("too many", "limit", "range", "exceed", "response size", "timeout", "timed out")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step changed: events in chain order, and events undone, newest first."""

    events: Sequence[ChainEvent]
    undone: Sequence[ChainEvent]
    cursor: Cursor


class Decoder(Protocol):
    """`Contracts`, or anything that knows addresses and logs."""

    @property
    def addresses(self) -> list[str]:
        """Whose logs to read."""
        ...

    def decode_log(self, log: dict[str, Any]) -> ChainEvent | None:
        """The event of a raw log."""
        ...


class Follower:
    """Follows one deployment from `start_block` on.

    `apply` and `undo` run on the database's thread inside the transaction that moves the cursor:
    quick, synchronous, touching nothing but the connection. Whoever only wants to know that
    something happened waits with `advanced()` or `listen()`s.

    `poll` in seconds; `max_span` in blocks; `keep` is how many blocks back a reorganisation can be
    walked without starting from `start_block` again; `lag_patience` is for how many seconds a node
    may be behind what was read before its chain is believed to be shorter.
    """

    def __init__(
        self,
        client: ChainClient,
        db: Database,
        contracts: Decoder,
        *,
        start_block: int = 0,
        name: str = "main",
        apply: Handler | None = None,
        undo: Handler | None = None,
        poll: float = 1.0,
        max_span: int = 2_000,
        keep: int = 512,
        lag_patience: float = 30.0,
    ) -> None:
        self._client = client
        self._db = db
        self._contracts = contracts
        self._start = start_block
        self._name = name
        self._apply = apply
        self._undo = undo
        self._poll = poll
        self._max_span = max_span
        self._span = max_span
        self._keep = keep
        self._lag_patience = lag_patience
        self._behind_since: float | None = None
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Batch], None]] = []
        self._cursor: Cursor | None = None
        self._undone: list[ChainEvent] = []

    @property
    def cursor(self) -> Cursor | None:
        """How far this process knows the chain; None before the first step."""
        return self._cursor

    def wake(self) -> None:
        """Something happened: look now instead of at the next tick."""
        self._wake.set()

    def listen(self, listener: Callable[[Batch], None]) -> None:
        """Call `listener` on the loop after each step that changed something; it must not block."""
        self._listeners.append(listener)

    async def advanced(self, beyond: int = -1) -> Cursor:
        """Wait until the cursor stands past block `beyond`, and return it."""
        while True:
            changed = self._changed
            if self._cursor is not None and self._cursor.number > beyond:
                return self._cursor
            await changed.wait()

    async def events(
        self, contract: str | None = None, name: str | None = None, **where: int | str
    ) -> list[ChainEvent]:
        """Events followed so far, in chain order; `where` names arguments and what they equal.

        Numbers in `where` are below 2^63, addresses in checksum spelling.
        """
        return await self._db.run(lambda c: history.events(c, self._name, contract, name, where))

    async def run(self) -> None:
        """Follow until cancelled. Endpoints that do not answer only delay it."""
        while True:
            self._wake.clear()
            try:
                if await self.step():
                    continue  # there is more to catch up with
            except RpcUnavailable as error:
                logger.warning("follower waits: %s", error)
            except ChainError as error:
                logger.error("follower: %s", error)
            try:
                async with asyncio.timeout(self._poll):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def step(self) -> bool:
        """Take back what is gone, read one range; True if there is more to read."""
        cursor = await self._db.run(lambda c: history.load(c, self._name))
        head = await self._client.block_number()
        if cursor is not None:
            ancestor, torn = await self._common(cursor, head)
            if not torn and head < cursor.number and self._may_lag(head):
                return False
            if ancestor != cursor:
                self._undone += await self._walk_back(ancestor)
                cursor = ancestor
        first = self._start if cursor is None else cursor.number + 1
        if first > head:
            if cursor is not None and (self._undone or self._cursor is None):
                self._announce((), cursor)
            return False
        read = await self._read(first, head, cursor)
        if read is None:
            return True  # the chain changed under our hands: look again
        reached, found = read
        crashpoint("follower.fetched")
        fresh = await self._db.run(lambda c: self._record(c, reached, found))
        crashpoint("follower.applied")
        self._announce(fresh, reached)
        return reached.number < head

    def _may_lag(self, head: int) -> bool:
        """Whether a node whose chain ends before our cursor, but on our way, may just be behind.

        After a change of endpoints that is the usual case, and passes; a chain that really was
        shortened is believed once it has stayed so.
        """
        now = asyncio.get_running_loop().time()
        if self._behind_since is None:
            self._behind_since = now
            logger.info("the node is at block %d, behind what was read; waiting", head)
        return now - self._behind_since < self._lag_patience

    async def _common(self, cursor: Cursor, head: int) -> tuple[Cursor | None, bool]:
        """The newest block on our way that is still in the chain, None to start anew; and whether
        the chain has another block in the place of one of ours."""
        if head >= cursor.number:
            self._behind_since = None
        torn = False
        step: Cursor | None = cursor
        while step is not None:
            if step.number <= head:
                block = await self._client.block(step.number)
                if block is None:
                    raise RpcUnavailable(f"the node does not give block {step.number}")
                if _hash(block) == step.hash:
                    return step, torn
                torn = True
            number = step.number
            step = await self._db.run(lambda c, n=number: history.before(c, self._name, n))  # type: ignore[misc]
        return None, torn

    async def _walk_back(self, ancestor: Cursor | None) -> list[ChainEvent]:
        floor = -1 if ancestor is None else ancestor.number
        logger.warning("the chain was reorganised: going back to block %d", floor)

        def take_back(connection: sqlite3.Connection) -> list[ChainEvent]:
            gone = history.after(connection, self._name, floor)
            for event in gone:
                if self._undo is not None:
                    self._undo(connection, event)
            history.rewind(connection, self._name, ancestor)
            return gone

        return await self._db.run(take_back)

    async def _read(
        self, first: int, head: int, cursor: Cursor | None
    ) -> tuple[Cursor, list[ChainEvent]] | None:
        """Logs of the next range, halved until the node bears it; None if the chain moved."""
        while True:
            last = min(head, first + self._span - 1)
            block = await self._client.block(last)
            if block is None:
                return None
            reached = Cursor(last, _hash(block))
            if cursor is not None and last == first and _parent(block) != cursor.hash:
                return None
            try:
                logs = await self._logs(first, reached)
            except RpcError as error:
                if isinstance(error, Reverted) or last == first or not _too_many(error):
                    raise
                self._span = max((last - first + 1) // 2, 1)
                logger.info("the node refuses %d blocks at once: %s", last - first + 1, error)
                continue
            self._span = min(self._span * 2, self._max_span)
            # Blocks of one hash have the same ancestors: if the end is still the same, so is all
            # that was read before it.
            again = await self._client.block(last)
            if again is None or _hash(again) != reached.hash:
                return None
            found = [self._contracts.decode_log(log) for log in logs if not log.get("removed")]
            events = [event for event in found if event is not None]
            return reached, sorted(events, key=lambda each: (each.block_number, each.log_index))

    async def _logs(self, first: int, reached: Cursor) -> list[dict[str, Any]]:
        addresses = self._contracts.addresses
        if first == reached.number:
            return await self._client.logs(addresses, block_hash=reached.hash)
        return await self._client.logs(addresses, first=first, last=reached.number)

    def _record(
        self, connection: sqlite3.Connection, reached: Cursor, found: Sequence[ChainEvent]
    ) -> list[ChainEvent]:
        """On the database's thread: store events, let them take effect, move the cursor."""
        fresh = [event for event in found if history.insert(connection, self._name, event)]
        if self._apply is not None:
            for event in fresh:
                self._apply(connection, event)
        history.advance(connection, self._name, reached, found, self._keep)
        return fresh

    def _announce(self, fresh: Sequence[ChainEvent], cursor: Cursor) -> None:
        batch = Batch(fresh, tuple(self._undone), cursor)
        self._undone.clear()
        self._cursor = cursor
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        for listener in self._listeners:
            listener(batch)


def _hash(block: dict[str, Any]) -> bytes:
    return bytes.fromhex(block["hash"][2:])


def _parent(block: dict[str, Any]) -> bytes:
    return bytes.fromhex(block["parentHash"][2:])


def _too_many(error: RpcError) -> bool:
    message = error.message.lower()
    return error.code == -32005 or any(word in message for word in _TOO_MANY)
