"""HLS playlists for MPEG-TS renditions, written and checked without touching a file or a socket.

A media playlist's sequence never goes back, what leaves the window takes its discontinuities into
account, and the target duration is fixed when the playlist begins.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from offchain.media.tables import TransportTables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from offchain.media.profiles import QualityContract

VERSION = 6
_OVERHEAD = 1.15  # MPEG-TS framing and bitrate control at its loosest


class PlaylistError(ValueError):
    """An entry that would break the playlist for players; the message says how."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One line of the master playlist; bandwidths in bits a second, sizes in pixels."""

    name: str
    uri: str
    bandwidth: int
    average_bandwidth: int
    width: int
    height: int
    fps: Fraction
    codecs: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment as a playlist lists it; `shown_at` is when its first picture was captured."""

    sequence: int
    uri: str
    duration_ms: int
    shown_at: datetime
    discontinuity: bool = False
    gap: bool = False


class MediaPlaylist:
    """A sliding window over one rendition: the last `window` segments, or all where it is None."""

    def __init__(self, segment_ms: int, *, window: int | None = 6) -> None:
        # Segments may last 1.5 times the nominal length; the tag may never change.
        self.target_seconds = math.ceil(segment_ms * 1.5 / 1000)
        self._window = window
        self._entries: deque[Entry] = deque()
        self._discontinuities = 0
        self._next: int | None = None
        self._ended = False

    @property
    def entries(self) -> Sequence[Entry]:
        """What the playlist lists now."""
        return tuple(self._entries)

    @property
    def ended(self) -> bool:
        """Whether no segment will follow."""
        return self._ended

    def add(self, entry: Entry) -> None:
        """Appends the next segment; sequences follow on one another without a hole."""
        if self._ended:
            raise PlaylistError("the playlist has ended")
        if self._next is not None and entry.sequence != self._next:
            raise PlaylistError(f"segment {entry.sequence} does not follow, {self._next} does")
        if not 0 < entry.duration_ms < self.target_seconds * 1000 + 500:
            raise PlaylistError(
                f"segment {entry.sequence} lasts {entry.duration_ms} ms, "
                f"beyond the playlist's {self.target_seconds} s"
            )
        _check_uri(entry.uri)
        self._next = entry.sequence + 1
        self._entries.append(entry)
        while self._window is not None and len(self._entries) > self._window:
            self._discontinuities += self._entries.popleft().discontinuity

    def end(self) -> None:
        """No segment follows: players stop asking."""
        self._ended = True

    def render(self) -> str:
        """The playlist's text."""
        lines = [
            "#EXTM3U",
            f"#EXT-X-VERSION:{VERSION}",
            f"#EXT-X-TARGETDURATION:{self.target_seconds}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._entries[0].sequence if self._entries else 0}",
        ]
        if self._discontinuities:
            lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities}")
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
        for entry in self._entries:
            if entry.discontinuity:
                lines.append("#EXT-X-DISCONTINUITY")
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_stamp(entry.shown_at)}")
            if entry.gap:
                lines.append("#EXT-X-GAP")
            lines += [f"#EXTINF:{entry.duration_ms / 1000:.3f},", entry.uri]
        if self._ended:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join(lines) + "\n"


def master_playlist(variants: Sequence[Variant]) -> str:
    """The list of renditions, the first of which players start with."""
    if not variants:
        raise PlaylistError("a master playlist lists at least one rendition")
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        _check_uri(variant.uri)
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={variant.bandwidth},"
            f"AVERAGE-BANDWIDTH={variant.average_bandwidth},"
            f'CODECS="{variant.codecs}",RESOLUTION={variant.width}x{variant.height},'
            f'FRAME-RATE={float(variant.fps):.3f},NAME="{variant.name}"',
            variant.uri,
        ]
    return "\n".join(lines) + "\n"


def source_variant(
    uri: str, segment: bytes, duration_ms: int, size: tuple[int, int], fps: Fraction
) -> Variant:
    """The untouched rung, described by one of its segments."""
    rate = len(segment) * 8000 // max(1, duration_ms)
    return Variant(
        "source", uri, int(rate * 1.5), rate, *size, fps, TransportTables.of(segment).codecs
    )


def ladder_variants(
    contract: QualityContract, renditions: Sequence[bytes], uris: Sequence[str]
) -> list[Variant]:
    """The contract's rungs, each described by its rendition of one segment."""
    variants = []
    for rung, segment, uri in zip(contract.rungs, renditions, uris, strict=True):
        tables = TransportTables.of(segment)
        mean = int((rung.bitrate + (tables.audio_bitrate or 0)) * _OVERHEAD)
        # One second of encoder buffer on top of a segment's own bits is the most a segment takes.
        peak = int(mean * (1 + 1 / contract.segment_seconds))
        variants.append(
            Variant(rung.name, uri, peak, mean, rung.width, rung.height, rung.fps, tables.codecs)
        )
    return variants


def _check_uri(uri: str) -> None:
    if not uri or uri.startswith("#") or any(character in uri for character in "\r\n\0 "):
        raise PlaylistError(f"{uri!r} cannot stand in a playlist")


def _stamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise PlaylistError("a program date needs a time zone")
    # Round half a millisecond up rather than truncate: successive stamps differ by the duration.
    moment = (moment + timedelta(microseconds=500)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
