"""What the frames between broadcaster and transcoder carry. `docs/wire.md` is the specification.

A request body is `Lease`, source parts in order, `Segment`; an answer body is rendition parts
followed by one `Receipt`, or one error. Every message knows its payload's layout in both
directions; integers are big-endian, fields of signed messages are 32-byte words.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from offchain.net.frames import HEADER, Frame, FrameDecoder, WireError
from offchain.proof.typed import Lease, Receipt, Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LEASE: Final = 0x01
SOURCE_PART: Final = 0x02
SEGMENT: Final = 0x03
RENDITION_PART: Final = 0x11
RECEIPT: Final = 0x12
ERROR: Final = 0x1F

SIGNATURE_BYTES: Final = 65
WORD: Final = 32

MAX_PART_BYTES: Final = 32 * 1024 * 1024
"""Largest part, of a source or of a rendition, in bytes."""
MAX_PARTS: Final = 64
"""Most parts of one segment or of one rendition of it."""
MAX_RUNGS: Final = 16
"""Most rungs of a ladder."""
MAX_ERROR_BYTES: Final = 2048
"""Longest error message, in bytes."""
MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024
"""Largest request body, in bytes."""
MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
"""Largest answer body, in bytes."""

_SOURCE_PART_HEAD = struct.Struct(">I")
_RENDITION_PART_HEAD = struct.Struct(">HI")
_ERROR_HEAD = struct.Struct(">H")

REQUEST_CAPS: Final = {
    LEASE: 4 * WORD + SIGNATURE_BYTES,
    SOURCE_PART: _SOURCE_PART_HEAD.size + MAX_PART_BYTES,
    SEGMENT: 4 * WORD + SIGNATURE_BYTES,
}
ANSWER_CAPS: Final = {
    RENDITION_PART: _RENDITION_PART_HEAD.size + MAX_PART_BYTES,
    RECEIPT: 7 * WORD + SIGNATURE_BYTES,
    ERROR: MAX_ERROR_BYTES,
}


@dataclass(frozen=True, slots=True)
class SignedLease:
    """Opens a request: the broadcaster vouches for one segment of at most `maxBytes`."""

    lease: Lease
    signature: bytes

    def __bytes__(self) -> bytes:
        lease = self.lease
        return (
            _words(lease.job_id, lease.sequence, lease.max_bytes, lease.deadline) + self.signature
        )

    @classmethod
    def parse(cls, payload: bytes) -> SignedLease:
        """Read the payload of a LEASE frame."""
        words, signature = _signed(payload, 4, "lease")
        return cls(Lease(*(_int(word) for word in words)), signature)


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One part of the source segment; indices count up from 0."""

    index: int
    data: bytes

    def __bytes__(self) -> bytes:
        return _SOURCE_PART_HEAD.pack(self.index) + self.data

    @classmethod
    def parse(cls, payload: bytes) -> SourcePart:
        """Read the payload of a SOURCE_PART frame."""
        (index,) = _head(_SOURCE_PART_HEAD, payload, "source part")
        return cls(index, payload[_SOURCE_PART_HEAD.size :])


@dataclass(frozen=True, slots=True)
class SignedSegment:
    """Ends a request: the broadcaster's signature over the whole source segment."""

    segment: Segment
    signature: bytes

    def __bytes__(self) -> bytes:
        segment = self.segment
        return (
            _words(segment.job_id, segment.sequence, segment.duration_ms)
            + segment.data_hash
            + self.signature
        )

    @classmethod
    def parse(cls, payload: bytes) -> SignedSegment:
        """Read the payload of a SEGMENT frame."""
        words, signature = _signed(payload, 4, "segment")
        numbers = [_int(word) for word in words[:3]]
        return cls(Segment(numbers[0], numbers[1], numbers[2], words[3]), signature)


@dataclass(frozen=True, slots=True)
class RenditionPart:
    """One part of the rendition of rung `rung` (0 is the first of the job's ladder)."""

    rung: int
    index: int
    data: bytes

    def __bytes__(self) -> bytes:
        return _RENDITION_PART_HEAD.pack(self.rung, self.index) + self.data

    @classmethod
    def parse(cls, payload: bytes) -> RenditionPart:
        """Read the payload of a RENDITION_PART frame."""
        rung, index = _head(_RENDITION_PART_HEAD, payload, "rendition part")
        return cls(rung, index, payload[_RENDITION_PART_HEAD.size :])


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """Ends an answer: the transcoder's signature over what it made, the leaf of its claim."""

    receipt: Receipt
    signature: bytes

    def __bytes__(self) -> bytes:
        receipt = self.receipt
        return (
            _words(receipt.job_id, receipt.sequence, receipt.duration_ms)
            + receipt.data_hash
            + receipt.rendition_root
            + _words(receipt.pixels)
            + receipt.broadcaster_sig_hash
            + self.signature
        )

    @classmethod
    def parse(cls, payload: bytes) -> SignedReceipt:
        """Read the payload of a RECEIPT frame."""
        words, signature = _signed(payload, 7, "receipt")
        receipt = Receipt(
            job_id=_int(words[0]),
            sequence=_int(words[1]),
            duration_ms=_int(words[2]),
            data_hash=words[3],
            rendition_root=words[4],
            pixels=_int(words[5]),
            broadcaster_sig_hash=words[6],
        )
        return cls(receipt, signature)


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """Ends an answer that went wrong after it had begun: an HTTP status, a word and a sentence."""

    status: int
    error: str
    detail: str

    def __bytes__(self) -> bytes:
        text = f"{self.error}\n{self.detail}".encode()
        room = MAX_ERROR_BYTES - _ERROR_HEAD.size
        return _ERROR_HEAD.pack(self.status) + text[:room].decode(errors="ignore").encode()

    @classmethod
    def parse(cls, payload: bytes) -> ErrorMessage:
        """Read the payload of an ERROR frame."""
        (status,) = _head(_ERROR_HEAD, payload, "error")
        try:
            error, _, detail = payload[_ERROR_HEAD.size :].decode().partition("\n")
        except UnicodeDecodeError:
            raise WireError("an error message is not UTF-8") from None
        if not 400 <= status <= 599:
            raise WireError(f"an error message has status {status}")
        return cls(status, error, detail)


RequestMessage: TypeAlias = SignedLease | SourcePart | SignedSegment
AnswerMessage: TypeAlias = RenditionPart | SignedReceipt | ErrorMessage
Message: TypeAlias = RequestMessage | AnswerMessage

_TYPES: Final[dict[type[Message], int]] = {
    SignedLease: LEASE,
    SourcePart: SOURCE_PART,
    SignedSegment: SEGMENT,
    RenditionPart: RENDITION_PART,
    SignedReceipt: RECEIPT,
    ErrorMessage: ERROR,
}
_REQUEST_PARSERS: Final[dict[int, Callable[[bytes], RequestMessage]]] = {
    LEASE: SignedLease.parse,
    SOURCE_PART: SourcePart.parse,
    SEGMENT: SignedSegment.parse,
}
_ANSWER_PARSERS: Final[dict[int, Callable[[bytes], AnswerMessage]]] = {
    RENDITION_PART: RenditionPart.parse,
    RECEIPT: SignedReceipt.parse,
    ERROR: ErrorMessage.parse,
}


def encode(message: Message) -> bytes:
    """The frame of a message, header and payload."""
    return bytes(Frame(_TYPES[type(message)], bytes(message)))


def encoded_size(part_sizes: Iterable[int]) -> int:
    """Bytes of a whole request body whose source parts have these sizes in bytes."""
    fixed = 2 * (HEADER.size + 4 * WORD + SIGNATURE_BYTES)
    return fixed + sum(HEADER.size + _SOURCE_PART_HEAD.size + size for size in part_sizes)


class RequestReader:
    """Reads a request body and holds it to its order: lease, parts from 0 up, segment, end.

    The parts together may not exceed the lease's `maxBytes`.
    """

    def __init__(self, total: int = MAX_REQUEST_BYTES) -> None:
        self._decoder = FrameDecoder(REQUEST_CAPS, total)
        self._lease: Lease | None = None
        self._parts = 0
        self._bytes = 0
        self._ended = False

    def feed(self, data: bytes) -> Iterator[RequestMessage]:
        """Take in more bytes and yield the messages that are now complete."""
        for frame in self._decoder.feed(data):
            message = _REQUEST_PARSERS[frame.type](frame.payload)
            self._check(message)
            yield message

    def close(self) -> None:
        """Say that the body has ended; raises when it ended before its segment message."""
        self._decoder.close()
        if self._lease is None:
            raise WireError("a request opens with its lease")
        if not self._ended:
            raise WireError("the request ends before its signed segment")

    def _check(self, message: RequestMessage) -> None:
        if self._ended:
            raise WireError("nothing may follow the signed segment")
        if isinstance(message, SignedLease):
            if self._lease is not None:
                raise WireError("a request has exactly one lease")
            self._lease = message.lease
            return
        if self._lease is None:
            raise WireError("a request opens with its lease")
        if isinstance(message, SourcePart):
            self._check_part(message, self._lease)
            return
        segment = message.segment
        if (segment.job_id, segment.sequence) != (self._lease.job_id, self._lease.sequence):
            raise WireError("lease and segment name different segments")
        if not self._parts:
            raise WireError("a segment has at least one part")
        self._ended = True

    def _check_part(self, part: SourcePart, lease: Lease) -> None:
        if part.index != self._parts or self._parts >= MAX_PARTS:
            raise WireError(f"source part {part.index} came where {self._parts} was expected")
        self._parts += 1
        self._bytes += len(part.data)
        if self._bytes > lease.max_bytes:
            raise WireError("the segment is larger than its lease allows")


class AnswerReader:
    """Reads an answer body and holds it to its order: rendition parts, then a receipt or an error.

    Parts of one rung come in order; rungs may be interleaved.
    """

    def __init__(self, rungs: int, total: int = MAX_ANSWER_BYTES) -> None:
        self._decoder = FrameDecoder(ANSWER_CAPS, total)
        self._next = [0] * rungs
        self._ended = False

    def feed(self, data: bytes) -> Iterator[AnswerMessage]:
        """Take in more bytes and yield the messages that are now complete."""
        for frame in self._decoder.feed(data):
            message = _ANSWER_PARSERS[frame.type](frame.payload)
            self._check(message)
            yield message

    def close(self) -> None:
        """Say that the body has ended; raises when it ended before a receipt or an error."""
        self._decoder.close()
        if not self._ended:
            raise WireError("the answer ends before its receipt")

    def _check(self, message: AnswerMessage) -> None:
        if self._ended:
            raise WireError("nothing may follow a receipt or an error")
        if isinstance(message, RenditionPart):
            if message.rung >= len(self._next):
                raise WireError(f"rung {message.rung} is not on the ladder")
            expected = self._next[message.rung]
            if message.index != expected or expected >= MAX_PARTS:
                raise WireError(f"part {message.index} came where {expected} was expected")
            self._next[message.rung] += 1
            return
        if isinstance(message, SignedReceipt) and not all(self._next):
            raise WireError("the receipt came before a part of every rung")
        self._ended = True


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(WORD, "big") for number in numbers)


def _int(word: bytes) -> int:
    return int.from_bytes(word, "big")


def _head(layout: struct.Struct, payload: bytes, what: str) -> tuple[int, ...]:
    if len(payload) < layout.size:
        raise WireError(f"a {what} is too short")
    return layout.unpack_from(payload)


def _signed(payload: bytes, words: int, what: str) -> tuple[list[bytes], bytes]:
    size = words * WORD
    if len(payload) != size + SIGNATURE_BYTES:
        raise WireError(f"a signed {what} has {size + SIGNATURE_BYTES} bytes, got {len(payload)}")
    return [payload[i : i + WORD] for i in range(0, size, WORD)], payload[size:]
