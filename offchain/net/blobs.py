"""Bytes by hash: serving them, and fetching them from several places with every byte checked.

A blob is one or more parts; its hash is the Merkle root over the SHA-256 of its parts, so a blob
that arrives proves itself. The parts travel joined, their sizes in the header `Livepeer-Parts`.
A rendition root is the same kind of root over the hashes of a ladder's renditions; the list of
those hashes proves itself too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from offchain.net.http import Refused, hash_of

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("livepeer.net")

PARTS_HEADER = "Livepeer-Parts"
IMMUTABLE = "public, max-age=31536000, immutable"


class BlobShelf(Protocol):
    """Where a node keeps what it can be asked for by hash."""

    async def parts(self, blob_hash: bytes) -> Sequence[bytes] | None:
        """The parts of a blob, or nothing."""
        ...

    async def renditions(self, root: bytes) -> Sequence[bytes] | None:
        """The rendition hashes under a rendition root, in rung order, or nothing."""
        ...


def blob_routes(shelf: BlobShelf) -> list[web.RouteDef]:
    """`GET /v1/blobs/{hash}` with byte ranges, and `GET /v1/renditions/{root}`."""

    async def blob(request: web.Request) -> web.Response:
        parts = await shelf.parts(hash_of(request))
        if parts is None:
            raise Refused(404, "this node does not have that blob")
        headers = {
            PARTS_HEADER: ",".join(str(len(part)) for part in parts),
            "Cache-Control": IMMUTABLE,
            "Accept-Ranges": "bytes",
        }
        return _ranged(request, b"".join(parts), headers)

    async def renditions(request: web.Request) -> web.Response:
        hashes = await shelf.renditions(hash_of(request, "root"))
        if hashes is None:
            raise Refused(404, "this node does not know that rendition root")
        body = {"renditions": ["0x" + value.hex() for value in hashes]}
        return web.json_response(body, headers={"Cache-Control": IMMUTABLE})

    return [web.get("/v1/blobs/{hash}", blob), web.get("/v1/renditions/{root}", renditions)]


def _ranged(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    content_type = "application/octet-stream"
    try:
        wanted = request.http_range
    except ValueError:
        raise Refused(416, "the range is not one this server understands") from None
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=body, headers=headers, content_type=content_type)
    start, stop, _ = wanted.indices(len(body))
    if start >= stop:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return web.Response(
        status=206, body=body[start:stop], headers=headers, content_type=content_type
    )
