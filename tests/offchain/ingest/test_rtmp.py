"""Real publishers over a real socket, down to segments that decode."""

from __future__ import annotations

import asyncio
import io
import shutil
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import av
import pytest

from offchain.ingest.flv import FlvPipe, TooSlow
from offchain.ingest.keyed import BadKey, PublishedStream, StreamKey
from offchain.ingest.server import RtmpServer
from offchain.ingest.session import Asked, Tag
from offchain.media.live import LiveSegmenter
from tests.offchain.ingest.publisher import publish
from tests.offchain.media.clips import Clip, write_clip

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.media.segments import SourceSegment


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "stream.key"


def key_in(path: Path) -> str:
    return path.read_text().strip()


async def send(source: Path, port: int, key: str, scheme: str = "rtmp") -> int:
    return await publish(source, f"{scheme}://127.0.0.1:{port}/live/{key}")


class Recorder:
    """Takes a stream's segments in a thread, as a broadcaster does."""

    def __init__(self, stream: PublishedStream, **options: Any) -> None:
        self.segments: list[SourceSegment] = []
        self.segmenter: LiveSegmenter
        self._stream, self._options = stream, options
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.segmenter = LiveSegmenter(self._stream.containers(), **self._options)
        self.segments.extend(self.segmenter)

    async def finish(self) -> list[SourceSegment]:
        self._stream.end()
        await asyncio.to_thread(self._thread.join)
        return self.segments


def shown(segment: SourceSegment) -> tuple[int, int, bool]:
    """Width, number of pictures, and whether there is sound, by decoding."""
    with av.open(io.BytesIO(segment.data), format="mpegts") as container:
        sound = bool(container.streams.audio)
        frames = list(container.decode(video=0))
    assert frames[0].key_frame
    return frames[0].width, len(frames), sound


@pytest.mark.parametrize(
    ("clip", "passed"),
    [
        (Clip(), True),
        (Clip(group=400), False),  # keyframes too rare: encoded once
        (Clip(group=16, audio=None), True),
        (
            Clip(codec="libx265", options=(("x265-params", "log-level=none"),)),
            False,
        ),  # enhanced RTMP
    ],
)
async def test_publisher__becomes_segments_that_decode(
    clip: Clip, passed: bool, secret: Path, tmp_path: Path
) -> None:
    source = write_clip(tmp_path / "clip.mp4", clip)
    stream = PublishedStream(StreamKey(secret))
    recorder = Recorder(stream)
    async with RtmpServer("127.0.0.1", 0, stream) as server:
        assert await send(source, server.port, key_in(secret)) == 0
    segments = await recorder.finish()

    assert recorder.segmenter.copies_video is passed
    assert sum(shown(each)[1] for each in segments) == clip.frames
    assert {shown(each)[0] for each in segments} == {clip.width}
    assert all(shown(each)[2] is (clip.audio is not None) for each in segments)
    assert [each.sequence for each in segments] == list(range(len(segments)))
    assert all(each.duration_ms <= 2500 for each in segments)
    starts = [each.start_ms for each in segments[1:]]
    assert starts == [each.start_ms + each.duration_ms for each in segments[:-1]]


async def test_publisher_that_returns__goes_on_in_its_stream(secret: Path, tmp_path: Path) -> None:
    first = write_clip(tmp_path / "first.mp4", Clip())
    other = write_clip(tmp_path / "other.mp4", Clip(width=96, height=80, frames=48, seed=3))
    stream = PublishedStream(StreamKey(secret))
    recorder = Recorder(stream)
    async with RtmpServer("127.0.0.1", 0, stream) as server:
        for source in (first, other, first):
            assert await send(source, server.port, key_in(secret)) == 0
    segments = await recorder.finish()

    assert stream.publishers == 3
    assert {shown(each)[0] for each in segments} == {64}, "another size is made to fit"
    assert [each.sequence for each in segments] == list(range(len(segments)))
    starts = [each.start_ms for each in segments[1:]]
    assert starts == [each.start_ms + each.duration_ms for each in segments[:-1]]
    assert segments[-1].start_ms + segments[-1].duration_ms == pytest.approx(10_000, abs=100)


async def test_publisher_with_a_wrong_key__and_a_second_one__are_turned_away(
    secret: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = write_clip(tmp_path / "clip.mp4", Clip(frames=24))
    stream = PublishedStream(StreamKey(secret))
    key = key_in(secret)
    held = stream.admit(Asked("live", key, {}))
    async with RtmpServer("127.0.0.1", 0, stream) as server:
        assert await send(source, server.port, "guessed-key-00") != 0
        assert await send(source, server.port, key) != 0
        stream.left(held)
        await asyncio.to_thread(secret.write_text, "another-key\n")
        assert await send(source, server.port, key) != 0, "the key was changed meanwhile"
        recorder = Recorder(stream)
        held.close()
        assert await send(source, server.port, "another-key") == 0
    assert len(await recorder.finish()) == 1
    assert key not in caplog.text and "another-key" not in caplog.text


@pytest.mark.needs("ffmpeg")
async def test_ffmpeg__publishes_in_real_time(secret: Path, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", Clip())
    stream = PublishedStream(StreamKey(secret))
    recorder = Recorder(stream)
    async with RtmpServer("127.0.0.1", 0, stream) as server:
        url = f"rtmp://127.0.0.1:{server.port}/live/any?key={key_in(secret)}"
        process = await asyncio.create_subprocess_exec(
            str(shutil.which("ffmpeg")), "-v", "error", "-re", "-i", str(source),
            "-c", "copy", "-f", "flv", url,
        )  # fmt: skip
        assert await process.wait() == 0
    segments = await recorder.finish()
    assert sum(shown(each)[1] for each in segments) == 96


@pytest.mark.needs("openssl")
async def test_publisher_over_tls__is_heard(secret: Path, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", Clip(frames=48))
    names = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make += ["-nodes", "-subj", "/CN=localhost", "-out", names[0], "-keyout", names[1]]
    await asyncio.to_thread(subprocess.run, make, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*names)
    stream = PublishedStream(StreamKey(secret))
    recorder = Recorder(stream)
    async with RtmpServer("127.0.0.1", 0, stream, tls=tls) as server:
        assert await send(source, server.port, key_in(secret), scheme="rtmps") == 0
    assert sum(shown(each)[1] for each in await recorder.finish()) == 48


async def test_strangers__get_nowhere_and_cost_nothing(secret: Path) -> None:
    stream = PublishedStream(StreamKey(secret))
    async with RtmpServer("127.0.0.1", 0, stream) as server:
        for hello in (b"GET / HTTP/1.1\r\n\r\n", b"\x03" + bytes(10), bytes(5000)):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(hello)
            writer.write_eof()
            assert len(await reader.read()) in (0, 1 + 2 * 1536)
            writer.close()
    assert stream.publishers == 0 and not stream.live


def test_pipe__holds_its_header_back_until_the_streams_are_known() -> None:
    pipe = FlvPipe()
    pipe.write(Tag(9, 0, b"picture"))
    pipe.write(Tag(9, 400, b"picture"))
    pipe.write(Tag(8, 410, b"sound"))
    assert pipe.read(5) == b"FLV\x01\x05"
    silent = FlvPipe()
    silent.write(Tag(9, 0, b"picture"))
    silent.write(Tag(9, 1100, b"picture"))
    assert silent.read(5) == b"FLV\x01\x01"
    silent.close()
    assert silent.read(-1)[-4:] == (11 + 7).to_bytes(4, "big") and silent.read(9) == b""


def test_pipe__a_reader_that_stands_still_ends_the_publisher() -> None:
    pipe = FlvPipe()
    with pytest.raises(TooSlow, match="slower than the publisher"):
        for index in range(100):
            pipe.write(Tag(9 - index % 2, index, bytes(1 << 20)))


@pytest.mark.parametrize("content", ["short", "", "\xff\xfe long enough"])
def test_key_file__that_cannot_be_used_says_why(content: str, tmp_path: Path) -> None:
    path = tmp_path / "stream.key"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(BadKey, match="the stream key"):
        StreamKey(path)


def test_key_file__is_made_for_its_owner_only(secret: Path) -> None:
    StreamKey(secret)
    assert secret.stat().st_mode & 0o077 == 0
    assert len(key_in(secret)) >= 20
