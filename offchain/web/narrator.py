"""Chain events in words a viewer understands.

`Narrator.tell` folds events in chain order: the same events always give the same lines. It keeps
just enough (who claimed, who sits, who voted) to speak of "Ada's claim" where an event only holds
numbers. Events it has no words for become a plain line; none can make it fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from offchain.web import stories_jobs, stories_stake
from offchain.web.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Story = Callable[[Mapping[str, Any], Memory], tuple[str, str] | None]

STORIES: dict[tuple[str, str], Story] = {**stories_jobs.STORIES, **stories_stake.STORIES}


class Event(Protocol):
    """What a line is made from: a decoded log of one of our contracts."""

    @property
    def contract(self) -> str:
        """Controller name of the emitting contract, such as `JobsManager`."""

    @property
    def name(self) -> str:
        """Name of the event, such as `WorkClaimed`."""

    @property
    def args(self) -> Mapping[str, Any]:
        """Decoded arguments by name."""

    @property
    def block_number(self) -> int:
        """The block it stands in."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence for the page. `kind` is work, money, trouble, plain or quiet."""

    text: str
    kind: str
    block: int
    contract: str
    event: str

    def as_json(self) -> dict[str, Any]:
        """The form the browser receives."""
        return {
            "text": self.text,
            "kind": self.kind,
            "block": self.block,
            "contract": self.contract,
            "event": self.event,
        }


class Narrator:
    """Turns events into lines, in the order of the chain."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        """`names` maps addresses (any case) to what people are called."""
        self.memory = Memory({key.lower(): value for key, value in (names or {}).items()})

    def tell(self, event: Event) -> Line | None:
        """The line for `event`, or None for bookkeeping that says nothing to a viewer."""
        story = STORIES.get((event.contract, event.name))
        told: tuple[str, str] | None = ("quiet", f"{event.contract} reports {event.name}")
        if story is not None:
            try:
                told = story(event.args, self.memory)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError):
                pass  # a contract of another version: the plain line says less and is still true
        self.memory.forget_old()
        if told is None:
            return None
        kind, text = told
        return Line(text, kind, event.block_number, event.contract, event.name)
