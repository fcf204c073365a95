"""Strangers' bytes: mutated segments are refused or decoded, and nothing else ever happens."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.media.reader import Limits, SegmentReader, SourceFault
from offchain.media.segmenter import Segmenter
from offchain.media.tables import NotTransportStream, TransportTables, check_packets
from tests.offchain.media.clips import Clip, write_clip


@lru_cache(maxsize=1)
def segment() -> bytes:
    with TemporaryDirectory() as folder:
        path = write_clip(Path(folder) / "a.mp4", Clip(frames=24))
        return next(iter(Segmenter(path))).data


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real segment with bytes changed, cut out, repeated or put elsewhere."""
    data = bytearray(segment())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.sampled_from(("byte", "cut", "repeat", "fill", "packet")))
        length = draw(st.integers(1, 400))
        if kind == "byte":
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + length]
        elif kind == "fill":
            data[at : at + length] = bytes([draw(st.integers(0, 255))]) * len(
                data[at : at + length]
            )
        else:
            start = at // 188 * 188
            del data[start : start + 188]
        if not data:
            break
    return bytes(data)


@settings(max_examples=150, deadline=None)
@given(st.one_of(mutated(), st.binary(max_size=2000)))
def test_reader__any_bytes__give_frames_within_the_limits_or_a_fault(data: bytes) -> None:
    limits = Limits(pixels=64 * 48, frames=30, duration_ms=2000)
    try:
        with SegmentReader(data, limits) as reader:
            frames = list(reader.frames())
    except SourceFault as fault:
        assert str(fault)
        return
    assert 0 < len(frames) <= 30
    times = [frame.pts for frame in frames]
    assert all(a < b for a, b in zip(times, times[1:], strict=False))  # type: ignore[operator]
    assert all(frame.width * frame.height <= limits.pixels for frame in frames)


@settings(deadline=None)
@given(st.one_of(mutated(), st.binary(max_size=2000)))
def test_tables__any_bytes__are_read_or_refused(data: bytes) -> None:
    for read in (TransportTables.of, check_packets):
        try:
            read(data)
        except NotTransportStream as refusal:
            assert str(refusal)
