"""What players see: every rung in order and without holes, whatever the transcoders do."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.media.pipeline import transcode
from offchain.media.playlist_check import check_master, check_media
from offchain.media.profiles import QualityContract, Rung
from offchain.media.segments import SourceSegment
from offchain.node import livestream
from offchain.node.livestream import LiveStream

FPS = Fraction(25)
CONTRACT = QualityContract(
    (Rung("a", 32, 32, 50_000, FPS), Rung("b", 16, 16, 20_000, FPS)), segment_ms=1000
)


class Media(tuple[bytes, list[bytes]]):
    """A source and its renditions; short in a test's report."""

    def __repr__(self) -> str:
        return "Media"


@pytest.fixture(scope="module")
def media() -> Media:
    """One real segment of a second and its real renditions."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(25):
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    source = sink.getvalue()
    return Media((source, transcode(source, CONTRACT).renditions))


def new_stream(window: int = 4) -> LiveStream:
    return LiveStream("s", CONTRACT, (64, 64), FPS, window=window)


def source(sequence: int, data: bytes) -> SourceSegment:
    # A comment packet at the end makes every segment's bytes, and so its name, its own.
    return SourceSegment(sequence, data + sequence.to_bytes(4, "big"), sequence * 1000, 1000, 25)


def listed(stream: LiveStream, rung: str) -> list[tuple[int, str]]:
    text = stream.playlist("s", rung)
    return [] if text is None else [(e.sequence, e.uri) for e in check_media(text).segments]


# When each segment's answer comes (ties in order), and whether there is one.
plans = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=10)


@given(plans, st.integers(3, 6))
def test_any_order_of_answers_gives_playlists_without_holes(
    media: Media, plan: list[tuple[int, bool]], window: int
) -> None:
    """Each rung lists 0, 1, 2 …; each entry can be fetched and holds what came for it."""
    data, renditions = media
    stream = new_stream(window)
    steps = [(float(n), n, "source") for n in range(len(plan))]
    steps += [(n + 0.5 + at, n, "answer") for n, (at, _) in enumerate(plan)]
    last = dict.fromkeys(("source", "a", "b"))
    for _, n, kind in sorted(steps):
        if kind == "source":
            stream.add_source(source(n, data))
        else:
            answered = plan[n][1]
            own = [each + n.to_bytes(4, "big") for each in renditions]
            stream.add_renditions(n, own if answered else None)
        for rung in last:
            if (text := stream.playlist("s", rung)) is not None:
                last[rung] = check_media(text, last[rung])
    stream.end()

    assert stream.published + stream.substituted == len(plan)
    assert stream.substituted == sum(not answered for _, answered in plan)
    for rung in ("source", "a", "b"):
        text = stream.playlist("s", rung)
        assert text is not None and text.endswith("#EXT-X-ENDLIST\n")
        checked = check_media(text, last[rung])
        first = max(0, len(plan) - window)
        assert [each.sequence for each in checked.segments] == list(range(first, len(plan)))
        for each in checked.segments:
            body = stream.segment("s", rung, each.uri.removesuffix(".ts"))
            assert body is not None and body.endswith(each.sequence.to_bytes(4, "big"))
            from_source = body == source(each.sequence, data).data
            assert from_source == (rung == "source" or not plan[each.sequence][1])


def test_change_between_ladder_and_source_is_marked(media: Media) -> None:
    data, renditions = media
    stream = new_stream(10)
    for n, answered in enumerate([True, True, False, False, True]):
        stream.add_source(source(n, data))
        stream.add_renditions(n, renditions if answered else None)

    text = stream.playlist("s", "a")
    assert text is not None
    assert [each.discontinuities for each in check_media(text).segments] == [0, 0, 1, 1, 2]


def test_source_plays_before_anyone_answers_and_master_waits_for_the_ladder(
    media: Media,
) -> None:
    data, renditions = media
    stream = new_stream()
    stream.add_source(source(0, data))

    assert listed(stream, "source")[0][0] == 0
    assert stream.master("s") is None

    stream.add_renditions(0, renditions)
    master = stream.master("s")
    assert master is not None
    assert list(check_master(master)) == ["source/index.m3u8", "a/index.m3u8", "b/index.m3u8"]


def test_master_lists_the_source_alone_where_nobody_answers(
    media: Media,
) -> None:
    data, _ = media
    stream = new_stream()
    stream.add_source(source(0, data))
    stream.add_renditions(0, None)

    master = stream.master("s")
    assert master is not None
    assert list(check_master(master)) == ["source/index.m3u8"]


def test_memory_is_bounded_and_other_names_are_nothing(media: Media) -> None:
    data, renditions = media
    stream = new_stream(3)
    for n in range(50):
        stream.add_source(source(n, data))
        stream.add_renditions(n, renditions)

    held = [len(rung.segments) for rung in stream._rungs.values()]
    assert max(held) <= 6
    assert not stream._sources
    assert stream.master("other") is None
    assert stream.playlist("other", "a") is None
    assert stream.playlist("s", "c") is None
    assert stream.segment("s", "c", "0-00") is None
    assert livestream.SOURCE == "source"
