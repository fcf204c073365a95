"""One publisher's side of an RTMP connection, without sockets: bytes in, events and bytes out.

Handshake, control messages and the commands of publishing, as ffmpeg, OBS and hardware encoders
send them; Enhanced RTMP's codecs pass through. Sources: Adobe's Real Time Messaging Protocol 1.0,
sections 5 to 7; Enhanced RTMP v2 (Veovera).
"""

from __future__ import annotations

import os
import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from offchain.ingest import amf0, chunks
from offchain.ingest.amf0 import BadAmf
from offchain.ingest.chunks import BadChunk, ChunkReader, Message, chunked

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 3
_HELLO: Final = 1536
_CHUNK_SIZE: Final = 4096
_WINDOW: Final = 2_500_000
_CONTROL, _COMMANDS = 2, 3  # chunk streams of ours
_MEDIA_STREAM: Final = 1
_FOUR_CCS: Final = ["avc1", "hvc1", "av01", "vp09", "mp4a", ".mp3", "Opus"]
_PING, _PONG, _STREAM_BEGIN = 6, 7, 0


class BadPublisher(ValueError):
    """The peer does not speak RTMP, or not as a publisher; says how in one sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The peer wants to publish `name` in `app`; answer with `accept` or `refuse`."""

    app: str
    name: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tag:
    """One FLV tag: kind 8 audio, 9 video, 18 script data; timestamp in ms."""

    kind: int
    timestamp: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The publisher has said that it stops."""


Event = Asked | Tag | Ended


class PublisherSession:
    """Feed it what arrives; send what `to_send` returns; act on the events."""

    def __init__(self) -> None:
        self._reader = ChunkReader()
        self._greeting = bytearray()
        self._greeted = 0  # 0: nothing, 1: C0 and C1 answered, 2: C2 seen
        self._out = bytearray()
        self._chunk_size = chunks.FIRST_CHUNK_SIZE
        self._window = _WINDOW
        self._received = 0
        self._acknowledged = 0
        self._app = ""
        self._events: deque[Event] = deque()
        self._publishing = False

    def to_send(self) -> bytes:
        """Bytes for the peer since the last call."""
        out, self._out = bytes(self._out), bytearray()
        return out

    def feed(self, data: bytes) -> list[Event]:
        """Events that `data` completes. Raises `BadPublisher`."""
        self._received += len(data)
        try:
            if self._greeted < 2:
                data = self._greet(data)
            for message in self._reader.feed(data) if data else ():
                self._handle(message)
        except (BadChunk, BadAmf) as exc:
            raise BadPublisher(str(exc)) from exc
        if self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            count = struct.pack(">I", self._received % (1 << 32))
            self._send(chunks.ACKNOWLEDGEMENT, count)
        events = list(self._events)
        self._events.clear()
        return events

    def accept(self) -> None:
        """Let the peer publish what it asked for."""
        self._publishing = True
        begin = struct.pack(">HI", _STREAM_BEGIN, _MEDIA_STREAM)
        self._send(chunks.USER_CONTROL, begin)
        self._status("status", "NetStream.Publish.Start", "publishing")

    def refuse(self, why: str, code: str = "NetStream.Publish.BadName") -> None:
        """Tell the peer why it may not; the connection is closed after that."""
        self._status("error", code, why)

    def _greet(self, data: bytes) -> bytes:
        """The handshake: three fixed blocks each way. Returns what follows it."""
        self._greeting += data
        if not self._greeted and self._greeting:
            if self._greeting[0] != VERSION:
                raise BadPublisher(f"this is no RTMP: version {self._greeting[0]}, not {VERSION}")
            if len(self._greeting) >= 1 + _HELLO:
                theirs = bytes(self._greeting[1 : 1 + _HELLO])
                ours = bytes(8) + os.urandom(_HELLO - 8)
                self._out += bytes([VERSION]) + ours + theirs
                del self._greeting[: 1 + _HELLO]
                self._greeted = 1
        if self._greeted == 1 and len(self._greeting) >= _HELLO:
            # Their echo of our block; some encoders send another, and all of them are fine.
            rest = bytes(self._greeting[_HELLO:])
            self._greeting.clear()
            self._greeted = 2
            return rest
        return b""

    def _handle(self, message: Message) -> None:
        kind, body = message.kind, message.body
        if kind == chunks.WINDOW_SIZE and len(body) >= 4:
            self._window = max(1, int.from_bytes(body[:4], "big"))
        elif kind == chunks.USER_CONTROL and body[:2] == struct.pack(">H", _PING):
            self._send(chunks.USER_CONTROL, struct.pack(">H", _PONG) + body[2:6])
        elif kind in (chunks.AUDIO, chunks.VIDEO):
            self._tag(kind, message.timestamp, body)
        elif kind in (chunks.DATA, chunks.DATA_AMF3):
            self._data(message)
        elif kind == chunks.AGGREGATE:
            for each in _aggregated(message):
                self._tag(*each)
        elif kind in (chunks.COMMAND, chunks.COMMAND_AMF3):
            # AMF3 commands carry AMF0 values behind one byte.
            values = amf0.decode(body[1:] if kind == chunks.COMMAND_AMF3 else body)
            self._command(message, values)

    def _tag(self, kind: int, timestamp: int, body: bytes) -> None:
        if self._publishing and body:
            self._events.append(Tag(kind, timestamp, body))

    def _data(self, message: Message) -> None:
        body = message.body[1:] if message.kind == chunks.DATA_AMF3 else message.body
        prefix = amf0.encode("@setDataFrame")
        if body.startswith(prefix):
            body = body[len(prefix) :]
        self._tag(chunks.DATA, message.timestamp, body)

    def _command(self, message: Message, values: list[Any]) -> None:
        name = values[0] if values else None
        number = values[1] if len(values) > 1 and isinstance(values[1], float) else 0.0
        arguments = values[2:]
        if name == "connect":
            self._connect(number, arguments)
        elif name == "createStream":
            self._answer("_result", number, None, _MEDIA_STREAM)
        elif name == "releaseStream":
            self._answer("_result", number, None, None)
        elif name == "FCPublish":
            self._answer("onFCPublish", 0, None, _info("status", "NetStream.Publish.Start", ""))
        elif name == "publish":
            self._publish(arguments)
        elif name in ("FCUnpublish", "deleteStream", "closeStream"):
            if self._publishing:
                self._publishing = False
                self._events.append(Ended())
        elif name in ("play", "play2"):
            self._status("error", "NetStream.Play.Failed", "this server takes streams in only")
            raise BadPublisher("the peer wants to play, and this server takes streams in only")
        elif number:
            self._answer("_error", number, None, _info("error", "NetConnection.Call.Failed", ""))

    def _connect(self, number: float, arguments: list[Any]) -> None:
        wishes = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        self._app = str(wishes.get("app") or "").strip("/")
        self._send(chunks.WINDOW_SIZE, struct.pack(">I", _WINDOW))
        self._send(chunks.PEER_BANDWIDTH, struct.pack(">IB", _WINDOW, 2))
        self._send(chunks.SET_CHUNK_SIZE, struct.pack(">I", _CHUNK_SIZE))
        self._chunk_size = _CHUNK_SIZE
        about = {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0, "mode": 1.0}
        info = _info("status", "NetConnection.Connect.Success", "connected")
        info["objectEncoding"] = 0.0  # AMF0, also where the peer offers AMF3
        if "fourCcList" in wishes or "capsEx" in wishes:
            info["fourCcList"] = _FOUR_CCS
        self._answer("_result", number, about, info)

    def _publish(self, arguments: list[Any]) -> None:
        text = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], str) else ""
        if self._publishing:
            raise BadPublisher("the peer publishes twice on one connection")
        name, _, query = text.partition("?")
        app, _, more = self._app.partition("?")
        words = parse_qs(more) | parse_qs(query)
        asked = {key: values[0] for key, values in words.items()}
        self._events.append(Asked(app, name, asked))

    def _status(self, level: str, code: str, text: str) -> None:
        self._answer("onStatus", 0, None, _info(level, code, text), stream=_MEDIA_STREAM)

    def _answer(self, name: str, number: float, *values: Any, stream: int = 0) -> None:
        body = amf0.encode(name, float(number), *values)
        message = Message(chunks.COMMAND, 0, stream, body)
        self._out += chunked(message, _COMMANDS, self._chunk_size)

    def _send(self, kind: int, body: bytes) -> None:
        self._out += chunked(Message(kind, 0, 0, body), _CONTROL, self._chunk_size)


def _info(level: str, code: str, text: str) -> dict[str, Any]:
    return {"level": level, "code": code, "description": text}


def _aggregated(message: Message) -> Iterator[tuple[int, int, bytes]]:
    """Kind, timestamp and body of each tag within an aggregate message (section 7.1.6)."""
    body, at, first = message.body, 0, None
    while at + 11 <= len(body):
        kind = body[at]
        size = int.from_bytes(body[at + 1 : at + 4], "big")
        stamp = int.from_bytes(body[at + 4 : at + 7], "big") | body[at + 7] << 24
        first = stamp if first is None else first
        end = at + 11 + size
        if end > len(body):
            raise BadPublisher("an aggregate message is cut short")
        if kind in (chunks.AUDIO, chunks.VIDEO, chunks.DATA):
            yield kind, (message.timestamp + stamp - first) % (1 << 32), body[at + 11 : end]
        at = end + 4
