"""A broadcaster's input that is published over RTMP instead of read from a file."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING

from offchain.ingest.keyed import BadKey, PublishedStream, StreamKey
from offchain.ingest.server import RtmpServer
from offchain.media.live import LiveSegmenter
from offchain.media.segmenter import NotAVideo
from offchain.net.http import PortBusy
from offchain.node.errors import BadSetup

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from offchain.node.config import BroadcasterSettings

log = logging.getLogger("livepeer.broadcaster")


class LiveInput:
    """Listens for publishers while it is open; whoever knows the stream key may publish.

    With a certificate it speaks RTMPS. The key lies in the data folder unless settings name one.
    """

    def __init__(self, settings: BroadcasterSettings) -> None:
        assert settings.publish is not None  # or a broadcaster has no such input
        self._settings, self._listen = settings, settings.publish
        self._key_file = settings.stream_key or settings.data / "stream.key"
        self._tls = _tls(settings.publish_cert, settings.publish_cert_key)
        try:
            self._stream = PublishedStream(StreamKey(self._key_file))
        except (BadKey, OSError) as exc:
            raise BadSetup(str(exc)) from exc
        where = self._listen
        self._server = RtmpServer(where.host, where.port, self._stream, tls=self._tls)

    async def __aenter__(self) -> LiveInput:
        try:
            await self._server.__aenter__()
        except OSError as exc:
            where = f"{self._listen.host}:{self._listen.port}"
            raise PortBusy(f"cannot listen for publishers on {where}: {exc.strerror}") from exc
        log.info("waiting for a publisher", extra={"url": self.url, "keyFile": str(self._key_file)})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        await self._server.__aexit__(kind, error, trace)

    @property
    def url(self) -> str:
        """What publishers are given; the stream key follows as the last part."""
        scheme = "rtmps" if self._tls else "rtmp"
        return f"{scheme}://{self._listen.host}:{self._server.port}/live"

    def end(self) -> None:
        """Take no more: the segments end with what has arrived."""
        self._stream.end()

    def status(self) -> dict[str, object]:
        """Where to publish, whether somebody does, and how often somebody has."""
        stream = self._stream
        return {"url": self.url, "live": stream.live, "publishers": stream.publishers}

    async def source(self) -> LiveSegmenter | None:
        """The segments of what is published; waits for the first publisher, or for `end`."""
        settings = self._settings
        try:
            return await asyncio.to_thread(
                LiveSegmenter,
                self._stream.containers(),
                segment_ms=round(settings.segment_s * 1000),
                source_height=settings.source_height,
            )
        except NotAVideo:
            return None  # only the end stops the wait


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadSetup("RTMPS needs both --rtmp-cert and --rtmp-cert-key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as exc:
        raise BadSetup(f"the certificate {certificate} cannot be used: {exc}") from exc
    return context
