"""Does a claim say what the receipts say? Pure: leaves and receipts in, what is wrong out.

A broadcaster holds a receipt for everything it was answered, so it can rebuild a claim's root.
Where the two differ, the claim's leaves, as its transcoder serves them, tell which one is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.proof.hashes import keccak
from offchain.proof.merkle import merkle_root
from offchain.proof.signatures import BadSignature, recover
from offchain.proof.typed import Receipt, Segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offchain.node.jobbook import KnownJob
    from offchain.proof.typed import Domain
    from offchain.store import StoredReceipt


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a claim, in words, or nothing.

    `wrong` are indices of leaves that cannot be right; `double` are two leaves whose sequence
    numbers do not increase. `leaves` is the whole claim where it is known.
    """

    words: str = ""
    wrong: tuple[int, ...] = ()
    double: tuple[int, int] | None = None
    leaves: tuple[Receipt, ...] = ()

    def index_of(self, sequence: int) -> int | None:
        """Where a segment stands in the claim, if that is known."""
        for index, leaf in enumerate(self.leaves):
            if leaf.sequence == sequence:
                return index
        return None


def from_receipts(claim: Mapping[str, Any], ours: Sequence[StoredReceipt]) -> Finding | None:
    """The finding on a claim (the arguments of `WorkClaimed`) that our receipts explain alone.

    None where they do not: the answer to one of its segments may have come too late for us.
    """
    rows = sorted(ours, key=lambda row: row.sequence)
    if len(rows) != claim["segmentCount"]:
        return None
    if merkle_root([row.leaf for row in rows]) != claim["claimRoot"]:
        return None
    return Finding(leaves=tuple(_receipt(row) for row in rows))


def from_leaves(
    answer: Mapping[str, Any],
    claim: Mapping[str, Any],
    job: KnownJob,
    ours: Sequence[StoredReceipt],
    domain: Domain,
) -> Finding:
    """Compare a claim's leaves, as its transcoder serves them, with our receipts.

    A leaf we have no receipt for is fine where we signed the segment: its answer may have come too
    late for us.
    """
    try:
        served = [_leaf(entry, job.job_id) for entry in answer["leaves"]]
        leaves = [receipt.leaf() for receipt, _ in served]
    except (KeyError, TypeError, ValueError, AttributeError):
        return Finding("has leaves that cannot be read")
    if len(leaves) != claim["segmentCount"] or merkle_root(leaves) != claim["claimRoot"]:
        return Finding("is not what its transcoder serves as its leaves")
    known = {row.sequence: row.leaf for row in ours}
    wrong: list[int] = []
    said: list[str] = []
    double: tuple[int, int] | None = None
    for index, (receipt, signature) in enumerate(served):
        sequence = receipt.sequence
        if index and sequence <= served[index - 1][0].sequence:
            double = double or (index - 1, index)
            said.append(f"has segment {sequence} after {served[index - 1][0].sequence}")
        why = ""
        if not claim["firstSequence"] <= sequence <= claim["lastSequence"]:
            why = f"has segment {sequence}, which is outside of it"
        elif sequence in known:
            if known[sequence] != leaves[index]:
                why = f"has another leaf for segment {sequence} than its receipt"
        elif not _signed(receipt, signature, job, domain):
            why = f"has segment {sequence}, which we never signed"
        elif receipt.pixels > job.segment_pixels:
            why = f"has segment {sequence} with more pixels than the job pays"
        if why:
            wrong.append(index)
            said.append(why)
    return Finding(
        said[0] if said else "", tuple(wrong), double, tuple(receipt for receipt, _ in served)
    )


def _receipt(row: StoredReceipt) -> Receipt:
    return Receipt(
        row.job_id,
        row.sequence,
        row.duration_ms,
        row.data_hash,
        row.rendition_root,
        row.pixels,
        keccak(row.broadcaster_sig),
    )


def _leaf(entry: Mapping[str, Any], job_id: int) -> tuple[Receipt, bytes]:
    signature = bytes.fromhex(entry["broadcasterSig"].removeprefix("0x"))
    receipt = Receipt(
        job_id=job_id,
        sequence=int(entry["sequence"]),
        duration_ms=int(entry["durationMs"]),
        data_hash=bytes.fromhex(entry["dataHash"].removeprefix("0x")),
        rendition_root=bytes.fromhex(entry["renditionRoot"].removeprefix("0x")),
        pixels=int(entry["pixels"]),
        broadcaster_sig_hash=keccak(signature),
    )
    return receipt, signature


def _signed(receipt: Receipt, signature: bytes, job: KnownJob, domain: Domain) -> bool:
    segment = Segment(receipt.job_id, receipt.sequence, receipt.duration_ms, receipt.data_hash)
    try:
        return job.signed_by(recover(segment.digest(domain), signature))
    except BadSignature:
        return False
