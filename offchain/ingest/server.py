"""RTMP and RTMPS publishers on one port, each let in by its stream key.

A publisher that goes and comes back finds its stream as it left it; a second one with the same key
is told so and turned away. Keys are never logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final, Protocol

from offchain.ingest.flv import FlvPipe, TooSlow
from offchain.ingest.session import Asked, BadPublisher, Ended, PublisherSession, Tag

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

log = logging.getLogger("livepeer.ingest")

READ: Final = 64 << 10
SILENCE_S: Final = 15.0
"""Seconds without a byte after which a publisher is taken for gone."""
PATIENCE_S: Final = 10.0
"""Seconds a new connection has to ask for a stream with a valid key."""
MOST_CONNECTIONS: Final = 64


class NotAdmitted(Exception):
    """The publisher may not publish; the text tells it why."""


class Door(Protocol):
    """Who decides about publishers and takes what they send."""

    def admit(self, asked: Asked) -> FlvPipe:
        """A pipe for a new publisher's tags. Raises `NotAdmitted`."""
        ...

    def left(self, pipe: FlvPipe) -> None:
        """The publisher that was given `pipe` is gone; the pipe is closed."""
        ...


class RtmpServer:
    """Listens on `host` and `port` (0 for a free one); RTMPS where `tls` is given."""

    def __init__(
        self, host: str, port: int, door: Door, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self._host, self._port, self._door, self._tls = host, port, door, tls
        self._server: asyncio.Server
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where publishers connect to."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> RtmpServer:
        self._server = await asyncio.start_server(
            self._connected, self._host, self._port, ssl=self._tls
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio runs this in one
        self._open.add(task)
        peer = writer.get_extra_info("peername")
        try:
            if len(self._open) <= MOST_CONNECTIONS:
                await _Publisher(self._door, reader, writer).serve()
        except (BadPublisher, TooSlow) as exc:
            log.warning("publisher dropped", extra={"peer": str(peer), "why": str(exc)})
        except TimeoutError:
            log.warning("publisher dropped", extra={"peer": str(peer), "why": "it fell silent"})
        except ConnectionError:
            pass  # it went without a word
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()


class _Publisher:
    """One connection from handshake to end."""

    def __init__(
        self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._door, self._reader, self._writer = door, reader, writer
        self._session = PublisherSession()
        self._pipe: FlvPipe | None = None

    async def serve(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._pipe is None:
                    if not await self._step():
                        return
            while True:
                async with asyncio.timeout(SILENCE_S):
                    if not await self._step():
                        return
        finally:
            if self._pipe is not None:
                self._pipe.close()
                self._door.left(self._pipe)

    async def _step(self) -> bool:
        """Read, act, answer; False at the end."""
        data = await self._reader.read(READ)
        if not data:
            return False
        goes_on = True
        try:
            for event in self._session.feed(data):
                if isinstance(event, Asked):
                    goes_on = self._admit(event) and goes_on
                elif isinstance(event, Tag) and self._pipe is not None:
                    self._pipe.write(event)
                elif isinstance(event, Ended):
                    goes_on = False
        finally:
            self._writer.write(self._session.to_send())
            await self._writer.drain()
        return goes_on

    def _admit(self, asked: Asked) -> bool:
        try:
            self._pipe = self._door.admit(asked)
        except NotAdmitted as exc:
            log.warning("publisher not admitted", extra={"why": str(exc)})
            self._session.refuse(str(exc))
            return False
        self._session.accept()
        return True
