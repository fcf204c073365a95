"""A segment's renditions: right in shape, in step with the source, the same from run to run."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.media.encoding import FrameCap
from offchain.media.pipeline import Transcoder, transcode
from offchain.media.profiles import MODES, SCALINGS, QualityContract, Rung
from offchain.media.reader import TICKS, Limits, SegmentReader, SourceFault
from offchain.media.segmenter import Segmenter, SourceSegment
from tests.offchain.media.clips import Clip, write_clip

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scaling", SCALINGS)
def test_transcode__gives_every_rung_as_owed(
    segments: list[SourceSegment], contract: QualityContract, mode: str, scaling: str
) -> None:
    contract = replace(contract, mode=mode, scaling=scaling)  # type: ignore[arg-type]
    with Transcoder(contract) as transcoder:
        done = [transcoder.transcode(segment.data) for segment in segments]
    assert [(d.frames, d.duration_ms) for d in done] == [(48, 2000), (48, 2000)]
    assert done[0].pixels == 64 * 48 * 48 + 32 * 24 * 24
    for rung_index, rung in enumerate(contract.rungs):
        before = None
        for segment, result in zip(segments, done, strict=True):
            with (
                SegmentReader(segment.data) as source,
                SegmentReader(result.renditions[rung_index]) as made,
            ):
                owed = [frame.pts for frame in source.frames()]
                frames = list(made.frames())
                sound = [bytes(packet) for packet in source.audio_packets]
                assert [bytes(packet) for packet in made.audio_packets] == sound
                assert [p.pts for p in made.audio_packets] == [p.pts for p in source.audio_packets]
            step = round(24 / rung.fps)
            assert [frame.pts for frame in frames] == owed[::step]
            assert {(f.width, f.height) for f in frames} == {(rung.width, rung.height)}
            assert made.keyframe_first
            if before is not None:
                assert frames[0].pts == before + step * TICKS // 24
            before = frames[-1].pts


@pytest.mark.parametrize("mode", MODES)
def test_transcode__same_segment__same_bytes(
    segments: list[SourceSegment], contract: QualityContract, mode: str
) -> None:
    contract = replace(contract, mode=mode)  # type: ignore[arg-type]
    with Transcoder(contract) as transcoder:
        first = [transcoder.transcode(segment.data) for segment in segments]
    # Another order and a fresh transcoder: nothing of a segment depends on the one before.
    assert [transcode(segment.data, contract) for segment in reversed(segments)] == first[::-1]


def test_transcode__no_sound_or_one_frame__works(tmp_path: Path, contract: QualityContract) -> None:
    path = write_clip(tmp_path / "one.mp4", Clip(audio=None, frames=1))
    segment = next(iter(Segmenter(path)))
    done = transcode(segment.data, contract)
    assert (done.frames, done.pixels) == (1, 64 * 48 + 32 * 24)
    for rendition in done.renditions:
        with SegmentReader(rendition) as reader:
            assert len(list(reader.frames())) == 1
            assert reader.audio is None


def test_transcode__source_changes_size__rungs_stay(
    tmp_path: Path, segments: list[SourceSegment], contract: QualityContract
) -> None:
    other = write_clip(tmp_path / "other.mp4", Clip(width=96, height=72, frames=24))
    with Transcoder(contract) as transcoder:
        for segment in (segments[0], next(iter(Segmenter(other)))):
            for rung, rendition in zip(
                contract.rungs, transcoder.transcode(segment.data).renditions, strict=True
            ):
                with SegmentReader(rendition) as reader:
                    assert (rung.width, rung.height) == (
                        (first := next(reader.frames())).width,
                        first.height,
                    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: b"", "empty"),
        (lambda data: b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", "not MPEG-TS"),
        (lambda data: b"ffconcat version 1.0\nfile clip.mp4\n", "not MPEG-TS"),
        (lambda data: bytes(100_000), "not MPEG-TS"),
        (lambda data: data[: 188 * 100] + data[188 * 103 :], "packets are missing"),
        (lambda data: data[:-5], "no whole number of packets"),
        (lambda data: data[: 188 * 20] + bytes(188) + data[188 * 21 :], "sync byte"),
        (lambda data: data[:600] + data[60_000:], "not MPEG-TS"),
    ],
)
def test_transcode__broken_source__blames_the_source(
    segments: list[SourceSegment], contract: QualityContract, spoil: object, words: str
) -> None:
    assert callable(spoil)
    with pytest.raises(SourceFault, match=words):
        transcode(spoil(segments[0].data), contract)


def test_transcode__begins_without_a_keyframe__blames_the_source(
    tmp_path: Path, contract: QualityContract
) -> None:
    import av

    path = write_clip(tmp_path / "a.ts", Clip(audio=None, options=(("bf", "0"),)))
    cut = tmp_path / "cut.ts"
    with av.open(str(path)) as source, av.open(str(cut), "w", format="mpegts") as sink:
        stream = sink.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.dts is not None and 20 <= index < 70:
                packet.stream = stream
                sink.mux(packet)
    with pytest.raises(SourceFault):
        transcode(cut.read_bytes(), contract)


@pytest.mark.parametrize(
    ("clip", "limits", "words"),
    [
        (Clip(frames=200), None, "longer than 3000 ms|more than"),
        (Clip(frames=100, fps=100), Limits(frames=50), "more than 50 pictures"),
        (Clip(width=640, height=480, frames=2), Limits(pixels=100_000), "too large"),
        (Clip(frames=48), Limits(size=1000), "more than 1000"),
    ],
)
def test_transcode__beyond_the_limits__blames_the_source(
    tmp_path: Path, contract: QualityContract, clip: Clip, limits: Limits | None, words: str
) -> None:
    path = write_clip(tmp_path / "big.ts", replace(clip, group=999))
    with (
        pytest.raises(SourceFault, match=words),
        Transcoder(contract, limits) as transcoder,
    ):
        transcoder.transcode(path.read_bytes())


def test_transcode__bitrate__follows_the_rung(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(width=320, height=240, frames=48))
    segment = next(iter(Segmenter(path)))
    sizes = []
    for bitrate in (100_000, 400_000):
        contract = QualityContract((Rung("x", 320, 240, bitrate, Fraction(24)),))
        with SegmentReader(transcode(segment.data, contract).renditions[0]) as reader:
            list(reader.frames())
            sizes.append(reader.video_bytes)
            # Two seconds and the encoder's buffer of one more.
            assert reader.video_bytes * 8 < bitrate * 3.2
    assert sizes[0] * 2 < sizes[1]


@given(
    st.fractions(1, 60, max_denominator=1001),
    st.fractions(1, 120, max_denominator=1001),
    st.integers(0, 2**33),
)
def test_frame_cap__passes_evenly_and_never_more_than_the_rate(
    cap: Fraction, source: Fraction, start: int
) -> None:
    bucket = FrameCap(cap)
    times = [start + round(index * TICKS / source) for index in range(240)]
    kept = [at for at in times if bucket.passes(at)]
    owed = min(1, cap / source) * 240
    assert abs(len(kept) - owed) <= 3
    if source <= cap:
        assert kept == times
