"""The frame decoder: any cutting of the bytes gives the same frames; nothing over a cap is held."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.net.frames import HEADER, Frame, FrameDecoder, WireError

CAPS = {1: 40, 2: 300}
TOTAL = 100_000

frames = st.lists(
    st.one_of(
        st.builds(Frame, st.just(1), st.binary(max_size=40)),
        st.builds(Frame, st.just(2), st.binary(max_size=300)),
    ),
    max_size=12,
)


def decode(decoder: FrameDecoder, chunks: list[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


@given(frames, st.lists(st.integers(0, 4000), max_size=20))
def test_any_cutting_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    body = b"".join(bytes(frame) for frame in sent)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    decoder = FrameDecoder(CAPS, TOTAL)

    received = decode(decoder, [body[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)])
    decoder.close()

    assert received == sent


@given(frames.filter(bool), st.data())
def test_a_body_cut_short_is_refused(sent: list[Frame], data: st.DataObject) -> None:
    body = b"".join(bytes(frame) for frame in sent)
    ends = {0}
    for frame in sent:
        ends.add(max(ends) + len(bytes(frame)))
    cut = data.draw(st.integers(1, len(body) - 1).filter(lambda n: n not in ends))
    decoder = FrameDecoder(CAPS, TOTAL)
    decode(decoder, [body[:cut]])

    with pytest.raises(WireError, match="into a frame"):
        decoder.close()


@given(st.binary(max_size=600))
def test_any_bytes_are_frames_or_refused(body: bytes) -> None:
    decoder = FrameDecoder(CAPS, TOTAL)
    try:
        received = decode(decoder, [body])
        decoder.close()
    except WireError:
        return
    assert b"".join(bytes(frame) for frame in received) == body


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.pack(1, 41), "41 bytes, 40 are allowed"),
        (HEADER.pack(9, 0), "type 9 is not expected"),
        (HEADER.pack(2, 2**32 - 1), "300 are allowed"),
    ],
)
def test_header_alone_is_enough_to_refuse(header: bytes, reason: str) -> None:
    decoder = FrameDecoder(CAPS, TOTAL)

    with pytest.raises(WireError, match=reason):
        list(decoder.feed(header))
    with pytest.raises(WireError, match="already broken"):
        list(decoder.feed(b""))


def test_body_over_its_total_is_refused_even_in_allowed_frames() -> None:
    decoder = FrameDecoder(CAPS, total=100)
    frame = bytes(Frame(1, bytes(40)))

    assert len(list(decoder.feed(frame + frame))) == 2
    with pytest.raises(WireError, match="larger than allowed"):
        list(decoder.feed(frame))
