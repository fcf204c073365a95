"""What a node says when the network and it do not fit together: one sentence and a status."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from offchain.chain.deployments import Deployed
from offchain.cli.main import main
from offchain.node import errors

pytestmark = pytest.mark.needs("anvil")


def run_node(network: Any, kind: str, name: str, data: Path, *words: object) -> Result:
    key = network.key(name)
    common: list[object] = ["--rpc", network.rpc, "--keystore", key.keystore, "--poll", "0.1"]
    common += ["--password-file", key.password_file, "--data", data, "--listen", "127.0.0.1:0"]
    if "--network" not in words:
        common += ["--network", network.file]
    if kind == "worker":
        common += ["--admin", "127.0.0.1:0"]
    arguments = [str(word) for word in (kind, "run", *common, *words)]
    return CliRunner().invoke(main, arguments)


def test_key_that_is_no_transcoder_is_refused(network: Any, tmp_path: Path) -> None:
    result = run_node(network, "worker", "broadcaster0", tmp_path)

    assert result.exit_code == errors.EXIT_CONFIG
    assert "is not a registered transcoder: bond LPT to yourself first" in result.output


@pytest.mark.parametrize("door", ["--listen", "--admin"])
def test_busy_port_is_named(network: Any, tmp_path: Path, door: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_node(network, "worker", "main", tmp_path, door, f"127.0.0.1:{port}")

    assert result.exit_code == errors.EXIT_PORT_BUSY
    assert f"port {port} on 127.0.0.1 is already in use" in result.output


def test_deployment_of_another_chain_or_other_code_is_refused(network: Any, tmp_path: Path) -> None:
    import dataclasses

    elsewhere = tmp_path / "elsewhere.json"
    dataclasses.replace(network.deployment, chain_id=1).save(elsewhere)
    changed = tmp_path / "changed.json"
    jobs = Deployed(network.deployment.address("JobsManager"), bytes(32))
    contracts = {**network.deployment.contracts, "JobsManager": jobs}
    dataclasses.replace(network.deployment, contracts=contracts).save(changed)

    first = run_node(network, "worker", "main", tmp_path / "a", "--network", elsewhere)
    second = run_node(network, "worker", "main", tmp_path / "b", "--network", changed)

    assert (first.exit_code, second.exit_code) == (errors.EXIT_CONFIG, errors.EXIT_CONFIG)
    assert "serves chain 31337, not chain 1" in first.output
    assert "is not the deployment's" in second.output


def test_broadcaster_without_a_transcoder_or_without_money_says_so(
    network: Any, clip: Path, tmp_path: Path
) -> None:
    nobody = run_node(network, "broadcaster", "broadcaster1", tmp_path / "a", "--input", clip)
    stranger = run_node(
        network,
        "broadcaster",
        "broadcaster2",
        tmp_path / "b",
        *("--input", clip, "--transcoder", network.keys["broadcaster3"].address),
    )

    assert (nobody.exit_code, stranger.exit_code) == (errors.EXIT_CONFIG, errors.EXIT_CONFIG)
    assert "no transcoder could be hired" in nobody.output
    assert "has not registered where it can be reached" in stranger.output
