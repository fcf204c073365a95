"""Reads a segment's own tables: which codecs it carries, as RFC 6381 names them for players.

Written out by hand for the few bytes it needs: a playlist must not depend on a decoder's opinion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKET = 188
_NULL_PID = 0x1FFF
_H264, _AAC, _MP3, _AC3 = 0x1B, 0x0F, 0x03, 0x81
_AUDIO_CODECS = {_MP3: "mp4a.40.34", _AC3: "ac-3"}


class NotTransportStream(ValueError):
    """The bytes are not a segment with a program table and H.264 video."""


@dataclass(frozen=True, slots=True)
class TransportTables:
    """Codec strings of a segment's video and audio; audio is None where there is none.

    `audio_bitrate` is a guess in bits a second, for bandwidth announcements only.
    """

    video_codec: str
    audio_codec: str | None
    audio_bitrate: int | None

    @property
    def codecs(self) -> str:
        """The value of CODECS."""
        return ",".join(filter(None, (self.video_codec, self.audio_codec)))

    @classmethod
    def of(cls, segment: bytes) -> TransportTables:
        """Reads the first program; raises `NotTransportStream`."""
        try:
            return cls._read(segment)
        except IndexError as error:
            raise NotTransportStream("the segment's tables are cut short") from error

    @classmethod
    def _read(cls, segment: bytes) -> TransportTables:
        program_pid = _program_pid(segment)
        streams = _elementary(_section(segment, program_pid))
        video_pid = next((pid for kind, pid in streams if kind == _H264), None)
        if video_pid is None:
            raise NotTransportStream("the segment announces no H.264 video")
        audio_codec = audio_rate = None
        for kind, pid in streams:
            if kind == _AAC:
                audio_codec = f"mp4a.40.{_aac_object_type(segment, pid)}"
            elif kind in _AUDIO_CODECS:
                audio_codec = _AUDIO_CODECS[kind]
            else:
                continue
            audio_rate = 128_000
            break
        return cls(_avc_codec(segment, video_pid), audio_codec, audio_rate)


def check_packets(segment: bytes) -> None:
    """Whether these are transport packets, none of them missing; raises `NotTransportStream`.

    FFmpeg notices a lost packet and forgets it again in its parsers, and what a decoder makes of
    the hole differs from one to the next.
    """
    if not segment or len(segment) % PACKET:
        raise NotTransportStream(f"{len(segment)} bytes are no whole number of packets")
    packets = np.frombuffer(segment, np.uint8).reshape(-1, PACKET)
    if np.any(packets[:, 0] != 0x47):
        raise NotTransportStream("a packet does not begin with the sync byte")
    if np.any(packets[:, 1] & 0x80):
        raise NotTransportStream("a packet is marked as damaged")
    pids = (packets[:, 1] & 0x1F).astype(np.int32) << 8 | packets[:, 2]
    control = packets[:, 3] >> 4 & 3
    restarts = (control & 2 > 0) & (packets[:, 4] > 0) & (packets[:, 5] & 0x80 > 0)
    for pid in np.unique(pids):
        mine = (pids == pid) & (control & 1 > 0)
        if pid == _NULL_PID or not np.any(mine):
            continue
        counters = (packets[mine, 3] & 0x0F).astype(np.int32)
        # A packet may be sent twice; a marked restart may jump.
        steps = np.diff(counters) % 16
        if np.any((steps > 1) & ~restarts[mine][1:]):
            raise NotTransportStream("packets are missing")


def _payloads(segment: bytes, pid: int) -> Iterator[tuple[bool, bytes]]:
    """(begins a unit, payload) of every packet of one stream."""
    for at in range(0, len(segment) - PACKET + 1, PACKET):
        if segment[at] != 0x47:
            raise NotTransportStream("the segment is not a sequence of transport packets")
        if (segment[at + 1] & 0x1F) << 8 | segment[at + 2] != pid:
            continue
        control = segment[at + 3] >> 4 & 3
        start = at + 4
        if control & 2:
            start += 1 + segment[at + 4]
        if control & 1 and start < at + PACKET:
            yield bool(segment[at + 1] & 0x40), segment[start : at + PACKET]


def _section(segment: bytes, pid: int) -> bytes:
    """The first table section of a stream, from its table id to before its checksum."""
    for begins, payload in _payloads(segment, pid):
        if begins and payload:
            start = 1 + payload[0]
            length = (payload[start + 1] & 0x0F) << 8 | payload[start + 2]
            section = payload[start : start + 3 + length - 4]
            if len(section) == 3 + length - 4:
                return section
    raise NotTransportStream(f"the segment lacks the table of stream {pid}")


def _program_pid(segment: bytes) -> int:
    table = _section(segment, 0)
    for at in range(8, len(table) - 3, 4):
        if table[at] << 8 | table[at + 1]:
            return (table[at + 2] & 0x1F) << 8 | table[at + 3]
    raise NotTransportStream("the segment has no program")


def _elementary(table: bytes) -> list[tuple[int, int]]:
    at = 12 + ((table[10] & 0x0F) << 8 | table[11])
    streams = []
    while at + 5 <= len(table):
        streams.append((table[at], (table[at + 1] & 0x1F) << 8 | table[at + 2]))
        at += 5 + ((table[at + 3] & 0x0F) << 8 | table[at + 4])
    return streams


def _first_unit(segment: bytes, pid: int) -> bytes:
    """The content of a stream's first complete packet of the elementary stream."""
    unit = bytearray()
    for begins, payload in _payloads(segment, pid):
        if begins and unit:
            break
        if begins or unit:
            unit += payload
    if len(unit) < 9:
        raise NotTransportStream(f"stream {pid} is empty")
    return bytes(unit[9 + unit[8] :])


def _avc_codec(segment: bytes, pid: int) -> str:
    unit = _first_unit(segment, pid)
    at = unit.find(b"\0\0\1")
    while at >= 0 and at + 7 <= len(unit):
        if unit[at + 3] & 0x1F == 7:  # a sequence parameter set: profile, constraints, level
            return f"avc1.{unit[at + 4 : at + 7].hex()}"
        at = unit.find(b"\0\0\1", at + 3)
    raise NotTransportStream("the segment's video does not begin with its parameters")


def _aac_object_type(segment: bytes, pid: int) -> int:
    unit = _first_unit(segment, pid)
    if len(unit) < 7 or unit[0] != 0xFF or unit[1] & 0xF6 != 0xF0:
        return 2
    return (unit[2] >> 6) + 1
