"""Files become segments: keyframe first, no gap, whatever the file."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from offchain.media.probe import NotAVideo, probe
from offchain.media.reader import TICKS, SegmentReader
from offchain.media.segmenter import Segmenter, SourceSegment, paced
from tests.offchain.media.clips import Clip, write_clip

if TYPE_CHECKING:
    from pathlib import Path


def read(segment: SourceSegment) -> tuple[list[int], list[int], tuple[int, int]]:
    """Ticks of the pictures and of the sound, and the pictures' size."""
    with SegmentReader(segment.data) as reader:
        frames = list(reader.frames())
        sounds = [packet.pts for packet in reader.audio_packets]
    assert all(frame.pts is not None for frame in frames)
    return [f.pts for f in frames], sounds, (frames[0].width, frames[0].height)  # type: ignore[misc]


def check_stream(segments: list[SourceSegment], fps: int, *, sound: bool) -> None:
    """Continuous pictures and sound, each segment by itself decodable, times that add up."""
    pictures: list[int] = []
    sounds: list[int] = []
    for number, segment in enumerate(segments):
        seen, heard, _ = read(segment)
        assert segment.sequence == number
        assert segment.frames == len(seen)
        pictures += seen
        sounds += heard
    # Containers that count in milliseconds round each time.
    steps = np.diff(pictures)
    assert np.all(np.abs(steps - TICKS / fps) <= TICKS / 1000 + 1)
    starts = [segment.start_ms for segment in segments]
    ends = [segment.start_ms + segment.duration_ms for segment in segments]
    assert starts[1:] == ends[:-1]
    assert starts[0] == 0
    if not sound:
        assert not sounds
        return
    frame = 1024 * TICKS / 48_000
    gaps = np.diff(sounds)
    assert np.all(gaps > 0)
    assert np.all(gaps < 2 * frame)
    assert abs(sounds[0] - pictures[0]) < 2 * frame


def test_segments__keyframes_fit__passes_the_pictures(clip_file: Path) -> None:
    segmenter = Segmenter(clip_file)
    assert segmenter.copies_video
    segments = list(segmenter)
    check_stream(segments, 24, sound=True)
    assert [(s.duration_ms, s.frames) for s in segments] == [(2000, 48), (2000, 48)]


def test_segments__keyframes_do_not_fit__are_made(tmp_path: Path) -> None:
    segmenter = Segmenter(write_clip(tmp_path / "long.mp4", Clip(group=250, frames=120)))
    assert not segmenter.copies_video
    segments = list(segmenter)
    check_stream(segments, 24, sound=True)
    assert [s.duration_ms for s in segments] == [2000, 2000, 1000]


def test_segments__open_groups__are_closed(tmp_path: Path) -> None:
    options = (("x264-params", "open-gop=1:bframes=3:b-adapt=0:scenecut=0"),)
    path = write_clip(tmp_path / "open.mp4", Clip(options=options))
    segmenter = Segmenter(path)
    assert not segmenter.copies_video
    check_stream(list(segmenter), 24, sound=True)


@pytest.mark.parametrize("source_height", [None, 24])
def test_segments__looped__go_on_without_a_seam(tmp_path: Path, source_height: int | None) -> None:
    path = write_clip(tmp_path / "short.mp4", Clip(frames=60))
    segmenter = Segmenter(path, loop=True, source_height=source_height)
    assert segmenter.copies_video == (source_height is None)
    segments = list(itertools.islice(segmenter, 6))
    check_stream(segments, 24, sound=True)
    # What is copied is cut where the file begins again; what is encoded is cut on the clock.
    lengths = [2000, 500] * 3 if source_height is None else [2000] * 6
    assert [s.duration_ms for s in segments] == lengths


def test_segments__scaled_down__keep_the_shape(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "odd.mp4", Clip(width=96, height=54, frames=24))
    segmenter = Segmenter(path, source_height=32)
    assert (segmenter.width, segmenter.height) == (56, 32)
    assert read(next(iter(segmenter)))[2] == (56, 32)
    taller = Segmenter(path, source_height=2000)
    assert (taller.width, taller.height) == (96, 54)


def test_segments__no_sound__have_none(tmp_path: Path) -> None:
    segmenter = Segmenter(write_clip(tmp_path / "mute.mp4", Clip(audio=None)), loop=True)
    assert not segmenter.has_audio
    check_stream(list(itertools.islice(segmenter, 4)), 24, sound=False)


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("surround.mkv", Clip(audio="ac3", layout="5.1")),
        ("web.webm", Clip(codec="libvpx-vp9", audio="libopus", frames=48)),
        ("hevc.mp4", Clip(codec="libx265", frames=48, options=(("x265-params", "log-level=0"),))),
        ("ten.mp4", Clip(pixel_format="yuv420p10le", frames=48)),
        ("broadcast.ts", Clip(codec="mpeg2video", audio="mp2", pixel_format="yuv422p")),
        ("camera.mov", Clip(width=48, height=64, audio="pcm_s16le", layout="mono")),
    ],
)
def test_segments__other_codecs__become_h264_and_aac(tmp_path: Path, name: str, clip: Clip) -> None:
    segmenter = Segmenter(write_clip(tmp_path / name, clip))
    segments = list(segmenter)
    check_stream(segments, 24, sound=True)
    with SegmentReader(segments[0].data) as reader:
        assert reader.video.codec_context.name == "h264"
        assert reader.audio is not None
        assert reader.audio.codec_context.name == "aac"
        assert reader.audio.codec_context.channels == 2
        assert reader.video.codec_context.width == clip.width


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_segments__turned_by_the_camera__stand_upright(
    tmp_path: Path, clip_file: Path, turn: int
) -> None:
    path = tmp_path / "turned.mp4"
    command = ["ffmpeg", "-v", "error", "-i", clip_file, "-c", "copy"]
    subprocess.run([*command, "-metadata:s:v", f"rotate={turn}", path], check=True)
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-pix_fmt", "yuv420p"]
        + ["-f", "rawvideo", "-"],
        check=True,
        capture_output=True,
    ).stdout
    segmenter = Segmenter(path)
    width, height = segmenter.width, segmenter.height
    assert (width, height) == ((48, 64) if turn % 180 else (64, 48))
    with SegmentReader(next(iter(segmenter)).data) as reader:
        made = next(reader.frames()).to_ndarray()[:height].astype(int)
    wanted = np.frombuffer(shown, np.uint8)[: width * height].reshape(height, width).astype(int)
    assert np.abs(made - wanted).mean() < 6
    assert np.abs(made[::-1, ::-1] - wanted).mean() > 10


def test_segments__first_sequence_and_start__go_on_after_a_restart(clip_file: Path) -> None:
    before = list(Segmenter(clip_file))
    after = list(Segmenter(clip_file, first_sequence=2, start_ms=4000))
    assert [s.sequence for s in after] == [2, 3]
    assert [s.start_ms for s in after] == [4000, 6000]
    assert read(after[0])[0][0] - read(before[-1])[0][-1] == TICKS // 24


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.mp4", b"this is a letter\n" * 50, "no known container"),
        ("empty.mp4", b"", "no known container"),
        ("list.mp4", b"ffconcat version 1.0\nfile clip.mp4\n", "no known container"),
        ("list.ts", b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", "no known container"),
    ],
)
def test_segmenter__no_video__says_so(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NotAVideo, match=f"{name} is not a video: {words}"):
        Segmenter(path)


def test_segmenter__missing_folder_or_sound_only__says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAVideo, match="no such file"):
        Segmenter(tmp_path / "none.mp4")
    with pytest.raises(NotAVideo, match="a folder"):
        Segmenter(tmp_path)
    path = write_clip(tmp_path / "sound.mp4", Clip(frames=8))
    only = tmp_path / "only.m4a"
    import av

    with av.open(str(path)) as source, av.open(str(only), "w", format="mp4") as sink:
        stream = sink.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                sink.mux(packet)
    with pytest.raises(NotAVideo, match="no video stream"):
        Segmenter(only)


def test_probe__describes_the_file(tmp_path: Path) -> None:
    clip = Clip(width=80, height=60, fps=30, frames=30, layout="mono")
    info = probe(write_clip(tmp_path / "a.mp4", clip))
    assert (info.width, info.height, info.fps, info.rotation) == (80, 60, 30, 0)
    assert (info.video_codec, info.audio_codec, info.audio_channels) == ("h264", "aac", 1)
    assert info.duration_ms == 1000
    assert not probe(write_clip(tmp_path / "b.mp4", replace(clip, audio=None))).has_audio


async def test_paced__yields_when_a_camera_would(clip_file: Path) -> None:
    now = 100.0
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += seconds

    seen: list[float] = []
    stream = paced(Segmenter(clip_file, loop=True), clock=lambda: now, sleep=sleep)
    async for segment in stream:
        seen.append(now)
        if segment.sequence == 1:
            now += 5.0  # a consumer that falls behind is served at once
        if segment.sequence == 4:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert seen == [102.0, 104.0, 109.0, 109.0, 110.0]
    assert waits == [2.0, 2.0, 1.0]
