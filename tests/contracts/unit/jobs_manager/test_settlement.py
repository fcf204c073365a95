"""Payment: who gets what of a claim, to the wei, and who may say that it is due."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Contract, reverts
from tests.contracts.market import INCONCLUSIVE, LPT, UNAVAILABLE, VALID, Market

FEE = 10**12
SEAT_PAY = 2 * 10**13
BURNT = "0x000000000000000000000000000000000000dEaD"
VOTING, JUDGED, PAID, UNPAID = 3, 4, 5, 7


def test_distribute__pays_transcoder_and_protocol(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    work, claim_id, _ = market.judged([VALID] * 3)
    minter = market.chain.balance(market.protocol.Minter)

    receipt = jobs.distributeFees(work.job_id, claim_id)

    assert receipt.named("FeesDistributed")[0].args == {
        "jobId": work.job_id, "claimId": claim_id, "transcoder": transcoder,
        "fees": 95 * FEE // 10, "protocolFee": 5 * FEE // 10,
        "round": jobs.getClaim(work.job_id, claim_id).round,
    }  # fmt: skip
    assert market.chain.balance(market.protocol.Minter) - minter == 95 * FEE // 10
    assert market.bonding.pendingFees(transcoder, 99) == 95 * FEE // 10
    assert jobs.credits(BURNT) == 5 * FEE // 10
    assert jobs.getClaim(work.job_id, claim_id).status == PAID
    assert jobs.getJob(work.job_id).unfinishedClaims == 0
    assert jobs.feesAtRisk(transcoder) == 0
    round_ = market.bonding.lastSnapshotRound()
    assert jobs.settledWork(round_, transcoder) == (10 * FEE, 5 * FEE // 10)
    assert jobs.settledWorkTotal(round_) == (10 * FEE, 5 * FEE // 10)


def test_distribute__treasury_registered__is_credited(
    market: Market, jobs: Contract, stranger: str
) -> None:
    market.protocol.register("Treasury", stranger)
    work, claim_id, _ = market.judged([VALID] * 3)

    jobs.distributeFees(work.job_id, claim_id)

    assert jobs.credits(stranger) == 5 * FEE // 10


def test_distribute__twice__reverts(market: Market, jobs: Contract) -> None:
    work, claim_id, _ = market.judged([VALID] * 3)
    jobs.distributeFees(work.job_id, claim_id)

    for call in (jobs.distributeFees, jobs.settle):
        with reverts("claim cannot be settled now"):
            call(work.job_id, claim_id)


def test_distribute__not_judged__reverts(market: Market, jobs: Contract) -> None:
    work, claim_id, _ = market.requested()

    with reverts("claim was not judged valid"):
        jobs.distributeFees(work.job_id, claim_id)


def test_batch_distribute__pays_all(market: Market, jobs: Contract, transcoder: str) -> None:
    claims = [market.judged([VALID] * 3)[:2] for _ in range(3)]

    jobs.batchDistributeFees([work.job_id for work, _ in claims], [number for _, number in claims])

    assert market.bonding.pendingFees(transcoder, 99) == 3 * 95 * FEE // 10
    with reverts("lists differ in length"):
        jobs.batchDistributeFees([1, 2], [0])


def test_settle__unavailable__leaves_unpaid_without_slash(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    work, claim_id, _ = market.judged([UNAVAILABLE] * 4)

    receipt = jobs.settle(work.job_id, claim_id)

    (event,) = receipt.named("ClaimRefunded")
    assert (event.status, event.fees) == (UNPAID, 10 * FEE)
    assert jobs.getJob(work.job_id).escrow == 10**17
    assert jobs.feesAtRisk(transcoder) == 0
    assert market.bonding.slashableStake(transcoder) == 1_000 * LPT


class TestFewTranscoders:
    """With fewer than three to judge, nobody is convicted and unchallenged work is paid."""

    @pytest.fixture
    def few(self, protocol: object) -> Market:
        return Market(protocol, transcoders=3)  # type: ignore[arg-type]

    def test_unchallenged__is_paid(self, few: Market) -> None:
        work, claim_id, request = few.requested()

        claim = few.jobs.getClaim(work.job_id, claim_id)
        assert (request, claim.status, claim.verdict) == (0, JUDGED, VALID)
        few.jobs.distributeFees(work.job_id, claim_id)
        # Nobody judged, so the verification fee is the claimant's again.
        assert few.committee.credits(few.transcoders[0]) == 6 * SEAT_PAY
        assert few.chain.balance(few.committee) == 6 * SEAT_PAY
        assert few.committee.openSeats(few.transcoders[1]) == 0

    def test_challenged__is_unpaid_and_the_bond_returned(self, few: Market, stranger: str) -> None:
        work = few.work(few.accepted(), 10)
        few.claim(work)
        few.jobs.challenge(work.job_id, 0, 0, sender=stranger, value=6 * SEAT_PAY)
        few.prove(work.job_id, 0)
        few.after_challenges(work.job_id, 0)
        few.open(work, 0)

        assert few.jobs.getClaim(work.job_id, 0).verdict == INCONCLUSIVE
        few.jobs.settle(work.job_id, 0)

        assert few.jobs.getClaim(work.job_id, 0).status == UNPAID
        assert few.jobs.credits(stranger) == 6 * SEAT_PAY


class TestReceiveVerification:
    @pytest.fixture
    def committee(self, market: Market) -> str:
        """An account in the committee's place."""
        account = market.chain.account("committee")
        market.protocol.register("VerifierCommittee", account)
        return account

    def test_stranger__reverts(self, jobs: Contract, stranger: str) -> None:
        with reverts("caller must be VerifierCommittee"):
            jobs.receiveVerification(1, 0, 1, sender=stranger)

    @pytest.mark.parametrize("verdict", [0, 5])
    def test_verdict_out_of_range__reverts(
        self, jobs: Contract, committee: str, verdict: int
    ) -> None:
        with reverts("verdict out of range"):
            jobs.receiveVerification(1, 0, verdict, sender=committee)

    def test_not_voting__reverts(self, market: Market, jobs: Contract, committee: str) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)

        with reverts("claim is not being judged"):
            jobs.receiveVerification(work.job_id, 0, 1, sender=committee)

    def test_bonds_kept_back__reverts(self, market: Market, jobs: Contract, stranger: str) -> None:
        work = market.work(market.accepted(), 10)
        market.claim(work)
        jobs.challenge(work.job_id, 0, 0, sender=stranger, value=6 * SEAT_PAY)
        market.prove(work.job_id, 0)
        market.after_challenges(work.job_id, 0)
        market.open(work, 0)
        committee = market.chain.account("committee")
        market.protocol.register("VerifierCommittee", committee)

        with reverts("challenge bonds must come back"):
            jobs.receiveVerification(work.job_id, 0, 2, sender=committee, value=3 * SEAT_PAY - 1)
        jobs.receiveVerification(work.job_id, 0, 2, sender=committee, value=3 * SEAT_PAY + 5)

        assert jobs.credits(BURNT) == 5


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    price=st.integers(0, 2**40),
    units=st.integers(1, 2**40),
    segments=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    surplus=st.integers(0, 10**9),
)
def test_escrow__every_wei_is_accounted_for(
    market: Market, price: int, units: int, segments: list[int], surplus: int
) -> None:
    """Escrow paid in = fees to the transcoder + protocol fees + what the broadcaster gets back."""
    jobs, chain = market.jobs, market.chain
    with chain.isolate():
        fees = [count * 10**6 * price // units for count in segments]
        job_id = market.accepted(price=price, units=units, value=sum(fees) + surplus + 1)
        if sum(fees) > 10**18:
            return
        start = 0
        for claim_id, count in enumerate(segments):
            work = market.work(job_id, list(range(start, start + count)))
            start += count
            market.claim(work)
            market.prove(job_id, claim_id)
            market.after_challenges(job_id, claim_id)
            market.open(work, claim_id)
            request = jobs.getClaim(job_id, claim_id).request
            market.vote(request, [VALID] * 3)
            market.conclude(request)
        minter = chain.balance(market.protocol.Minter)
        for claim_id in range(len(segments)):
            jobs.distributeFees(job_id, claim_id)
        market.wait_past(jobs.getJob(job_id).endBlock)
        jobs.closeJob(job_id)

        to_transcoder = chain.balance(market.protocol.Minter) - minter
        assert to_transcoder == sum(fee - -(-fee * 5 // 100) for fee in fees)
        assert jobs.credits(market.broadcaster) == surplus + 1
        assert jobs.credits(BURNT) == sum(fees) - to_transcoder
        assert chain.balance(jobs) == surplus + 1 + sum(fees) - to_transcoder
