"""challenge: anyone may have a leaf judged, at a price that depends on who was right."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import Contract, reverts
from tests.contracts.market import INCONCLUSIVE, INVALID, LPT, VALID, Market, Work

SEAT_PAY = 2 * 10**13
BOND = 6 * SEAT_PAY
COMMITTED, OPENED, PAID, FORFEITED, UNPAID = 1, 2, 5, 6, 7


@pytest.fixture
def work(market: Market) -> Work:
    """A claim of ten segments, seed unproven."""
    work = market.work(market.accepted(), 10)
    market.claim(work)
    return work


def challenged(market: Market, work: Work, challenger: str, index: int | None = None) -> int:
    """Prove the seed and challenge a leaf that was not drawn."""
    market.prove(work.job_id, 0)
    drawn = market.jobs.drawnIndices(work.job_id, 0)
    leaf = next(each for each in range(10) if each not in drawn) if index is None else index
    market.jobs.challenge(work.job_id, 0, leaf, sender=challenger, value=BOND)
    return leaf


def judged(market: Market, work: Work, verdicts: list[int]) -> None:
    """Open what is owed and have it judged, by two stages where the first is not unanimous."""
    market.after_challenges(work.job_id, 0)
    market.open(work, 0)
    request = market.jobs.getClaim(work.job_id, 0).request
    market.vote(request, verdicts[:3])
    market.conclude(request)
    if market.committee.getRequest(request).phase == 1:
        seats = market.seat_stage(request)
        market.vote(request, [verdicts[-1]] * seats)
        market.conclude(request)
        market.wait_past(market.committee.getRequest(request).appealBy)
        market.conclude(request)


def test_challenge__owes_the_leaf(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    leaf = challenged(market, work, stranger)

    challenge = jobs.getChallenge(work.job_id, 0, 0)
    assert (challenge.index, challenge.challenger, challenge.bond) == (leaf, stranger, BOND)
    assert (challenge.opened, challenge.resolved) == (False, False)
    assert jobs.challengeBond(work.job_id, 0) == BOND
    drawn = sorted(set(jobs.drawnIndices(work.job_id, 0)))
    market.open(work, 0, drawn)
    assert jobs.getClaim(work.job_id, 0).status == COMMITTED
    market.open(work, 0, [leaf])
    assert jobs.getClaim(work.job_id, 0).status == OPENED
    assert jobs.getChallenge(work.job_id, 0, 0).opened


def test_challenge__emits(market: Market, jobs: Contract, work: Work, stranger: str) -> None:
    receipt = jobs.challenge(work.job_id, 0, 9, sender=stranger, value=BOND)

    assert receipt.named("Challenged")[0].args == {
        "jobId": work.job_id, "claimId": 0, "challenger": stranger, "index": 9, "bond": BOND,
    }  # fmt: skip


def test_challenge__opened_claim__opens_it_again(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    market.prove(work.job_id, 0)
    market.open(work, 0)
    leaf = next(each for each in range(10) if each not in jobs.drawnIndices(work.job_id, 0))

    jobs.challenge(work.job_id, 0, leaf, sender=stranger, value=BOND)

    assert jobs.getClaim(work.job_id, 0).status == COMMITTED
    market.open(work, 0, [leaf])
    assert jobs.getClaim(work.job_id, 0).status == OPENED


def test_challenge__malformed__reverts(market: Market, jobs: Contract, work: Work) -> None:
    with reverts("value must be the challenge bond"):
        jobs.challenge(work.job_id, 0, 1, value=BOND - 1)
    with reverts("leaf index out of range"):
        jobs.challenge(work.job_id, 0, 10, value=BOND)
    jobs.challenge(work.job_id, 0, 1, value=BOND)
    with reverts("leaf is already challenged"):
        jobs.challenge(work.job_id, 0, 1, value=BOND)


def test_challenge__last_block__and_one_later(market: Market, jobs: Contract, work: Work) -> None:
    market.prove(work.job_id, 0)
    market.wait_past(jobs.claimDeadlines(work.job_id, 0).challengeBy - 1)

    jobs.challenge(work.job_id, 0, 1, value=BOND)
    market.chain.mine()
    with reverts("challenge window has passed"):
        jobs.challenge(work.job_id, 0, 2, value=BOND)


def test_challenge__voting__reverts(market: Market, jobs: Contract, work: Work) -> None:
    market.prove(work.job_id, 0)
    market.after_challenges(work.job_id, 0)
    market.open(work, 0)

    with reverts("claim cannot be challenged now"):
        jobs.challenge(work.job_id, 0, 1, value=BOND)


def test_challenge__sixty_four__are_the_most(market: Market, jobs: Contract) -> None:
    work = market.work(market.accepted(), 66)
    market.claim(work)
    for index in range(64):
        jobs.challenge(work.job_id, 0, index, value=BOND)

    with reverts("too many challenges"):
        jobs.challenge(work.job_id, 0, 64, value=BOND)
    # All of them, and every draw, still open and are judged together.
    market.prove(work.job_id, 0)
    owed = market.owed(work.job_id, 0)
    for start in range(0, len(owed), 16):
        market.open(work, 0, owed[start : start + 16])
    market.after_challenges(work.job_id, 0)
    request = jobs.requestVerification(work.job_id, 0).value
    assert market.committee.getRequest(request).leaves == 64 + jobs.getClaim(work.job_id, 0).draws


def test_challenge__opened_late__after_the_draws(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    """A leaf challenged in the last block can be opened as long after as a drawn one."""
    market.prove(work.job_id, 0)
    deadlines = jobs.claimDeadlines(work.job_id, 0)
    drawn = sorted(set(jobs.drawnIndices(work.job_id, 0)))
    market.open(work, 0, drawn)
    leaf = next(each for each in range(10) if each not in drawn)
    market.wait_past(deadlines.challengeBy - 1)
    jobs.challenge(work.job_id, 0, leaf, sender=stranger, value=BOND)
    market.wait_past(deadlines.openChallengedBy - 1)

    with reverts("nothing was missed"):
        jobs.missedVerificationSlash(work.job_id, 0)
    market.open(work, 0, [leaf])

    assert jobs.getChallenge(work.job_id, 0, 0).opened


def test_good_work__takes_the_bond(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    """Half to the claimant, half to the seats."""
    challenged(market, work, stranger)
    judged(market, work, [VALID] * 3)

    receipt = jobs.distributeFees(work.job_id, 0)

    assert jobs.getClaim(work.job_id, 0).status == PAID
    assert (jobs.credits(stranger), jobs.credits(market.transcoders[0])) == (0, BOND // 2)
    seats = market.committee.seatsOf(1, 1)
    # Two draws and one challenged leaf, one seat's pay for each.
    assert [market.committee.credits(seat) for seat in seats] == [3 * SEAT_PAY] * 3
    assert receipt.named("ChallengeResolved")[0].returned == 0


def test_bad_work__returns_the_bond_and_rewards(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    challenged(market, work, stranger)
    judged(market, work, [INVALID] * 4)

    jobs.settle(work.job_id, 0)

    assert jobs.getClaim(work.job_id, 0).status == FORFEITED
    assert jobs.credits(stranger) == BOND
    # 5 % of 1,000 LPT, and half of that to whoever challenged first.
    assert market.protocol.LivepeerToken.balanceOf(stranger) == 25 * LPT


def test_inconclusive__returns_the_bond(
    market: Market, jobs: Contract, work: Work, stranger: str
) -> None:
    challenged(market, work, stranger)
    market.after_challenges(work.job_id, 0)
    market.open(work, 0)
    request = jobs.getClaim(work.job_id, 0).request
    market.wait_past(market.committee.getRequest(request).revealBy)
    market.conclude(request)
    market.chain.mine(100)
    market.conclude(request)
    assert jobs.getClaim(work.job_id, 0).verdict == INCONCLUSIVE

    jobs.settle(work.job_id, 0)

    assert jobs.getClaim(work.job_id, 0).status == UNPAID
    assert jobs.credits(stranger) == BOND


def test_challenger__never_sits(market: Market, jobs: Contract) -> None:
    """With five transcoders, one claiming and one challenging, the other three sit."""
    challenger = market.transcoders[3]
    for number in range(8):
        job_id = market.accepted()
        work = market.work(job_id, 10)
        market.claim(work)
        jobs.challenge(job_id, 0, 0, sender=challenger, value=BOND)
        market.prove(job_id, 0, keccak(text=f"seed {number}"))
        market.after_challenges(job_id, 0)
        market.open(work, 0)
        seats = market.committee.seatsOf(jobs.getClaim(job_id, 0).request, 1)
        assert set(seats) == set(market.transcoders) - {challenger, market.transcoders[0]}
        market.vote(jobs.getClaim(job_id, 0).request, [VALID] * 3)
        market.conclude(jobs.getClaim(job_id, 0).request)


def test_views__no_such_challenge__reverts(market: Market, jobs: Contract, work: Work) -> None:
    with reverts("challenge does not exist"):
        jobs.getChallenge(work.job_id, 0, 0)
