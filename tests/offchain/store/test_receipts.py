"""Receipts: one per segment for ever, each in one claim at most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from offchain.proof.hashes import keccak
from offchain.store import Database, ReceiptConflict, Receipts, StoredReceipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def word(*values: int) -> bytes:
    return keccak(repr(values).encode())


def receipt(job: int, sequence: int, salt: int = 0) -> StoredReceipt:
    return StoredReceipt(
        job_id=job,
        sequence=sequence,
        duration_ms=2_000,
        data_hash=word(1, sequence, salt),
        rendition_root=word(2, job, sequence, salt),
        renditions=(word(3, job, sequence, salt), word(4, job, sequence, salt)),
        pixels=640 * 360 * 48,
        broadcaster_sig=b"\x05" * 65,
        receipt_sig=b"\x06" * 65,
        leaf=word(7, job, sequence, salt),
    )


@pytest.fixture
async def receipts(tmp_path: Path) -> AsyncIterator[Receipts]:
    async with Database(tmp_path / "node.db") as db:
        yield Receipts(db)


async def test_add__twice__the_first_stands(receipts: Receipts) -> None:
    first = receipt(2**200, 5)
    assert await receipts.add(first) == first
    assert await receipts.add(first) == first
    with pytest.raises(ReceiptConflict, match="slashable double claim"):
        await receipts.add(receipt(2**200, 5, salt=1))
    assert await receipts.get(2**200, 5) == first
    assert await receipts.get(2**200, 6) is None


async def test_freeze__each_receipt_in_one_claim_and_late_ones_in_none(
    receipts: Receipts,
) -> None:
    for sequence in (3, 1, 7):
        await receipts.add(receipt(9, sequence))
    await receipts.add(receipt(8, 1))
    ready = await receipts.unclaimed(9)
    assert [each.sequence for each in ready] == [1, 3, 7]

    claim = await receipts.freeze("claim:9:1", ready, word(42))
    assert (claim.first_sequence, claim.last_sequence, claim.segments) == (1, 7, 3)
    # Frozen: a later call with other receipts gives back the same claim.
    await receipts.add(receipt(9, 9))
    assert await receipts.freeze("claim:9:1", [receipt(9, 9)], word(43)) == claim
    with pytest.raises(ReceiptConflict, match="in another claim already"):
        await receipts.freeze("claim:9:again", ready, word(42))
    with pytest.raises(ReceiptConflict, match="comes too late"):
        await receipts.add(receipt(9, 5))

    assert [each.sequence for each in await receipts.unclaimed(9)] == [9]
    assert [each.sequence for each in await receipts.of_claim("claim:9:1")] == [1, 3, 7]
    assert await receipts.jobs_unclaimed() == [8, 9]
    assert [each.purpose for each in await receipts.claims()] == ["claim:9:1"]


async def test_close_claim__keeps_blobs_that_others_need(receipts: Receipts) -> None:
    shared = receipt(9, 1)
    standby = replace(receipt(8, 1), data_hash=shared.data_hash)
    await receipts.add(shared)
    await receipts.add(standby)
    await receipts.freeze("claim:9:1", [shared], word(42))
    await receipts.name_claim("claim:9:1", 0)

    free = await receipts.close_claim("claim:9:1")
    assert set(free) == set(shared.renditions)
    assert await receipts.claims() == []
    assert [claim.closed for claim in await receipts.claims(open_only=False)] == [True]
    assert await receipts.get(9, 1) is None
    # Closed or not, what was claimed is never signed again.
    with pytest.raises(ReceiptConflict, match="comes too late"):
        await receipts.add(receipt(9, 1, salt=3))
