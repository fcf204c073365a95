"""A stream as players see it: a source rung that always plays, and the ladder as it arrives.

Rungs list segments strictly in order. Where a rendition never came, its rung goes on with the
source's segment between two marked discontinuities, so a player that stays on the rung plays on.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from offchain.media.playlist import (
    Entry,
    MediaPlaylist,
    Variant,
    ladder_variants,
    master_playlist,
    source_variant,
)
from offchain.proof.hashes import part_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from offchain.media.profiles import QualityContract
    from offchain.media.segments import SourceSegment
    from offchain.net.publish import Publication

SOURCE = "source"


@dataclass
class _Rung:
    """One media playlist and the bytes behind it."""

    name: str
    playlist: MediaPlaylist
    keep: int
    segments: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    waiting: dict[int, bytes | None] = field(default_factory=dict)
    on_source: bool = False

    def hold(self, name: str, data: bytes) -> None:
        """Keep a segment's bytes for as long as a slow player may still ask for them."""
        self.segments[name] = data
        while len(self.segments) > self.keep:
            self.segments.popitem(last=False)


class LiveStream:
    """One stream's playlists and segments, all in memory; the library behind the HLS server."""

    def __init__(
        self,
        name: str,
        contract: QualityContract,
        size: tuple[int, int],
        fps: Fraction,
        *,
        window: int,
        began: datetime | None = None,
        publication: Publication | None = None,
    ) -> None:
        self.name = name
        self.contract = contract
        self._size = size
        self._fps = fps
        self._began = began
        self._publication = publication
        # What has left the playlist is kept as long again: players load what they read a while ago.
        keep = window * 2
        names = [SOURCE, *(rung.name for rung in contract.rungs)]
        self._rungs = {
            each: _Rung(each, MediaPlaylist(contract.segment_ms, window=window), keep)
            for each in names
        }
        # What no rung of the ladder lists yet.
        self._sources: dict[int, SourceSegment] = {}
        self._variants: list[Variant] = []
        self._ladder: list[Variant] = []
        self._settled = False
        self._next = 0
        self._ending = False
        self.published = 0
        self.substituted = 0

    def streams(self) -> list[str]:
        """The name, once there is something to play."""
        return [self.name] if self._variants else []

    def master(self, name: str) -> str | None:
        """The master playlist; not before it is known whether there is a ladder to list."""
        if name != self.name or not self._settled:
            return None
        return master_playlist([*self._variants, *self._ladder])

    def playlist(self, name: str, rung: str) -> str | None:
        """A rung's media playlist, once it lists a segment."""
        found = self._rungs.get(rung) if name == self.name else None
        if found is None or not found.playlist.entries:
            return None
        return found.playlist.render()

    def segment(self, name: str, rung: str, segment: str) -> bytes | None:
        """A segment's bytes."""
        found = self._rungs.get(rung) if name == self.name else None
        return found.segments.get(segment) if found is not None else None

    def add_source(self, source: SourceSegment) -> None:
        """List the next source segment."""
        rung = self._rungs[SOURCE]
        name = _segment_name(source.sequence, source.data)
        if not self._variants:
            self._next = source.sequence
            if self._began is None:
                # The first segment has just been taken in; players measure their delay from this.
                age = timedelta(milliseconds=source.start_ms + source.duration_ms)
                self._began = datetime.now(UTC) - age
            self._variants.append(
                source_variant(
                    f"{SOURCE}/index.m3u8", source.data, source.duration_ms, self._size, self._fps
                )
            )
        self._sources[source.sequence] = source
        rung.hold(name, source.data)
        rung.playlist.add(self._entry(source, f"{name}.ts", discontinuity=False))
        self._publish(SOURCE, source, source.data)

    def add_renditions(self, sequence: int, renditions: Sequence[bytes] | None) -> None:
        """Give the renditions of a segment in rung order, or None where there will be none."""
        if sequence < self._next:
            return
        if renditions is not None and not self._ladder:
            uris = [f"{rung.name}/index.m3u8" for rung in self.contract.rungs]
            self._ladder = ladder_variants(self.contract, renditions, uris)
        self._settled = True
        for place, rung in enumerate(self.contract.rungs):
            data = renditions[place] if renditions is not None else None
            self._rungs[rung.name].waiting[sequence] = data
        self._list_what_is_next()

    def end(self) -> None:
        """No segment follows; what was never answered is shown from the source."""
        self._settled = True
        for sequence in self._sources:
            for rung in self.contract.rungs:
                self._rungs[rung.name].waiting.setdefault(sequence, None)
        self._list_what_is_next()
        for each in self._rungs.values():
            each.playlist.end()
        if self._publication is not None:
            self._publication.end(int(time.time() * 1000))

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says about the playlists."""
        return {
            "name": self.name,
            "master": f"/live/{self.name}/index.m3u8",
            "rungs": [
                {
                    "name": variant.name,
                    "width": variant.width,
                    "height": variant.height,
                    "bandwidth": variant.bandwidth,
                    "listed": len(self._rungs[variant.name].playlist.entries),
                }
                for variant in (*self._variants, *self._ladder)
            ],
            "substituted": self.substituted,
            "ended": self._rungs[SOURCE].playlist.ended,
        }

    def _list_what_is_next(self) -> None:
        names = [rung.name for rung in self.contract.rungs]
        while self._next in self._sources and self._next in self._rungs[names[0]].waiting:
            source = self._sources.pop(self._next)
            missing = False
            for name in names:
                data = self._rungs[name].waiting.pop(self._next)
                missing |= data is None
                self._list(self._rungs[name], source, data)
            if missing:
                self.substituted += 1
            else:
                self.published += 1
            self._next += 1

    def _list(self, rung: _Rung, source: SourceSegment, data: bytes | None) -> None:
        first, on_source = not rung.playlist.entries, data is None
        shown = source.data if data is None else data
        name = _segment_name(source.sequence, shown)
        rung.hold(name, shown)
        # The two have other encoder settings: players must start their decoder anew in between.
        changes = not first and on_source != rung.on_source
        rung.on_source = on_source
        rung.playlist.add(self._entry(source, f"{name}.ts", discontinuity=changes))
        self._publish(rung.name, source, shown, discontinuity=changes)

    def _publish(
        self, rung: str, source: SourceSegment, shown: bytes, *, discontinuity: bool = False
    ) -> None:
        """Sign what is listed, for relays; and what there is to choose from, again each time."""
        if self._publication is None:
            return
        assert self._began is not None
        taken = self._began + timedelta(milliseconds=source.start_ms)
        # Input that is sent faster than it was taken must not come from the future.
        wall_time = int(min(taken.timestamp(), time.time()) * 1000)
        if rung == SOURCE and self._settled:
            master = master_playlist([*self._variants, *self._ladder])
            self._publication.master(master, wall_time)
        self._publication.segment(
            rung,
            source.sequence,
            shown,
            wall_time=wall_time,
            duration_ms=source.duration_ms,
            discontinuity=discontinuity,
        )

    def _entry(self, source: SourceSegment, uri: str, *, discontinuity: bool) -> Entry:
        assert self._began is not None
        shown_at = self._began + timedelta(milliseconds=source.start_ms)
        return Entry(source.sequence, uri, source.duration_ms, shown_at, discontinuity)


def _segment_name(sequence: int, data: bytes) -> str:
    """Part of the content's hash is in the name, so that what a name stands for never changes."""
    return f"{sequence}-{part_hash(data)[:6].hex()}"
