"""Calldata of the functions that take structs, lists or texts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.contracts.stateful.evm import selector, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contracts.jobs_reference.claims import Opening
    from tests.contracts.jobs_reference.jobs import Order

OPENING = "(uint256,uint256,uint256,bytes32,bytes32,uint256,bytes,string)"
LEAF = "(uint256,uint256,uint256,bytes32,bytes32,uint256,bytes32)"
OPEN = selector(f"openSegments(uint256,uint256,{OPENING}[],bytes32[])")
DOUBLE = selector(f"doubleClaimSegmentSlash(uint256,uint256,{LEAF},{LEAF},bytes32[])")
COMMIT = selector("commitVerdicts((uint256,uint256,bytes32)[])")
REVEAL = selector("revealVerdicts((uint256,uint256,uint8,bytes32,bytes32,bytes32)[])")
BATCH = selector("batchDistributeFees(uint256[],uint256[])")
PUBLISH = selector("publishBytes(uint256,string)")
JOB = selector("job(string,string,address,uint256,uint256,uint256,uint256,uint256)")
JOB_FOR = selector("jobFor(address,string,string,address,uint256,uint256,uint256,uint256,uint256)")


def words(*values: int | str | bytes) -> bytes:
    """Values of one word each."""
    return b"".join(map(word, values))


@cache
def text(raw: bytes) -> bytes:
    """A string or byte string with its length, padded."""
    return word(len(raw)) + raw + bytes(-len(raw) % 32)


def hashes(values: Sequence[bytes]) -> bytes:
    """A list of words."""
    return word(len(values)) + b"".join(values)


def _opening(opening: Opening) -> bytes:
    signature, location = text(opening.signature), text(opening.location)
    head = words(
        opening.index,
        opening.sequence,
        opening.duration,
        opening.data_hash,
        opening.rendition_root,
        opening.pixels,
        256,
        256 + len(signature),
    )
    return head + signature + location


def open_segments(
    job: int, claim: int, openings: Sequence[Opening], proof: Sequence[bytes]
) -> bytes:
    """Calldata of openSegments."""
    parts = [_opening(each) for each in openings]
    places, at = b"", 32 * len(parts)
    for part in parts:
        places += word(at)
        at += len(part)
    listed = word(len(parts)) + places + b"".join(parts)
    return OPEN + words(job, claim, 128, 128 + len(listed)) + listed + hashes(proof)


def double_claim(
    job: int, claim: int, first: bytes, second: bytes, proof: Sequence[bytes]
) -> bytes:
    """Calldata of doubleClaimSegmentSlash; each leaf is seven words."""
    head = words(job, claim) + first + second
    return DOUBLE + head + word(len(head) + 32) + hashes(proof)


def leaf_words(opening: Opening, signature_hash: bytes) -> bytes:
    """The seven words of a Leaf."""
    return words(
        opening.index,
        opening.sequence,
        opening.duration,
        opening.data_hash,
        opening.rendition_root,
        opening.pixels,
        signature_hash,
    )


def commit_verdicts(entries: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Calldata of commitVerdicts."""
    return COMMIT + words(32, len(entries)) + b"".join(words(*each) for each in entries)


def reveal_verdicts(entries: Sequence[tuple[int, int, int, bytes, bytes, bytes]]) -> bytes:
    """Calldata of revealVerdicts."""
    return REVEAL + words(32, len(entries)) + b"".join(words(*each) for each in entries)


def batch(keys: Sequence[tuple[int, int]]) -> bytes:
    """Calldata of batchDistributeFees."""
    first = word(len(keys)) + words(*(job for job, _ in keys))
    second = word(len(keys)) + words(*(claim for _, claim in keys))
    return BATCH + words(64, 64 + len(first)) + first + second


def publish(request: int, location: bytes) -> bytes:
    """Calldata of publishBytes."""
    return PUBLISH + words(request, 64) + text(location)


def order(order: Order, stream: bytes, profiles: bytes, transcoder: str | None) -> bytes:
    """Calldata of job or, with a transcoder, of jobFor."""
    one, two = text(stream), text(profiles)
    named = () if transcoder is None else (transcoder,)
    at = 32 * (8 + len(named))
    head = words(
        *named,
        at,
        at + len(one),
        order.signer,
        order.price,
        order.units,
        order.pixels,
        order.max_segments,
        order.end,
    )
    return (JOB if transcoder is None else JOB_FOR) + head + one + two
