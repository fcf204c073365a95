"""Receipts and claims for tests of the broadcaster's watchdog: real hashes and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.merkle import merkle_root
from offchain.proof.signatures import sign
from offchain.proof.typed import Domain, Receipt, Segment
from offchain.store import StoredReceipt

if TYPE_CHECKING:
    from collections.abc import Sequence

PIXELS = 10


def receipt(
    domain: Domain, job_id: int, sequence: int, key: bytes, pixels: int = PIXELS
) -> StoredReceipt:
    """What a worker keeps of a segment that `key` signed."""
    source = data_hash([b"source %d" % sequence])
    made = (data_hash([b"rendition %d" % sequence]),)
    signature = sign(Segment(job_id, sequence, 2000, source).digest(domain), key)
    leaf = Receipt(
        job_id, sequence, 2000, source, rendition_root(made), pixels, keccak(signature)
    ).leaf()
    root = rendition_root(made)
    return StoredReceipt(job_id, sequence, 2000, source, root, made, pixels, signature, b"", leaf)


def claim_of(rows: Sequence[StoredReceipt]) -> dict[str, Any]:
    """The arguments of `WorkClaimed` for these leaves, in this order."""
    sequences = [row.sequence for row in rows]
    return {
        "jobId": rows[0].job_id,
        "claimId": 0,
        "firstSequence": min(sequences),
        "lastSequence": max(sequences),
        "segmentCount": len(rows),
        "claimRoot": merkle_root([row.leaf for row in rows]),
    }


def signature_hash(row: StoredReceipt) -> bytes:
    """What a leaf holds of the broadcaster's signature."""
    return keccak(row.broadcaster_sig)
