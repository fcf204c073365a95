"""Convictions: for what, what they cost, and that one ends every other claim of the convict."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Contract, reverts
from tests.contracts.market import INVALID, LPT, VALID, Market, Work

SEAT_PAY = 2 * 10**13
FEE = 10**12
PAID, FORFEITED, UNPAID, VOID = 5, 6, 7, 8
BURNT = "0x000000000000000000000000000000000000dEaD"
INVALID_WORK, MISSED, DOUBLE = 1, 2, 3


def stake(market: Market, transcoder: str) -> int:
    return int(market.bonding.slashableStake(transcoder))


class TestMissed:
    def test_seed_unproven__convicts(
        self, market: Market, jobs: Contract, transcoder: str, stranger: str
    ) -> None:
        work = market.work(market.accepted(value=10 * FEE), 10)
        market.claim(work)
        market.wait_past(jobs.claimDeadlines(work.job_id, 0).seedBy - 1)
        with reverts("seed can still be proven"):
            jobs.missedVerificationSlash(work.job_id, 0, sender=stranger)
        market.chain.mine()

        receipt = jobs.missedVerificationSlash(work.job_id, 0, sender=stranger)

        assert receipt.named("TranscoderConvicted")[0].args == {
            "jobId": work.job_id, "claimId": 0, "transcoder": transcoder,
            "finder": stranger, "fault": MISSED, "slash": 50_000,
        }  # fmt: skip
        assert jobs.getClaim(work.job_id, 0).status == FORFEITED
        assert jobs.getJob(work.job_id).escrow == 10 * FEE
        assert stake(market, transcoder) == 950 * LPT
        assert market.protocol.LivepeerToken.balanceOf(stranger) == 25 * LPT
        assert market.bonding.isBarred(transcoder)
        # The verification fee is lost to the protocol; without a Treasury nobody has it.
        assert jobs.credits(BURNT) == 6 * SEAT_PAY
        assert jobs.feesAtRisk(transcoder) == 0

    def test_seed_proven_late__convicts(
        self, market: Market, jobs: Contract, transcoder: str
    ) -> None:
        """Otherwise a cheat would prove lucky seeds only."""
        work = market.work(market.accepted(), 10)
        market.claim(work)
        market.wait_past(jobs.claimDeadlines(work.job_id, 0).seedBy)
        market.prove(work.job_id, 0)

        jobs.missedVerificationSlash(work.job_id, 0)

        assert stake(market, transcoder) == 950 * LPT

    def test_draw_unopened__convicts(self, market: Market, jobs: Contract, transcoder: str) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)
        market.prove(work.job_id, 0)
        market.open(work, 0, market.owed(work.job_id, 0)[1:] or None)
        if jobs.getClaim(work.job_id, 0).status != 1:
            pytest.fail("the seed drew one leaf twice; choose another")
        market.wait_past(jobs.claimDeadlines(work.job_id, 0).openBy - 1)
        with reverts("nothing was missed"):
            jobs.missedVerificationSlash(work.job_id, 0)
        market.chain.mine()

        jobs.missedVerificationSlash(work.job_id, 0)

        assert stake(market, transcoder) == 950 * LPT

    def test_challenge_unopened__convicts_and_returns_the_bond(
        self, market: Market, jobs: Contract, transcoder: str, stranger: str
    ) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)
        market.prove(work.job_id, 0)
        drawn = sorted(set(jobs.drawnIndices(work.job_id, 0)))
        leaf = next(each for each in range(10) if each not in drawn)
        jobs.challenge(work.job_id, 0, leaf, sender=stranger, value=6 * SEAT_PAY)
        market.open(work, 0, drawn)
        market.wait_past(jobs.claimDeadlines(work.job_id, 0).openChallengedBy)

        jobs.missedVerificationSlash(work.job_id, 0)

        assert jobs.credits(stranger) == 6 * SEAT_PAY
        assert stake(market, transcoder) == 950 * LPT

    def test_all_opened__reverts(self, market: Market, jobs: Contract) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)
        market.prove(work.job_id, 0)
        market.open(work, 0)
        market.chain.mine(1_000)

        with reverts("nothing was missed"):
            jobs.missedVerificationSlash(work.job_id, 0)

    def test_paused_meanwhile__counts_no_block(
        self, market: Market, jobs: Contract, owner: str
    ) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)
        market.protocol.Controller.pause(sender=owner)
        market.chain.mine(1_000)
        market.protocol.Controller.unpause(sender=owner)

        with reverts("seed can still be proven"):
            jobs.missedVerificationSlash(work.job_id, 0)


class TestDoubleClaim:
    def claimed(self, market: Market, sequences: list[int]) -> Work:
        work = market.work(market.accepted(), sequences)
        market.claim(work)
        return work

    def slash(self, market: Market, work: Work, first: int, second: int, **changes: object) -> None:
        market.jobs.doubleClaimSegmentSlash(
            work.job_id,
            0,
            work.leaf(first) | changes,
            work.leaf(second),
            work.tree.multiproof(sorted((first, second))),
            sender=market.broadcaster,
        )

    @pytest.mark.parametrize("sequences", [[1, 5, 5, 9], [1, 7, 5, 9]])
    def test_same_sequence_or_out_of_order__convicts(
        self, market: Market, jobs: Contract, transcoder: str, sequences: list[int]
    ) -> None:
        work = self.claimed(market, sequences)

        self.slash(market, work, 1, 2)

        assert jobs.getClaim(work.job_id, 0).status == FORFEITED
        assert stake(market, transcoder) == 950 * LPT
        with reverts("claim is final"):
            self.slash(market, work, 1, 2)

    def test_increasing__reverts(self, market: Market) -> None:
        work = self.claimed(market, [1, 2, 3])

        with reverts("sequences increase"):
            self.slash(market, work, 0, 2)

    def test_one_leaf_for_two__reverts(self, market: Market) -> None:
        """The same leaf twice is no double claim, nor is a leaf of no tree."""
        work = self.claimed(market, [1, 2, 3])

        with reverts("leaf indices must increase"):
            market.jobs.doubleClaimSegmentSlash(
                work.job_id, 0, work.leaf(1), work.leaf(1), work.tree.multiproof([1])
            )
        with reverts("proof does not lead to the claim's root"):
            self.slash(market, work, 0, 1, sequence=2)

    def test_while_voting__waits_for_the_verdict(
        self, market: Market, jobs: Contract, transcoder: str
    ) -> None:
        work = self.claimed(market, [0, 1, 2, 2, 4])
        market.prove(work.job_id, 0)
        market.after_challenges(work.job_id, 0)
        market.open(work, 0)
        request = jobs.getClaim(work.job_id, 0).request

        self.slash(market, work, 2, 3)
        with reverts("claim is convicted already"):
            self.slash(market, work, 2, 3)
        with reverts("claim cannot be settled now"):
            jobs.settle(work.job_id, 0)
        market.vote(request, [VALID] * 3)
        market.conclude(request)
        jobs.settle(work.job_id, 0)

        assert jobs.getClaim(work.job_id, 0).status == FORFEITED
        assert stake(market, transcoder) == 950 * LPT


class TestOneConvictionEndsAll:
    def test_other_claims__are_void(self, market: Market, jobs: Contract, transcoder: str) -> None:
        """Whatever stage they are in, the fees of all go back, and only one slash is taken."""
        value = 10**15
        missed, committed, opened, valid = (market.accepted(value=value) for _ in range(4))
        market.claim(market.work(missed, 10))
        judged = market.work(valid, 10)
        market.claim(judged)
        market.prove(valid, 0)
        market.after_challenges(valid, 0)
        market.open(judged, 0)
        request = jobs.getClaim(valid, 0).request
        market.vote(request, [VALID] * 3)
        market.conclude(request)
        market.chain.mine(20)
        later = market.work(opened, 10)
        market.claim(later)
        market.chain.mine()
        market.claim(market.work(committed, 10))
        market.prove(opened, 0)
        market.open(later, 0)
        market.wait_past(jobs.claimDeadlines(missed, 0).seedBy)
        with reverts("claim has not been judged"):
            jobs.settle(opened, 0)

        jobs.missedVerificationSlash(missed, 0)

        with reverts("claim is void"):
            jobs.requestVerification(opened, 0)
        with reverts("claim is void"):
            jobs.challenge(committed, 0, 0, value=6 * SEAT_PAY)
        for job_id in (committed, opened, valid):
            receipt = jobs.settle(job_id, 0)
            (event,) = receipt.named("ClaimRefunded")
            assert (event.status, event.fees) == (VOID, 10 * FEE)
            assert jobs.getJob(job_id).escrow == value
            assert jobs.getJob(job_id).unfinishedClaims == 0
            with reverts("claim cannot be settled now"):
                jobs.settle(job_id, 0)
        assert stake(market, transcoder) == 950 * LPT
        assert jobs.feesAtRisk(transcoder) == 0
        # Verification fees the committee never had go back to the claimant of a void claim.
        assert jobs.credits(transcoder) == 2 * 6 * SEAT_PAY

    def test_void_claim__takes_no_openings(self, market: Market, jobs: Contract) -> None:
        missed, other = market.accepted(), market.accepted()
        market.claim(market.work(missed, 10))
        market.wait_past(jobs.claimDeadlines(missed, 0).seedBy - 10)
        work = market.work(other, 10)
        market.claim(work)
        market.prove(other, 0)
        market.wait_past(jobs.claimDeadlines(missed, 0).seedBy)
        jobs.missedVerificationSlash(missed, 0)

        with reverts("claim is void"):
            market.open(work, 0)

    def test_convict__claims_no_more(self, market: Market, jobs: Contract, transcoder: str) -> None:
        missed, other = market.accepted(), market.accepted()
        market.claim(market.work(missed, 10))
        market.wait_past(jobs.claimDeadlines(missed, 0).seedBy)
        jobs.missedVerificationSlash(missed, 0)

        with reverts("transcoder was convicted since it accepted"):
            market.claim(market.work(other, 10))
        # Its job is the broadcaster's again at once.
        jobs.closeJob(other)
        with reverts("transcoder is barred"):
            jobs.acceptJob(market.job_for(transcoder), sender=transcoder)

    def test_graver_fault__only_adds_the_difference(
        self, market: Market, jobs: Contract, transcoder: str, owner: str
    ) -> None:
        """Missing costs 5 %, a double claim on a claim voided thereby 2 % more."""
        now = jobs.parametersOf(1)
        jobs.setParameters(now._replace(doubleClaimSlash=70_000)._asdict(), sender=owner)
        missed, double, again = (market.accepted() for _ in range(3))
        market.claim(market.work(missed, 10))
        market.chain.mine(10)
        works = [market.work(job_id, [1, 2, 2, 9]) for job_id in (double, again)]
        for work in works:
            market.claim(work)
        market.wait_past(jobs.claimDeadlines(missed, 0).seedBy)
        jobs.missedVerificationSlash(missed, 0)
        assert stake(market, transcoder) == 950 * LPT

        slashes = []
        for work in works:
            receipt = jobs.doubleClaimSegmentSlash(
                work.job_id, 0, work.leaf(1), work.leaf(2), work.tree.multiproof([1, 2])
            )
            slashes.append(receipt.named("TranscoderConvicted")[0].slash)

        assert slashes == [20_000, 0]
        assert stake(market, transcoder) == 950 * LPT * 98 // 100

    def test_second_missed_claim__is_void_and_costs_nothing_more(
        self, market: Market, jobs: Contract, transcoder: str
    ) -> None:
        claims = [market.accepted() for _ in range(2)]
        for job_id in claims:
            market.claim(market.work(job_id, 10))
        market.wait_past(jobs.claimDeadlines(claims[1], 0).seedBy)

        jobs.missedVerificationSlash(claims[0], 0)
        with reverts("claim is void"):
            jobs.missedVerificationSlash(claims[1], 0)
        jobs.settle(claims[1], 0)

        assert stake(market, transcoder) == 950 * LPT
        assert jobs.getClaim(claims[1], 0).status == VOID


def test_resigned_before_judgement__is_slashed_all_the_same(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    work = market.work(market.accepted(), 10)
    market.claim(work)
    market.bonding.unbond(1_000 * LPT, sender=transcoder)
    market.wait_past(jobs.claimDeadlines(work.job_id, 0).seedBy)

    jobs.missedVerificationSlash(work.job_id, 0)

    assert stake(market, transcoder) == 950 * LPT


def test_invalid_verdict__slashes_on_settlement(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    """The verdict voids at once; the slash and the refunds are settle's, which anyone may call."""
    work, claim_id, _ = market.judged([INVALID] * 4)
    assert (jobs.getClaim(work.job_id, claim_id).verdict, stake(market, transcoder)) == (
        2,
        1_000 * LPT,
    )
    with reverts("claim was not judged valid"):
        jobs.distributeFees(work.job_id, claim_id)

    jobs.settle(work.job_id, claim_id)

    assert jobs.getClaim(work.job_id, claim_id).status == FORFEITED
    assert stake(market, transcoder) == 950 * LPT
    assert jobs.getJob(work.job_id).escrow == 10**17
