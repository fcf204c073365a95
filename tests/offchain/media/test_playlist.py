"""Playlists: whatever happens to a stream, what players fetch stays valid and moves forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.media.pipeline import transcode
from offchain.media.playlist import (
    Entry,
    MediaPlaylist,
    PlaylistError,
    Variant,
    ladder_variants,
    master_playlist,
    source_variant,
)
from offchain.media.playlist_check import BadPlaylist, check_master, check_media
from offchain.media.tables import NotTransportStream, TransportTables

if TYPE_CHECKING:
    from offchain.media.profiles import QualityContract
    from offchain.media.segmenter import SourceSegment

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def entry(sequence: int, **changes: object) -> Entry:
    values: dict[str, object] = {
        "uri": f"{sequence}.ts",
        "duration_ms": 2000,
        "shown_at": BEGIN + timedelta(seconds=2 * sequence),
    }
    return Entry(sequence, **(values | changes))  # type: ignore[arg-type]


@given(
    first=st.integers(0, 10**6),
    window=st.one_of(st.none(), st.integers(1, 8)),
    steps=st.lists(
        st.tuples(st.integers(1, 3400), st.booleans(), st.booleans()), min_size=1, max_size=30
    ),
)
def test_media_playlist__any_stream__stays_valid_and_moves_forward(
    first: int, window: int | None, steps: list[tuple[int, bool, bool]]
) -> None:
    playlist = MediaPlaylist(2000, window=window)
    checked = check_media(playlist.render())
    at = BEGIN
    discontinuities = 0
    for number, (duration_ms, discontinuity, gap) in enumerate(steps):
        playlist.add(
            Entry(first + number, f"{first + number}.ts", duration_ms, at, discontinuity, gap)
        )
        at += timedelta(milliseconds=duration_ms)
        discontinuities += discontinuity
        checked = check_media(playlist.render(), checked)
        listed = checked.segments
        assert len(listed) == min(number + 1, window or number + 1)
        assert listed[-1].sequence == first + number
        assert listed[-1].seconds == pytest.approx(duration_ms / 1000)
        assert listed[-1].gap == gap
        # Counted from the beginning, also what has slid out of the window.
        assert listed[-1].discontinuities == discontinuities
    playlist.end()
    assert check_media(playlist.render(), checked).ended
    with pytest.raises(PlaylistError, match="ended"):
        playlist.add(entry(first + len(steps)))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (entry(7), "does not follow"),
        (entry(5), "does not follow"),
        (entry(6, duration_ms=3600), "beyond the playlist's 3 s"),
        (entry(6, duration_ms=0), "lasts 0 ms"),
        (entry(6, uri="a b.ts"), "cannot stand"),
        (entry(6, uri="x\n#EXT-X-ENDLIST"), "cannot stand"),
        (entry(6, uri="#x"), "cannot stand"),
    ],
)
def test_add__would_break_players__is_refused(bad: Entry, words: str) -> None:
    playlist = MediaPlaylist(2000)
    playlist.add(entry(5))
    before = playlist.render()
    with pytest.raises(PlaylistError, match=words):
        playlist.add(bad)
    assert playlist.render() == before


def test_master__source_and_ladder__are_fully_described(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    source = segments[0]
    done = transcode(source.data, contract)
    uris = [f"{rung.name}/index.m3u8" for rung in contract.rungs]
    variants = [
        source_variant("source/index.m3u8", source.data, 2000, (64, 48), contract.rungs[0].fps),
        *ladder_variants(contract, done.renditions, uris),
    ]
    read = check_master(master_playlist(variants))
    assert list(read) == ["source/index.m3u8", *uris]
    assert read[uris[1]]["RESOLUTION"] == "32x24"
    assert read[uris[1]]["FRAME-RATE"] == "12.000"
    for attributes, data in zip(read.values(), [source.data, *done.renditions], strict=True):
        assert int(attributes["BANDWIDTH"]) >= len(data) * 8 / 2
        assert attributes["CODECS"].endswith(",mp4a.40.2")


@pytest.mark.needs("ffmpeg")
def test_tables__codec_string__is_what_ffprobe_reads(segments: list[SourceSegment]) -> None:
    import subprocess

    said = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=profile,level", "-of", "csv", "-"],
        input=segments[0].data,
        capture_output=True,
        check=True,
    ).stdout.decode()
    codec = TransportTables.of(segments[0].data).video_codec
    profile, level = int(codec[5:7], 16), int(codec[9:11], 16)
    names = {66: "Baseline", 77: "Main", 100: "High"}
    assert f"{names[profile]},{level}" in said


def test_tables__no_segment__says_so() -> None:
    for data in (b"", bytes(188 * 3), b"G" * 188 * 3):
        with pytest.raises(NotTransportStream):
            TransportTables.of(data)


GOOD = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:4\n"
TWO = "#EXTINF:2.000,\na.ts\n#EXTINF:2.000,\nb.ts\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#EXTINF:2,\na.ts\n", "first line"),
        (GOOD + TWO.rstrip("\n"), "unfinished"),
        (GOOD.replace("#EXT-X-TARGETDURATION:3\n", "") + TWO, "TARGETDURATION is missing"),
        (GOOD + TWO.replace("2.000", "3.700"), "beyond the target"),
        (GOOD + TWO.replace("b.ts", "a.ts"), "listed twice"),
        (GOOD + "a.ts\n", "no duration"),
        (GOOD + "#EXTINF:2.0,\n", "no segment"),
        (GOOD + "#EXT-X-NEW\n" + TWO, "unknown"),
    ],
)
def test_check_media__broken__says_how(text: str, words: str) -> None:
    with pytest.raises(BadPlaylist, match=words):
        check_media(text)


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (GOOD.replace("SEQUENCE:4", "SEQUENCE:3") + TWO, "went back|changed"),
        (GOOD + TWO.replace("a.ts", "c.ts"), "changed"),
        (GOOD + "#EXTINF:2.000,\na.ts\n", "lost its newest"),
        (GOOD.replace("DURATION:3", "DURATION:4") + TWO, "target duration changed"),
        (GOOD, "became empty"),
    ],
)
def test_check_media__went_back__says_how(later: str, words: str) -> None:
    with pytest.raises(BadPlaylist, match=words):
        check_media(later, check_media(GOOD + TWO))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("BANDWIDTH=9,AVERAGE-BANDWIDTH=5", "BANDWIDTH=3,AVERAGE-BANDWIDTH=5"), "below"),
        (("avc1.640015", "h264"), "not spelled"),
        (("RESOLUTION=64x48", "RESOLUTION=64"), "not WIDTHxHEIGHT"),
        ((",FRAME-RATE=24.000", ""), "lacks FRAME-RATE"),
    ],
)
def test_check_master__broken__says_how(change: tuple[str, str], words: str) -> None:
    from fractions import Fraction

    text = master_playlist([Variant("a", "a.m3u8", 9, 5, 64, 48, Fraction(24), "avc1.640015")])
    assert check_master(text)
    assert change[0] in text
    with pytest.raises(BadPlaylist, match=words):
        check_master(text.replace(*change))
