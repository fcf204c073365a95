"""What deployed code must not change by accident: ABI, storage layout, size."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.chain.artifacts import FOLDER, artifact, names
from offchain.chain.deployment import COMPANIONS, PROXIED
from offchain.chain.layouts import variables
from tests.contracts.golden.listing import (
    ABI_FILE,
    LAYOUT_FILE,
    abi_lines,
    facts,
    layout_lines,
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
# A folder of NAME.json, compiled from the contracts mirrored here: named, or beside the clone.
MAINNET_ABI = Path(os.environ.get("LIVEPEER_ABI_FOLDER") or ROOT.parent / "shared" / "abi")


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


@pytest.mark.parametrize("name", PROXIED)
def test_longest_return__passes_through_the_proxy(name: str) -> None:
    source = (ROOT / "contracts" / "governance" / "ManagerProxy.vy").read_text()
    found = re.search(r"^MAX_RETURN: constant\(uint256\) = ([\d_]+) \+ ([\d_]+)$", source, re.M)
    assert found is not None
    limit = sum(int(part) for part in found.groups())
    stored = json.loads((FOLDER / f"{name}.json").read_text())

    assert stored["longestReturn"] < limit


@pytest.mark.parametrize("name", names())
def test_layout__has_the_manager_first_and_no_lock_in_storage(name: str) -> None:
    found = variables(artifact(name).layout)

    assert not any("nonreentrant" in variable.name for variable in found)
    if any(variable.name.startswith("manager.") for variable in found):
        assert (found[0].slot, found[0].name) == (0, "manager.controller")
        assert (found[1].slot, found[1].name) == (1, "manager.targetContractId")


@pytest.mark.parametrize("name", names())
def test_layout__gives_no_slot_twice(name: str) -> None:
    end = 0
    for variable in variables(artifact(name).layout):
        assert variable.slot >= end, variable
        end = variable.slot + variable.slots


@pytest.mark.parametrize(
    ("contract", "companion"),
    [(contract, each) for contract, group in COMPANIONS.items() for each in group],
)
def test_layout__of_a_companion__is_that_of_the_contract_whose_state_it_writes(
    contract: str, companion: str
) -> None:
    assert variables(artifact(companion).layout) == variables(artifact(contract).layout)


@pytest.mark.parametrize("name", MIRRORED)
def test_abi__has_all_of_livepeers(name: str) -> None:
    if not MAINNET_ABI.is_dir():
        pytest.skip("LIVEPEER_ABI_FOLDER names no folder of Livepeer's ABIs")
    document = json.loads((MAINNET_ABI / f"{name}.json").read_text())
    theirs = facts(document["abi"] if isinstance(document, dict) else document)

    missing = theirs - facts(artifact(name).abi)

    assert not missing, "\n".join(sorted(missing))
