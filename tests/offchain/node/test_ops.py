"""Dashboard, alerts and the example configuration speak of what a worker really has."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from offchain.cli.worker import run_worker
from offchain.node import worker
from offchain.node.control import ask

OPS = Path(__file__).resolve().parents[3] / "ops"
METRIC = re.compile(r"\blivepeer_[a-z_]+\b")


def expressions() -> dict[str, str]:
    """Every PromQL expression under ops, by what shows it."""
    dashboard = json.loads((OPS / "dashboard.json").read_text())
    shown = {
        f"panel {panel['title']}: {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    rules = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"][0]["rules"]
    return shown | {f"alert {rule['alert']}": rule["expr"] for rule in rules}


@pytest.mark.needs("anvil")
async def test_every_metric_shown_or_watched__is_served(
    network: Any, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    running = asyncio.create_task(worker.serve(network.worker("main", tmp_path)))
    facts = await node_facts(tmp_path)
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{facts['admin']}/metrics") as answer:
                text = await answer.text()
            if "livepeer_chain_round " in text:
                break
            await asyncio.sleep(0.05)
    await ask(tmp_path, "drain")
    await running
    families = list(text_string_to_metric_families(text))
    samples = {sample.name: sample.value for each in families for sample in each.samples}
    # A counter by reason has no sample before its first reason.
    named = samples.keys() | {f"{each.name}_total" for each in families if each.type == "counter"}
    missing = {
        where: name
        for where, expression in expressions().items()
        for name in METRIC.findall(expression)
        if name not in named
    }
    assert missing == {}
    unseen = {name for name in samples if name.startswith("livepeer_")} - {
        name for expression in expressions().values() for name in METRIC.findall(expression)
    }
    assert unseen <= {
        "livepeer_chain_block",
        "livepeer_chain_round_initialized",
        "livepeer_worker_pixels_total",
        "livepeer_worker_segments_received_total",
        "livepeer_worker_segments_repeated_total",
        "livepeer_worker_work_seconds_total",
    }
    assert samples["livepeer_worker_active"] == 1
    assert samples["livepeer_worker_stake_lpt"] >= 5000
    assert samples["livepeer_worker_balance_eth"] > 1


def test_example_configuration__names_options_of_the_command() -> None:
    options = {name for param in run_worker.params for name in param.opts}
    for key in tomllib.loads((OPS / "worker.toml").read_text()):
        assert f"--{key}" in options
    unit = (OPS / "livepeer-worker.service").read_text()
    assert "livepeer worker run --config" in unit


def test_every_alert__says_what_to_do() -> None:
    rules = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(len(rule["annotations"]["summary"]) > 20 for rule in rules)
