"""Work that is not what it says: what cheats put into their trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from eth_utils.crypto import keccak

from offchain.proof.merkle import MerkleTree
from offchain.proof.signatures import sign
from offchain.proof.typed import Segment
from tests.contracts.integration.cast import Claim, Job
from tests.contracts.market import Work

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
OWN_KEY = keccak(text="a key of the worker's own")


def made_up_at(leaf: int, job: Job) -> Work:
    """Ten segments, one of which the broadcaster never sent: the worker has signed it itself."""
    market = job.stage.market
    honest, own = market.work(job.id, 10), market.work(job.id, 10, key=OWN_KEY)
    return Work(
        job.id,
        [*honest.receipts[:leaf], own.receipts[leaf], *honest.receipts[leaf + 1 :]],
        [*honest.signatures[:leaf], own.signatures[leaf], *honest.signatures[leaf + 1 :]],
    )


def padded_with_inner_nodes(done: Work, job: Job) -> Work:
    """A tree twice as wide as four segments make it: its other leaves are nodes of their tree."""
    padded = job.stage.market.work(job.id, 8)
    right, left = done.tree.multiproof([0, 1])[-1], done.tree.multiproof([2, 3])[-1]
    padded.tree = MerkleTree([*done.tree.leaves, left, right, done.tree.root, left])
    return padded


def signed_otherwise(work: Work, otherwise: Callable[[bytes], bytes]) -> Work:
    """The same segments under signatures made from the broadcaster's."""
    signatures = [otherwise(signature) for signature in work.signatures]
    receipts = [
        replace(receipt, broadcaster_sig_hash=keccak(signature))
        for receipt, signature in zip(work.receipts, signatures, strict=True)
    ]
    return Work(work.job_id, receipts, signatures)


def another_source_at(leaf: int, claim: Claim) -> Work:
    """The work of a claim, had the broadcaster sent other bytes under one sequence number: it has
    signed those as well."""
    market, receipts = claim.stage.market, list(claim.work.receipts)
    signatures = list(claim.work.signatures)
    here = receipts[leaf]
    other = Segment(here.job_id, here.sequence, 2_000, keccak(text="other bytes"))
    signatures[leaf] = sign(other.digest(market.domain), market.key)
    receipts[leaf] = replace(
        here,
        data_hash=other.data_hash,
        broadcaster_sig_hash=keccak(signatures[leaf]),
    )
    return Work(claim.job.id, receipts, signatures)


def mirrored(signature: bytes) -> bytes:
    """The other point of the curve with the same r: s is high."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def compact(signature: bytes) -> bytes:
    """EIP-2098: 64 bytes, v in the highest bit of s."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")
