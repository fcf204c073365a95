"""A file's sound as AAC: passed as it is where players take it, else encoded once to stereo.

Positions follow the stream's clock: sound that starts late, has holes, or ends before the picture
is filled with silence and never drifts.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from offchain.media.reader import TICKS

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container.output import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

Samples = npt.NDArray[Any]

RATE = 48_000
BITRATE = 128_000
_FRAME = 1024  # samples in an AAC frame
_SLACK = RATE // 20  # a jump smaller than this is jitter of timestamps, not a hole
_MOST_SILENCE = RATE * 30
_UNHEARD = Fraction(1, 2)  # seconds at either end that may lack sound
_RATES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_PASSED = (48000, 44100, 32000)


class AudioPasser:
    """AAC packets as they are, moved to the stream's clock."""

    def __init__(self, stream: AudioStream) -> None:
        self._template = stream

    def add_stream(self, container: OutputContainer) -> Stream:
        """The stream to which `packets` belong, in a segment's container."""
        return container.add_stream_from_template(self._template)

    def packets(self, packet: Packet[AudioStream], offset: int) -> list[Packet[Stream]]:
        """The packet itself, its time counted in ticks and moved by `offset`."""
        if packet.pts is None or not packet.size:
            return []
        ticks = round(packet.pts * packet.time_base * TICKS) + offset
        packet.pts = packet.dts = ticks
        packet.time_base = Fraction(1, TICKS)
        return [cast("Packet[Stream]", packet)]

    def restart(self, stream: AudioStream, ticks: int) -> None:
        """The file begins again at `ticks`."""
        self._template = stream

    def pad(self, ticks: int) -> list[Packet[Stream]]:
        """Nothing is made up: what is passed covers the pictures."""
        return []

    def flush(self) -> list[Packet[Stream]]:
        """Nothing is held back."""
        return []


class AudioEncoder:
    """Any sound, downmixed to stereo AAC at 48 kHz."""

    def __init__(self, stream: AudioStream, start: int) -> None:
        """`start` is the stream's first tick: the sound is silent until it begins."""
        self._stream = stream
        self._position = round(Fraction(start, TICKS) * RATE)
        self._resampler = AudioResampler("fltp", "stereo", RATE)
        self._pending = np.zeros((2, 0), np.float32)
        self._encoder = av.CodecContext.create("aac", "w")
        self._encoder.sample_rate = RATE
        self._encoder.layout = "stereo"
        self._encoder.format = "fltp"
        self._encoder.bit_rate = BITRATE
        self._encoder.time_base = Fraction(1, RATE)

    def add_stream(self, container: OutputContainer) -> Stream:
        """The stream to which `packets` belong, in a segment's container."""
        return container.add_mux_stream("aac", RATE, layout="stereo")

    def packets(self, packet: Packet[AudioStream], offset: int) -> list[Packet[Stream]]:
        """What became complete by decoding `packet`, its clock moved by `offset` ticks."""
        done: list[Packet[Stream]] = []
        for frame in self._stream.decode(packet):
            at = None
            if frame.pts is not None and frame.time_base is not None:
                at = round((frame.pts * frame.time_base + Fraction(offset, TICKS)) * RATE)
            frame.pts = None
            for part in self._resampler.resample(frame):
                samples = part.to_ndarray()
                done += self._place(samples, at)
                at = None if at is None else at + samples.shape[1]
        return done

    def restart(self, stream: AudioStream, ticks: int) -> None:
        """The file begins again at `ticks`; what reached beyond it is cut off."""
        self._stream = stream
        surplus = self._position + self._pending.shape[1] - round(Fraction(ticks, TICKS) * RATE)
        if surplus > 0:
            self._pending = self._pending[:, : max(0, self._pending.shape[1] - surplus)]

    def pad(self, ticks: int) -> list[Packet[Stream]]:
        """Silence up to `ticks`, where sound has not got so far."""
        missing = round(Fraction(ticks, TICKS) * RATE) - self._position - self._pending.shape[1]
        if missing <= 0:
            return []
        return self._place(np.zeros((2, missing), np.float32), None)

    def flush(self) -> list[Packet[Stream]]:
        """The last frame, filled with silence, and what the encoder held back."""
        done: list[Packet[Stream]] = []
        rest = self._pending.shape[1]
        if rest:
            done = self._place(np.zeros((2, _FRAME - rest), np.float32), None)
        return done + [self._wrapped(packet) for packet in self._encoder.encode(None)]

    def _place(self, samples: Samples, at: int | None) -> list[Packet[Stream]]:
        end = self._position + self._pending.shape[1]
        jump = 0 if at is None else at - end
        if jump > _SLACK:
            hole = np.zeros((2, min(jump, _MOST_SILENCE)), np.float32)
            samples = np.concatenate([hole, samples], axis=1)
        elif jump < -_SLACK:
            samples = samples[:, -jump:]
        self._pending = np.concatenate([self._pending, samples], axis=1)
        done: list[Packet[Stream]] = []
        while self._pending.shape[1] >= _FRAME:
            frame = self._frame(np.ascontiguousarray(self._pending[:, :_FRAME]))
            self._pending = self._pending[:, _FRAME:]
            done += [self._wrapped(packet) for packet in self._encoder.encode(frame)]
        return done

    def _frame(self, samples: Samples) -> AudioFrame:
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.pts = self._position
        frame.time_base = Fraction(1, RATE)
        self._position += _FRAME
        return frame

    def _wrapped(self, packet: Packet[Stream]) -> Packet[Stream]:
        data = bytes(packet)
        wrapped: Packet[Stream] = av.Packet(adts_header(len(data), RATE, 2) + data)
        wrapped.pts = wrapped.dts = round(Fraction((packet.pts or 0) * TICKS, RATE))
        wrapped.time_base = Fraction(1, TICKS)
        wrapped.is_keyframe = True
        return wrapped


Audio = AudioPasser | AudioEncoder


def audio_for(stream: AudioStream, video: VideoStream, start: int) -> Audio:
    """Passes what players take, encodes the rest; the stream begins at tick `start`.

    Sound that begins late or ends early is encoded, too, so that silence can fill the rest.
    """
    context = stream.codec_context
    plain = context.name == "aac" and context.channels <= 2 and context.sample_rate in _PASSED
    if plain and _covers(stream, video):
        return AudioPasser(stream)
    return AudioEncoder(stream, start)


def _covers(sound: AudioStream, video: VideoStream) -> bool:
    spans = [
        (stream.start_time * stream.time_base, stream.duration * stream.time_base)
        for stream in (sound, video)
        if stream.start_time is not None and stream.duration is not None and stream.time_base
    ]
    if len(spans) < 2:
        return True  # the container does not say
    (heard_at, heard_for), (seen_at, seen_for) = spans
    late = heard_at - seen_at
    early = seen_at + seen_for - heard_at - heard_for
    return late <= _UNHEARD and early <= _UNHEARD


def adts_header(size: int, rate: int, channels: int) -> bytes:
    """The seven bytes before each AAC-LC frame of `size` bytes in MPEG-TS."""
    length = size + 7
    bits = (
        0xFFF << 44 | 0b0001 << 40  # sync word; MPEG-4, no checksum
        | 1 << 38 | _RATES.index(rate) << 34 | channels << 30  # AAC-LC
        | length << 13 | 0x7FF << 2
    )  # fmt: skip
    return bits.to_bytes(7, "big")
