"""AMF0, the encoding of RTMP's commands: numbers, texts and maps, from bytes and to bytes.

Source: Action Message Format AMF 0 specification (Adobe, 2007). Maps are dicts in order, absent
values are None. What a stranger sends is bounded in depth and in number of values.
"""

from __future__ import annotations

import struct
from typing import Any, Final

MOST_DEPTH: Final = 8
MOST_VALUES: Final = 2048

_NUMBER, _BOOLEAN, _STRING, _OBJECT = 0x00, 0x01, 0x02, 0x03
_NULL, _UNDEFINED, _ECMA_ARRAY, _OBJECT_END = 0x05, 0x06, 0x08, 0x09
_STRICT_ARRAY, _DATE, _LONG_STRING, _UNSUPPORTED = 0x0A, 0x0B, 0x0C, 0x0D
_XML, _TYPED_OBJECT = 0x0F, 0x10


class BadAmf(ValueError):
    """The bytes are no AMF0, or more of it than is accepted."""


def decode(data: bytes | memoryview) -> list[Any]:
    """All values in `data`, one after another. Raises `BadAmf`."""
    reader = _Reader(bytes(data))
    values = []
    while not reader.at_end:
        values.append(reader.value(0))
    return values


def encode(*values: Any) -> bytes:
    """Values one after another: bool, int, float, str, None, dict and list."""
    return b"".join(_encoded(value) for value in values)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._left = MOST_VALUES

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)

    def value(self, depth: int) -> Any:
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            raise BadAmf("the command nests too deep or holds too many values")
        marker = self._take(1)[0]
        if marker == _NUMBER:
            return struct.unpack(">d", self._take(8))[0]
        if marker == _BOOLEAN:
            return self._take(1) != b"\x00"
        if marker == _STRING:
            return self._text(2)
        if marker in (_LONG_STRING, _XML):
            return self._text(4)
        if marker in (_NULL, _UNDEFINED, _UNSUPPORTED):
            return None
        if marker == _DATE:
            moment = struct.unpack(">d", self._take(8))[0]
            self._take(2)  # a time zone, which the specification reserves
            return moment
        if marker == _STRICT_ARRAY:
            return [self.value(depth + 1) for _ in range(self._count())]
        if marker == _TYPED_OBJECT:
            self._text(2)
            return self._members(depth)
        if marker == _ECMA_ARRAY:
            self._take(4)  # a hint of how many; the end marker decides
            return self._members(depth)
        if marker == _OBJECT:
            return self._members(depth)
        raise BadAmf(f"the command holds a value of unknown type {marker:#04x}")

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while True:
            name = self._text(2)
            if not name and self._data[self._at : self._at + 1] == bytes([_OBJECT_END]):
                self._at += 1
                return members
            if self.at_end:
                raise BadAmf("the command ends within a map")
            members[name] = self.value(depth + 1)

    def _count(self) -> int:
        count = int.from_bytes(self._take(4), "big")
        if count > self._left:
            raise BadAmf("the command nests too deep or holds too many values")
        return count

    def _text(self, width: int) -> str:
        length = int.from_bytes(self._take(width), "big")
        return self._take(length).decode("utf-8", "replace")

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise BadAmf("the command is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken


def _encoded(value: Any) -> bytes:
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOLEAN, value])
    if isinstance(value, int | float):
        return bytes([_NUMBER]) + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        if len(text) > 0xFFFF:
            return bytes([_LONG_STRING]) + struct.pack(">I", len(text)) + text
        return bytes([_STRING]) + _short(text)
    if isinstance(value, dict):
        members = b"".join(_short(name.encode()) + _encoded(each) for name, each in value.items())
        return bytes([_OBJECT]) + members + _short(b"") + bytes([_OBJECT_END])
    if isinstance(value, list | tuple):
        items = b"".join(_encoded(each) for each in value)
        return bytes([_STRICT_ARRAY]) + struct.pack(">I", len(value)) + items
    raise TypeError(f"AMF0 has no {type(value).__name__}")


def _short(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text
