"""The broadcaster's eye on the chain: does every claim say what the receipts say?

A broadcaster holds a receipt for everything it was answered, so it can rebuild a claim's root.
Where the two differ it fetches the claim's leaves and names the one that is wrong.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from offchain.chain.errors import ChainError
from offchain.net.client import PeerError
from offchain.proof.hashes import keccak
from offchain.proof.merkle import merkle_root
from offchain.proof.signatures import BadSignature, recover
from offchain.proof.typed import Receipt, Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.net.client import TranscoderClient
    from offchain.node.base import Node
    from offchain.node.jobbook import KnownJob
    from offchain.store import Receipts

log = logging.getLogger("livepeer.broadcaster")

_QUEUE = 1000


class ClaimWatch:
    """Checks every claim on our jobs against our receipts; `warnings` are for the operator."""

    def __init__(self, node: Node, receipts: Receipts, client: TranscoderClient) -> None:
        self._node = node
        self._receipts = receipts
        self._client = client
        self._jobs: dict[int, tuple[KnownJob, str]] = {}
        self._queue: asyncio.Queue[ChainEvent] = asyncio.Queue(_QUEUE)
        self.matched = 0
        self.warnings: list[str] = []

    def watch(self, job: KnownJob, url: str) -> None:
        """Check the claims on a job from now on; `url` is where its transcoder serves leaves."""
        self._jobs[job.job_id] = (job, url)

    async def run(self) -> None:
        """Work until cancelled."""
        self._node.follower.listen(self._on_batch)
        while True:
            event = await self._queue.get()
            try:
                problem = await self.check(event.args)
            except (ChainError, PeerError) as exc:
                problem = f"could not be checked: {exc}"
            if not problem:
                self.matched += 1
                continue
            words = f"claim {event.args['claimId']} of job {event.args['jobId']} {problem}"
            self.warnings = [*self.warnings[-99:], words]
            log.warning("claim does not match the receipts", extra={"claim": words})

    async def check(self, claim: Mapping[str, Any]) -> str:
        """What is wrong with a claim (the arguments of `WorkClaimed`), or nothing."""
        job, url = self._jobs[claim["jobId"]]
        first, last = claim["firstSequence"], claim["lastSequence"]
        rows = await self._receipts.between(job.job_id, first, last)
        ours = {row.sequence: row.leaf for row in rows}
        if len(ours) == claim["segmentCount"]:
            if merkle_root([ours[sequence] for sequence in sorted(ours)]) == claim["claimRoot"]:
                return ""
        answer = await self._client.claim(url, claim["claimRoot"])
        return judge_leaves(answer, claim, job, ours, self._node)

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.events:
            ours = event.name == "WorkClaimed" and event.args["jobId"] in self._jobs
            if ours and not self._queue.full():
                self._queue.put_nowait(event)


def judge_leaves(
    answer: Mapping[str, Any],
    claim: Mapping[str, Any],
    job: KnownJob,
    ours: Mapping[int, bytes],
    node: Node,
) -> str:
    """Compare a claim's leaves, as its transcoder serves them, with our receipts.

    A leaf we have no receipt for is fine where we signed the segment: its answer may have come too
    late for us.
    """
    try:
        receipts = [_leaf(entry, job.job_id) for entry in answer["leaves"]]
        leaves = [receipt.leaf() for receipt, _ in receipts]
    except (KeyError, TypeError, ValueError, AttributeError):
        return "has leaves that cannot be read"
    if len(leaves) != claim["segmentCount"] or merkle_root(leaves) != claim["claimRoot"]:
        return "is not what its transcoder serves as its leaves"
    for receipt, signature in receipts:
        known = ours.get(receipt.sequence)
        if known is not None and known != receipt.leaf():
            return f"has another leaf for segment {receipt.sequence} than its receipt"
        if known is None and not _signed(receipt, signature, job, node):
            return f"has segment {receipt.sequence}, which we never signed"
    return ""


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


def _signed(receipt: Receipt, signature: bytes, job: KnownJob, node: Node) -> bool:
    segment = Segment(receipt.job_id, receipt.sequence, receipt.duration_ms, receipt.data_hash)
    try:
        return job.signed_by(recover(segment.digest(node.domain), signature))
    except BadSignature:
        return False
