"""The doctor finds nothing wrong where nothing is, and names each thing that is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from offchain.cli.main import main
from offchain.node.config import Address, ChainSettings, WorkerSettings
from offchain.node.doctor import Finding, examine
from offchain.node.worker import serve

pytestmark = pytest.mark.needs("anvil")


async def findings(settings: WorkerSettings, *, media: bool = False) -> dict[str, Finding]:
    return {each.name: each async for each in examine(settings, media=media)}


async def test_healthy_machine__has_nothing_to_do(network: Any, tmp_path: Path) -> None:
    found = await findings(network.worker("main", tmp_path), media=True)
    assert [each for each in found.values() if each.mark == "bad"] == []
    assert found["stake"].found.startswith("active")
    assert "real time" in found["media"].found and "system calls" in found["media"].found
    assert network.keys["main"].address == found["key"].found


async def test_running_worker__is_asked_at_its_registered_address(
    network: Any, tmp_path: Path, node_facts: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = network.worker("main", tmp_path, listen=Address("127.0.0.1", port))
    running = asyncio.create_task(serve(settings))
    try:
        await node_facts(tmp_path)
        found = await findings(settings)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert "answers, signed by this worker's key" in found["address"].found
    assert found["listen"].found == f"127.0.0.1:{port} is this worker's"

    (tmp_path / "node.json").write_text("{}")  # as if it still ran, and nobody could reach it
    found = await findings(settings)
    assert found["address"].mark == "bad" and "does not answer" in found["address"].found


async def test_everything_wrong__is_named_at_once(network: Any, tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as holder:
        for each in (closed, holder):
            each.bind(("127.0.0.1", 0))
        holder.listen()
        dead, held = closed.getsockname()[1], holder.getsockname()[1]
        healthy = network.worker("main", tmp_path)
        endpoints = (f"http://127.0.0.1:{dead}/secret-token", network.rpc)
        settings = replace(
            healthy,
            chain=ChainSettings(str(network.file), endpoints),
            key=replace(healthy.key, keystore=tmp_path / "nowhere.json"),
            admin=Address("127.0.0.1", held),
        )
        found = await findings(settings)
    wrong = {name for name, each in found.items() if each.mark == "bad"}
    assert wrong == {"key", f"rpc 127.0.0.1:{dead}", "admin"}
    assert all(each.advice for each in found.values() if each.mark != "ok")
    assert "secret-token" not in repr(found)
    assert found["disk"].mark != "bad", "what comes after is looked at all the same"


async def test_account_without_stake_or_ether__is_told_what_to_send(
    network: Any, tmp_path: Path
) -> None:
    name = next(network.unused)
    address = network.keys[name].address
    before = await network.rpc_call("eth_getBalance", address, "latest")
    await network.rpc_call("anvil_setBalance", address, hex(1))
    found = await findings(network.worker(name, tmp_path))
    await network.rpc_call("anvil_setBalance", address, before)
    assert found["ether"].mark == "bad" and address in found["ether"].advice
    assert found["stake"].mark == "bad" and "ape run bond" in found["stake"].advice
    assert found["address"].mark == "note"


def test_command__exits_by_what_it_found(network: Any, tmp_path: Path) -> None:
    key = network.key("main")
    words = ["worker", "doctor", "--network", str(network.file), "--rpc", network.rpc, "--json"]
    words += ["--keystore", str(key.keystore), "--password-file", str(key.password_file)]
    words += [
        "--data",
        str(tmp_path),
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--no-media",
    ]
    well = CliRunner().invoke(main, words)
    assert well.exit_code == 0, well.output
    assert {each["mark"] for each in json.loads(well.output)} <= {"ok", "note"}

    words.remove("--json")
    ill = CliRunner().invoke(main, [*words, "--rpc", "http://127.0.0.1:1"])
    assert ill.exit_code == 1
    assert "bad   rpc 127.0.0.1:1" in ill.output
