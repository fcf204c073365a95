"""Blobs over real HTTP: every byte is checked against the hash that asked for it."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import aiohttp
import pytest

from offchain.net.fetcher import BlobFetcher, BlobUnavailable
from offchain.net.http import Server
from offchain.proof.hashes import data_hash, rendition_root

NOWHERE = "http://127.0.0.1:9"


async def test_parts_come_back_as_they_were(worker: Any, session: aiohttp.ClientSession) -> None:
    parts = [b"one", b"", b"three" * 1000]
    name = worker.shelf.put(parts)

    assert await BlobFetcher(session).blob(name, [worker.url]) == parts


async def test_a_lying_source_is_passed_over_for_an_honest_one(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    name = worker.shelf.put([b"evidence"])
    worker.shelf.lie = True
    fetcher = BlobFetcher(session)

    with pytest.raises(BlobUnavailable, match="sent other bytes than the hash names"):
        await fetcher.blob(name, [worker.url])

    worker.shelf.lie = False
    assert await fetcher.blob(name, [NOWHERE, "ftp://x", worker.url]) == [b"evidence"]


async def test_nobody_has_it_lists_what_each_said(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    fetcher = BlobFetcher(session)

    with pytest.raises(BlobUnavailable, match=r"cannot be reached.*does not have that blob"):
        await fetcher.blob(bytes(32), [NOWHERE, worker.url])
    with pytest.raises(BlobUnavailable, match="no source is known"):
        await fetcher.blob(bytes(32), [])


async def test_a_blob_over_the_cap_is_not_taken(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    name = worker.shelf.put([bytes(2000)])

    with pytest.raises(BlobUnavailable, match="more than 1999 bytes"):
        await BlobFetcher(session).blob(name, [worker.url], max_bytes=1999)


async def test_rendition_list_must_hash_to_its_root(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    hashes = [data_hash([b"360p"]), data_hash([b"240p"])]
    root = rendition_root(hashes)
    fetcher = BlobFetcher(session)
    worker.shelf.roots[root] = hashes
    assert await fetcher.renditions(root, [worker.url]) == hashes

    worker.shelf.roots[root] = hashes[::-1]
    with pytest.raises(BlobUnavailable, match="other renditions than the root names"):
        await fetcher.renditions(root, [worker.url])


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=4-400", 206, b"456789", "bytes 4-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
    ],
)
async def test_ranges(
    worker: Any,
    session: aiohttp.ClientSession,
    wanted: str,
    status: int,
    body: bytes,
    content_range: str,
) -> None:
    name = worker.shelf.put([b"01234", b"56789"])
    url = f"{worker.url}/v1/blobs/{name.hex()}"

    async with session.get(url, headers={"Range": wanted}) as response:
        assert response.status == status
        assert await response.read() == body
        assert response.headers["Content-Range"] == content_range


async def test_redirects_are_not_followed(session: aiohttp.ClientSession, new_shelf: Any) -> None:
    """A peer must not be able to make us ask a third party."""
    shelf = new_shelf()
    name = shelf.put([b"x"])

    async def elsewhere(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        raise aiohttp.web.HTTPFound("http://127.0.0.1:1/")

    app = aiohttp.web.Application()
    app.router.add_get("/{tail:.*}", elsewhere)
    async with Server(app, "127.0.0.1", 0) as server:
        with pytest.raises(BlobUnavailable, match="302"):
            await BlobFetcher(session).blob(name, [server.url])


async def test_slow_source__the_next_is_asked_and_wins(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    name = worker.shelf.put([b"evidence"])
    asked, released = asyncio.Event(), asyncio.Event()

    async def dawdle(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            released.set()
        raise AssertionError

    app = aiohttp.web.Application()
    app.router.add_get("/{tail:.*}", dawdle)
    async with Server(app, "127.0.0.1", 0) as slow:
        fetcher = BlobFetcher(session, stagger_s=0.05)
        sources = [slow.url, slow.url, worker.url]
        assert await fetcher.blob(name, sources) == [b"evidence"]
        assert asked.is_set()
        # And it is not kept waiting for: its request was dropped.
        async with asyncio.timeout(5):
            await released.wait()


async def test_large_blob__never_in_memory_as_a_whole(
    worker: Any, session: aiohttp.ClientSession
) -> None:
    """Forty megabytes by ranges and as a whole, with Python's allocations counted."""
    part = bytes(range(256)) * 4096 * 10
    name = worker.shelf.put([part] * 4)
    address = f"{worker.url}/v1/blobs/{name.hex()}"
    tracemalloc.start()
    try:
        async with session.get(address) as response:
            seen = 0
            async for chunk in response.content.iter_chunked(1 << 16):
                seen += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == len(part) * 4 == response.content_length
    assert peak < 8 << 20
    wanted = {"Range": f"bytes={len(part) + 5}-{len(part) + 14}"}
    async with session.get(address, headers=wanted) as response:
        assert await response.read() == part[5:15]
