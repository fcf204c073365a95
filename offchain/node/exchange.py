"""One segment under one job: sent, checked, its receipt kept whatever comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.node.answers import BadAnswer, check_answer, signed_request
from offchain.node.source import check_shape
from offchain.store import ReceiptConflict

if TYPE_CHECKING:
    from offchain.media.segments import SourceSegment
    from offchain.net.client import TranscoderClient
    from offchain.node.answers import Checked
    from offchain.node.base import Node
    from offchain.node.dispatch import Seat
    from offchain.store import Receipts


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sends a segment to a seat and holds its answer to what was asked."""

    node: Node
    client: TranscoderClient
    receipts: Receipts

    async def __call__(self, seat: Seat, source: SourceSegment, timeout_s: float) -> Checked:
        """Raises `PeerError`, `BadAnswer`, and `BadWork` for what was signed and cannot be right.

        The receipt is kept first: it is what a claim is held to, and the proof against its signer.
        """
        node, job = self.node, seat.job
        assert job.contract is not None  # it is our own
        request = signed_request(job, source, node.domain, node.signer.private_key)
        answer = await self.client.submit(seat.url, request, len(job.contract.rungs), timeout_s)
        checked = check_answer(answer, request, job, node.domain)
        try:
            await self.receipts.add(checked.receipt)
        except ReceiptConflict as exc:
            raise BadAnswer(str(exc)) from exc
        for rung, rendition in zip(job.contract.rungs, checked.renditions, strict=True):
            check_shape(rung, rendition)
        return checked
