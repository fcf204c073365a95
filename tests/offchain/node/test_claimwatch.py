"""Does a claim say what the receipts say? Every way in which it may not has its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from offchain.net.client import PeerUnreachable
from offchain.node.claimwatch import ClaimWatch
from offchain.node.config import Price
from offchain.node.desk import leaf_json
from offchain.node.jobbook import KnownJob
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.merkle import merkle_root
from offchain.proof.signatures import address_of, sign
from offchain.proof.typed import Domain, Receipt, Segment
from offchain.store import Database, Receipts, StoredReceipt

US, WORKER, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DOMAIN = Domain(31337, "0x" + "11" * 20)
JOB = KnownJob(
    5, address_of(US), address_of(US), address_of(WORKER), "live", None, "", Price(1, 1), 100, 9, 99
)


def receipt(sequence: int, key: bytes = US, pixels: int = 10) -> StoredReceipt:
    """What a worker keeps of a segment that `key` signed."""
    source = data_hash([b"source %d" % sequence])
    made = (data_hash([b"rendition %d" % sequence]),)
    signature = sign(Segment(5, sequence, 2000, source).digest(DOMAIN), key)
    leaf = Receipt(5, sequence, 2000, source, rendition_root(made), pixels, keccak(signature))
    return StoredReceipt(
        5, sequence, 2000, source, leaf.rendition_root, made, pixels, signature, b"", leaf.leaf()
    )


def claim_of(rows: list[StoredReceipt]) -> dict[str, Any]:
    return {
        "jobId": 5,
        "claimId": 0,
        "firstSequence": rows[0].sequence,
        "lastSequence": rows[-1].sequence,
        "segmentCount": len(rows),
        "claimRoot": merkle_root([row.leaf for row in rows]),
    }


class Peer:
    """The claim route of a worker, answering what it is told to."""

    def __init__(self) -> None:
        self.leaves: list[dict[str, Any]] | None = None
        self.asked = 0

    async def claim(self, url: str, root: bytes, timeout_s: float = 1.0) -> dict[str, Any]:
        self.asked += 1
        if self.leaves is None:
            raise PeerUnreachable(f"{url} cannot be reached")
        return {"leaves": self.leaves}


@pytest.fixture
async def receipts(tmp_path: Path) -> AsyncIterator[Receipts]:
    async with Database(tmp_path / "node.db") as db:
        yield Receipts(db)


async def judged(
    receipts: Receipts, ours: list[StoredReceipt], theirs: list[StoredReceipt], **claimed: Any
) -> tuple[str, int]:
    for row in ours:
        await receipts.add(row)
    peer = Peer()
    peer.leaves = [leaf_json(row) for row in theirs]
    watch = ClaimWatch(SimpleNamespace(domain=DOMAIN), receipts, peer)  # type: ignore[arg-type]
    watch.watch(JOB, "http://worker")
    return await watch.check({**claim_of(theirs), **claimed}), peer.asked


async def test_claim_of_our_receipts_needs_no_question(receipts: Receipts) -> None:
    rows = [receipt(n) for n in (3, 4, 6)]
    # Receipts outside of the claim's range do not matter.
    assert await judged(receipts, [receipt(2), *rows, receipt(7)], rows) == ("", 0)


async def test_segment_whose_answer_came_too_late_for_us_is_fine(receipts: Receipts) -> None:
    assert await judged(receipts, [receipt(3)], [receipt(3), receipt(4)]) == ("", 1)


async def test_segment_we_never_signed_is_named(receipts: Receipts) -> None:
    found = await judged(receipts, [receipt(3)], [receipt(3), receipt(4, OTHER)])
    assert found == ("has segment 4, which we never signed", 1)


async def test_leaf_that_differs_from_its_receipt_is_named(receipts: Receipts) -> None:
    dear = receipt(4, pixels=11)
    found = await judged(receipts, [receipt(3), receipt(4)], [receipt(3), dear])
    assert found == ("has another leaf for segment 4 than its receipt", 1)


async def test_leaves_that_are_not_the_claim_are_not_believed(receipts: Receipts) -> None:
    found = await judged(receipts, [receipt(3)], [receipt(4)], claimRoot=bytes(32))
    assert found == ("is not what its transcoder serves as its leaves", 1)
    broken = replace(receipt(3), data_hash=b"short")
    found = await judged(receipts, [], [broken], segmentCount=2)
    assert found[0] in {
        "is not what its transcoder serves as its leaves",
        "has leaves that cannot be read",
    }
