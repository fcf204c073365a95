"""An RTMP publisher's tags as an FLV file that is still being written, for a demuxer to read.

The file's header says which kinds of stream follow, and a demuxer waits for those it names; so
the header is held back until the publisher's metadata or its first tags tell.
Source: Adobe Flash Video File Format Specification 10.1, annex E.
"""

from __future__ import annotations

import struct
import threading
from typing import TYPE_CHECKING, Final

from offchain.ingest import amf0
from offchain.ingest.amf0 import BadAmf
from offchain.ingest.chunks import AUDIO, DATA, VIDEO

if TYPE_CHECKING:
    from offchain.ingest.session import Tag

MOST_WAITING: Final = 32 << 20
"""Bytes that may wait for a reader that is too slow; beyond that the stream ends."""
_PATIENCE_MS: Final = 1000
_HAS = {AUDIO: 4, VIDEO: 1}


class TooSlow(RuntimeError):
    """The reader does not keep up with the publisher."""


class FlvPipe:
    """Written by the event loop, read by a demuxer's thread; end of file when closed."""

    name = "rtmp.flv"  # PyAV asks a file object for it

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._buffer = bytearray()
        self._closed = False
        self._opening: list[Tag] | None = []

    def write(self, tag: Tag) -> None:
        """Append one tag. Raises `TooSlow`."""
        if self._opening is None:
            self._append(_written(tag))
            return
        self._opening.append(tag)
        flags = _told(self._opening)
        if flags:
            self._open(flags)

    def close(self) -> None:
        """No more tags: the reader gets what is left, and then the end."""
        if self._opening:
            self._open(_seen(self._opening))
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; waits for the first of them."""
        with self._ready:
            self._ready.wait_for(lambda: self._buffer or self._closed)
            size = len(self._buffer) if size < 0 else size
            taken = bytes(self._buffer[:size])
            del self._buffer[:size]
            return taken

    def _open(self, flags: int) -> None:
        opening, self._opening = self._opening or [], None
        head = b"FLV\x01" + bytes([flags]) + struct.pack(">II", 9, 0)
        self._append(head + b"".join(_written(each) for each in opening))

    def _append(self, data: bytes) -> None:
        with self._ready:
            if len(self._buffer) + len(data) > MOST_WAITING:
                raise TooSlow("segments are made slower than the publisher sends")
            self._buffer += data
            self._ready.notify_all()


def _written(tag: Tag) -> bytes:
    head = bytes([tag.kind]) + len(tag.body).to_bytes(3, "big")
    head += (tag.timestamp & 0xFFFFFF).to_bytes(3, "big") + bytes([tag.timestamp >> 24 & 0xFF])
    return head + bytes(3) + tag.body + struct.pack(">I", 11 + len(tag.body))


def _told(tags: list[Tag]) -> int:
    """The header's flags, 0 while they cannot be told yet."""
    last = tags[-1]
    if last.kind == DATA and (flags := _described(last.body)):
        return flags
    seen = _seen(tags)
    waited = last.timestamp - tags[0].timestamp
    return seen if seen == 5 or waited >= _PATIENCE_MS else 0


def _seen(tags: list[Tag]) -> int:
    return sum({_HAS[tag.kind] for tag in tags if tag.kind in _HAS})


def _described(body: bytes) -> int:
    """What the publisher's metadata names: 1 video, 4 audio, 5 both, 0 where it is silent."""
    try:
        values = amf0.decode(body)
    except BadAmf:
        return 0
    if len(values) < 2 or values[0] != "onMetaData" or not isinstance(values[1], dict):
        return 0
    described = values[1]
    if described.get("videocodecid") is None:
        return 0
    return 5 if described.get("audiocodecid") is not None else 1
