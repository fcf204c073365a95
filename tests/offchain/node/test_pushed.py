"""Segments pushed over HTTP through a real network, and what a push client is answered."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from offchain.media.pushed import read_pushed
from offchain.media.reader import SourceFault
from offchain.media.segmenter import Segmenter
from offchain.node import broadcaster, worker
from offchain.node.config import Address
from offchain.node.control import ask
from offchain.node.demo.anvil import free_port
from tests.offchain.media.clips import Clip, write_clip

KEY = {"Authorization": "Bearer a-stream-key"}


def cut(folder: Path, clip: Clip) -> list[bytes]:
    return [each.data for each in Segmenter(write_clip(folder / "clip.mp4", clip), segment_ms=1000)]


def mp4_of(segment: bytes, folder: Path) -> bytes:
    """The same pictures in an MP4 of their own, which begins at nought."""
    path, source = folder / "one.mp4", folder / "one.ts"
    source.write_bytes(segment)
    with av.open(str(source)) as read, av.open(str(path), "w") as write:
        streams = {each: write.add_stream_from_template(each) for each in read.streams}
        for packet in read.demux():
            if packet.size:
                packet.stream = streams[packet.stream]
                write.mux(packet)
    return path.read_bytes()


async def listening(caplog: pytest.LogCaptureFixture) -> None:
    while True:
        if "waiting for segments" in caplog.text:
            return
        await asyncio.sleep(0.02)


async def parts(answer: aiohttp.ClientResponse) -> list[tuple[str, bytes]]:
    found = []
    async for part in aiohttp.MultipartReader.from_response(answer):
        assert part.headers["Content-Type"] == "video/mp2t"
        found.append((part.headers["Rendition-Name"], bytes(await part.read())))
    return found


@pytest.mark.needs("anvil")
async def test_push_client__gets_its_renditions_back(
    network: Any,
    tmp_path: Path,
    node_facts: Callable[[Path], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    port = free_port()
    url = f"http://127.0.0.1:{port}/live/live"
    segments = await asyncio.to_thread(cut, tmp_path, Clip(width=96, height=64, group=24))
    as_mp4 = await asyncio.to_thread(mp4_of, segments[2], tmp_path)
    key = tmp_path / "secret.key"
    await asyncio.to_thread(key.write_text, "a-stream-key\n")
    main, blender = tmp_path / "main", tmp_path / "blender"
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as session:
        miner = tasks.create_task(network.blocks())
        node = tasks.create_task(worker.serve(network.worker("main", main)))
        await node_facts(main)
        settings = network.broadcaster(
            blender, None, push=Address("127.0.0.1", port), stream_key=key, realtime=True,
            transcoders=(network.keys["main"].address,),
        )  # fmt: skip
        stream = tasks.create_task(broadcaster.serve(settings))
        await listening(caplog)

        async def push(name: str, data: bytes, **headers: str) -> aiohttp.ClientResponse:
            return await session.put(f"{url}/{name}", data=data, headers={**KEY, **headers})

        first = await push("0.ts", segments[0], Accept="multipart/mixed")
        assert first.status == 200
        renditions = await parts(first)
        assert [name for name, _ in renditions] == [each[0] for each in renditions]
        assert all(data[:1] == b"\x47" for _, data in renditions) and len(renditions) >= 1
        second = await push("1.ts", segments[1])
        assert (second.status, await second.read()) == (200, b"")
        again = await push("1.ts", segments[1], Accept="multipart/mixed")
        assert again.status == 200 and len(await parts(again)) == len(renditions)
        third = await push("2.mp4", as_mp4, Accept="multipart/mixed")
        assert third.status == 200 and len(await parts(third)) == len(renditions)
        wrong = [
            (await push("1.ts", segments[3]), 422),
            (await push("3.ts", segments[3][:1000]), 422),
            (await push("3.ts", b"#EXTM3U\n/etc/passwd\n"), 422),
            (await push("3.webm", segments[3]), 422),
            (await push("3.ts", segments[3], Authorization="Bearer guess"), 403),
            (await session.put(f"{url}/3.ts", data=segments[3]), 403),
            (await session.put(f"{url}/../other/3.ts", data=segments[3], headers=KEY), 404),
        ]
        for answer, status in wrong:
            assert answer.status == status, await answer.text()
            assert set(await answer.json()) == {"error", "detail"}
        anew = await session.post(f"{url}/0.ts?key=a-stream-key", data=segments[3])
        assert anew.status == 200
        status = await ask(blender, "status")
        os.kill(os.getpid(), signal.SIGTERM)
        await stream
        node.cancel()
        miner.cancel()
    assert status["segments"]["in"] == status["segments"]["answered"] == 4
    assert status["input"] == {"url": url, "live": True, "pushed": 4}


def test_mp4__becomes_transport_stream_on_the_streams_clock(tmp_path: Path) -> None:
    segment = cut(tmp_path, Clip())[1]
    for start_ms in (0, 7000):
        pushed = read_pushed(mp4_of(segment, tmp_path), "mp4", start_ms)
        assert pushed.data[:1] == b"\x47"
        assert (pushed.frames, pushed.duration_ms) == (24, 1000)
        (tmp_path / "back.ts").write_bytes(pushed.data)
        with av.open(str(tmp_path / "back.ts")) as container:
            first = next(container.decode(video=0))
            assert first.pts is not None and first.time_base is not None
            assert float(first.pts * first.time_base) == pytest.approx(
                10 + start_ms / 1000, abs=0.1
            )


def test_segments_that_cannot_be_streamed__are_refused_in_words(tmp_path: Path) -> None:
    whole = cut(tmp_path, Clip(group=48))[0]
    hevc = write_clip(
        tmp_path / "hevc.mp4", Clip(codec="libx265", options=(("x265-params", "log-level=none"),))
    )
    silent = write_clip(tmp_path / "long.mp4", Clip(frames=400))
    cases = [
        (whole[188 * 30 :], "ts", "does not begin with"),
        (b"", "ts", "."),
        (b"\x00" * 1000, "mp4", "no mp4"),
        (hevc.read_bytes(), "mp4", "not h264"),
        (silent.read_bytes(), "mp4", "more than 12000"),
    ]
    for data, suffix, words in cases:
        with pytest.raises(SourceFault, match=words):
            read_pushed(data, suffix, 0)
