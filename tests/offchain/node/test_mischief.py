"""Cheating on purpose: every kind is documented, and no chain that matters allows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from offchain.chain.deployments import Deployment
from offchain.cli.main import main
from offchain.node import errors
from offchain.node.mischief import DEVELOPMENT_CHAINS, check_allowed
from offchain.verify.cheats import Cheat

if TYPE_CHECKING:
    from pathlib import Path


def run_worker(folder: Path, chain_id: int, production: bool, *words: str) -> Result:
    """A worker for a deployment that nobody serves, without even a key: it must not get far."""
    contract = {"address": "0x" + "11" * 20, "codeHash": "0x" + "00" * 32}
    document = {"name": "x", "chainId": chain_id, "production": production, "startBlock": 0}
    network = folder / "network.json"
    network.write_text(json.dumps({**document, "contracts": {"Controller": contract}}))
    common = ["--network", str(network), "--keystore", "none", "--password-file", "none"]
    return CliRunner().invoke(
        main, ["worker", "run", *common, "--data", str(folder / "data"), *words]
    )


@pytest.mark.parametrize("option", [("--cheat", "logo"), ("--stubborn", "1")])
@pytest.mark.parametrize(
    ("chain_id", "production", "words"),
    [
        (31337, True, "this deployment is for production"),
        (1, True, "this deployment is for production"),
        (1, False, "development chains (1337 and 31337), not 1"),
        (42161, False, "development chains (1337 and 31337), not 42161"),
    ],
)
def test_cheating__where_it_matters__refused_before_anything_is_opened(
    tmp_path: Path, option: tuple[str, str], chain_id: int, production: bool, words: str
) -> None:
    result = run_worker(tmp_path, chain_id, production, *option)

    assert result.exit_code == errors.EXIT_CONFIG
    assert words in " ".join(result.output.split())
    assert not (tmp_path / "data").exists()


def test_cheating__on_development_chains__allowed() -> None:
    for chain_id in DEVELOPMENT_CHAINS:
        check_allowed(Deployment("x", chain_id, production=False, start_block=0))


def test_cheat__no_such_kind__says_which_there_are(tmp_path: Path) -> None:
    result = run_worker(tmp_path, 31337, False, "--cheat", "kindness")

    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "nobody cheats by 'kindness'; there are " + ", ".join(Cheat) in said


def test_help__lists_every_kind_of_cheat() -> None:
    said = CliRunner().invoke(main, ["worker", "run", "--help"]).output

    for kind in Cheat:
        assert f" {kind}" in said
