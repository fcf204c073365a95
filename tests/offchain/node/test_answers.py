"""A broadcaster takes only the answer to its own question, signed by whom it asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offchain.media.segments import SourceSegment
from offchain.net import wire
from offchain.net.client import SegmentAnswer
from offchain.node.answers import BadAnswer, check_answer, signed_request
from offchain.node.config import Price
from offchain.node.jobbook import KnownJob
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.signatures import address_of, recover, sign
from offchain.proof.typed import Domain, Receipt

BROADCASTER, WORKER, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DOMAIN = Domain(31337, "0x" + "11" * 20)
SOURCE = SourceSegment(9, b"source bytes", 0, 2000, 48)
JOB = KnownJob(
    job_id=5,
    broadcaster=address_of(BROADCASTER),
    signer=address_of(BROADCASTER),
    transcoder=address_of(WORKER),
    stream="live",
    contract=None,
    problem="",
    price=Price(1, 1),
    segment_pixels=1000,
    max_segments=10,
    end_block=100,
)
REQUEST = signed_request(JOB, SOURCE, DOMAIN, BROADCASTER, now=lambda: 1000.0)
RENDITIONS = ((b"high",), (b"lo", b"w"))
RECEIPT = Receipt(
    job_id=5,
    sequence=9,
    duration_ms=2000,
    data_hash=data_hash([SOURCE.data]),
    rendition_root=rendition_root([data_hash(parts) for parts in RENDITIONS]),
    pixels=1000,
    broadcaster_sig_hash=keccak(REQUEST.segment.signature),
)


def answer(receipt: Receipt = RECEIPT, key: bytes = WORKER, **changed: Any) -> SegmentAnswer:
    signed = wire.SignedReceipt(receipt, sign(receipt.digest(DOMAIN), key))
    return replace(SegmentAnswer(RENDITIONS, signed), **changed)


def test_request_is_signed_by_the_broadcaster_for_these_bytes() -> None:
    segment, lease = REQUEST.segment, REQUEST.lease
    assert segment.segment.data_hash == data_hash([SOURCE.data])
    assert recover(segment.segment.digest(DOMAIN), segment.signature) == JOB.signer
    assert recover(lease.lease.digest(DOMAIN), lease.signature) == JOB.signer
    assert lease.lease.max_bytes == len(SOURCE.data)


def test_honest_answer_is_kept_as_its_leaf() -> None:
    checked = check_answer(answer(), REQUEST, JOB, DOMAIN)
    assert checked.renditions == (b"high", b"low")
    assert checked.receipt.leaf == RECEIPT.leaf()
    assert checked.receipt.renditions == tuple(data_hash(parts) for parts in RENDITIONS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"renditions": ((b"HIGH",), (b"lo", b"w"))}, "not those of the receipt"),
        ({"renditions": ((b"lo", b"w"), (b"high",))}, "not those of the receipt"),
        ({"renditions": ((b"high",), (b"low",))}, "not those of the receipt"),
        ({"receipt": replace(RECEIPT, sequence=8)}, "for another segment"),
        ({"receipt": replace(RECEIPT, job_id=6)}, "for another segment"),
        ({"receipt": replace(RECEIPT, duration_ms=2001)}, "for another segment"),
        ({"receipt": replace(RECEIPT, data_hash=bytes(32))}, "for another segment"),
        ({"receipt": replace(RECEIPT, broadcaster_sig_hash=bytes(32))}, "for another segment"),
        ({"receipt": replace(RECEIPT, pixels=1001)}, "1001 pixels of 1000"),
        ({"receipt": replace(RECEIPT, pixels=0)}, "0 pixels of 1000"),
        ({"key": OTHER}, "not by the job's transcoder"),
    ],
)
def test_any_other_answer_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadAnswer, match=reason):
        check_answer(answer(**changed), REQUEST, JOB, DOMAIN)


def test_signature_for_another_contract_is_refused() -> None:
    elsewhere = Domain(31337, "0x" + "22" * 20)
    signed = wire.SignedReceipt(RECEIPT, sign(RECEIPT.digest(elsewhere), WORKER))
    with pytest.raises(BadAnswer, match="not by the job's transcoder"):
        check_answer(SegmentAnswer(RENDITIONS, signed), REQUEST, JOB, DOMAIN)
