"""The operator's door: figures that are true, on an address of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from offchain.cli.main import main
from offchain.net.http import Server
from offchain.node import worker
from offchain.node.admin import WorkerCollector, admin_app
from offchain.node.control import ask
from offchain.node.tally import WorkerTally, percentile


@pytest.fixture
async def url() -> AsyncIterator[str]:
    tally = WorkerTally(received=9, transcoded=4, media_ms=8000, work_s=2.0, in_flight=2)
    tally.refuse("busy")
    tally.refuse("busy")
    app = admin_app(tally.as_json, lambda: False, WorkerCollector(tally, room=3))
    async with Server(app, "127.0.0.1", 0) as server:
        yield server.url


async def test_metrics_are_the_counts(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        text = await answer.text()

    found = {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["livepeer_worker_segments_received_total", ()] == 9
    assert found["livepeer_worker_segments_transcoded_total", ()] == 4
    assert found["livepeer_worker_media_seconds_total", ()] == 8
    assert found["livepeer_worker_segments_refused_total", ("busy",)] == 2
    assert found["livepeer_worker_segments_in_flight", ()] == 2
    assert found["livepeer_worker_segments_room", ()] == 3


async def test_status_and_health(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/v1/status") as answer:
            status = await answer.json()
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 503  # it is not ready, as told above

    assert status["realTimeFactor"] == 4.0
    assert status["refused"] == {"busy": 2}


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.95, 3.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.95, 2.0)],
)
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


@pytest.mark.needs("anvil")
async def test_running_worker_keeps_its_figures_private_and_answers_its_owner(
    network: Any, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    """/metrics is on the admin address alone; `tx` and `status` go through the socket."""
    data = tmp_path / ("a long folder " * 10) / "data"
    async with asyncio.TaskGroup() as tasks:
        node = tasks.create_task(worker.serve(network.worker("standby", data)))
        facts = await node_facts(data)
        async with aiohttp.ClientSession() as session:
            for address, path, status in (
                ("url", "/metrics", 404),
                ("url", "/v1/status", 404),
                ("url", "/healthz", 200),
                ("admin", "/metrics", 200),
                ("admin", "/healthz", 200),
                ("admin", "/v1/info", 404),
            ):
                async with session.get(facts[address] + path) as answer:
                    assert answer.status == status, path
        listed = await asyncio.to_thread(cli, "tx", "list", "--all", "--json", "--data", data)
        shown = await asyncio.to_thread(cli, "worker", "status", "--json", "--data", data)
        purpose = json.loads(listed)[0]["purpose"]
        words = await asyncio.to_thread(cli, "tx", "explain", purpose, "--data", data)
        await ask(data, "drain")
        await asyncio.wait([node])

    assert purpose.startswith("service-uri:http://127.0.0.1:")
    assert "It did what it was meant to do" in words
    assert json.loads(shown)["address"] == network.keys["standby"].address


def cli(*words: object) -> str:
    """The output of a command, run as its owner would."""
    from click.testing import CliRunner

    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output
