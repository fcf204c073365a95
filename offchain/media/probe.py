"""What a file is, and whether it can be streamed.

Containers are allow-listed: a playlist or a list of files would make FFmpeg open what it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

if TYPE_CHECKING:
    from av.container.input import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,flv,avi,h264,hevc,ivf,mxf,ogg,asf"
)
_ATTACHED_PICTURE = 0x400


class NotAVideo(ValueError):
    """The file cannot be streamed; the message names it and says why in one sentence."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file's first video and first audio stream.

    Width and height are pixels as shown: turned upright, with square pixels. `rotation` is the
    quarter turn, in degrees counter-clockwise, that turns the decoded picture upright.
    """

    width: int
    height: int
    fps: Fraction
    duration_ms: int
    video_codec: str
    pixel_format: str
    rotation: int
    square_pixels: bool
    audio_codec: str | None
    audio_channels: int

    @property
    def has_audio(self) -> bool:
        """Whether there is sound."""
        return self.audio_codec is not None


def open_file(path: str | Path) -> InputContainer:
    """Opens a media file for reading; raises `NotAVideo`."""
    path = Path(path)
    if not path.exists():
        raise NotAVideo(f"{path} is not a video: there is no such file")
    if path.is_dir():
        raise NotAVideo(f"{path} is not a video: it is a folder")
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    try:
        return av.open(f"file:{path}", "r", container_options=options)
    except PermissionError as error:
        raise NotAVideo(f"{path} is not a video: it may not be read") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise NotAVideo(f"{path} is not a video: no known container ({_words(error)})") from error


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first stream that moves; cover art does not."""
    for stream in container.streams.video:
        if not int(stream.disposition) & _ATTACHED_PICTURE:
            return stream
    return None


def probe(path: str | Path) -> MediaInfo:
    """Opens the file and decodes its first picture; raises `NotAVideo` when that fails."""
    with open_file(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise NotAVideo(f"{path} is not a video: it has no video stream")
        context = stream.codec_context
        if context is None:
            raise NotAVideo(f"{path} is not a video: its codec is unknown")
        try:
            frame = next(container.decode(stream), None)
        except (av.error.FFmpegError, OSError) as error:
            raise NotAVideo(
                f"{path} is not a video: it does not decode: {_words(error)}"
            ) from error
        if frame is None:
            raise NotAVideo(f"{path} is not a video: it holds no picture")
        return _described(container, stream, frame.format.name, round(frame.rotation))


def describe(container: InputContainer, name: str) -> MediaInfo:
    """What a container being received says of itself, no picture decoded; raises `NotAVideo`."""
    stream = video_stream(container)
    context = stream.codec_context if stream is not None else None
    if stream is None or context is None:
        raise NotAVideo(f"{name} is not a video: it has no video stream")
    if not context.width or not context.height or context.pix_fmt is None:
        raise NotAVideo(f"{name} is not a video: its pictures have no size")
    return _described(container, stream, context.pix_fmt, 0)


def _described(
    container: InputContainer, stream: VideoStream, pixel_format: str, turned: int
) -> MediaInfo:
    context = stream.codec_context
    assert context is not None  # both callers have looked
    rotation = round(turned / 90) * 90 % 360
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width, height = round(context.width * aspect), context.height
    if rotation in (90, 270):
        width, height = height, width
    audio = container.streams.audio[0] if container.streams.audio else None
    sound = audio.codec_context if audio is not None else None
    return MediaInfo(
        width=width,
        height=height,
        fps=_rate(stream),
        duration_ms=_duration_ms(container, stream),
        video_codec=context.name,
        pixel_format=pixel_format,
        rotation=rotation,
        square_pixels=aspect == 1,
        audio_codec=sound.name if sound is not None else None,
        audio_channels=sound.channels if sound is not None else 0,
    )


def _rate(stream: VideoStream) -> Fraction:
    """Mean frames a second; 25 where the file does not say."""
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return min(Fraction(rate), Fraction(1000))


def _duration_ms(container: InputContainer, stream: VideoStream) -> int:
    if stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * 1000)
    return (container.duration or 0) // 1000


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
