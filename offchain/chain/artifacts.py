"""Compiled contracts, read from package data: nodes deploy and decode without a compiler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("artifacts")


class UnknownArtifact(LookupError):
    """No contract of that name has been compiled."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: what it answers to, what deploys it, where it keeps its state."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime_bytecode: bytes
    layout: dict[str, Any]

    @property
    def constructor_inputs(self) -> list[dict[str, Any]]:
        """ABI inputs of the constructor, empty where there are none."""
        for entry in self.abi:
            if entry["type"] == "constructor":
                inputs: list[dict[str, Any]] = entry["inputs"]
                return inputs
        return []


def names() -> list[str]:
    """Names of all compiled contracts, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def artifact(name: str) -> Artifact:
    """The compiled contract called `name`; raises UnknownArtifact where there is none."""
    try:
        stored = json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        raise UnknownArtifact(
            f"contract {name} has not been compiled: run python scripts/artifacts.py"
        ) from None
    return Artifact(
        name=stored["contractName"],
        abi=stored["abi"],
        bytecode=bytes.fromhex(stored["bytecode"].removeprefix("0x")),
        runtime_bytecode=bytes.fromhex(stored["runtimeBytecode"].removeprefix("0x")),
        layout=stored["layout"],
    )
