"""What a node has by hash: its stored blobs, and the renditions under its receipts' roots."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offchain.net.fetcher import BlobUnavailable
from offchain.store import BlobMissing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from offchain.node.base import Node
    from offchain.store.blobs import BlobInfo


class Shelf:
    """The blob routes' view of a node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def find(self, blob_hash: bytes) -> BlobInfo | None:
        """Where a stored blob lies."""
        try:
            return await asyncio.to_thread(self._node.blobs.info, blob_hash)
        except BlobMissing:
            return None

    async def renditions(self, root: bytes) -> list[bytes] | None:
        """The rendition hashes under a root that one of our receipts names."""

        def look(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT renditions FROM receipts WHERE rendition_root = ? LIMIT 1", (root,)
            ).fetchone()
            return None if row is None else bytes(row[0])

        joined = await self._node.db.run(look)
        if joined is None:
            return None
        return [joined[start : start + 32] for start in range(0, len(joined), 32)]


class OwnBytes:
    """The same as a committee's judge asks for it: whether our own bytes would be found valid."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._shelf = Shelf(node)

    async def blob(self, blob_hash: bytes, sources: Sequence[str]) -> list[bytes]:
        """The parts of a stored blob, wherever else they may be had."""
        del sources
        try:
            return await self._node.blobs.get(blob_hash)
        except BlobMissing as exc:
            raise BlobUnavailable(str(exc)) from exc

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        """The rendition hashes under a root of ours."""
        del sources
        found = await self._shelf.renditions(root)
        if found is None:
            raise BlobUnavailable(f"no receipt of ours has the rendition root {root.hex()}")
        return found
