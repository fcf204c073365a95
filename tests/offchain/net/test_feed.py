"""Feeds: golden bytes, order, and what a feed may not contain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.net.carried import Carried, FellBehind, listed_renditions
from offchain.net.feed import (
    DATA,
    Distance,
    FedPart,
    FeedReader,
    Goodbye,
    goodbye,
    hello,
    moved,
    record_frame,
)
from offchain.net.frames import Frame, WireError
from offchain.proof.publication import Publisher, SignedPart, stream_id
from offchain.proof.signatures import address_of
from offchain.proof.typed import Domain

DOMAIN = Domain(31337, "0x" + "33" * 20)
KEY = b"\x05" * 32
STREAM = stream_id(address_of(KEY), "a")


def published(count: int, parts: int = 1, **more: Any) -> list[tuple[SignedPart, bytes]]:
    publisher = Publisher(DOMAIN, KEY, STREAM, "720p")
    return [
        each
        for number in range(count)
        for each in publisher.segment(
            number,
            [f"{number}.{index}".encode() for index in range(parts)],
            wall_time=1_800_000_000_000 + 2000 * number,
            duration_ms=2000,
            **more,
        )
    ]


def as_bytes(parts: list[tuple[SignedPart, bytes]]) -> bytes:
    return b"".join(bytes(piece) for each in parts for piece in record_frame(*each))


def test_golden__control_frames() -> None:
    assert hello(3).hex() == "200000000103"
    assert moved(4).hex() == "230000000104"
    assert goodbye("no").hex() == "2f000000026e6f"
    signed, data = published(1)[0]
    frames = as_bytes([(signed, data)])
    length = len(bytes(signed))
    assert frames[:5].hex() == "21" + length.to_bytes(4, "big").hex()
    assert frames[5 + length :].hex() == "2200000003" + data.hex()


@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_feed__however_it_is_cut__the_same_messages(cuts: list[int]) -> None:
    parts = published(3, 2)
    stream = hello(1) + as_bytes(parts[:3]) + moved(2) + as_bytes(parts[3:]) + goodbye("over")
    reader, found, at = FeedReader(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        found += reader.feed(stream[at:cut])
        at = max(at, min(cut, len(stream)))
    told = [FedPart(*each) for each in parts]
    assert found == [Distance(1), *told[:3], Distance(2), *told[3:], Goodbye("over")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda part: part, "out of place"),
        (lambda part: hello(1) + hello(1), "out of place"),
        (lambda part: hello(16), "too far from the broadcaster"),
        (lambda part: hello(1) + bytes(Frame(DATA, b"x")), "comes without its record"),
        (lambda part: hello(1) + part[:-8] + moved(1), "out of place"),
        (lambda part: hello(1) + bytes(Frame(0x21, b"short")), "cut short"),
        (lambda part: hello(1) + b"\x22\x00\x20\x00\x00", "bytes, 1048576 are allowed"),
        (lambda part: hello(1) + bytes(Frame(0x24, b"")), "not expected here"),
    ],
)
def test_feed__what_may_not_come__refused(body: Any, words: str) -> None:
    with pytest.raises(WireError, match=words):
        list(FeedReader().feed(body(as_bytes(published(1)))))


def test_carried__window_and_joining() -> None:
    carried = Carried("720p", window=4)
    parts = published(10, 2)
    start = carried.join(None)
    for signed, data in parts:
        carried.add(signed, data)
    with pytest.raises(FellBehind, match="too slow"):
        carried.read(start)
    first = carried.read(carried.join(None))
    assert first is not None
    assert (first[0].part.sequence, first[0].part.index) == (7, 0)
    at = carried.join(8)
    told = [carried.read(position) for position in range(at, at + 5)]
    assert [each and each[0].part.sequence for each in told] == [8, 8, 9, 9, None]
    text = carried.playlist()
    assert text is not None
    names = [line for line in text.splitlines() if line.endswith(".ts")]
    assert len(names) == 4
    assert carried.segment(names[-1].removesuffix(".ts")) == b"9.09.1"
    assert "#EXT-X-MEDIA-SEQUENCE:6" in text


def test_carried__a_segment_is_missing__a_gap_is_listed() -> None:
    carried = Carried("720p")
    parts = published(4)
    for position in (0, 1, 3):
        carried.add(*parts[position], missed=1 if position == 3 else 0)
    text = carried.playlist()
    assert text is not None
    assert text.count("#EXT-X-GAP") == 1
    assert text.count("#EXTINF") == 4


def test_listed_renditions__of_a_master_playlist() -> None:
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsource/index.m3u8\n#x\n360p/index.m3u8\n"
    assert listed_renditions(master) == ["source", "360p"]
