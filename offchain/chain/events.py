"""What contracts said: decoded logs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One log of a known contract. `(tx_hash, log_index)` names it for ever.

    `args` by the names of the ABI: integers, checksum addresses, bytes, text, lists, and structs as
    dictionaries.
    """

    contract: str
    name: str
    args: Mapping[str, Any]
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    log_index: int

    @property
    def key(self) -> tuple[bytes, int]:
        """What handlers are idempotent by."""
        return self.tx_hash, self.log_index


def args_to_json(args: Mapping[str, Any]) -> str:
    """Arguments as text that `args_from_json` gives back unchanged."""
    return json.dumps(_pack(dict(args)), separators=(",", ":"))


def args_from_json(text: str) -> dict[str, Any]:
    """The arguments that `args_to_json` wrote."""
    unpacked: dict[str, Any] = _unpack(json.loads(text))
    return unpacked


def _pack(value: Any) -> Any:
    # Python's JSON keeps integers of any size; only bytes need a mark of their own.
    if isinstance(value, bytes):
        return {"0x": value.hex()}
    if isinstance(value, dict):
        return {key: _pack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(item) for item in value]
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"0x"}:
            return bytes.fromhex(value["0x"])
        return {key: _unpack(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    return value
