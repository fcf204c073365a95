"""Does a claim say what the receipts say? Every way in which it may not has its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offchain.node.claimwatch import Finding, from_leaves, from_receipts
from offchain.node.config import Price
from offchain.node.desk import leaf_json
from offchain.node.jobbook import KnownJob
from offchain.proof.signatures import address_of
from offchain.proof.typed import Domain
from tests.offchain.node import leaves

if TYPE_CHECKING:
    from offchain.store import StoredReceipt

US, WORKER, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DOMAIN = Domain(31337, "0x" + "11" * 20)
JOB = KnownJob(
    5, address_of(US), address_of(US), address_of(WORKER), "live", None, "", Price(1, 1), 11, 9, 99
)


def receipt(sequence: int, key: bytes = US, pixels: int = leaves.PIXELS) -> StoredReceipt:
    return leaves.receipt(DOMAIN, JOB.job_id, sequence, key, pixels)


def found(ours: list[StoredReceipt], theirs: list[StoredReceipt], **claimed: Any) -> Finding:
    """What comes of a claim of their leaves, which their transcoder serves."""
    claim = {**leaves.claim_of(theirs), **claimed}
    held = [row for row in ours if claim["firstSequence"] <= row.sequence <= claim["lastSequence"]]
    finding = from_receipts(claim, held)
    if finding is not None:
        return finding
    answer = {"leaves": [leaf_json(row) for row in theirs]}
    return from_leaves(answer, claim, JOB, held, DOMAIN)


def test_claim_of_our_receipts_needs_no_question() -> None:
    rows = [receipt(n) for n in (3, 4, 6)]
    finding = from_receipts(leaves.claim_of(rows), list(reversed(rows)))
    assert finding is not None
    assert (finding.words, finding.wrong, finding.double) == ("", (), None)
    assert [finding.index_of(n) for n in (3, 6, 5)] == [0, 2, None]


def test_segment_whose_answer_came_too_late_for_us_is_fine() -> None:
    finding = found([receipt(3)], [receipt(3), receipt(4)])
    assert (finding.words, finding.wrong, finding.double) == ("", (), None)
    assert finding.index_of(4) == 1


@pytest.mark.parametrize(
    ("theirs", "words", "wrong", "double"),
    [
        ([receipt(3), receipt(5, OTHER)], "has segment 5, which we never signed", (1,), None),
        (
            [receipt(3), receipt(4, pixels=11)],
            "has another leaf for segment 4 than its receipt",
            (1,),
            None,
        ),
        (
            [receipt(3), receipt(5, pixels=12)],
            "has segment 5 with more pixels than the job pays",
            (1,),
            None,
        ),
        ([receipt(3), receipt(4), receipt(4)], "has segment 4 after 4", (), (1, 2)),
        ([receipt(5), receipt(3), receipt(4)], "has segment 3 after 5", (), (0, 1)),
    ],
)
def test_wrong_leaf_is_named(
    theirs: list[StoredReceipt], words: str, wrong: tuple[int, ...], double: tuple[int, int] | None
) -> None:
    finding = found([receipt(3), receipt(4)], theirs)
    assert (finding.words, finding.wrong, finding.double) == (words, wrong, double)


def test_leaf_outside_of_the_claims_range_is_named() -> None:
    finding = found([receipt(3)], [receipt(3), receipt(9)], lastSequence=8)
    assert finding.words == "has segment 9, which is outside of it"
    assert finding.wrong == (1,)


def test_leaves_that_are_not_the_claim_are_not_believed() -> None:
    finding = found([receipt(3)], [receipt(4)], claimRoot=bytes(32))
    assert finding == Finding("is not what its transcoder serves as its leaves")
    claim = leaves.claim_of([receipt(3), receipt(4)])
    for nonsense in ({}, {"leaves": 3}, {"leaves": [{"sequence": "three"}]}):
        finding = from_leaves(nonsense, claim, JOB, [], DOMAIN)
        assert finding == Finding("has leaves that cannot be read")
