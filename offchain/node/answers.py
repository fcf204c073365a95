"""What a broadcaster asks of a transcoder for one segment, and whether it got it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.net import wire
from offchain.net.client import SegmentAnswer, SegmentRequest
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.signatures import BadSignature, recover, sign
from offchain.proof.typed import Lease, Receipt, Segment
from offchain.store import StoredReceipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from offchain.media.segments import SourceSegment
    from offchain.node.jobbook import KnownJob
    from offchain.proof.typed import Domain

LEASE_LIFE_S = 120


class BadAnswer(Exception):
    """A transcoder's answer is not what was asked for; the text says how."""


class BadWork(BadAnswer):
    """The answer is signed for and cannot be what was asked for: it proves that its signer lies."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that holds: the renditions' bytes in rung order, and the receipt to keep."""

    renditions: tuple[bytes, ...]
    receipt: StoredReceipt


def signed_request(
    job: KnownJob,
    source: SourceSegment,
    domain: Domain,
    private_key: bytes,
    now: Callable[[], float] = time.time,
) -> SegmentRequest:
    """A segment, leased and signed under a job."""
    parts = (source.data,)
    lease = Lease(job.job_id, source.sequence, len(source.data), int(now()) + LEASE_LIFE_S)
    segment = Segment(job.job_id, source.sequence, source.duration_ms, data_hash(parts))
    return SegmentRequest(
        wire.SignedLease(lease, sign(lease.digest(domain), private_key)),
        parts,
        wire.SignedSegment(segment, sign(segment.digest(domain), private_key)),
    )


def check_answer(
    answer: SegmentAnswer, request: SegmentRequest, job: KnownJob, domain: Domain
) -> Checked:
    """Hold an answer to its request: its hashes, its receipt's words, who signed it."""
    receipt, asked = answer.receipt.receipt, request.segment.segment
    hashes = answer.rendition_hashes()
    expected = Receipt(
        job_id=asked.job_id,
        sequence=asked.sequence,
        duration_ms=asked.duration_ms,
        data_hash=asked.data_hash,
        rendition_root=rendition_root(hashes),
        pixels=receipt.pixels,
        broadcaster_sig_hash=keccak(request.segment.signature),
    )
    if receipt.rendition_root != expected.rendition_root:
        raise BadAnswer("the renditions are not those of the receipt")
    if receipt != expected:
        raise BadAnswer("the receipt is for another segment")
    if not 0 < receipt.pixels <= job.segment_pixels:
        raise BadAnswer(f"the receipt claims {receipt.pixels} pixels of {job.segment_pixels}")
    try:
        signer = recover(receipt.digest(domain), answer.receipt.signature)
    except BadSignature as exc:
        raise BadAnswer(f"the receipt's signature is none: {exc}") from exc
    if signer != job.transcoder:
        raise BadAnswer(f"the receipt is signed by {signer}, not by the job's transcoder")
    stored = StoredReceipt(
        job_id=receipt.job_id,
        sequence=receipt.sequence,
        duration_ms=receipt.duration_ms,
        data_hash=receipt.data_hash,
        rendition_root=receipt.rendition_root,
        renditions=tuple(hashes),
        pixels=receipt.pixels,
        broadcaster_sig=request.segment.signature,
        receipt_sig=answer.receipt.signature,
        leaf=receipt.leaf(),
    )
    return Checked(tuple(b"".join(parts) for parts in answer.renditions), stored)
