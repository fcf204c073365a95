"""A publisher's stream through a real network: RTMP in, transcoded, HLS out."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from offchain.cli.main import main
from offchain.node import broadcaster, worker
from offchain.node.config import Address
from offchain.node.control import ask
from offchain.node.demo.anvil import free_port
from offchain.node.errors import EXIT_CONFIG, EXIT_PORT_BUSY
from tests.offchain.ingest.publisher import publish
from tests.offchain.media.clips import Clip, write_clip

pytestmark = pytest.mark.needs("anvil")


async def listening(caplog: pytest.LogCaptureFixture) -> None:
    while True:
        if "waiting for a publisher" in caplog.text:
            return
        await asyncio.sleep(0.02)


async def when(data: Path, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    while True:
        status: dict[str, Any] = await ask(data, "status")
        if condition(status):
            return status
        await asyncio.sleep(0.05)


async def test_publisher_that_comes_and_goes__is_transcoded_as_one_stream(
    network: Any,
    tmp_path: Path,
    node_facts: Callable[[Path], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    clip = write_clip(tmp_path / "clip.mp4", Clip(width=96, height=64, group=24))
    main_data, blender, port = tmp_path / "main", tmp_path / "blender", free_port()
    key = tmp_path / "secret.key"
    await asyncio.to_thread(key.write_text, "a-stream-key\n")
    url = f"rtmp://127.0.0.1:{port}/live/a-stream-key"
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        node = tasks.create_task(worker.serve(network.worker("main", main_data, parallel=3)))
        await node_facts(main_data)
        settings = network.broadcaster(
            blender, None, publish=Address("127.0.0.1", port), stream_key=key, realtime=True,
            transcoders=(network.keys["main"].address,),
        )  # fmt: skip
        stream = tasks.create_task(broadcaster.serve(settings))
        await listening(caplog)
        assert await publish(clip, url) == 0
        await node_facts(blender)
        first = await when(blender, lambda status: status["segments"]["answered"] >= 4)
        assert first["input"]["url"] == f"rtmp://127.0.0.1:{port}/live"
        assert await publish(clip, url) == 0
        last = await when(blender, lambda status: status["segments"]["answered"] >= 8)
        os.kill(os.getpid(), signal.SIGTERM)
        await stream
        node.cancel()
        miner.cancel()
    assert last["input"]["publishers"] == 2 and not last["input"]["live"]
    assert last["segments"]["in"] == last["segments"]["answered"] == 8
    assert last["mediaSeconds"] == pytest.approx(8.0, abs=0.1)


async def test_stopped_before_anybody_publishes__ends_quietly(
    network: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    settings = network.broadcaster(tmp_path, None, publish=Address("127.0.0.1", 0))
    stream = asyncio.create_task(broadcaster.serve(settings))
    await listening(caplog)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await stream


def run_broadcaster(network: Any, data: Path, *words: object) -> Any:
    key = network.key("broadcaster0")
    common: list[object] = ["--network", network.file, "--rpc", network.rpc, "--data", data]
    common += ["--keystore", key.keystore, "--password-file", key.password_file]
    return CliRunner().invoke(main, [str(w) for w in ("broadcaster", "run", *common, *words)])


def test_inputs_that_cannot_be_used__are_told_apart(
    network: Any, clip: Path, tmp_path: Path
) -> None:
    for words in ((), ("--input", clip, "--rtmp", "127.0.0.1:0")):
        result = run_broadcaster(network, tmp_path, *words)
        assert result.exit_code == 2 and "give one input" in result.output
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run_broadcaster(network, tmp_path, "--rtmp", busy)
    assert result.exit_code == EXIT_PORT_BUSY and busy in result.output
    half = ("--rtmp", "127.0.0.1:0", "--rtmp-cert", clip)
    assert "needs both" in run_broadcaster(network, tmp_path, *half).output
    wrong = run_broadcaster(network, tmp_path, *half, "--rtmp-cert-key", clip)
    assert wrong.exit_code == EXIT_CONFIG and "cannot be used" in wrong.output
    short = tmp_path / "short.key"
    short.write_text("abc")
    refused = run_broadcaster(network, tmp_path, "--rtmp", "127.0.0.1:0", "--stream-key", short)
    assert refused.exit_code == EXIT_CONFIG and "shorter than 8" in refused.output
