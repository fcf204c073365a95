"""What a worker owes the chain, as small duties that look at the state and do what is due.

A duty never remembers what it has done: each step asks the chain and the store what is so, and
expresses what should be as outbox intents with fixed purposes. So a step can be repeated, lost or
run again after a restart or a reorganisation, and the chain still sees each act once.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from offchain.chain.acts import Acts
from offchain.chain.errors import ChainError, RpcUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.chain.onchain import OnChain

log = logging.getLogger("livepeer.duties")


class Duty(ABC):
    """One thing a worker owes. Subclasses implement `step`, and `open` if they follow events."""

    def __init__(self, node: OnChain) -> None:
        self.node = node
        self.acts = Acts(node.outbox)

    async def open(self) -> None:  # noqa: B027 - most duties have no past to read
        """Read what happened before this process started."""

    @abstractmethod
    async def step(self, head: int) -> None:
        """Do what is due at block `head`."""


class Opened(Protocol):
    """Something that reads the past before duties begin."""

    async def open(self) -> None: ...


class Duties:
    """Runs duties one after another at every new block, and every `idle_s` seconds without one."""

    def __init__(
        self,
        node: OnChain,
        duties: Sequence[Duty],
        *,
        also: Sequence[Opened] = (),
        idle_s: float = 5.0,
    ) -> None:
        self._node = node
        self._duties = tuple(duties)
        self._also = tuple(also)
        self._idle_s = idle_s

    async def run(self) -> None:
        """Work until cancelled. One duty's trouble never keeps another from its own."""
        await self.open()
        seen = -1
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    seen = (await self._node.follower.advanced(seen)).number
            except TimeoutError:
                cursor = self._node.follower.cursor
                if cursor is None:
                    continue
                seen = cursor.number
            await self.step(seen)

    async def open(self) -> None:
        """Let every duty, and what duties share, read what has happened so far."""
        for each in (*self._also, *self._duties):
            await each.open()

    async def step(self, head: int) -> None:
        """One round of all duties."""
        for duty in self._duties:
            try:
                await duty.step(head)
            except RpcUnavailable as error:
                log.warning("duties wait for the chain", extra={"why": str(error)})
                return
            except ChainError as error:
                log.error(
                    "a duty is in trouble",
                    extra={"duty": type(duty).__name__, "why": str(error)},
                )
