"""claimWork: what it reserves, what it refuses, and how much one stake may back."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.chain.artifacts import artifact
from tests.contracts.harness import ZERO, Contract, reverts
from tests.contracts.market import LPT, Market

FEE = 10**6 * 10**9 // 1_000  # of one segment
SEAT_PAY = 2 * 10**13


def test_claim_work__reserves_the_fees(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.accepted(value=20 * FEE)
    work = market.work(job_id, [3, 4, 7, 12])
    clock, block = jobs.currentClock(), market.chain.block

    receipt = jobs.claimWork(
        job_id, 3, 12, 4, work.tree.root, sender=transcoder, value=3 * SEAT_PAY
    )

    claim = jobs.getClaim(job_id, 0)
    assert (claim.transcoder, claim.claimRoot) == (transcoder, work.tree.root)
    assert (claim.firstSequence, claim.lastSequence, claim.segmentCount) == (3, 12, 4)
    assert (claim.fees, claim.draws, claim.seedBlock) == (4 * FEE, 1, block + 4)
    assert (claim.claimBlock, claim.status, claim.verdict) == (clock, 1, 0)
    assert claim.round == market.bonding.lastSnapshotRound()
    job = jobs.getJob(job_id)
    assert (job.escrow, job.nextSequence, job.claims) == (16 * FEE, 13, 1)
    assert (job.segmentsClaimed, job.unfinishedClaims) == (4, 1)
    assert jobs.feesAtRisk(transcoder) == 4 * FEE
    assert receipt.named("WorkClaimed")[0].args == {
        "jobId": job_id,
        "claimId": 0,
        "transcoder": transcoder,
        "firstSequence": 3,
        "lastSequence": 12,
        "segmentCount": 4,
        "claimRoot": work.tree.root,
        "fees": 4 * FEE,
        "seedBlock": block + 4,
        "seedBy": clock + 4 + 50,
        "draws": 1,
        "verificationFee": 3 * SEAT_PAY,
    }


@pytest.mark.parametrize(("segments", "draws"), [(1, 1), (5, 1), (6, 2), (80, 16), (81, 16)])
def test_claim_work__draws__grow_up_to_the_most(
    market: Market, jobs: Contract, segments: int, draws: int
) -> None:
    job_id = market.accepted(segments=10**6)

    assert jobs.verificationFee(job_id, segments) == draws * 3 * SEAT_PAY
    claim_id = market.claim(market.work(job_id, [0, 999]), count=min(segments, 1_000))
    assert jobs.getClaim(job_id, claim_id).draws == draws


def _claim(market: Market, job_id: int, **changes: Any) -> None:
    terms: dict[str, Any] = {
        "first": 0,
        "last": 9,
        "count": 10,
        "root": keccak(text="root"),
        "sender": market.transcoders[0],
        "value": 2 * 3 * SEAT_PAY,
    } | changes
    market.jobs.claimWork(
        job_id,
        terms["first"],
        terms["last"],
        terms["count"],
        terms["root"],
        sender=terms["sender"],
        value=terms["value"],
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"first": 10}, "sequence range out of range"),
        ({"last": 2**48 - 1, "first": 2**48 - 1}, "sequence range out of range"),
        ({"last": 2**20}, "sequence range out of range"),
        ({"count": 0, "value": 0}, "segment count out of range"),
        ({"count": 11}, "segment count out of range"),
        ({"root": bytes(32)}, "claim root must not be zero"),
        ({"value": 2 * 3 * SEAT_PAY - 1}, "value must be the verification fee"),
        ({"value": 2 * 3 * SEAT_PAY + 1}, "value must be the verification fee"),
    ],
)
def test_claim_work__malformed__reverts(
    market: Market, changes: dict[str, Any], reason: str
) -> None:
    job_id = market.accepted()

    with reverts(reason):
        _claim(market, job_id, **changes)


def test_claim_work__not_the_jobs_transcoder__reverts(market: Market) -> None:
    job_id = market.accepted()

    with reverts("caller must be the job's transcoder"):
        _claim(market, job_id, sender=market.transcoders[1])


def test_claim_work__not_accepted__reverts(market: Market, transcoder: str) -> None:
    for job_id in (market.job_for(transcoder), 99):
        with reverts("job is not active"):
            _claim(market, job_id)


@pytest.mark.parametrize(("first", "last"), [(0, 4), (9, 20), (9, 9)])
def test_claim_work__sequence_again__reverts(market: Market, first: int, last: int) -> None:
    """Ranges of a job only go up, so no segment is ever paid twice, whatever the trees hold."""
    job_id = market.accepted()
    _claim(market, job_id)

    with reverts("sequence already claimed"):
        _claim(market, job_id, first=first, last=last, count=1, value=3 * SEAT_PAY)
    _claim(market, job_id, first=10, last=10, count=1, value=3 * SEAT_PAY)


def test_claim_work__more_than_ordered__reverts(market: Market) -> None:
    job_id = market.accepted(segments=15)
    _claim(market, job_id)

    with reverts("job's segments exceeded"):
        _claim(market, job_id, first=10, last=15, count=6)
    _claim(market, job_id, first=10, last=14, count=5, value=3 * SEAT_PAY)


def test_claim_work__more_than_escrowed__reverts(market: Market, jobs: Contract) -> None:
    job_id = market.accepted(value=10 * FEE - 1)

    with reverts("escrow does not cover the fees"):
        _claim(market, job_id)
    jobs.fundJob(job_id, value=1)
    _claim(market, job_id)

    assert jobs.getJob(job_id).escrow == 0


def test_claim_work__escrows__are_separate(market: Market, jobs: Contract) -> None:
    """A job without means cannot draw on its neighbour's."""
    poor, rich = market.accepted(value=1), market.accepted(value=10 * FEE)

    with reverts("escrow does not cover the fees"):
        _claim(market, poor)
    _claim(market, rich)


def test_claim_work__fees_at_risk__are_capped_by_own_stake(market: Market, jobs: Contract) -> None:
    """1,000 LPT back 1 ETH in unfinished claims (0.001 ETH per LPT), over all jobs together."""
    price = 10**9 * 10**5  # 0.1 ETH a segment
    first = market.accepted(price=price, value=10**18)
    second = market.accepted(price=price, value=10**18)
    _claim(market, first, last=8, count=9)
    assert jobs.feesAtRisk(market.transcoders[0]) == 9 * 10**17

    with reverts("fees at risk exceed what the stake backs"):
        _claim(market, second, last=1, count=2, value=3 * SEAT_PAY)
    _claim(market, second, last=0, count=1, value=3 * SEAT_PAY)


def test_claim_work__keeps_the_stake_in_reach(
    market: Market, transcoder: str, stranger: str
) -> None:
    job_id = market.accepted()
    _claim(market, job_id)

    with reverts("stake backs unsettled work"):
        market.bonding.transferBond(stranger, LPT, ZERO, ZERO, ZERO, ZERO, sender=transcoder)


def test_claim_work__after_unbonding__counts_what_is_left(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    """The stake noted may have begun to unbond since: it is still in reach."""
    price = 10**9 * 10**5
    job_id = market.accepted(price=price, value=10**19)
    _claim(market, job_id, last=4, count=5, value=3 * SEAT_PAY)
    market.bonding.unbond(900 * LPT, sender=transcoder)

    _claim(market, job_id, first=5, last=9, count=5, value=3 * SEAT_PAY)

    assert market.bonding.slashableStake(transcoder) == 1_000 * LPT
    assert jobs.feesAtRisk(transcoder) == 10**18


def test_claim_work__next_round__notes_it(market: Market, jobs: Contract) -> None:
    job_id = market.accepted()
    _claim(market, job_id)
    market.protocol.next_round()
    _claim(market, job_id, first=10, last=19)

    rounds = [jobs.getClaim(job_id, claim_id).round for claim_id in (0, 1)]
    assert rounds == [market.bonding.lastSnapshotRound() - 1, market.bonding.lastSnapshotRound()]


def test_claim_work__round_not_initialised__uses_the_last(market: Market, jobs: Contract) -> None:
    job_id = market.accepted()
    last = market.bonding.lastSnapshotRound()
    market.protocol.next_round(initialize=False)
    _claim(market, job_id)
    market.protocol.RoundsManager.initializeRound()
    _claim(market, job_id, first=10, last=19)

    assert [jobs.getClaim(job_id, claim_id).round for claim_id in (0, 1)] == [last, last + 1]


def _poke(market: Market, job_id: int, shift: int, bits: int, value: int) -> None:
    """Set bits of a job's activity word, to reach counts no test can count to."""
    jobs_at = artifact("JobsManager").layout["storage_layout"]["jobs"]["_jobs"]["slot"]
    # Vyper hashes slot and key in this order; the activity is a job's third word.
    place = keccak(jobs_at.to_bytes(32, "big") + job_id.to_bytes(32, "big"))
    slot = int.from_bytes(place, "big") + 2
    word = market.chain.storage(market.jobs, slot)
    assert word & (2**96 - 1) == market.jobs.getJob(job_id).escrow
    word = word & ~((2**bits - 1) << shift) | value << shift
    market.chain.set_storage(market.jobs, slot, word)


def test_claim_work__counters_full__reverts(market: Market) -> None:
    job_id = market.accepted()
    _poke(market, job_id, 144, 24, 2**24 - 1)
    with reverts("too many claims"):
        _claim(market, job_id)
    _poke(market, job_id, 144, 24, 0)
    _poke(market, job_id, 200, 16, 2**16 - 1)
    with reverts("too many unfinished claims"):
        _claim(market, job_id)
