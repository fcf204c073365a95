"""What a broadcaster publishes it signs, part by part: the only thing relays and viewers trust.

A stream is a broadcaster's address and a name; a rendition is one playlist of it, or `master`,
whose parts are the master playlist's text. A segment is one or more parts. Each record names the
record before it in its rendition, so nothing can be altered, left out in silence, put in another
order or shown again later. `Publisher` makes records, `Checker` takes nothing but true ones.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from offchain.proof.hashes import part_hash
from offchain.proof.keccak import keccak
from offchain.proof.signatures import BadSignature, recover, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.proof.typed import Domain

LAST, DISCONTINUITY, START, END = 1, 2, 4, 8
"""Flags: the segment's last part; decoders begin anew here; a run begins; nothing follows."""
MASTER = "master"
MAX_PARTS = 256
MAX_SEQUENCE = 2**53 - 1  # what a browser can count to
MAX_DURATION_MS = 60_000
CLOCK_SKEW_MS = 60_000
"""How far ahead of ours a broadcaster's clock may go, in milliseconds."""
RECORD_BYTES = 186 + 64
"""Largest encoded record."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FIXED = struct.Struct(">32sQIBIQ32s32s65sB")


class BadRecord(Exception):
    """A record or its bytes that must not be passed on; the text says why, in one sentence."""


def stream_id(broadcaster: str, name: str) -> bytes:
    """The 32 bytes a stream is known by: keccak256 of the address's 20 bytes and the name."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a stream: use A-Z a-z 0-9 _ -, at most 64")
    return keccak(bytes.fromhex(broadcaster.removeprefix("0x")) + name.encode())


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a segment: `index` from 0 within segment `sequence` of a rendition.

    `wall_time` is when the segment's first picture was taken, in Unix milliseconds; `duration_ms`
    is the whole segment's; `previous_hash` the record before it in its rendition, or zeros.
    """

    TYPE: ClassVar[str] = (
        "Part(bytes32 streamId,uint256 sequence,string rendition,uint256 index,bytes32 partHash,"
        "bytes32 previousHash,uint256 wallTime,uint256 durationMs,uint256 flags)"
    )
    _TYPE_HASH: ClassVar[bytes] = keccak(TYPE.encode())

    stream: bytes
    sequence: int
    rendition: str
    index: int
    part_hash: bytes
    previous_hash: bytes
    wall_time: int
    duration_ms: int
    flags: int

    def hash(self) -> bytes:
        """The EIP-712 struct hash; the next record names it."""
        numbers = (self.wall_time, self.duration_ms, self.flags)
        return keccak(
            self._TYPE_HASH
            + self.stream
            + self.sequence.to_bytes(32, "big")
            + keccak(self.rendition.encode())
            + self.index.to_bytes(32, "big")
            + self.part_hash
            + self.previous_hash
            + b"".join(number.to_bytes(32, "big") for number in numbers)
        )

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest that the broadcaster signs."""
        return keccak(b"\x19\x01" + domain.separator() + self.hash())

    @property
    def is_last(self) -> bool:
        """Whether the segment is whole with this part."""
        return bool(self.flags & LAST)


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A record as it travels."""

    part: Part
    signature: bytes

    def __bytes__(self) -> bytes:
        part = self.part
        name = part.rendition.encode()
        fixed = _FIXED.pack(
            part.stream, part.sequence, part.index, part.flags, part.duration_ms, part.wall_time,
            part.part_hash, part.previous_hash, self.signature, len(name),
        )  # fmt: skip
        return fixed + name

    @classmethod
    def parse(cls, data: bytes) -> SignedPart:
        """Read an encoded record; raises `BadRecord`."""
        if len(data) < _FIXED.size:
            raise BadRecord("a record is cut short")
        stream, sequence, index, flags, duration, wall, digest, before, signature, length = (
            _FIXED.unpack_from(data)
        )
        name = data[_FIXED.size :]
        if len(name) != length:
            raise BadRecord("a record is not as long as it says")
        rendition = name.decode("ascii", "replace")
        if _NAME.fullmatch(rendition) is None:
            raise BadRecord("a record's rendition has no proper name")
        part = Part(stream, sequence, rendition, index, digest, before, wall, duration, flags)
        return cls(part, signature)


class Publisher:
    """Signs one rendition's parts, each naming the one before."""

    def __init__(self, domain: Domain, private_key: bytes, stream: bytes, rendition: str) -> None:
        self._domain = domain
        self._key = private_key
        self._stream = stream
        self._rendition = rendition
        self._previous: bytes | None = None

    def segment(
        self,
        sequence: int,
        parts: list[bytes],
        *,
        wall_time: int,
        duration_ms: int,
        discontinuity: bool = False,
    ) -> Iterator[tuple[SignedPart, bytes]]:
        """The records of a segment's parts, with the parts."""
        for index, data in enumerate(parts):
            flags = LAST if index == len(parts) - 1 else 0
            if discontinuity:
                flags |= DISCONTINUITY
            yield self._sign(sequence, index, data, wall_time, duration_ms, flags), data

    def end(self, sequence: int, wall_time: int) -> tuple[SignedPart, bytes]:
        """The record that says that nothing follows; `sequence` is the one that will not come."""
        return self._sign(sequence, 0, b"", wall_time, 0, LAST | END), b""

    def _sign(
        self, sequence: int, index: int, data: bytes, wall_time: int, duration_ms: int, flags: int
    ) -> SignedPart:
        if self._previous is None:
            flags |= START
        part = Part(
            self._stream, sequence, self._rendition, index, part_hash(data),
            self._previous or bytes(32), wall_time, duration_ms, flags,
        )  # fmt: skip
        self._previous = part.hash()
        return SignedPart(part, sign(part.digest(self._domain), self._key))


@dataclass(slots=True)
class Checker:
    """Lets one rendition's true parts through, each once and in order.

    `max_age_ms` is how long ago a segment may have been taken: whoever joins cannot be shown an old
    run as if it were live.
    """

    domain: Domain
    broadcaster: str
    stream: bytes
    rendition: str
    max_age_ms: int = 120_000
    last: Part | None = None
    _last_hash: bytes = field(default=b"", repr=False)

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.last is not None and bool(self.last.flags & END)

    def check(self, signed: SignedPart, data: bytes, now_ms: int) -> int:
        """Take a part in, or raise `BadRecord`; returns how many segments were left out before."""
        part = signed.part
        if part.stream != self.stream or part.rendition != self.rendition:
            raise BadRecord("the record is of another stream")
        self._check_shape(part, data)
        missed = self._check_order(part)
        if part.wall_time > now_ms + CLOCK_SKEW_MS:
            raise BadRecord("the record is from the future")
        if not part.flags & END and part.wall_time + part.duration_ms < now_ms - self.max_age_ms:
            raise BadRecord("the record is too old to be live")
        if part_hash(data) != part.part_hash:
            raise BadRecord("the bytes are not those that were published")
        try:
            signer = recover(part.digest(self.domain), signed.signature)
        except BadSignature as exc:
            raise BadRecord(f"the record's signature is none: {exc}") from exc
        if signer.lower() != self.broadcaster.lower():
            raise BadRecord("the record is not signed by the stream's broadcaster")
        self.last, self._last_hash = part, part.hash()
        return missed

    def _check_shape(self, part: Part, data: bytes) -> None:
        if part.index >= MAX_PARTS or part.sequence > MAX_SEQUENCE:
            raise BadRecord("the record's numbers are out of range")
        if part.flags >= 16 or part.duration_ms > MAX_DURATION_MS:
            raise BadRecord("the record's numbers are out of range")
        if bool(part.flags & END) == bool(data):
            raise BadRecord("only a record that ends a run has no bytes")
        if bool(part.flags & START) != (part.previous_hash == bytes(32)):
            raise BadRecord("only a record that begins a run has none before it")

    def _check_order(self, part: Part) -> int:
        last = self.last
        if last is None:
            if part.index != 0:
                raise BadRecord("a segment begins with its first part")
            return 0
        if part.flags & START:
            if part.index or part.wall_time <= last.wall_time:
                raise BadRecord("the record is of an earlier run")
            return 0
        if (part.sequence, part.index) <= (last.sequence, last.index):
            raise BadRecord("the record came before")
        if self.ended:
            raise BadRecord("the run has ended")
        follows = (last.sequence + 1, 0) if last.is_last else (last.sequence, last.index + 1)
        if (part.sequence, part.index) == follows:
            if part.previous_hash != self._last_hash:
                raise BadRecord("the record does not follow the one before it")
            if part.index and (part.wall_time, part.duration_ms) != (
                last.wall_time, last.duration_ms,
            ):  # fmt: skip
                raise BadRecord("the parts of a segment disagree")
            if part.wall_time < last.wall_time:
                raise BadRecord("the record goes back in time")
            return 0
        if part.sequence == last.sequence or part.index:
            raise BadRecord("a part is missing before this one")
        if part.wall_time <= last.wall_time:
            raise BadRecord("the record goes back in time")
        return part.sequence - last.sequence - (1 if last.is_last else 0)
