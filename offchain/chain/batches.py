"""Many small acts in one transaction, each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from offchain.chain.outbox import Outbox

T = TypeVar("T")


class Batches(Generic[T]):
    """Groups items under purposes such as `commit:12.1,13.1`; no item is in two open batches.

    The items wanted are those the chain says are due now. One that is in a transaction on its way
    is left alone; a batch that was refused is split, so that one bad item cannot hold up the rest.
    """

    def __init__(self, outbox: Outbox, kind: str, *, most: int) -> None:
        self._outbox = outbox
        self._kind = kind
        self._most = most

    async def submit(
        self,
        wanted: Mapping[str, T],
        send: Callable[[str, Sequence[T]], Awaitable[object]],
    ) -> None:
        """Have `send(purpose, items)` called for every wanted item that is not on its way."""
        alone: set[str] = set()
        busy: set[str] = set()
        for intent in await self._outbox.unfinished(f"{self._kind}:"):
            items = intent.purpose[len(self._kind) + 1 :].split(",")
            if intent.settled and not intent.ok:
                alone.update(items)
            else:
                busy.update(items)
        free = [key for key in wanted if key not in busy]
        groups = [[key] for key in free if key in alone]
        fresh = [key for key in free if key not in alone]
        groups += [fresh[start : start + self._most] for start in range(0, len(fresh), self._most)]
        for group in groups:
            await send(f"{self._kind}:{','.join(group)}", [wanted[key] for key in group])
