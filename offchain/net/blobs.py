"""Bytes by hash: serving them, and fetching them from several places with every byte checked.

A blob is one or more parts; its hash is the Merkle root over the SHA-256 of its parts, so a blob
that arrives proves itself. The parts travel joined, their sizes in the header `Livepeer-Parts`.
A rendition root is the same kind of root over the hashes of a ladder's renditions; the list of
those hashes proves itself too.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from offchain.net.http import Refused, hash_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.store.blobs import BlobInfo

PARTS_HEADER = "Livepeer-Parts"
IMMUTABLE = "public, max-age=31536000, immutable"
CHUNK = 256 * 1024
"""Bytes of a blob in memory at once, for each reader."""
SLOWEST_READ_S = 120.0
"""Seconds in which a reader must have taken a whole blob."""


class BlobShelf(Protocol):
    """Where a node keeps what it can be asked for by hash."""

    async def find(self, blob_hash: bytes) -> BlobInfo | None:
        """Where a blob lies on disk, or nothing."""
        ...

    async def renditions(self, root: bytes) -> Sequence[bytes] | None:
        """The rendition hashes under a rendition root, in rung order, or nothing."""
        ...


def blob_routes(shelf: BlobShelf) -> list[web.RouteDef]:
    """`GET /v1/blobs/{hash}` with byte ranges, and `GET /v1/renditions/{root}`."""

    async def blob(request: web.Request) -> web.StreamResponse:
        found = await shelf.find(hash_of(request))
        if found is None:
            raise Refused(404, "this node does not have that blob")
        headers = {
            PARTS_HEADER: ",".join(str(size) for size in found.sizes),
            "Cache-Control": IMMUTABLE,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        async with asyncio.timeout(SLOWEST_READ_S):
            return await _send(request, found, headers)

    async def renditions(request: web.Request) -> web.Response:
        hashes = await shelf.renditions(hash_of(request, "root"))
        if hashes is None:
            raise Refused(404, "this node does not know that rendition root")
        body = {"renditions": ["0x" + value.hex() for value in hashes]}
        return web.json_response(body, headers={"Cache-Control": IMMUTABLE})

    return [web.get("/v1/blobs/{hash}", blob), web.get("/v1/renditions/{root}", renditions)]


async def _send(
    request: web.Request, blob: BlobInfo, headers: dict[str, str]
) -> web.StreamResponse:
    """The part of a blob that was asked for, read as it is sent."""
    try:
        wanted = request.http_range
    except ValueError:
        raise Refused(416, "the range is not one this server understands") from None
    ranged = wanted.start is not None or wanted.stop is not None
    start, stop, _ = wanted.indices(blob.size)
    if ranged and start >= stop:
        headers["Content-Range"] = f"bytes */{blob.size}"
        return web.Response(status=416, headers=headers)
    if ranged:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
    try:
        file = await asyncio.to_thread(os.open, blob.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Refused(404, "this node does not have that blob") from None
    try:
        response = web.StreamResponse(status=206 if ranged else 200, headers=headers)
        response.content_length = stop - start
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        for position in range(start, stop, CHUNK):
            size = min(CHUNK, stop - position)
            chunk = await asyncio.to_thread(os.pread, file, size, blob.offset + position)
            if len(chunk) != size:
                raise ConnectionError("a stored blob became shorter while it was read")
            await response.write(chunk)
        await response.write_eof()
        return response
    finally:
        os.close(file)
