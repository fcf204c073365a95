"""Calldata, results, events and reverts by ABI, prepared once so that calls are cheap."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)
from eth_utils.address import to_checksum_address

from offchain.chain.artifacts import artifact
from offchain.chain.reverts import reason_in_words


class Reverted(Exception):
    """A call reverted; `reason` is the contract's own, `data` the raw revert data."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.data = data


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log: which contract (by address), which event, and its fields by name."""

    address: str
    name: str
    args: Mapping[str, Any]

    def __getattr__(self, field: str) -> Any:
        try:
            return self.args[field]
        except KeyError:
            raise AttributeError(field) from None


class Function:
    """One ABI function: encodes its arguments and decodes its result."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name: str = entry["name"]
        self.inputs = entry["inputs"]
        self.outputs = entry["outputs"]
        self.is_view = entry["stateMutability"] in ("view", "pure")
        self.selector = function_abi_to_4byte_selector(entry)
        self._types = [collapse_if_tuple(each) for each in self.inputs]
        self._out_types = [collapse_if_tuple(each) for each in self.outputs]

    def encode(self, args: Sequence[Any]) -> bytes:
        values = [_plain(spec, value) for spec, value in zip(self.inputs, args, strict=True)]
        return self.selector + encode(self._types, values)

    def decode(self, data: bytes) -> Any:
        if not self._out_types:
            return None
        values = decode(self._out_types, data)
        shaped = [_shaped(spec, value) for spec, value in zip(self.outputs, values, strict=True)]
        return shaped[0] if len(shaped) == 1 else tuple(shaped)


class Codec:
    """Everything one contract's ABI can say."""

    def __init__(self, abi: Sequence[Mapping[str, Any]]) -> None:
        self.functions: dict[tuple[str, int], Function] = {}
        self.by_name: dict[str, Function] = {}
        for entry in abi:
            if entry["type"] == "function":
                function = Function(entry)
                self.functions[function.name, len(function.inputs)] = function
                self.by_name[function.name] = function
        self.events = {
            event_abi_to_log_topic(entry): entry for entry in abi if entry["type"] == "event"
        }
        self.errors = {
            function_abi_to_4byte_selector(entry): (
                entry["name"],
                [collapse_if_tuple(each) for each in entry["inputs"]],
            )
            for entry in abi
            if entry["type"] == "error"
        }

    def function(self, name: str, count: int) -> Function:
        try:
            return self.functions[name, count]
        except KeyError:
            raise TypeError(f"no function {name} of {count} arguments") from None

    def decode_log(self, address: str, topics: Sequence[bytes], data: bytes) -> Event | None:
        entry = self.events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        plain = [each for each in entry["inputs"] if not each["indexed"]]
        values = decode([collapse_if_tuple(each) for each in plain], data)
        args = {
            spec["name"]: _shaped(spec, value) for spec, value in zip(plain, values, strict=True)
        }
        for spec, topic in zip(indexed, topics[1:], strict=True):
            hashed = spec["type"] in ("string", "bytes") or spec["type"].endswith("]")
            args[spec["name"]] = (
                topic if hashed else _shaped(spec, decode([collapse_if_tuple(spec)], topic)[0])
            )
        return Event(address, entry["name"], args)


class Library:
    """Codecs of all compiled contracts, loaded when first asked for."""

    def __init__(self) -> None:
        self._codecs: dict[str, Codec] = {}

    def codec(self, name: str) -> Codec:
        if name not in self._codecs:
            self._codecs[name] = Codec(artifact(name).abi)
        return self._codecs[name]

    @cached_property
    def custom_errors(self) -> dict[bytes, tuple[str, list[str]]]:
        errors: dict[bytes, tuple[str, list[str]]] = dict(_MAINNET_ERRORS)
        return errors

    def reason(self, data: bytes) -> str:
        return reason_in_words(data, self.custom_errors)


def _error(signature: str) -> tuple[bytes, tuple[str, list[str]]]:
    from eth_utils.abi import function_signature_to_4byte_selector

    name, _, rest = signature.partition("(")
    types = [each for each in rest.rstrip(")").split(",") if each]
    return function_signature_to_4byte_selector(signature), (name, types)


# Vyper puts no errors into the ABI; these are the ones the mirrored contracts answer with.
_MAINNET_ERRORS = dict(
    _error(signature)
    for signature in (
        "DecreasingValues(uint256,uint256)",
        "FutureLastClaimRound(uint256,uint256)",
        "FutureLookup(uint256,uint256)",
        "InvalidCaller(address,address)",
        "InvalidStartRound(uint256,uint256)",
        "InvalidTotalStakeCheckpointRound(uint256,uint256)",
        "MissingEarningsPool(address,uint256)",
        "MustCallBondingManager(string)",
    )
)

LIBRARY = Library()


def _plain(spec: Mapping[str, Any], value: Any) -> Any:
    """A struct given as mapping, in ABI order; contracts and accounts as their addresses."""
    kind = spec["type"]
    if kind == "tuple":
        parts = spec["components"]
        if isinstance(value, Mapping):
            value = [value[each["name"]] for each in parts]
        return [_plain(each, item) for each, item in zip(parts, value, strict=True)]
    if kind.startswith("tuple["):
        return [_plain({**spec, "type": "tuple"}, each) for each in value]
    if kind == "address":
        return getattr(value, "address", value)
    if kind.startswith("address["):
        return [getattr(each, "address", each) for each in value]
    return value


def _shaped(spec: Mapping[str, Any], value: Any) -> Any:
    """Structs as named tuples, addresses with their checksum."""
    kind = spec["type"]
    if kind == "address":
        return to_checksum_address(value)
    if kind == "tuple":
        shape = namedtuple("Struct", [each["name"] for each in spec["components"]])  # type: ignore[misc]
        parts = zip(spec["components"], value, strict=True)
        return shape(*(_shaped(each, item) for each, item in parts))
    if kind.endswith("]"):
        inner = {**spec, "type": kind[: kind.rindex("[")]}
        return [_shaped(inner, each) for each in value]
    return value
