"""openSegments: exactly the owed leaves, as signed, in time."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.proof.merkle import MerkleTree
from tests.contracts.harness import Contract, reverts
from tests.contracts.market import Market, Work

COMMITTED, OPENED, VOTING = 1, 2, 3
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def work(market: Market) -> Work:
    """A claim of 40 segments with a proven seed: 8 draws."""
    work = market.work(market.accepted(), 40)
    market.claim(work)
    market.prove(work.job_id, 0)
    return work


def test_drawn_indices__follow_the_published_formula(
    market: Market, jobs: Contract, work: Work
) -> None:
    seed = market.beacon.seed(jobs.getClaim(work.job_id, 0).seedBlock)

    def word(number: int) -> bytes:
        return number.to_bytes(32, "big")

    expected = [
        int.from_bytes(keccak(seed + word(work.job_id) + word(0) + word(draw)), "big") % 40
        for draw in range(8)
    ]
    assert jobs.drawnIndices(work.job_id, 0) == expected


def test_drawn_indices__seed_unproven__are_empty(market: Market, jobs: Contract) -> None:
    work = market.work(market.accepted(), 3)
    market.claim(work)

    assert jobs.drawnIndices(work.job_id, 0) == []
    deadlines = jobs.claimDeadlines(work.job_id, 0)
    assert (deadlines.provenAt, deadlines.challengeBy, deadlines.openBy) == (0, 0, 0)


def test_open__all__opens_the_claim(market: Market, jobs: Contract, work: Work) -> None:
    owed = market.owed(work.job_id, 0)

    receipt = market.open(work, 0)

    claim = jobs.getClaim(work.job_id, 0)
    assert (claim.status, claim.openedDraws) == (OPENED, 2**8 - 1)
    (event,) = receipt.named("SegmentsOpened")
    assert event.location == work.opening(0)["location"]
    shown = ("index", "sequence", "durationMs", "dataHash", "renditionRoot", "pixels")
    assert [tuple(leaf) for leaf in event.leaves] == [
        tuple(work.opening(index)[name] for name in shown) for index in owed
    ]


def test_open__in_parts__in_any_order(market: Market, jobs: Contract, work: Work) -> None:
    owed = market.owed(work.job_id, 0)

    market.open(work, 0, owed[2:])
    assert jobs.getClaim(work.job_id, 0).status == COMMITTED
    market.open(work, 0, owed[:2])

    assert jobs.getClaim(work.job_id, 0).status == OPENED


def test_open__after_challenges__goes_to_the_committee(
    market: Market, jobs: Contract, work: Work
) -> None:
    market.after_challenges(work.job_id, 0)

    receipt = market.open(work, 0)

    claim = jobs.getClaim(work.job_id, 0)
    assert (claim.status, claim.request) == (VOTING, 1)
    (event,) = receipt.named("VerificationRequested")
    assert (event.request, event.leaves) == (1, 8)


def test_open__again__reverts(market: Market, work: Work) -> None:
    owed = market.owed(work.job_id, 0)
    market.open(work, 0, owed[:1])

    with reverts("leaf is not owed"):
        market.open(work, 0, owed[:1])


def test_open__leaf_not_drawn__reverts(market: Market, work: Work) -> None:
    other = next(index for index in range(40) if index not in market.owed(work.job_id, 0))

    with reverts("leaf is not owed"):
        market.open(work, 0, [other])


def _with(market: Market, work: Work, proof: list[bytes] | None = None, **changes: Any) -> None:
    index = market.owed(work.job_id, 0)[0]
    market.jobs.openSegments(
        work.job_id,
        0,
        [work.opening(index, **changes)],
        work.tree.multiproof([index]) if proof is None else proof,
        sender=market.transcoders[0],
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sequence": 40}, "sequence outside the claim"),
        ({"durationMs": 1}, "segment is not signed by the broadcaster"),
        ({"dataHash": bytes(32)}, "segment is not signed by the broadcaster"),
        ({"renditionRoot": bytes(32)}, "proof does not lead to the claim's root"),
        ({"pixels": 10**6 + 1}, "proof does not lead to the claim's root"),
    ],
)
def test_open__another_leaf__reverts(
    market: Market, work: Work, change: dict[str, Any], reason: str
) -> None:
    with reverts(reason):
        _with(market, work, **change)


def test_open__high_s_or_short_signature__reverts(market: Market, work: Work) -> None:
    index = market.owed(work.job_id, 0)[0]
    signature = work.signatures[index]
    s = int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - signature[64]])

    with reverts("signature s too high"):
        _with(market, work, broadcasterSig=mirrored)
    with reverts("signature must be 65 bytes"):
        _with(market, work, broadcasterSig=signature[:64])


def test_open__signed_by_another__reverts(market: Market, jobs: Contract) -> None:
    work = market.work(market.accepted(), 3, key=keccak(text="somebody else"))
    market.claim(work)
    market.prove(work.job_id, 0)

    with reverts("segment is not signed by the broadcaster"):
        market.open(work, 0)


def test_open__signed_by_the_named_signer__opens(market: Market, jobs: Contract) -> None:
    from offchain.proof.signatures import address_of

    key = keccak(text="signing key")
    work = market.work(market.accepted(signer=address_of(key)), 3, key=key)
    market.claim(work)
    market.prove(work.job_id, 0)

    market.open(work, 0)

    assert jobs.getClaim(work.job_id, 0).status == OPENED


def test_open__inner_node_as_leaf__reverts(market: Market, jobs: Contract) -> None:
    """A claim of two over a tree of four: neither the tree's halves nor its leaves open it."""
    job_id = market.accepted()
    four = market.work(job_id, 4)
    jobs.claimWork(
        job_id, 0, 3, 2, four.tree.root,
        sender=market.transcoders[0], value=jobs.verificationFee(job_id, 2),
    )  # fmt: skip
    market.prove(job_id, 0)
    index = market.owed(job_id, 0)[0]

    for proof in ([four.tree.leaves[index ^ 1]], [MerkleTree(four.tree.leaves[2:]).root]):
        with reverts("proof does not lead to the claim's root"):
            jobs.openSegments(job_id, 0, [four.opening(index)], proof)
    with reverts("proof too long"):
        jobs.openSegments(job_id, 0, [four.opening(index)], four.tree.multiproof([index]))


def test_open__proof_too_long_or_short__reverts(market: Market, work: Work) -> None:
    index = market.owed(work.job_id, 0)[0]
    proof = work.tree.multiproof([index])

    with reverts("proof too long"):
        _with(market, work, proof=[*proof, bytes(32)])
    with reverts("proof too short"):
        _with(market, work, proof=proof[:-1])


def test_open__nothing__reverts(market: Market, jobs: Contract, work: Work) -> None:
    with reverts("proof needs a leaf"):
        jobs.openSegments(work.job_id, 0, [], [])


def test_open__in_the_last_block__and_one_later(market: Market, jobs: Contract, work: Work) -> None:
    owed = market.owed(work.job_id, 0)
    market.wait_past(jobs.claimDeadlines(work.job_id, 0).openBy - 1)

    market.open(work, 0, owed[:1])
    market.chain.mine()
    with reverts("open window has passed"):
        market.open(work, 0, owed[1:])


def test_open__paused_meanwhile__loses_no_time(
    market: Market, jobs: Contract, work: Work, owner: str
) -> None:
    market.wait_past(jobs.claimDeadlines(work.job_id, 0).openBy - 1)
    market.protocol.Controller.pause(sender=owner)
    market.chain.mine(1_000)
    market.protocol.Controller.unpause(sender=owner)

    market.open(work, 0)

    assert jobs.getClaim(work.job_id, 0).openedDraws == 2**8 - 1


def test_open__seed_unproven_or_late__reverts(market: Market, jobs: Contract) -> None:
    work = market.work(market.accepted(), 3)
    market.claim(work)
    with reverts("seed is not proven in time"):
        market.open(work, 0, [0])
    market.wait_past(jobs.claimDeadlines(work.job_id, 0).seedBy)
    market.prove(work.job_id, 0)

    with reverts("seed is not proven in time"):
        market.open(work, 0, [0])


def test_open__twice__reverts(market: Market, work: Work) -> None:
    market.open(work, 0)

    with reverts("claim takes no openings"):
        market.open(work, 0)


def test_open__no_such_claim__reverts(market: Market, jobs: Contract, work: Work) -> None:
    with reverts("claim does not exist"):
        jobs.openSegments(work.job_id, 1, [work.opening(0)], [])


class TestRequest:
    def test_after_challenges__hands_over(self, market: Market, jobs: Contract, work: Work) -> None:
        market.open(work, 0)
        with reverts("challenge window is open"):
            jobs.requestVerification(work.job_id, 0)
        market.after_challenges(work.job_id, 0)

        assert jobs.requestVerification(work.job_id, 0).value == 1

        fee = jobs.verificationFee(work.job_id, 40)
        assert market.committee.getRequest(1).pot == fee
        assert market.chain.balance(market.committee) == fee

    def test_not_fully_opened__reverts(self, market: Market, jobs: Contract, work: Work) -> None:
        market.open(work, 0, market.owed(work.job_id, 0)[1:])

        with reverts("claim is not fully opened"):
            jobs.requestVerification(work.job_id, 0)
