"""Real servers on free ports, and a desk that answers every segment with two renditions."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from offchain.net import client, wire
from offchain.net.http import Refused, Server
from offchain.net.reach import ANYWHERE
from offchain.net.worker_server import WorkerLimits, worker_app
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.signatures import sign
from offchain.proof.typed import Domain, Lease, Receipt, Segment
from offchain.store import BlobMissing, Blobs
from offchain.store.blobs import BlobInfo

DOMAIN = Domain(31337, "0x" + "11" * 20)
BROADCASTER_KEY = b"\x01" * 32
WORKER_KEY = b"\x02" * 32


def segment_request(
    job: int, sequence: int, parts: Sequence[bytes], max_bytes: int | None = None
) -> client.SegmentRequest:
    """A signed request for a segment made of `parts`."""
    room = sum(map(len, parts)) if max_bytes is None else max_bytes
    lease = Lease(job, sequence, room, 2_000_000_000)
    segment = Segment(job, sequence, 2000, data_hash(parts))
    return client.SegmentRequest(
        wire.SignedLease(lease, sign(lease.digest(DOMAIN), BROADCASTER_KEY)),
        tuple(parts),
        wire.SignedSegment(segment, sign(segment.digest(DOMAIN), BROADCASTER_KEY)),
    )


@dataclass
class EchoDesk:
    """Rung 0 is the source reversed, rung 1 the source twice over in two parts."""

    refuse_lease: Refused | None = None
    refuse_segment: Refused | None = None
    refuse_midway: Refused | None = None
    open_admissions: int = 0
    claims: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def info(self) -> dict[str, Any]:
        return {"hello": "world"}

    @contextlib.asynccontextmanager
    async def admit(self, lease: wire.SignedLease) -> AsyncIterator[EchoDesk]:
        if self.refuse_lease:
            raise self.refuse_lease
        self.open_admissions += 1
        try:
            yield self
        finally:
            self.open_admissions -= 1
            self.left.set()

    async def answer(
        self, segment: wire.SignedSegment, parts: list[bytes]
    ) -> AsyncIterator[wire.RenditionPart | wire.SignedReceipt]:
        if self.refuse_segment:
            raise self.refuse_segment
        source = b"".join(parts)
        yield wire.RenditionPart(0, 0, source[::-1])
        if self.refuse_midway:
            raise self.refuse_midway
        yield wire.RenditionPart(1, 0, source)
        yield wire.RenditionPart(1, 1, source)
        root = rendition_root([data_hash([source[::-1]]), data_hash([source, source])])
        job, number = segment.segment.job_id, segment.segment.sequence
        sig_hash = keccak(segment.signature)
        receipt = Receipt(job, number, 2000, data_hash(parts), root, 1, sig_hash)
        yield wire.SignedReceipt(receipt, sign(receipt.digest(DOMAIN), WORKER_KEY))

    async def claim(self, root: bytes) -> dict[str, Any] | None:
        return self.claims.get(root)


class Shelf:
    """Blobs in a folder of its own; `lie` makes it hand out other bytes than asked for."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, folder)
        self.blobs = Blobs(folder)
        self.roots: dict[bytes, list[bytes]] = {}
        self.asked = 0
        self.lie = False

    def put(self, parts: list[bytes]) -> bytes:
        self.blobs.put_now(data_hash(parts), parts)
        return data_hash(parts)

    async def find(self, blob_hash: bytes) -> BlobInfo | None:
        self.asked += 1
        try:
            return self.blobs.info(self.put([b"other"]) if self.lie else blob_hash)
        except BlobMissing:
            return None

    async def renditions(self, root: bytes) -> list[bytes] | None:
        return self.roots.get(root)


@dataclass
class Worker:
    """A running worker server and what stands behind it."""

    url: str
    desk: EchoDesk
    shelf: Shelf


@pytest.fixture(name="segment_request")
def segment_request_fixture() -> Any:
    """The function above, for tests."""
    return segment_request


@pytest.fixture
def new_desk() -> type[EchoDesk]:
    """The class above, for tests."""
    return EchoDesk


@pytest.fixture
def new_shelf() -> type[Shelf]:
    """The class above, for tests."""
    return Shelf


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    desk, shelf = EchoDesk(), Shelf()
    limits = WorkerLimits(request_bytes=1 << 20, lease_s=0.2, body_s=0.2)
    async with Server(worker_app(desk, shelf, lambda: True, limits), "127.0.0.1", 0) as server:
        yield Worker(server.url, desk, shelf)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with client.new_session(ANYWHERE) as opened:
        yield opened
