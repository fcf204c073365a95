"""ABIs and storage layouts as plain text, one line a fact, so that a diff says what changed.

    python -m tests.contracts.golden.listing

writes the golden files anew; look at the diff before committing it. A changed line of a layout
means that the contract can no longer be upgraded in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)

from offchain.chain.artifacts import artifact, names
from offchain.chain.deployment import COMPANIONS, PROXIED
from offchain.chain.layouts import variables

FOLDER = Path(__file__).parent
ABI_FILE = FOLDER / "abi.txt"
LAYOUT_FILE = FOLDER / "layouts.txt"

Entry = Mapping[str, Any]


def types(specs: Sequence[Entry]) -> str:
    """Types of arguments or results. One struct of plain words reads as its fields, which is how
    both are encoded."""
    if len(specs) == 1 and specs[0]["type"] == "tuple" and _is_static(specs[0]):
        return types(specs[0]["components"])
    return "(" + ",".join(collapse_if_tuple(spec) for spec in specs) + ")"


def facts(abi: Sequence[Entry]) -> set[str]:
    """What a caller can rely on: selectors with results and payability, topics, the fallback."""
    return {fact for entry in abi if (fact := _fact(entry))}


def _fact(entry: Entry) -> str:
    kind = entry["type"]
    if kind == "function":
        selector = function_abi_to_4byte_selector(entry).hex()
        arguments = ",".join(collapse_if_tuple(spec) for spec in entry["inputs"])
        mutability = {"pure": "view"}.get(entry["stateMutability"], entry["stateMutability"])
        results = types(entry["outputs"])
        return f"function {selector} {entry['name']}({arguments}) {mutability} -> {results}"
    if kind == "event":
        topic = event_abi_to_log_topic(entry).hex()
        fields = ",".join(
            collapse_if_tuple(spec) + (" indexed" if spec["indexed"] else "")
            for spec in entry["inputs"]
        )
        return f"event {topic} {entry['name']}({fields})"
    if kind == "constructor":
        return f"constructor {types(entry['inputs'])}"
    if kind == "fallback":
        return f"fallback {entry['stateMutability']}"
    # Solidity's `receive` is part of Vyper's fallback; errors never stand in a Vyper ABI.
    return ""


def _is_static(spec: Entry) -> bool:
    if spec["type"] == "tuple":
        return all(_is_static(each) for each in spec["components"])
    return spec["type"] not in ("string", "bytes") and not spec["type"].endswith("]")


def abi_lines() -> Iterator[str]:
    """Every fact of every contract."""
    for name in names():
        yield f"{name}:"
        yield from (f"    {fact}" for fact in sorted(facts(artifact(name).abi)))


def layout_lines() -> Iterator[str]:
    """Every storage variable of every contract whose storage outlives its code."""
    companions = [each for group in COMPANIONS.values() for each in group]
    for name in (*PROXIED, *companions, "ManagerProxy"):
        if name not in names():
            continue
        yield f"{name}:"
        yield from (f"    {variable}" for variable in variables(artifact(name).layout))


if __name__ == "__main__":
    ABI_FILE.write_text("\n".join(abi_lines()) + "\n")
    LAYOUT_FILE.write_text("\n".join(layout_lines()) + "\n")
