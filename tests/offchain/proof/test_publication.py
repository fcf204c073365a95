"""Publication records: golden bytes, and nothing but the true sequence gets through."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from offchain.proof.hashes import part_hash
from offchain.proof.publication import (
    DISCONTINUITY,
    END,
    LAST,
    START,
    BadRecord,
    Checker,
    Part,
    Publisher,
    SignedPart,
    stream_id,
)
from offchain.proof.signatures import address_of, sign
from offchain.proof.typed import Domain

GOLDEN = Path(__file__).with_name("publication.json")
DOMAIN = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
KEY = b"\x07" * 32
ADDRESS = address_of(KEY)
NAME = "stage-1"
STREAM = stream_id(ADDRESS, NAME)
T0 = 1_800_000_000_000

Published = list[tuple[SignedPart, bytes]]


def run(segments: int = 4, parts: int = 2, *, key: bytes = KEY, start: int = T0) -> Published:
    publisher = Publisher(DOMAIN, key, STREAM, "720p")
    made: Published = []
    for sequence in range(segments):
        data = [f"{start} {sequence} {index}".encode() for index in range(parts)]
        made += publisher.segment(
            sequence, data, wall_time=start + 2000 * sequence, duration_ms=2000,
            discontinuity=sequence == 2,
        )  # fmt: skip
    made.append(publisher.end(segments, start + 2000 * segments))
    return made


def checker() -> Checker:
    return Checker(DOMAIN, ADDRESS, STREAM, "720p")


def taken(published: Published, now: int = T0 + 10_000) -> Checker:
    found = checker()
    for signed, data in published:
        found.check(signed, data, now)
    return found


def test_golden__records_encode_and_sign_as_written_down() -> None:
    golden = json.loads(GOLDEN.read_text())
    made = run(2, 2)
    assert golden["streamId"] == "0x" + STREAM.hex()
    assert golden["records"] == [
        {
            "encoded": "0x" + bytes(signed).hex(),
            "hash": "0x" + signed.part.hash().hex(),
            "digest": "0x" + signed.part.digest(DOMAIN).hex(),
            "data": "0x" + data.hex(),
        }
        for signed, data in made
    ]


def test_digest__equals_another_implementation_of_eip712() -> None:
    part = run(1, 1)[0][0].part
    types: dict[str, Any] = {
        "Part": [
            dict(zip(("type", "name"), field.split(), strict=True))
            for field in Part.TYPE.removeprefix("Part(").removesuffix(")").split(",")
        ]
    }
    message = {
        "streamId": part.stream, "sequence": part.sequence, "rendition": part.rendition,
        "index": part.index, "partHash": part.part_hash, "previousHash": part.previous_hash,
        "wallTime": part.wall_time, "durationMs": part.duration_ms, "flags": part.flags,
    }  # fmt: skip
    domain = {
        "name": "Livepeer", "version": "1", "chainId": DOMAIN.chain_id,
        "verifyingContract": DOMAIN.verifying_contract,
    }  # fmt: skip
    theirs = _hash_eip191_message(encode_typed_data(domain, types, message))
    assert theirs == part.digest(DOMAIN)


@given(
    sequence=st.integers(0, 2**53 - 1),
    index=st.integers(0, 255),
    name=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    words=st.binary(min_size=96, max_size=96),
    flags=st.integers(0, 15),
)
def test_record__written_and_read__is_the_same(
    sequence: int, index: int, name: str, words: bytes, flags: int
) -> None:
    part = Part(words[:32], sequence, name, index, words[32:64], words[64:], T0, 2000, flags)
    signed = SignedPart(part, bytes(65))
    assert SignedPart.parse(bytes(signed)) == signed


@given(st.binary(max_size=300))
def test_parse__any_bytes__a_record_or_a_sentence(data: bytes) -> None:
    try:
        assert bytes(SignedPart.parse(data)) == data
    except BadRecord as exc:
        assert str(exc).startswith("a record")


def test_checker__true_run__taken_whole_and_ended() -> None:
    made = run()
    assert taken(made).ended
    flags = [signed.part.flags for signed, _ in made]
    assert flags == [START, LAST, 0, LAST, DISCONTINUITY, DISCONTINUITY | LAST, 0, LAST, LAST | END]


@given(seed=st.integers(0, 2**32), moves=st.integers(1, 6))
def test_checker__any_reordering_repetition_or_omission__only_a_true_subsequence_comes_through(
    seed: int, moves: int
) -> None:
    """Whatever a relay does with true records, what is let through is in order, each at most once,
    and whole segment by segment."""
    choose = random.Random(seed)
    made = run()
    shown = list(made)
    for _ in range(moves):
        at = choose.randrange(len(shown))
        match choose.randrange(3):
            case 0:
                shown.insert(choose.randrange(len(shown)), shown[at])
            case 1 if len(shown) > 1:
                del shown[at]
            case _:
                to = choose.randrange(len(shown))
                shown[at], shown[to] = shown[to], shown[at]
    found, let_through = checker(), []
    for signed, data in shown:
        try:
            found.check(signed, data, T0 + 10_000)
        except BadRecord:
            continue
        let_through.append(made.index((signed, data)))
    assert let_through == sorted(set(let_through))
    for position in let_through:
        if made[position][0].part.index:
            assert position - 1 in let_through


@given(seed=st.integers(0, 2**32))
def test_checker__one_bit_flipped_anywhere__refused(seed: int) -> None:
    choose = random.Random(seed)
    made = run(2, 1)
    found = taken(made[:1])
    signed, data = made[1]
    wire = bytearray(bytes(signed) + data)
    wire[choose.randrange(len(wire))] ^= 1 << choose.randrange(8)
    cut = len(bytes(signed))
    with pytest.raises(BadRecord):
        found.check(SignedPart.parse(bytes(wire[:cut])), bytes(wire[cut:]), T0)
    found.check(signed, data, T0)


def test_checker__somebody_elses_signature__refused() -> None:
    (signed, data), *_ = run(key=b"\x08" * 32)
    with pytest.raises(BadRecord, match="not signed by the stream's broadcaster"):
        checker().check(signed, data, T0)


def test_checker__old_run_shown_as_live__refused() -> None:
    made = run()
    with pytest.raises(BadRecord, match="too old to be live"):
        taken(made, now=T0 + 3_600_000)
    later = run(start=T0 + 60_000)
    found = taken(made)
    for signed, data in later:
        found.check(signed, data, T0 + 60_000)
    with pytest.raises(BadRecord, match="of an earlier run"):
        found.check(*made[0], T0 + 60_000)


def test_checker__from_the_future__refused() -> None:
    with pytest.raises(BadRecord, match="from the future"):
        taken(run(), now=T0 - 61_000)


def test_checker__joins_in_the_middle_and_skips__at_whole_segments_only() -> None:
    made = run(6, 2)
    found = checker()
    with pytest.raises(BadRecord, match="begins with its first part"):
        found.check(*made[3], T0)
    assert found.check(*made[4], T0) == 0
    with pytest.raises(BadRecord, match="a part is missing"):
        found.check(*made[7], T0)
    assert found.check(*made[8], T0) == 2  # the rest of segment 2, and segment 3
    assert found.check(*made[9], T0) == 0


def resigned(part: Part) -> SignedPart:
    return SignedPart(part, sign(part.digest(DOMAIN), KEY))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rendition": "360p"}, "of another stream"),
        ({"stream": bytes(32)}, "of another stream"),
        ({"index": 256}, "out of range"),
        ({"sequence": 2**53}, "out of range"),
        ({"duration_ms": 60_001}, "out of range"),
        ({"flags": 16}, "out of range"),
        ({"flags": LAST | END}, "only a record that ends a run"),
        ({"flags": LAST | START}, "only a record that begins a run"),
        ({"previous_hash": bytes(32)}, "only a record that begins a run"),
        ({"previous_hash": b"\x01" * 32}, "does not follow"),
        ({"wall_time": T0 - 1}, "goes back in time"),
        ({"sequence": 3, "wall_time": T0}, "goes back in time"),
        ({"sequence": 0}, "came before"),
        ({"part_hash": part_hash(b"other")}, "not those that were published"),
    ],
)
def test_checker__broadcaster_contradicts_itself__refused(
    change: dict[str, Any], words: str
) -> None:
    """Its signature alone does not make a record good."""
    made = run(3, 1)
    found = taken(made[:1])
    signed, data = made[1]
    with pytest.raises(BadRecord, match=words):
        found.check(resigned(replace(signed.part, **change)), data, T0)


def test_checker__parts_of_one_segment_disagree__refused() -> None:
    made = run(1, 2)
    found = taken(made[:1])
    other = resigned(replace(made[1][0].part, duration_ms=1999))
    with pytest.raises(BadRecord, match="the parts of a segment disagree"):
        found.check(other, made[1][1], T0)


def test_checker__after_the_end__only_a_new_run() -> None:
    made = run(2, 1)
    found = taken(made)
    more = resigned(
        replace(made[1][0].part, sequence=3, previous_hash=made[2][0].part.hash(),
                wall_time=T0 + 9000)
    )  # fmt: skip
    with pytest.raises(BadRecord, match="the run has ended"):
        found.check(more, made[1][1], T0)


def test_stream_id__name_that_is_none__refused() -> None:
    with pytest.raises(ValueError, match="cannot name a stream"):
        stream_id(ADDRESS, "a/b")
    assert stream_id(ADDRESS.lower(), NAME) == STREAM != stream_id(ADDRESS, "other")
