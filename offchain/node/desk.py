"""The transcoder's desk: which segments it takes, and what it signs for them.

A segment is checked before it is decoded: the job is ours and active, lease and segment are signed
by its broadcaster, there is room. A receipt is stored, with source and renditions, before it is
sent; the same segment asked for again gets the same answer, another under its number none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from offchain.net import wire
from offchain.net.http import Refused
from offchain.net.info import TranscoderInfo
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.signatures import BadSignature, recover, sign
from offchain.proof.typed import Receipt
from offchain.store import BlobMissing, ReceiptConflict, StoredReceipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from offchain.media.pipeline import Transcoded
    from offchain.media.profiles import QualityContract
    from offchain.node.base import Node
    from offchain.node.config import Price
    from offchain.node.jobbook import JobBook, KnownJob
    from offchain.node.standing import Standings
    from offchain.node.tally import WorkerTally
    from offchain.store import Receipts

log = logging.getLogger("livepeer.worker")

LEASE_LONGEST_S = 3600
"""A lease whose deadline lies further ahead than this, in seconds, is refused."""
INFO_LIFE_S = 300
# A committee lays a larger difference at the signer's door; nobody needs to get that far.
DURATION_SLACK_MS = 100
_LOOK_AGAIN_S = 0.3


class Transcoding(Protocol):
    """Whoever turns a segment into renditions, in a child process."""

    async def transcode(self, job_id: int, segment: bytes, contract: QualityContract) -> Transcoded:
        """All renditions of a segment; raises `Refused` with 422 for media that is at fault."""
        ...


@dataclass(slots=True)
class _Turn:
    """Who works on one segment, and how many wait for the same one."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


@dataclass
class Desk:
    """Takes segments, returns renditions and receipts; `room` segments at once, waiting or not."""

    node: Node
    book: JobBook
    receipts: Receipts
    transcoding: Transcoding
    tally: WorkerTally
    url: str
    price: Price
    room: int
    standings: Standings
    draining: bool = False
    _turns: dict[tuple[int, int], _Turn] = field(default_factory=dict)
    _looked: float = 0.0

    def info(self) -> dict[str, Any]:
        """The signed offer."""
        offer = TranscoderInfo(
            transcoder=self.node.address,
            url=self.url,
            price_per_unit=self.price.wei,
            pixels_per_unit=self.price.pixels,
            capacity=0 if self.draining else max(0, self.room - self.tally.in_flight),
            encoders=("libx264",),
            expiry=int(time.time()) + INFO_LIFE_S,
        )
        return offer.signed(self.node.domain, self.node.signer.private_key)

    @contextlib.asynccontextmanager
    async def admit(self, lease: wire.SignedLease) -> AsyncIterator[Admission]:
        """Accept a lease or raise `Refused`."""
        self.tally.received += 1
        try:
            job = self._check_lease(lease)
            await self.standings.check(job, lease.lease.sequence)
            if self.tally.in_flight >= self.room:
                raise Refused(503, f"this transcoder is working on {self.room} segments already")
        except Refused as refused:
            self.tally.refuse(refused.error)
            raise
        self.tally.in_flight += 1
        try:
            async with self._turn((job.job_id, lease.lease.sequence)):
                yield Admission(self, job)
        except Refused as refused:
            self.tally.refuse(refused.error)
            raise
        finally:
            self.tally.in_flight -= 1

    @contextlib.asynccontextmanager
    async def _turn(self, key: tuple[int, int]) -> AsyncIterator[None]:
        """The same segment sent twice at once is worked on once."""
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]

    def in_flight(self, job_id: int) -> list[int]:
        """The sequences of a job that are being worked on."""
        return [sequence for job, sequence in self._turns if job == job_id]

    async def claim(self, root: bytes) -> dict[str, Any] | None:
        """The leaves of one of our claims, in tree order."""
        for claim in await self.receipts.claims(open_only=False):
            if claim.root != root:
                continue
            rows = await self.receipts.of_claim(claim.purpose)
            if not rows:
                return None  # closed long ago: nobody can challenge it any more
            return {
                "root": "0x" + root.hex(),
                "jobId": claim.job_id,
                "claimId": claim.claim_id,
                "leaves": [leaf_json(row) for row in rows],
            }
        return None

    def _check_lease(self, signed: wire.SignedLease) -> KnownJob:
        lease = signed.lease
        if self.draining:
            raise Refused(503, "this transcoder takes no new segments: it is about to stop")
        job = self.book.get(lease.job_id)
        if job is None:
            # The broadcaster may have seen the block that we are about to see. Strangers may ask
            # too: they must not make us ask the chain as often as they like.
            if time.monotonic() - self._looked > _LOOK_AGAIN_S:
                self._looked = time.monotonic()
                self.node.follower.wake()
            raise Refused(503, f"job {lease.job_id} is not known here", "unknown_job")
        if job.transcoder != self.node.address:
            raise Refused(403, f"job {lease.job_id} is for another transcoder", "not_mine")
        if job.contract is None:
            raise Refused(403, f"the job's terms cannot be met: {job.problem}", "bad_job")
        now = time.time()
        if not now <= lease.deadline <= now + LEASE_LONGEST_S:
            raise Refused(403, "the lease has run out, or lasts too long", "bad_lease")
        if not 0 < lease.max_bytes <= wire.MAX_REQUEST_BYTES:
            raise Refused(413, f"a segment has at most {wire.MAX_REQUEST_BYTES} bytes")
        if lease.sequence >= 1 << 62:
            raise Refused(400, "the sequence number is too large")
        _check_signer(job, lease.digest(self.node.domain), signed.signature, "lease")
        return job


@dataclass(frozen=True, slots=True)
class Admission:
    """One segment that the desk has agreed to work on."""

    desk: Desk
    job: KnownJob

    async def answer(
        self, segment: wire.SignedSegment, parts: list[bytes]
    ) -> AsyncIterator[wire.RenditionPart | wire.SignedReceipt]:
        """Check the segment, work on it, store what came of it, and yield the answer."""
        desk, job = self.desk, self.job
        signed = segment.segment
        if data_hash(parts) != signed.data_hash:
            raise Refused(400, "the parts are not those that were signed for")
        digest = signed.digest(desk.node.domain)
        _check_signer(job, digest, segment.signature, "segment")
        stored = await desk.receipts.get(job.job_id, signed.sequence)
        if stored is None:
            stored, renditions = await self._work(segment, parts)
        else:
            renditions = await self._again(stored, segment)
        for rung, rendition in enumerate(renditions):
            for index, part in enumerate(rendition):
                yield wire.RenditionPart(rung, index, part)
        yield wire.SignedReceipt(receipt_of(stored), stored.receipt_sig)

    async def _work(
        self, segment: wire.SignedSegment, parts: list[bytes]
    ) -> tuple[StoredReceipt, list[list[bytes]]]:
        desk, job, signed = self.desk, self.job, segment.segment
        assert job.contract is not None  # the lease was refused otherwise
        begun = time.monotonic()
        done = await desk.transcoding.transcode(job.job_id, b"".join(parts), job.contract)
        if done.pixels > job.segment_pixels:
            raise Refused(
                422, f"the segment makes {done.pixels} pixels, the job pays {job.segment_pixels}"
            )
        if abs(done.duration_ms - signed.duration_ms) > DURATION_SLACK_MS:
            raise Refused(
                422, f"{signed.duration_ms} ms are signed, the segment lasts {done.duration_ms} ms"
            )
        took = time.monotonic() - begun
        renditions = [[rendition] for rendition in done.renditions]
        hashes = [data_hash(rendition) for rendition in renditions]
        stored = self._sign(segment, hashes, done.pixels)
        await desk.node.blobs.put(signed.data_hash, parts)
        for value, rendition in zip(hashes, renditions, strict=True):
            await desk.node.blobs.put(value, rendition)
        try:
            stored = await desk.receipts.add(stored)
        except ReceiptConflict as exc:
            raise Refused(409, str(exc)) from exc
        self._count(done, took)
        return stored, renditions

    async def _again(self, stored: StoredReceipt, segment: wire.SignedSegment) -> list[list[bytes]]:
        """The answer that was given before, if this is the same segment."""
        if stored.data_hash != segment.segment.data_hash:
            raise Refused(409, f"segment {stored.sequence} was another one when it came before")
        self.desk.tally.repeated += 1
        try:
            return [await self.desk.node.blobs.get(value) for value in stored.renditions]
        except BlobMissing:
            raise Refused(409, f"segment {stored.sequence} is settled and its bytes gone") from None

    def _sign(
        self, segment: wire.SignedSegment, hashes: Sequence[bytes], pixels: int
    ) -> StoredReceipt:
        signed, node = segment.segment, self.desk.node
        receipt = Receipt(
            job_id=signed.job_id,
            sequence=signed.sequence,
            duration_ms=signed.duration_ms,
            data_hash=signed.data_hash,
            rendition_root=rendition_root(hashes),
            pixels=pixels,
            broadcaster_sig_hash=keccak(segment.signature),
        )
        return StoredReceipt(
            job_id=receipt.job_id,
            sequence=receipt.sequence,
            duration_ms=receipt.duration_ms,
            data_hash=receipt.data_hash,
            rendition_root=receipt.rendition_root,
            renditions=tuple(hashes),
            pixels=pixels,
            broadcaster_sig=segment.signature,
            receipt_sig=sign(receipt.digest(node.domain), node.signer.private_key),
            leaf=receipt.leaf(),
        )

    def _count(self, done: Transcoded, took: float) -> None:
        tally = self.desk.tally
        tally.transcoded += 1
        tally.media_ms += done.duration_ms
        tally.pixels += done.pixels
        tally.work_s += took
        tally.latency.add(took)
        if took * 1000 > done.duration_ms:
            tally.late += 1


def receipt_of(stored: StoredReceipt) -> Receipt:
    """The signed message of a stored receipt."""
    return Receipt(
        job_id=stored.job_id,
        sequence=stored.sequence,
        duration_ms=stored.duration_ms,
        data_hash=stored.data_hash,
        rendition_root=stored.rendition_root,
        pixels=stored.pixels,
        broadcaster_sig_hash=keccak(stored.broadcaster_sig),
    )


def leaf_json(stored: StoredReceipt) -> dict[str, Any]:
    """A leaf of a claim as `GET /v1/claims/{root}` shows it."""
    return {
        "sequence": stored.sequence,
        "durationMs": stored.duration_ms,
        "dataHash": "0x" + stored.data_hash.hex(),
        "renditionRoot": "0x" + stored.rendition_root.hex(),
        "pixels": stored.pixels,
        "broadcasterSig": "0x" + stored.broadcaster_sig.hex(),
    }


def _check_signer(job: KnownJob, digest: bytes, signature: bytes, what: str) -> None:
    try:
        signer = recover(digest, signature)
    except BadSignature as exc:
        raise Refused(403, f"the {what}'s signature is none: {exc}", "bad_signature") from exc
    if not job.signed_by(signer):
        raise Refused(403, f"the {what} is not signed by the job's broadcaster", "bad_signature")
