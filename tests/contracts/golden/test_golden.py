"""What deployed code must not change by accident: ABI, storage layout, size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.chain.artifacts import artifact, names
from tests.contracts.golden.listing import (
    ABI_FILE,
    LAYOUT_FILE,
    abi_lines,
    facts,
    layout_lines,
    variables,
)

ROOT = Path(__file__).resolve().parents[3]
SIZE_LIMIT = 23_000
MIRRORED = (
    "BondingManager",
    "BondingVotes",
    "Controller",
    "Governor",
    "LivepeerTokenFaucet",
    "ManagerProxy",
    "Minter",
    "RoundsManager",
    "ServiceRegistry",
)
# What a target answers only behind its proxy, whose own function it is.
MAINNET_ABI = os.environ.get("LIVEPEER_ABI_FOLDER", "")


def test_artifacts__are_those_of_the_sources() -> None:
    script = ROOT / "scripts" / "artifacts.py"

    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr


def test_abi__is_the_golden_one() -> None:
    assert list(abi_lines()) == ABI_FILE.read_text().splitlines()


def test_layouts__are_the_golden_ones() -> None:
    assert list(layout_lines()) == LAYOUT_FILE.read_text().splitlines()


@pytest.mark.parametrize("name", names())
def test_size__leaves_room_below_the_limit(name: str) -> None:
    assert len(artifact(name).runtime_bytecode) < SIZE_LIMIT


@pytest.mark.parametrize("name", names())
def test_layout__has_the_manager_first_and_no_lock_in_storage(name: str) -> None:
    layout = artifact(name).layout.get("storage_layout", {})
    found = variables(layout)

    assert not any("nonreentrant" in path for _, _, path, _ in found)
    if "manager" in layout:
        assert found[0][::2] == (0, "manager.controller")
        assert found[1][::2] == (1, "manager.targetContractId")


def test_layout__gives_no_slot_twice() -> None:
    for name in names():
        end = 0
        for slot, count, path, _ in variables(artifact(name).layout.get("storage_layout", {})):
            assert slot >= end, f"{name}.{path}"
            end = slot + count


@pytest.mark.parametrize("name", MIRRORED)
def test_abi__has_all_of_livepeers(name: str) -> None:
    if not MAINNET_ABI:
        pytest.skip("LIVEPEER_ABI_FOLDER names no folder of Livepeer's ABIs")
    document = json.loads((Path(MAINNET_ABI) / f"{name}.json").read_text())
    theirs = facts(document["abi"] if isinstance(document, dict) else document)

    missing = theirs - facts(artifact(name).abi)

    assert not missing, "\n".join(sorted(missing))
