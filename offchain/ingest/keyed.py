"""One stream that is published by whoever knows its key, and read as containers by a segmenter."""

from __future__ import annotations

import hmac
import logging
import queue
import secrets
from typing import TYPE_CHECKING, cast

import av
import av.error

from offchain.ingest.flv import FlvPipe
from offchain.ingest.server import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container.input import InputContainer

    from offchain.ingest.session import Asked

log = logging.getLogger("livepeer.ingest")

# How much a demuxer reads before it says what the streams are; the rest it learns as it goes.
_DEMUXER = {"probesize": "500000", "analyzeduration": "1000000", "protocol_whitelist": "none"}
_CODECS = "h264,hevc,av1,libdav1d,vp9,aac,mp3,opus,libopus,pcm_alaw,pcm_mulaw,speex"


class BadKey(ValueError):
    """The file of the stream key cannot be used; the text says why."""


class StreamKey:
    """A secret in a file, made where there is none. Read anew each time: it can be changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(18) + "\n")
        self._secret()

    def opens(self, asked: Asked) -> bool:
        """Whether a publisher named the key: as the stream's name, or as `?key=`."""
        secret = self._secret().encode()
        said = (asked.name, asked.query.get("key", ""))
        return any(hmac.compare_digest(each.encode(), secret) for each in said)

    def _secret(self) -> str:
        try:
            secret = self._path.read_text().strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise BadKey(f"the stream key {self._path} cannot be read: {exc}") from exc
        if len(secret) < 8:
            raise BadKey(f"the stream key in {self._path} is shorter than 8 characters")
        return secret


class PublishedStream:
    """The door to one stream. `containers` is for a segmenter's thread, the rest for the loop."""

    def __init__(self, key: StreamKey) -> None:
        self._key = key
        self._current: FlvPipe | None = None
        self._waiting: queue.SimpleQueue[FlvPipe | None] = queue.SimpleQueue()
        self.publishers = 0

    def admit(self, asked: Asked) -> FlvPipe:
        """A pipe for a new publisher's tags; raises `NotAdmitted`."""
        try:
            known = self._key.opens(asked)
        except BadKey as exc:
            log.error("nobody can publish", extra={"why": str(exc)})
            raise NotAdmitted("the server cannot read its stream key") from exc
        if not known:
            raise NotAdmitted("unknown stream key")
        if self._current is not None:
            raise NotAdmitted("somebody publishes with this key already")
        self._current = pipe = FlvPipe()
        self.publishers += 1
        self._waiting.put(pipe)
        log.info("publisher connected", extra={"count": self.publishers})
        return pipe

    def left(self, pipe: FlvPipe) -> None:
        """The publisher of `pipe` is gone; the next may come."""
        if self._current is pipe:
            self._current = None
            log.info("publisher gone; the stream waits for it")

    @property
    def live(self) -> bool:
        """Whether somebody publishes right now."""
        return self._current is not None

    def end(self) -> None:
        """No more publishers: `containers` ends after the one being read."""
        if self._current is not None:
            self._current.close()
        self._waiting.put(None)

    def containers(self) -> Iterator[InputContainer]:
        """Each publisher's stream, open for demuxing; waits for the next one."""
        while (pipe := self._waiting.get()) is not None:
            options = {**_DEMUXER, "codec_whitelist": _CODECS}
            try:
                # PyAV reads any object that has `read`; its types ask for a whole file.
                container = av.open(
                    cast("object", pipe), "r", format="flv", container_options=options
                )
            except (av.error.FFmpegError, OSError, ValueError) as exc:
                log.warning("publisher dropped", extra={"why": f"it sends no FLV: {exc}"})
                continue
            yield container
