"""Messages keep their meaning through their bytes, and bodies keep their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.net import wire
from offchain.net.frames import HEADER, FrameDecoder, WireError
from offchain.proof.typed import Lease, Receipt, Segment

GOLDEN = Path(__file__).with_name("golden.json")

uints = st.integers(0, 2**256 - 1)
words = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=65, max_size=65)
texts = st.text(max_size=200).filter(lambda text: "\n" not in text)
leases = st.builds(wire.SignedLease, st.builds(Lease, uints, uints, uints, uints), signatures)
segments = st.builds(wire.SignedSegment, st.builds(Segment, uints, uints, uints, words), signatures)
receipts = st.builds(
    wire.SignedReceipt,
    st.builds(Receipt, uints, uints, uints, words, words, uints, words),
    signatures,
)
source_parts = st.builds(wire.SourcePart, st.integers(0, 2**32 - 1), st.binary(max_size=99))
rendition_parts = st.builds(
    wire.RenditionPart, st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=99)
)
errors = st.builds(wire.ErrorMessage, st.integers(400, 599), texts, texts)

LEASE = wire.SignedLease(Lease(7, 3, 10, 1_800_000_000), bytes(range(65)))
SEGMENT = wire.SignedSegment(Segment(7, 3, 2000, b"\xaa" * 32), bytes(range(100, 165)))
RECEIPT = wire.SignedReceipt(
    Receipt(7, 3, 2000, b"\xaa" * 32, b"\xbb" * 32, 11_059_200, b"\xcc" * 32), bytes(range(50, 115))
)
EXAMPLES: dict[str, wire.Message] = {
    "lease": LEASE,
    "source part": wire.SourcePart(0, b"hello"),
    "segment": SEGMENT,
    "rendition part": wire.RenditionPart(1, 2, b"world"),
    "receipt": RECEIPT,
    "error": wire.ErrorMessage(422, "bad_media", "the segment cannot be decoded"),
}


@given(st.one_of(leases, segments, receipts, source_parts, rendition_parts, errors))
def test_every_message_survives_its_bytes(message: wire.Message) -> None:
    assert type(message).parse(bytes(message)) == message


@pytest.mark.parametrize("name", EXAMPLES)
def test_bytes_of_every_message_are_the_published_ones(name: str) -> None:
    assert wire.encode(EXAMPLES[name]).hex() == json.loads(GOLDEN.read_text())[name]


def test_golden_file_has_every_kind_of_message_once() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert set(golden) == set(EXAMPLES)
    kinds = {bytes.fromhex(text)[0] for text in golden.values()}
    assert kinds == set(wire.REQUEST_CAPS) | set(wire.ANSWER_CAPS)


def test_size_of_a_request_is_known_before_it_is_built() -> None:
    parts = [b"a" * 5, b"b" * 2]
    body = b"".join(
        wire.encode(message)
        for message in (LEASE, *(wire.SourcePart(i, p) for i, p in enumerate(parts)), SEGMENT)
    )
    assert len(body) == wire.encoded_size(len(part) for part in parts)


PART = wire.SourcePart(0, b"12345")
OTHER = wire.SignedSegment(Segment(7, 4, 2000, b"\xaa" * 32), bytes(65))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([PART], "opens with its lease"),
        ([SEGMENT], "opens with its lease"),
        ([LEASE, LEASE], "exactly one lease"),
        ([LEASE, SEGMENT], "at least one part"),
        ([LEASE, wire.SourcePart(1, b"")], "part 1 came where 0 was expected"),
        ([LEASE, PART, wire.SourcePart(1, b"123456")], "larger than its lease"),
        ([LEASE, PART, OTHER], "name different segments"),
        ([LEASE, PART, SEGMENT, PART], "nothing may follow"),
        ([LEASE, PART], "ends before its signed segment"),
        ([LEASE, PART, RECEIPT], "type 18 is not expected"),
    ],
)
def test_request_out_of_order_is_refused(messages: list[wire.Message], reason: str) -> None:
    reader = wire.RequestReader()

    with pytest.raises(WireError, match=reason):
        list(reader.feed(b"".join(wire.encode(message) for message in messages)))
        reader.close()


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([wire.RenditionPart(2, 0, b"")], "rung 2 is not on the ladder"),
        ([wire.RenditionPart(0, 1, b"")], "part 1 came where 0 was expected"),
        ([wire.RenditionPart(0, 0, b""), RECEIPT], "before a part of every rung"),
        ([EXAMPLES["error"], RECEIPT], "nothing may follow"),
        ([wire.RenditionPart(0, 0, b"")], "ends before its receipt"),
        ([LEASE], "type 1 is not expected"),
    ],
)
def test_answer_out_of_order_is_refused(messages: list[wire.Message], reason: str) -> None:
    reader = wire.AnswerReader(rungs=2)

    with pytest.raises(WireError, match=reason):
        list(reader.feed(b"".join(wire.encode(message) for message in messages)))
        reader.close()


def test_interleaved_rungs_are_one_answer() -> None:
    sent = [
        wire.RenditionPart(0, 0, b"a"),
        wire.RenditionPart(1, 0, b"b"),
        wire.RenditionPart(0, 1, b"c"),
        RECEIPT,
    ]
    reader = wire.AnswerReader(rungs=2)
    received = list(reader.feed(b"".join(wire.encode(message) for message in sent)))
    reader.close()

    assert received == sent


@given(st.sampled_from(sorted(wire.ANSWER_CAPS | wire.REQUEST_CAPS)), st.binary(max_size=400))
def test_any_payload_is_read_or_refused(kind: int, payload: bytes) -> None:
    body = HEADER.pack(kind, len(payload)) + payload
    reader: wire.RequestReader | wire.AnswerReader
    reader = wire.RequestReader() if kind in wire.REQUEST_CAPS else wire.AnswerReader(4)
    try:
        (message,) = reader.feed(body)
    except WireError:
        return
    assert list(FrameDecoder({kind: 1000}, 2000).feed(wire.encode(message)))[0].payload == payload
