"""The deployed contracts by name: encode calls, decode results, logs and errors.

`contracts.JobsManager.call("getClaim", job, claim)["status"]`: structs come back as dictionaries by
field name and may be given as such, addresses are checksum text, amounts are int.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)

from offchain.chain.artifacts import UnknownArtifact, artifact
from offchain.chain.client import Block, ChainClient, checksum
from offchain.chain.errors import ChainError, Reverted, WrongChain
from offchain.chain.events import ChainEvent
from offchain.chain.reverts import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

Abi = Sequence[Mapping[str, Any]]
_STATIC = ("uint", "int", "bool", "address", "bytes")


class _Deployed(Protocol):
    @property
    def address(self) -> str: ...


class DeploymentLike(Protocol):
    """What a deployment must tell: where each contract is."""

    @property
    def contracts(self) -> Mapping[str, _Deployed]: ...


class Contract:
    """One contract: its name, checksum address and ABI."""

    def __init__(self, name: str, address: str, abi: Abi, client: ChainClient) -> None:
        self.name = name
        self.address = checksum(address)
        self.errors = {
            function_abi_to_4byte_selector(entry): (  # type: ignore[arg-type]
                str(entry["name"]),
                [_type(each) for each in entry["inputs"]],
            )
            for entry in abi
            if entry["type"] == "error"
        }
        self._client = client
        self._functions: dict[tuple[str, int], Mapping[str, Any]] = {
            (entry["name"], len(entry["inputs"])): entry
            for entry in abi
            if entry["type"] == "function"
        }
        self._events: dict[bytes, Mapping[str, Any]] = {
            event_abi_to_log_topic(entry): entry  # type: ignore[arg-type]
            for entry in abi
            if entry["type"] == "event"
        }

    def encode(self, function: str, *args: Any) -> bytes:
        """Calldata; raises `ValueError` for arguments that do not fit the ABI."""
        entry = self._function(function, len(args))
        inputs = entry["inputs"]
        plain = [_plain(each, value) for each, value in zip(inputs, args, strict=True)]
        try:
            body = encode([_type(each) for each in inputs], plain)
        except (EncodingError, OverflowError) as error:
            raise ValueError(f"{self.name}.{function}: {error}") from error
        return function_abi_to_4byte_selector(entry) + body  # type: ignore[arg-type]

    def decode_result(self, function: str, count: int, data: bytes) -> Any:
        """What `function` (of `count` arguments) returned: one value, or a tuple of several."""
        outputs = self._function(function, count)["outputs"]
        if not outputs:
            return None
        try:
            values = decode([_type(each) for each in outputs], data)
        except (DecodingError, UnicodeDecodeError) as error:
            raise WrongChain(
                f"{self.name} at {self.address} answered {function} with something else: "
                "is the deployment this chain's?"
            ) from error
        shown = [_shown(each, value) for each, value in zip(outputs, values, strict=True)]
        return shown[0] if len(shown) == 1 else tuple(shown)

    async def call(
        self, function: str, *args: Any, block: Block = "latest", sender: str | None = None
    ) -> Any:
        """Call a function without a transaction; raises `Reverted` with the reason in words."""
        data = self.encode(function, *args)
        try:
            result = await self._client.call(self.address, data, block=block, sender=sender)
        except Reverted as error:
            reason = reason_in_words(error.data, self.errors) if error.data else error.reason
            raise Reverted(f"{self.name}.{function}", reason, error.data) from None
        return self.decode_result(function, len(args), result)

    def decode_log(self, log: Mapping[str, Any]) -> ChainEvent | None:
        """The event of a raw log, or None if the ABI does not know it."""
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        others = [each for each in entry["inputs"] if not each["indexed"]]
        if len(indexed) != len(topics) - 1:
            return None
        try:
            values = decode([_type(each) for each in others], bytes.fromhex(log["data"][2:]))
        except (DecodingError, UnicodeDecodeError):
            return None
        found = dict(zip((each["name"] for each in others), values, strict=True))
        for each, topic in zip(indexed, topics[1:], strict=True):
            # Of an indexed text or list the chain only keeps the hash.
            found[each["name"]] = decode([_type(each)], topic)[0] if _is_word(each) else topic
        return ChainEvent(
            contract=self.name,
            name=entry["name"],
            args={each["name"]: _shown(each, found[each["name"]]) for each in entry["inputs"]},
            block_number=int(log["blockNumber"], 16),
            block_hash=bytes.fromhex(log["blockHash"][2:]),
            tx_hash=bytes.fromhex(log["transactionHash"][2:]),
            log_index=int(log["logIndex"], 16),
        )

    def _function(self, name: str, count: int) -> Mapping[str, Any]:
        try:
            return self._functions[name, count]
        except KeyError:
            raise ValueError(f"{self.name} has no function {name} of {count} arguments") from None


class Contracts:
    """All contracts of a deployment that have an artifact, as attributes by name."""

    def __init__(self, client: ChainClient, deployment: DeploymentLike) -> None:
        self._contracts: dict[str, Contract] = {}
        self._by_address: dict[str, Contract] = {}
        for name, entry in deployment.contracts.items():
            try:
                abi = artifact(name).abi
            except UnknownArtifact:
                continue
            self.add(Contract(name, entry.address, abi, client))

    def add(self, contract: Contract) -> None:
        """Put one more contract under its name."""
        self._contracts[contract.name] = contract
        self._by_address[contract.address.lower()] = contract

    def __getattr__(self, name: str) -> Contract:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._contracts[name]
        except KeyError:
            raise ChainError(f"this deployment has no contract called {name}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._contracts

    def __iter__(self) -> Iterator[Contract]:
        return iter(self._contracts.values())

    @property
    def addresses(self) -> list[str]:
        """The addresses of all contracts."""
        return [contract.address for contract in self]

    def at(self, address: str) -> Contract | None:
        """The contract at an address."""
        return self._by_address.get(address.lower())

    def decode_log(self, log: Mapping[str, Any]) -> ChainEvent | None:
        """The event of a raw log of any of the contracts."""
        contract = self.at(log["address"])
        return contract.decode_log(log) if contract is not None else None

    def reason(self, data: bytes) -> str:
        """Revert data of any of the contracts, in words."""
        errors = {selector: error for each in self for selector, error in each.errors.items()}
        return reason_in_words(data, errors)


def _type(each: Mapping[str, Any]) -> str:
    return collapse_if_tuple(each)  # type: ignore[arg-type]


def _is_word(each: Mapping[str, Any]) -> bool:
    kind = str(each["type"])
    return kind != "bytes" and not kind.endswith("]") and kind.startswith(_STATIC)


def _plain(each: Mapping[str, Any], value: Any) -> Any:
    """A value as eth_abi wants it: structs as tuples in the ABI's order."""
    kind = str(each["type"])
    if kind.endswith("]"):
        inner = {**each, "type": kind[: kind.rindex("[")]}
        return [_plain(inner, item) for item in value]
    if kind == "tuple":
        parts = each["components"]
        if isinstance(value, Mapping):
            value = [value[part["name"]] for part in parts]
        return tuple(_plain(part, item) for part, item in zip(parts, value, strict=True))
    return value


def _shown(each: Mapping[str, Any], value: Any) -> Any:
    """A value as callers want it: structs as dictionaries, addresses in checksum spelling."""
    kind = str(each["type"])
    if kind.endswith("]"):
        inner = {**each, "type": kind[: kind.rindex("[")]}
        return [_shown(inner, item) for item in value]
    if kind == "tuple":
        parts = each["components"]
        return {part["name"]: _shown(part, item) for part, item in zip(parts, value, strict=True)}
    return checksum(value) if kind == "address" else value
