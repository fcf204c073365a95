"""Length-prefixed frames: the outer layer of what nodes say to each other over HTTP.

A frame is one type byte, a big-endian uint32 length and that many bytes of payload. Bodies are
sequences of frames with nothing between them. The decoder here does no I/O: feed it whatever
arrives, take out whole frames, and tell it when the body ends.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADER = struct.Struct(">BI")


class WireError(Exception):
    """The bytes received are not what the protocol allows; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: a type (0 to 255) and its payload."""

    type: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return HEADER.pack(self.type, len(self.payload)) + self.payload


class FrameDecoder:
    """Cuts a byte stream into frames, refusing unknown types and anything over its caps.

    `caps` gives the largest payload in bytes for every type that may occur; `total` is the largest
    body in bytes. A length is refused as soon as its header is read, so a peer cannot make us hold
    more than one allowed frame.
    """

    __slots__ = ("_buffer", "_caps", "_failed", "_left")

    def __init__(self, caps: Mapping[int, int], total: int) -> None:
        self._caps = caps
        self._left = total
        self._buffer = bytearray()
        self._failed = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take in more bytes and yield every frame that is now complete."""
        if self._failed:
            raise WireError("the stream is already broken")
        self._left -= len(data)
        if self._left < 0:
            self._fail("the body is larger than allowed")
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            type_, length = HEADER.unpack_from(self._buffer)
            cap = self._caps.get(type_)
            if cap is None:
                self._fail(f"frame type {type_} is not expected here")
            elif length > cap:
                self._fail(f"a frame of type {type_} has {length} bytes, {cap} are allowed")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(memoryview(self._buffer)[HEADER.size : end])
            del self._buffer[:end]
            yield Frame(type_, payload)

    def close(self) -> None:
        """Say that the body has ended; raises when it ended in the middle of a frame."""
        if self._buffer:
            self._fail(f"the body ends {len(self._buffer)} bytes into a frame")

    def _fail(self, reason: str) -> None:
        self._failed = True
        self._buffer.clear()
        raise WireError(reason)
