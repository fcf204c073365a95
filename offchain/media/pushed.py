"""Segments that somebody else has cut: looked at before they are sent on, never decoded here."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from offchain.media.encoding import MUXER_OPTIONS
from offchain.media.probe import MediaInfo, NotAVideo, describe, video_stream
from offchain.media.reader import TICKS, Limits, SourceFault
from offchain.media.tables import NotTransportStream, TransportTables, check_packets

if TYPE_CHECKING:
    from av.container.input import InputContainer
    from av.packet import Packet

CONTAINERS = {"ts": "mpegts", "mp4": "mp4"}
_PASSED_AUDIO = ("aac", "mp3", "ac3")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed segment as MPEG-TS, with its length in ms and its pictures counted."""

    data: bytes
    duration_ms: int
    frames: int
    info: MediaInfo


def read_pushed(data: bytes, suffix: str, start_ms: int, limits: Limits | None = None) -> Pushed:
    """Looks at a `ts` or `mp4` segment; raises `SourceFault` with what is wrong in one sentence.

    MP4 becomes MPEG-TS, its clock moved to `start_ms`: each of its files begins at nought.
    """
    limits = limits or Limits()
    if len(data) > limits.size:
        raise SourceFault(f"the segment has {len(data)} bytes, more than {limits.size}")
    if suffix == "ts":
        try:
            check_packets(data)
            TransportTables.of(data)
        except NotTransportStream as exc:
            raise SourceFault(f"the segment cannot be streamed: {exc}") from exc
    options = {"protocol_whitelist": "none", "format_whitelist": "mpegts,mov"}
    try:
        with av.open(
            io.BytesIO(data), "r", format=CONTAINERS[suffix], container_options=options
        ) as container:
            return _read(container, data, suffix, start_ms, limits)
    except NotAVideo as exc:
        raise SourceFault(str(exc)) from exc
    except (av.error.FFmpegError, OSError, ValueError) as exc:
        if isinstance(exc, SourceFault):
            raise
        raise SourceFault(f"the segment is no {suffix} file: {exc}") from exc


def _read(
    container: InputContainer, data: bytes, suffix: str, start_ms: int, limits: Limits
) -> Pushed:
    info = describe(container, "the segment")
    video = video_stream(container)
    if info.video_codec != "h264":
        raise SourceFault(f"the video codec {info.video_codec} is not h264")
    if info.width * info.height > limits.pixels:
        raise SourceFault(f"a picture of {info.width}x{info.height} is too large")
    streams: list[Any] = [video, *container.streams.audio[:1]]
    if info.audio_codec not in (None, *_PASSED_AUDIO):
        streams = streams[:1]
    packets = [each for each in container.demux(*streams) if each.size and each.pts is not None]
    pictures = [each for each in packets if each.stream is video]
    if not pictures:
        raise SourceFault("the segment has no picture")
    if not pictures[0].is_keyframe:
        raise SourceFault("the segment does not begin with a keyframe")
    if len(pictures) > limits.frames:
        raise SourceFault(f"the segment has more than {limits.frames} pictures")
    duration_ms = _duration_ms(pictures, info.fps)
    if duration_ms > limits.duration_ms:
        raise SourceFault(f"the segment lasts {duration_ms} ms, more than {limits.duration_ms}")
    if suffix == "mp4":
        data = _as_transport_stream(packets, streams, start_ms)
    return Pushed(data, duration_ms, len(pictures), info)


def _duration_ms(pictures: list[Packet[Any]], fps: Fraction) -> int:
    shown = sorted((each.pts or 0) * each.time_base for each in pictures)
    count = len(shown)
    if count == 1 or shown[-1] == shown[0]:
        return round(1000 / fps)
    return round((shown[-1] - shown[0]) * 1000 * Fraction(count, count - 1))


def _as_transport_stream(packets: list[Packet[Any]], streams: list[Any], start_ms: int) -> bytes:
    sink = io.BytesIO()
    begin = min((each.pts or 0) * each.time_base for each in packets)
    with av.open(sink, "w", format="mpegts", options=MUXER_OPTIONS) as output:
        outputs = {each: output.add_stream_from_template(each) for each in streams}
        # Ten seconds as in every stream here: decoding times before the first picture are positive.
        shift = 10 + Fraction(start_ms, 1000) - begin
        for packet in packets:
            base = packet.time_base
            packet.pts = round(((packet.pts or 0) * base + shift) * TICKS)
            if packet.dts is not None:
                packet.dts = round((packet.dts * base + shift) * TICKS)
            packet.time_base = Fraction(1, TICKS)
            packet.stream = outputs[packet.stream]
            output.mux(packet)
    return sink.getvalue()
