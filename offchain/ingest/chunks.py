"""RTMP's chunk stream, without sockets: bytes in, messages out, and back.

Messages of several chunk streams are cut into chunks and interleaved; headers leave out what the
chunk before said. Source: Adobe's Real Time Messaging Protocol 1.0, section 5.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_STREAMS: Final = 64
"""Chunk streams one peer may have open; publishers use four or five."""
MOST_MESSAGE: Final = 8 << 20
"""Bytes of the largest message taken: a 4K keyframe is far below."""
FIRST_CHUNK_SIZE: Final = 128
MOST_CHUNK_SIZE: Final = 0xFFFFFF
_EXTENDED: Final = 0xFFFFFF

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE, PEER_BANDWIDTH = range(1, 7)
AUDIO, VIDEO = 8, 9
DATA_AMF3, COMMAND_AMF3, DATA, COMMAND, AGGREGATE = 15, 17, 18, 20, 22


class _Wait(Enum):
    """What a reader says that has no whole chunk yet."""

    MORE = 0


class BadChunk(ValueError):
    """The peer does not speak RTMP, or sends more than is accepted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `timestamp` in ms, modulo 2^32."""

    kind: int
    timestamp: int
    stream: int
    body: bytes


@dataclass(slots=True)
class _Stream:
    """What the last header of one chunk stream said."""

    timestamp: int = 0
    step: int = 0
    length: int = 0
    kind: int = 0
    message_stream: int = 0
    extended: int | None = None
    body: bytearray = field(default_factory=bytearray)
    begun: bool = False
    known: bool = False


class ChunkReader:
    """Collects bytes and gives whole messages. Its chunk size changes as the peer says."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._streams: dict[int, _Stream] = {}
        self.chunk_size = FIRST_CHUNK_SIZE

    def feed(self, data: bytes) -> Iterator[Message]:
        """Whole messages that `data` completes, SetChunkSize and Abort already obeyed."""
        self._buffer += data
        while (message := self._chunk()) is not _Wait.MORE:
            if message is None:
                continue
            if message.kind == SET_CHUNK_SIZE:
                self._resize(message)
            elif message.kind == ABORT:
                self._abort(message)
            yield message

    def _chunk(self) -> Message | _Wait | None:
        """Takes one chunk: a message if it completes one, `MORE` if there is no whole chunk."""
        head = self._head()
        if head is None:
            return _Wait.MORE
        form, number, at = head
        stream = self._streams.get(number)
        if stream is None:
            if len(self._streams) >= MOST_STREAMS:
                raise BadChunk(f"the publisher opens more than {MOST_STREAMS} chunk streams")
            stream = _Stream()
        if form and not stream.known:
            raise BadChunk("a chunk stream begins without a full header")
        if form != 3 and stream.begun:
            raise BadChunk("a message begins before the last one of its chunk stream has ended")
        width = (11, 7, 3, 0)[form]
        if len(self._buffer) < at + width:
            return _Wait.MORE
        fields = bytes(self._buffer[at : at + width])
        at += width
        first = int.from_bytes(fields[:3], "big") if width else None
        extended = stream.extended if form == 3 else None
        if first == _EXTENDED or extended is not None:
            if len(self._buffer) < at + 4:
                return _Wait.MORE
            value = int.from_bytes(self._buffer[at : at + 4], "big")
            # Some publishers leave the field out of the chunks that continue a message.
            if form != 3 or value == extended:
                at += 4
            extended = value if form != 3 else extended
        length = int.from_bytes(fields[3:6], "big") if width >= 7 else stream.length
        if length > MOST_MESSAGE:
            raise BadChunk(f"a message of {length} bytes is longer than {MOST_MESSAGE}")
        size = min(self.chunk_size, length - len(stream.body))
        if len(self._buffer) < at + size:
            return _Wait.MORE
        self._streams[number] = stream
        self._header(stream, form, fields, extended)
        stream.body += self._buffer[at : at + size]
        del self._buffer[: at + size]
        return self._finished(stream)

    def _head(self) -> tuple[int, int, int] | None:
        """Form, chunk stream and length of the basic header at the buffer's start."""
        buffer = self._buffer
        if not buffer:
            return None
        form, number = buffer[0] >> 6, buffer[0] & 0x3F
        if number > 1:
            return form, number, 1
        width = 2 + number
        if len(buffer) < width:
            return None
        return form, int.from_bytes(buffer[1:width], "little") + 64, width

    @staticmethod
    def _header(stream: _Stream, form: int, fields: bytes, extended: int | None) -> None:
        if form == 3:
            if not stream.begun:
                stream.timestamp = (stream.timestamp + stream.step) % (1 << 32)
        else:
            said = int.from_bytes(fields[:3], "big")
            stream.extended = extended if said == _EXTENDED else None
            stream.step = extended if extended is not None else said
            stream.timestamp = (stream.step + (stream.timestamp if form else 0)) % (1 << 32)
        if form < 2:
            stream.length, stream.kind = int.from_bytes(fields[3:6], "big"), fields[6]
        if form == 0:
            stream.message_stream = int.from_bytes(fields[7:11], "little")
        stream.begun = stream.known = True

    @staticmethod
    def _finished(stream: _Stream) -> Message | None:
        if len(stream.body) < stream.length:
            return None
        body = bytes(stream.body)
        stream.body.clear()
        stream.begun = False
        return Message(stream.kind, stream.timestamp, stream.message_stream, body)

    def _resize(self, message: Message) -> None:
        size = int.from_bytes(message.body[:4], "big")
        if len(message.body) != 4 or not 1 <= size <= 0x7FFFFFFF:
            raise BadChunk("a chunk size out of range")
        self.chunk_size = min(size, MOST_CHUNK_SIZE)

    def _abort(self, message: Message) -> None:
        stream = self._streams.get(int.from_bytes(message.body[:4], "big"))
        if stream is not None:
            stream.body.clear()
            stream.begun = False


def chunked(message: Message, chunk_stream: int, size: int) -> bytes:
    """A message as chunks of `size` bytes on chunk stream 2 to 63."""
    late = message.timestamp >= _EXTENDED
    stamp = struct.pack(">I", message.timestamp) if late else b""
    head = min(message.timestamp, _EXTENDED).to_bytes(3, "big")
    head += len(message.body).to_bytes(3, "big") + bytes([message.kind])
    head += struct.pack("<I", message.stream) + stamp
    pieces = [message.body[at : at + size] for at in range(0, len(message.body), size)] or [b""]
    following = bytes([0xC0 | chunk_stream]) + stamp
    return bytes([chunk_stream]) + head + following.join(pieces)
