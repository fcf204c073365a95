"""What nodes sign: EIP-712 messages, bound to one chain and one contract.

`Segment`, `Lease` and `Receipt` are signed in the domain of the JobsManager proxy, `Verdict` in
that of the VerifierCommittee proxy. All fields are one word wide, so a struct hash is one keccak.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from offchain.proof.hashes import leaf_hash
from offchain.proof.keccak import keccak

VALID, INVALID, UNAVAILABLE = 1, 2, 3

_DOMAIN_TYPE = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME = keccak(b"Livepeer")
_VERSION = keccak(b"1")


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: a chain id and a contract's 0x address."""

    chain_id: int
    verifying_contract: str

    def separator(self) -> bytes:
        """The 32-byte EIP-712 domain separator."""
        return _separator(self.chain_id, self.verifying_contract)


@lru_cache(maxsize=64)
def _separator(chain_id: int, verifying_contract: str) -> bytes:
    return keccak(
        _DOMAIN_TYPE + _NAME + _VERSION + _word("uint256", chain_id)
        + _word("address", verifying_contract)
    )  # fmt: skip


class _Typed:
    """A message whose members are the attributes of the same names in snake case."""

    __slots__ = ()
    TYPE: ClassVar[str]

    def words(self) -> bytes:
        """abi.encode of the fields."""
        return b"".join(_word(kind, getattr(self, name)) for kind, name in _layout(self.TYPE))

    def digest(self, domain: Domain) -> bytes:
        """The 32 bytes that are signed."""
        struct = keccak(_type_hash(self.TYPE) + self.words())
        return keccak(b"\x19\x01" + domain.separator() + struct)


@dataclass(frozen=True, slots=True)
class Segment(_Typed):
    """The broadcaster's word that this is the `sequence`-th segment of its job."""

    TYPE: ClassVar[str] = (
        "Segment(uint256 jobId,uint256 sequence,uint256 durationMs,bytes32 dataHash)"
    )

    job_id: int
    sequence: int
    duration_ms: int
    data_hash: bytes


@dataclass(frozen=True, slots=True)
class Lease(_Typed):
    """The broadcaster's leave to send `max_bytes` of a segment until `deadline` (Unix seconds)."""

    TYPE: ClassVar[str] = "Lease(uint256 jobId,uint256 sequence,uint256 maxBytes,uint256 deadline)"

    job_id: int
    sequence: int
    max_bytes: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Receipt(_Typed):
    """The transcoder's word on what it made of a segment: the leaf of its claim."""

    TYPE: ClassVar[str] = (
        "Receipt(uint256 jobId,uint256 sequence,uint256 durationMs,bytes32 dataHash,"
        "bytes32 renditionRoot,uint256 pixels,bytes32 broadcasterSigHash)"
    )

    job_id: int
    sequence: int
    duration_ms: int
    data_hash: bytes
    rendition_root: bytes
    pixels: int
    broadcaster_sig_hash: bytes

    def leaf(self) -> bytes:
        """keccak256(0x00 || keccak256(abi.encode(fields))): the receipt's leaf in a claim."""
        return leaf_hash(keccak(self.words()))


@dataclass(frozen=True, slots=True)
class Verdict(_Typed):
    """What a committee seat commits to; `verdict` is VALID, INVALID or UNAVAILABLE."""

    TYPE: ClassVar[str] = (
        "Verdict(uint256 request,uint256 stage,address verifier,uint8 verdict,"
        "bytes32 measurementRoot,bytes32 salt)"
    )

    request: int
    stage: int
    verifier: str
    verdict: int
    measurement_root: bytes
    salt: bytes


@lru_cache(maxsize=64)
def _type_hash(type_string: str) -> bytes:
    return keccak(type_string.encode())


@lru_cache(maxsize=64)
def _layout(type_string: str) -> tuple[tuple[str, str], ...]:
    """Each member's ABI type and the attribute that holds it."""
    members = type_string[type_string.index("(") + 1 : -1].split(",")
    pairs = (member.split() for member in members)
    return tuple((kind, re.sub("([A-Z])", r"_\1", name).lower()) for kind, name in pairs)


def _word(kind: str, value: int | str | bytes) -> bytes:
    """One ABI word; refuses what the chain would refuse to decode."""
    if kind.startswith("uint") and isinstance(value, int):
        if not 0 <= value < 1 << int(kind[4:]):
            raise ValueError(f"{value} does not fit in {kind}")
        return value.to_bytes(32, "big")
    if kind == "bytes32" and isinstance(value, bytes) and len(value) == 32:
        return value
    if kind == "address" and isinstance(value, str) and len(value) == 42:
        return bytes(12) + bytes.fromhex(value[2:])
    raise ValueError(f"{value!r} is not a {kind}")
