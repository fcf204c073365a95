"""A stream as a node carries it: checked parts in memory, as feeds, playlists and segments.

The broadcaster fills it with what it signs, a relay with what its `Checker` let through; whoever
reads from it cannot tell the difference, and need not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from offchain.media.playlist import Entry, MediaPlaylist, PlaylistError
from offchain.proof.publication import DISCONTINUITY, END, MASTER, START

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.proof.publication import Part, SignedPart

JOIN_SEGMENTS = 3
"""How many segments behind the newest a reader begins: what players want before they start."""
_SHORTEST_TARGET_MS = 2_000


class FellBehind(Exception):
    """A reader is so slow that what it needs next has left the window."""


@dataclass(slots=True)
class _Kept:
    """One part of the log."""

    signed: SignedPart
    data: bytes | memoryview


class Carried:
    """One rendition: the last `window` segments, and as many again for slow players."""

    def __init__(self, rendition: str, window: int = 30) -> None:
        self.rendition = rendition
        self._window = window
        self._log: dict[int, _Kept] = {}
        self._first = self._next = 0
        self._starts: list[tuple[int, int]] = []  # (sequence, position in the log)
        self._names: dict[str, tuple[int, bytes]] = {}
        self._playlist: MediaPlaylist | None = None
        self._changed = asyncio.Event()
        self.newest: Part | None = None

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.newest is not None and bool(self.newest.flags & END)

    def add(self, signed: SignedPart, data: bytes, missed: int = 0) -> None:
        """Take a checked part in; `missed` segments were left out before it."""
        part = signed.part
        if part.flags & START and part.index == 0 and self.newest is not None:
            self._forget_all()
        if part.index == 0:
            self._starts.append((part.sequence, self._next))
        self._log[self._next] = _Kept(signed, data)
        self._next += 1
        self.newest = part
        if part.flags & END:
            if self._playlist is not None:
                self._playlist.end()
        elif part.is_last:
            self._complete(part, missed)
        while len(self._starts) > self._window:
            self._drop_oldest()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def join(self, sequence: int | None) -> int:
        """The position at which a reader begins: at a segment's first part, or a little back."""
        for number, position in self._starts:
            if sequence is not None and number >= sequence:
                return position
        if sequence is not None or not self._starts:
            return self._next
        return self._starts[max(0, len(self._starts) - JOIN_SEGMENTS)][1]

    def read(self, position: int) -> tuple[SignedPart, bytes | memoryview] | None:
        """What stands at a position, or nothing yet; raises `FellBehind`."""
        if position < self._first:
            raise FellBehind("the reader is too slow: what it needs next is gone")
        kept = self._log.get(position)
        return (kept.signed, kept.data) if kept is not None else None

    async def wait(self, position: int) -> None:
        """Until something stands at a position."""
        while position >= self._next:
            await self._changed.wait()

    def playlist(self) -> str | None:
        """The media playlist, once it lists a segment."""
        return self._playlist.render() if self._playlist is not None else None

    def segment(self, name: str) -> bytes | None:
        """A listed segment's bytes."""
        found = self._names.get(name)
        return found[1] if found is not None else None

    def text(self) -> str | None:
        """The newest segment as text: how the master playlist is published."""
        if not self._names:
            return None
        _, data = max(self._names.values())
        return data.decode("utf-8", "replace")

    def records(self) -> list[dict[str, Any]]:
        """Every record in the window as JSON, for those who check segments themselves."""
        return [record_json(kept.signed) for kept in self._log.values()]

    def _complete(self, part: Part, missed: int) -> None:
        begin = self._starts[-1][1]
        parts = [self._log[position] for position in range(begin, self._next)]
        whole = b"".join(kept.data for kept in parts)
        # One copy serves feeds and players.
        view, at = memoryview(whole), 0
        for kept in parts:
            kept.data, at = view[at : at + len(kept.data)], at + len(kept.data)
        name = f"{part.sequence}-{part.hash()[:6].hex()}"
        self._names[name] = (part.sequence, whole)
        if self.rendition == MASTER:
            self._names = {name: self._names[name]}
            return
        while len(self._names) > 2 * self._window:
            del self._names[next(iter(self._names))]
        self._list(part, name, missed)

    def _list(self, part: Part, name: str, missed: int) -> None:
        shown = datetime.fromtimestamp(part.wall_time / 1000, UTC)
        entry = Entry(
            part.sequence, f"{name}.ts", part.duration_ms, shown, bool(part.flags & DISCONTINUITY)
        )
        if self._playlist is None or missed > self._window:
            self._playlist = self._new_playlist(part)
            missed = 0
        try:
            for number in range(part.sequence - missed, part.sequence):
                self._playlist.add(Entry(number, "gone.ts", part.duration_ms, shown, gap=True))
            self._playlist.add(entry)
        except PlaylistError:
            # Longer than any before: players have to read the playlist anew.
            self._playlist = self._new_playlist(part)
            self._playlist.add(entry)

    def _new_playlist(self, part: Part) -> MediaPlaylist:
        return MediaPlaylist(max(part.duration_ms, _SHORTEST_TARGET_MS), window=self._window)

    def _drop_oldest(self) -> None:
        self._starts.pop(0)
        until = self._starts[0][1]
        for position in range(self._first, until):
            del self._log[position]
        self._first = until

    def _forget_all(self) -> None:
        self._log.clear()
        self._starts.clear()
        self._names.clear()
        self._first = self._next
        self._playlist = None


class CarriedStream:
    """All renditions of one stream that are here."""

    def __init__(self, address: str, name: str, window: int = 30) -> None:
        self.address = address
        self.name = name
        self._window = window
        self._renditions: dict[str, Carried] = {}

    def rendition(self, name: str) -> Carried | None:
        """One rendition, if there is anything of it."""
        return self._renditions.get(name)

    def open(self, name: str) -> Carried:
        """One rendition, begun if need be."""
        if name not in self._renditions:
            self._renditions[name] = Carried(name, self._window)
        return self._renditions[name]

    def names(self) -> list[str]:
        """The renditions here."""
        return list(self._renditions)

    def newest_sequence(self) -> int:
        """The highest sequence of which something is here, over all renditions; -1 for none."""
        newest = (each.newest for name, each in self._renditions.items() if name != MASTER)
        return max((part.sequence for part in newest if part is not None), default=-1)


def listed_renditions(master: str) -> list[str]:
    """The renditions a master playlist names, in its order."""
    lines: Iterable[str] = master.splitlines()
    return [
        line.removesuffix("/index.m3u8")
        for line in lines
        if line.endswith("/index.m3u8") and not line.startswith("#")
    ]


def record_json(signed: SignedPart) -> dict[str, Any]:
    """A record as pages read it."""
    part = signed.part
    return {
        "sequence": part.sequence,
        "index": part.index,
        "partHash": "0x" + part.part_hash.hex(),
        "previousHash": "0x" + part.previous_hash.hex(),
        "wallTime": part.wall_time,
        "durationMs": part.duration_ms,
        "flags": part.flags,
        "signature": "0x" + signed.signature.hex(),
    }
