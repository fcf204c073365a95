"""What real cameras and encoders send: each file is made for its test and works."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from offchain.media.pipeline import transcode
from offchain.media.probe import probe
from offchain.media.profiles import QualityContract, Rung
from offchain.media.reader import TICKS, SegmentReader
from offchain.media.segmenter import Segmenter, SourceSegment
from tests.offchain.media.clips import RATE, Clip, picture, tone, write_clip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONTRACT = QualityContract((Rung("24p", 32, 24, 50_000, Fraction(60)),))


def write_times(
    path: Path,
    times: Sequence[float],
    *,
    clip: Clip | None = None,
    sound: tuple[float, float] | None = None,
) -> Path:
    """A file whose pictures are shown at `times` (s), with sound from and until (s)."""
    clip = clip or Clip()
    base = Fraction(1, TICKS)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=clip.fps, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        video.codec_context.time_base = base
        audio: Any = container.add_stream("aac", rate=RATE) if sound else None
        for index, at in enumerate(times):
            frame = picture(clip, index)
            frame.pts, frame.time_base = round(at * TICKS), base
            for packet in video.encode(frame):
                container.mux(packet)
        for packet in video.encode(None):
            container.mux(packet)
        if sound is not None:
            for start in range(round(sound[0] * RATE), round(sound[1] * RATE), 1024):
                for packet in audio.encode(tone(start, "stereo", "fltp")):
                    container.mux(packet)
            for packet in audio.encode(None):
                container.mux(packet)
    return path


def read(segments: Sequence[SourceSegment]) -> tuple[list[int], list[int]]:
    """Ticks of all pictures and of all sound; each segment must transcode, too."""
    pictures: list[int] = []
    sounds: list[int] = []
    for segment in segments:
        with SegmentReader(segment.data) as reader:
            seen = [frame.pts or 0 for frame in reader.frames()]
            sounds += [packet.pts or 0 for packet in reader.audio_packets]
        done = transcode(segment.data, CONTRACT)
        assert done.frames == len(seen)
        with SegmentReader(done.renditions[0]) as reader:
            assert len(list(reader.frames())) == len(seen)
        pictures += seen
    return pictures, sounds


def test_variable_frame_rate__times_are_kept(tmp_path: Path) -> None:
    steps = [0.04, 0.02, 0.1, 0.04, 0.3, 0.033] * 10
    times = list(itertools.accumulate(steps, initial=0.0))
    segments = list(Segmenter(write_times(tmp_path / "v.mp4", times)))
    pictures, _ = read(segments)
    shown = np.subtract(pictures, pictures[0]) / TICKS
    assert np.allclose(shown, times, atol=0.002)
    assert all(segment.duration_ms <= 2400 for segment in segments)


@pytest.mark.parametrize("sound", [(1.5, 4.0), (0.0, 1.2), (2.2, 2.9)])
@pytest.mark.parametrize("codec", ["aac", "ac3"])
def test_sound_late_or_short__is_filled_with_silence_and_in_step(
    tmp_path: Path, sound: tuple[float, float], codec: str
) -> None:
    times = [index / 24 for index in range(96)]
    path = write_times(tmp_path / "s.mp4", times, sound=sound)
    if codec == "ac3":
        path = with_sound_as_ac3(path, tmp_path / "s.mkv")
    segments = list(Segmenter(path))
    assert len(segments) == 2
    pictures, heard = read(segments)
    at = np.subtract(heard, pictures[0]) / TICKS
    assert abs(at[0]) < 0.05
    assert abs(at[-1] - 4.0) < 0.1
    assert max(np.diff(at)) < 0.05
    loud = loudness(segments, pictures[0])
    assert abs(loud[0] - sound[0]) < 0.1
    assert abs(loud[-1] - sound[1]) < 0.1


def with_sound_as_ac3(source: Path, target: Path) -> Path:
    with av.open(str(source)) as read_from, av.open(str(target), "w") as write_to:
        picture_in, sound_in = read_from.streams.video[0], read_from.streams.audio[0]
        picture_out = write_to.add_stream_from_template(picture_in)
        sound_out: Any = write_to.add_stream("ac3", rate=RATE)
        for packet in read_from.demux(picture_in, sound_in):
            if packet.stream is picture_in:
                if packet.dts is not None:
                    packet.stream = picture_out
                    write_to.mux(packet)
                continue
            for frame in packet.decode():
                write_to.mux(sound_out.encode(frame))
        write_to.mux(sound_out.encode(None))
    return target


def loudness(segments: Sequence[SourceSegment], origin: int) -> list[float]:
    """Seconds at which decoded sound is not silence."""
    seconds: list[float] = []
    for segment in segments:
        with SegmentReader(segment.data) as reader:
            list(reader.frames())
            assert reader.audio is not None
            seconds += [
                float((frame.pts * frame.time_base * TICKS - origin) / TICKS)
                for packet in reader.audio_packets
                for frame in reader.audio.decode(packet)
                if np.abs(frame.to_ndarray()).max() > 0.1
            ]
    return seconds


def test_high_frame_rate__is_capped_at_sixty(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "fast.mp4", Clip(fps=120, frames=240, audio=None))
    segmenter = Segmenter(path)
    assert segmenter.fps == 60
    pictures, _ = read(list(segmenter))
    assert 118 <= len(pictures) <= 127
    assert max(np.diff(pictures)) <= TICKS / 50


def test_one_frame__is_one_segment(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "one.mp4", Clip(frames=1, audio=None))
    segments = list(Segmenter(path))
    assert [(s.frames, s.duration_ms) for s in segments] == [(1, 42)]
    looped = list(itertools.islice(Segmenter(path, loop=True, source_height=24), 2))
    pictures, _ = read(looped)
    assert set(np.diff(pictures)) == {TICKS // 24}


def test_wide_pixels__become_square(tmp_path: Path) -> None:
    path = tmp_path / "anamorphic.mkv"
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(3, 2)
        for index in range(24):
            container.mux(video.encode(picture(Clip(width=64, height=64), index)))
        container.mux(video.encode(None))
    info = probe(path)
    assert (info.width, info.height, info.square_pixels) == (96, 64, False)
    segmenter = Segmenter(path)
    assert not segmenter.copies_video
    with SegmentReader(next(iter(segmenter)).data) as reader:
        frame = next(reader.frames())
        assert (frame.width, frame.height) == (96, 64)


def test_full_range_colour__is_brought_into_video_range(tmp_path: Path) -> None:
    path = tmp_path / "full.mkv"
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mjpeg", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
        video.codec_context.color_range = 2
        for index in range(24):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            for plane, value in zip(frame.planes, (255, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with SegmentReader(next(iter(Segmenter(path))).data) as reader:
        white = next(reader.frames()).to_ndarray()[:48]
    assert 230 <= white.mean() <= 240


def test_size_changes_in_mid_stream__the_stream_keeps_its_own(tmp_path: Path) -> None:
    small = write_clip(tmp_path / "a.ts", Clip(frames=48, group=250))
    large = write_clip(tmp_path / "b.ts", Clip(width=96, height=72, frames=48, group=250))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    segmenter = Segmenter(path, source_height=40)
    sizes = set()
    for segment in segmenter:
        with SegmentReader(segment.data) as reader:
            sizes |= {(frame.width, frame.height) for frame in reader.frames()}
    assert sizes == {(segmenter.width, segmenter.height)}


def test_cover_art__is_not_the_video(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(frames=24))
    path = tmp_path / "cover.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        art: Any = container.add_stream("png", rate=1)
        art.width, art.height, art.pix_fmt = 32, 32, "rgb24"
        art.disposition = av.stream.Disposition.attached_pic
        video = container.add_stream_from_template(source.streams.video[0])
        container.mux(art.encode(av.VideoFrame(32, 32, "rgb24")))
        container.mux(art.encode(None))
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
    assert (probe(path).width, probe(path).video_codec) == (64, "h264")
