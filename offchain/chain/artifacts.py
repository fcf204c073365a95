"""Compiled contracts, read from package data: nodes deploy and decode without a compiler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def encode_constructor(compiled: Artifact, args: Sequence[Any]) -> bytes:
    """Initcode: the contract's creation code and its constructor arguments."""
    return compiled.bytecode + _encode(compiled.name, compiled.constructor_inputs, args)


def encode_call(compiled: Artifact, function: str, args: Sequence[Any]) -> bytes:
    """Calldata of one call; raises ValueError where the arguments do not fit the ABI."""
    for entry in compiled.abi:
        fits = entry["type"] == "function" and len(entry["inputs"]) == len(args)
        if fits and entry["name"] == function:
            selector = function_abi_to_4byte_selector(entry)  # type: ignore[arg-type]
            return selector + _encode(f"{compiled.name}.{function}", entry["inputs"], args)
    raise ValueError(f"{compiled.name} has no function {function} of {len(args)} arguments")


def _encode(what: str, inputs: Sequence[dict[str, Any]], args: Sequence[Any]) -> bytes:
    if len(inputs) != len(args):
        raise ValueError(f"{what} takes {len(inputs)} arguments, not {len(args)}")
    try:
        return encode([collapse_if_tuple(each) for each in inputs], args)
    except (EncodingError, OverflowError) as error:
        raise ValueError(f"{what}: {error}") from error
