"""Fetches bytes by hash from whoever has them: several sources, none of them trusted.

A source that answers slowly does not hold the others up: every `stagger_s` seconds without an
answer the next one is asked as well, and the first true answer wins.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from offchain.net import wire
from offchain.net.blobs import PARTS_HEADER
from offchain.net.peers import (
    PeerBroke,
    PeerError,
    base_url,
    get_json,
    peer_errors,
    read_capped,
    refusal,
)
from offchain.proof.hashes import data_hash, rendition_root

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import aiohttp

T = TypeVar("T")

MOST_SOURCES = 8
"""Sources asked for one hash; whoever lists more gains nothing by it."""


class BlobUnavailable(PeerError):
    """No source had the bytes of a hash; the text lists what each said."""


class BlobFetcher:
    """`timeout_s` seconds for each source; after `stagger_s` the next is asked, too."""

    def __init__(
        self, session: aiohttp.ClientSession, timeout_s: float = 20.0, stagger_s: float = 3.0
    ) -> None:
        self._session = session
        self._timeout_s = timeout_s
        self._stagger_s = stagger_s

    async def blob(
        self, blob_hash: bytes, sources: Sequence[str], max_bytes: int = wire.MAX_REQUEST_BYTES
    ) -> list[bytes]:
        """The parts of a blob whose hash is `blob_hash`; raises `BlobUnavailable`."""
        return await self._first(
            f"blob 0x{blob_hash.hex()}",
            sources,
            lambda source: self._blob_from(source, blob_hash, max_bytes),
        )

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        """The rendition hashes under a rendition root, in rung order; raises `BlobUnavailable`."""
        return await self._first(
            f"rendition root 0x{root.hex()}",
            sources,
            lambda source: self._renditions_from(source, root),
        )

    async def _first(
        self, what: str, sources: Sequence[str], fetch: Callable[[str], Awaitable[T]]
    ) -> T:
        async def attempt(source: str) -> T | PeerError:
            try:
                return await fetch(source)
            except PeerError as exc:
                return exc

        waiting = list(dict.fromkeys(sources))[:MOST_SOURCES]
        said: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            running: set[asyncio.Task[T | PeerError]] = set()
            while waiting or running:
                if waiting:
                    running.add(tasks.create_task(attempt(waiting.pop(0))))
                done, running = await asyncio.wait(
                    running,
                    timeout=self._stagger_s if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    answer = task.result()
                    if not isinstance(answer, PeerError):
                        for other in running:
                            other.cancel()
                        return answer
                    said.append(str(answer))
        reasons = "; ".join(said) if said else "no source is known"
        raise BlobUnavailable(f"{what} could not be fetched: {reasons}")

    async def _blob_from(self, source: str, blob_hash: bytes, max_bytes: int) -> list[bytes]:
        address = f"{base_url(source)}/v1/blobs/0x{blob_hash.hex()}"
        with peer_errors(source):
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.get(address, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise await refusal(response)
                body = await read_capped(response, max_bytes)
                parts = _split(body, response.headers.get(PARTS_HEADER, str(len(body))))
        if data_hash(parts) != blob_hash:
            raise PeerBroke(f"{source} sent other bytes than the hash names")
        return parts

    async def _renditions_from(self, source: str, root: bytes) -> list[bytes]:
        address = f"{base_url(source)}/v1/renditions/0x{root.hex()}"
        answer = await get_json(self._session, address, self._timeout_s)
        try:
            hashes = [bytes.fromhex(text.removeprefix("0x")) for text in answer["renditions"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PeerBroke(f"{source} did not send a list of hashes") from None
        if not 0 < len(hashes) <= wire.MAX_RUNGS or any(len(value) != 32 for value in hashes):
            raise PeerBroke(f"{source} did not send a list of hashes")
        if rendition_root(hashes) != root:
            raise PeerBroke(f"{source} sent other renditions than the root names")
        return hashes


def _split(body: bytes, sizes: str) -> list[bytes]:
    """Cut a blob into its parts."""
    numbers = sizes.split(",")
    if len(numbers) > wire.MAX_PARTS or not all(n.isascii() and n.isdigit() for n in numbers):
        raise PeerBroke("the sizes of a blob's parts cannot be read")
    lengths = [int(number) for number in numbers]
    if sum(lengths) != len(body):
        raise PeerBroke("the sizes of a blob's parts do not add up to it")
    parts: list[bytes] = []
    start = 0
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts
