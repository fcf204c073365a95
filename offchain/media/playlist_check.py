"""A strict reader of HLS playlists, for tests and for doctors: it accepts what players need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')
_CODECS = re.compile(r"avc1\.[0-9a-f]{6}(,(mp4a\.40\.\d+|ac-3))?")
_MEDIA_TAGS = (
    "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE",
    "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-DISCONTINUITY",
    "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-GAP", "#EXTINF", "#EXT-X-ENDLIST",
)  # fmt: skip


class BadPlaylist(ValueError):
    """What is wrong with a playlist, in one sentence."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One segment as read from a playlist."""

    sequence: int
    uri: str
    seconds: float
    shown_at: datetime | None
    discontinuities: int
    gap: bool


@dataclass(frozen=True, slots=True)
class CheckedMedia:
    """A media playlist that passed."""

    target_seconds: int
    segments: tuple[Listed, ...]
    ended: bool


def check_media(text: str, previous: CheckedMedia | None = None) -> CheckedMedia:
    """Reads a media playlist; with the one fetched before, checks that it only moved forward."""
    lines = _lines(text)
    head = dict(line.split(":", 1) for line in lines if ":" in line and line.startswith("#"))
    target = _number(head, "#EXT-X-TARGETDURATION")
    sequence = _number(head, "#EXT-X-MEDIA-SEQUENCE")
    discontinuities = int(head.get("#EXT-X-DISCONTINUITY-SEQUENCE", "0"))
    if _number(head, "#EXT-X-VERSION") < 3:
        raise BadPlaylist("fractional durations need version 3")
    segments: list[Listed] = []
    seconds: float | None = None
    shown_at: datetime | None = None
    gap = False
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        if line.startswith("#") and tag not in _MEDIA_TAGS:
            raise BadPlaylist(f"the tag {tag} is unknown")
        if tag == "#EXTINF":
            seconds = float(value.split(",")[0])
        elif tag == "#EXT-X-DISCONTINUITY":
            discontinuities += 1
        elif tag == "#EXT-X-PROGRAM-DATE-TIME":
            shown_at = datetime.fromisoformat(value)
        elif tag == "#EXT-X-GAP":
            gap = True
        elif not line.startswith("#"):
            if seconds is None:
                raise BadPlaylist(f"{line} has no duration")
            segments.append(
                Listed(sequence + len(segments), line, seconds, shown_at, discontinuities, gap)
            )
            seconds, shown_at, gap = None, None, False
    if seconds is not None:
        raise BadPlaylist("the last duration has no segment")
    checked = CheckedMedia(target, tuple(segments), lines[-1] == "#EXT-X-ENDLIST")
    _check_segments(checked)
    if previous is not None:
        _check_progress(previous, checked)
    return checked


def check_master(text: str) -> dict[str, dict[str, str]]:
    """Reads a master playlist: URI to attributes; every variant must be fully described."""
    lines = _lines(text)
    variants: dict[str, dict[str, str]] = {}
    waiting: dict[str, str] | None = None
    for line in lines[1:]:
        if line.startswith("#EXT-X-STREAM-INF:"):
            attributes = dict(_ATTRIBUTE.findall(line.partition(":")[2]))
            waiting = {name: value.strip('"') for name, value in attributes.items()}
        elif not line.startswith("#"):
            if waiting is None:
                raise BadPlaylist(f"{line} is not described")
            _check_variant(waiting)
            variants[line] = waiting
            waiting = None
    if waiting is not None or not variants:
        raise BadPlaylist("the master playlist describes a variant it does not list, or none")
    if len({tuple(sorted(variant.items())) for variant in variants.values()}) != len(variants):
        raise BadPlaylist("two variants are described alike")
    return variants


def _check_variant(attributes: dict[str, str]) -> None:
    for name in ("BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS", "RESOLUTION", "FRAME-RATE"):
        if name not in attributes:
            raise BadPlaylist(f"a variant lacks {name}")
    if not 0 < int(attributes["AVERAGE-BANDWIDTH"]) <= int(attributes["BANDWIDTH"]):
        raise BadPlaylist("a variant's bandwidth is below its average")
    if not _CODECS.fullmatch(attributes["CODECS"]):
        raise BadPlaylist(f"the codecs {attributes['CODECS']} are not spelled as players expect")
    if not re.fullmatch(r"\d+x\d+", attributes["RESOLUTION"]):
        raise BadPlaylist(f"the resolution {attributes['RESOLUTION']} is not WIDTHxHEIGHT")
    if Fraction(attributes["FRAME-RATE"]) <= 0:
        raise BadPlaylist("a frame rate is not positive")


def _check_segments(playlist: CheckedMedia) -> None:
    seen: set[str] = set()
    due: datetime | None = None
    for segment in playlist.segments:
        if segment.uri in seen:
            raise BadPlaylist(f"{segment.uri} is listed twice")
        seen.add(segment.uri)
        if round(segment.seconds) > playlist.target_seconds or segment.seconds <= 0:
            raise BadPlaylist(f"{segment.uri} lasts {segment.seconds} s, beyond the target")
        at = segment.shown_at
        if at is not None and due is not None and at < due - timedelta(milliseconds=5):
            raise BadPlaylist(f"{segment.uri} is dated before the end of the one before")
        due = at + timedelta(seconds=segment.seconds) if at is not None else None


def _check_progress(previous: CheckedMedia, now: CheckedMedia) -> None:
    if now.target_seconds != previous.target_seconds:
        raise BadPlaylist("the target duration changed")
    if previous.ended and now != previous:
        raise BadPlaylist("the playlist went on after its end")
    if not previous.segments:
        return
    if not now.segments:
        raise BadPlaylist("the playlist became empty")
    if now.segments[0].sequence < previous.segments[0].sequence:
        raise BadPlaylist("the media sequence went back")
    if now.segments[-1].sequence < previous.segments[-1].sequence:
        raise BadPlaylist("the playlist lost its newest segments")
    before = {segment.sequence: segment for segment in previous.segments}
    for segment in now.segments:
        if before.get(segment.sequence, segment) != segment:
            raise BadPlaylist(f"segment {segment.sequence} changed after it was listed")


def _lines(text: str) -> list[str]:
    lines = text.splitlines()
    if not lines or lines[0] != "#EXTM3U":
        raise BadPlaylist("the first line is not #EXTM3U")
    if not text.endswith("\n") or any(not line.strip() for line in lines):
        raise BadPlaylist("the playlist has an empty or an unfinished line")
    return lines


def _number(head: dict[str, str], tag: str) -> int:
    if not head.get(tag, "").isdigit():
        raise BadPlaylist(f"{tag} is missing or no number")
    return int(head[tag])
