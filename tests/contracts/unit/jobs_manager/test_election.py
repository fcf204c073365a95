"""Prices and elections: who is drawn at which price, and what happens when nobody answers."""

from __future__ import annotations

from collections import Counter

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import ZERO, Contract, Protocol, reverts
from tests.contracts.market import GWEI, LPT, Market

ELECTING, OFFERED, ACTIVE, LAPSED = 1, 2, 3, 4


def ask_all(market: Market, price: int = GWEI // 2, units: int = 1_000) -> None:
    """Every transcoder asks the same from the next round on."""
    for transcoder in market.transcoders:
        market.jobs.setTranscoderPrice(price, units, sender=transcoder)
    market.protocol.next_round()


def electing(market: Market, *, value: int = 10**15, **changes: object) -> int:
    """A job by election."""
    terms = market.terms(**changes)
    receipt = market.jobs.job(*terms.values(), sender=market.broadcaster, value=value)
    return int(receipt.value)


def elect(market: Market, job_id: int, seed: bytes = b"") -> str:
    """Prove the seed and elect."""
    block = market.jobs.getJob(job_id).electionBlock
    market.chain.mine_to(max(block + 1, market.chain.block))
    market.tell_seed(block, seed)
    return str(market.jobs.elect(job_id).value)


class TestPrices:
    def test_set__holds_from_the_next_round(
        self, market: Market, jobs: Contract, transcoder: str
    ) -> None:
        round_ = market.bonding.lastSnapshotRound()

        receipt = jobs.setTranscoderPrice(3, 7, sender=transcoder)
        jobs.setTranscoderPrice(5, 8, sender=transcoder)

        assert jobs.priceOf(transcoder, round_) == (0, 0)
        assert jobs.priceOf(transcoder, round_ + 1) == (5, 8)
        assert receipt.named("TranscoderPriceSet")[0].effectiveRound == round_ + 1

    def test_set_again__keeps_the_one_in_force(
        self, market: Market, jobs: Contract, transcoder: str
    ) -> None:
        jobs.setTranscoderPrice(3, 7, sender=transcoder)
        market.protocol.next_round()
        round_ = market.bonding.lastSnapshotRound()
        for price in (9, 11):
            jobs.setTranscoderPrice(price, 7, sender=transcoder)

        assert jobs.priceOf(transcoder, round_) == (3, 7)
        assert jobs.priceOf(transcoder, round_ + 1) == (11, 7)

    def test_locked__only_falls(self, market: Market, jobs: Contract, transcoder: str) -> None:
        """Compared as fractions: 10/7 falls to 9/7 and to 20/14, and may not rise to 10/6."""
        jobs.setTranscoderPrice(10, 7, sender=transcoder)
        rounds = market.protocol.RoundsManager
        market.chain.mine_to(rounds.currentRoundStartBlock() + rounds.roundLength() - 1)
        assert rounds.currentRoundLocked()

        jobs.setTranscoderPrice(20, 14, sender=transcoder)
        with reverts("price may only fall now"):
            jobs.setTranscoderPrice(10, 6, sender=transcoder)
        jobs.setTranscoderPrice(9, 7, sender=transcoder)
        jobs.setTranscoderPrice(1, 1, sender=market.transcoders[1])

    @pytest.mark.parametrize(
        ("price", "units", "reason"),
        [
            (2**64, 1, "price per unit out of range"),
            (1, 0, "pixels per unit out of range"),
            (1, 2**64, "pixels per unit out of range"),
        ],
    )
    def test_out_of_range__reverts(
        self, jobs: Contract, transcoder: str, market: Market, price: int, units: int, reason: str
    ) -> None:
        with reverts(reason):
            jobs.setTranscoderPrice(price, units, sender=transcoder)

    def test_stranger__reverts(self, jobs: Contract, stranger: str) -> None:
        with reverts("caller must be a registered transcoder"):
            jobs.setTranscoderPrice(1, 1, sender=stranger)


def test_elect__offers_at_the_elected_price(market: Market, jobs: Contract) -> None:
    ask_all(market, price=GWEI // 2)
    job_id = electing(market)
    job = jobs.getJob(job_id)
    assert (job.status, job.transcoder, job.pricePerUnit) == (ELECTING, ZERO, GWEI)
    assert job.electionBlock == market.chain.block + 4

    elected = elect(market, job_id)

    job = jobs.getJob(job_id)
    assert elected in market.transcoders
    assert (job.status, job.transcoder) == (OFFERED, elected)
    assert (job.pricePerUnit, job.pixelsPerUnit) == (GWEI // 2, 1_000)
    assert job.acceptBy == jobs.currentClock() + 20
    jobs.acceptJob(job_id, sender=elected)
    assert jobs.getJob(job_id).status == ACTIVE
    # Ten segments at half the price: the other half stays in the escrow.
    work = market.work(job_id, 10)
    market.claim(work)
    assert jobs.getClaim(job_id, 0).fees == 10 * 10**6 * GWEI // 2 // 1_000


def test_elect__same_seed__same_transcoder(market: Market, jobs: Contract) -> None:
    """Who calls, and when, changes nothing: the set is that of the job's round."""
    ask_all(market)
    job_id = electing(market)
    point = market.chain.snapshot()
    first = elect(market, job_id, keccak(text="one seed"))
    market.chain.restore(point)
    market.protocol.bond(market.transcoders[4], 10**6 * LPT, market.transcoders[4])
    market.protocol.next_round(2)

    assert elect(market, job_id, keccak(text="one seed")) == first


def test_elect__over_many_seeds__follows_stake(market: Market, jobs: Contract) -> None:
    """Whoever has half of all stake is drawn half the time (chi-square, 4 degrees)."""
    market.protocol.bond(market.transcoders[2], 3_000 * LPT, market.transcoders[2])
    ask_all(market)
    job_id = electing(market)
    market.chain.mine(10)
    block, drawn = jobs.getJob(job_id).electionBlock, Counter[str]()
    draws = 300
    for number in range(draws):
        point = market.chain.snapshot()
        market.tell_seed(block, keccak(number.to_bytes(32, "big")))
        drawn[str(jobs.elect(job_id).value)] += 1
        market.chain.restore(point)

    large = market.transcoders[2]
    expected = {each: draws * (4 if each == large else 1) / 8 for each in market.transcoders}
    chi_square = sum((drawn[each] - wanted) ** 2 / wanted for each, wanted in expected.items())
    assert chi_square < 23.5  # one in ten thousand


def test_elect__dear_ones__are_passed_over(market: Market, jobs: Contract) -> None:
    cheap = market.transcoders[3]
    for transcoder in market.transcoders:
        price = GWEI if transcoder == cheap else GWEI + 1
        jobs.setTranscoderPrice(price, 1_000, sender=transcoder)
    market.protocol.next_round()

    assert elect(market, electing(market)) == cheap


def test_elect__nobody_at_that_price__only_cancel_remains(market: Market, jobs: Contract) -> None:
    ask_all(market, price=2 * GWEI)
    job_id = electing(market, value=99)

    assert elect(market, job_id) == ZERO

    assert jobs.getJob(job_id).status == LAPSED
    with reverts("transcoder still has the job"):
        jobs.lapseJob(job_id)
    jobs.cancelJob(job_id, sender=market.broadcaster)
    assert jobs.credits(market.broadcaster) == 99


def test_elect__nobody_asks__fails(market: Market) -> None:
    assert elect(market, electing(market)) == ZERO


def test_elect__seed_unproven__reverts(market: Market, jobs: Contract) -> None:
    job_id = electing(market)
    market.chain.mine(10)

    with reverts("seed is not proven"):
        jobs.elect(job_id)


def test_elect__not_electing__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    for job_id in (market.job_for(transcoder), 99):
        with reverts("job is not electing"):
            jobs.elect(job_id)


def test_job__no_active_set__reverts(protocol: Protocol) -> None:
    market = Market(protocol, transcoders=0)

    with reverts("no transcoder is active"):
        electing(market)


def test_lapse_job__elects_another(market: Market, jobs: Contract, stranger: str) -> None:
    ask_all(market)
    signer = market.transcoders[0]
    job_id = electing(market, value=1_234, signer=signer)
    lost: list[str] = []
    for lapse in range(3):
        lost.append(elect(market, job_id))
        with reverts("transcoder still has the job"):
            jobs.lapseJob(job_id)
        market.wait_past(jobs.getJob(job_id).acceptBy)
        before = jobs.getJob(job_id)

        receipt = jobs.lapseJob(job_id, sender=stranger)

        after = jobs.getJob(receipt.value)
        assert (after.lapses, after.previousJob, after.status) == (lapse + 1, job_id, ELECTING)
        assert (after.escrow, after.endBlock, after.signer) == (1_234, before.endBlock, signer)
        assert (after.pricePerUnit, after.profilesHash) == (GWEI, before.profilesHash)
        assert (jobs.getJob(job_id).status, jobs.getJob(job_id).escrow) == (LAPSED, 0)
        assert receipt.named("JobLapsed")[0].args == {
            "jobId": job_id,
            "newJobId": receipt.value,
            "transcoder": lost[-1],
            "electionBlock": after.electionBlock,
        }
        job_id = receipt.value

    # A transcoder is not asked twice, and a fourth election does not take place.
    last = elect(market, job_id)
    assert len({*lost, last}) == 4
    market.wait_past(jobs.getJob(job_id).acceptBy)
    with reverts("no election left"):
        jobs.lapseJob(job_id)
    jobs.cancelJob(job_id, sender=market.broadcaster)
    assert jobs.credits(market.broadcaster) == 1_234


def test_lapse_job__by_name__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder)
    market.wait_past(jobs.getJob(job_id).acceptBy)

    with reverts("job is not by election"):
        jobs.lapseJob(job_id)


def test_lapse_job__past_its_end__reverts(market: Market, jobs: Contract) -> None:
    ask_all(market)
    job_id = electing(market)
    elect(market, job_id)
    market.wait_past(jobs.getJob(job_id).endBlock)

    with reverts("job has ended"):
        jobs.lapseJob(job_id)


def test_lapse_job__convicted__moves_on(market: Market, jobs: Contract) -> None:
    """A job whose transcoder was convicted is free to be elected again."""
    ask_all(market)
    job_id = electing(market)
    convict = elect(market, job_id)
    jobs.acceptJob(job_id, sender=convict)
    market.claim(market.work(job_id, 10))
    market.wait_past(jobs.claimDeadlines(job_id, 0).seedBy)
    jobs.missedVerificationSlash(job_id, 0)
    escrow = jobs.getJob(job_id).escrow

    new_id = jobs.lapseJob(job_id).value

    assert jobs.getJob(new_id).escrow == escrow == 10**15
    assert elect(market, new_id) != convict
    with reverts("job is not by election"):
        jobs.lapseJob(job_id)
    jobs.closeJob(job_id)


def test_elect__convicted__asks_nothing(market: Market, jobs: Contract) -> None:
    """Conviction takes the ask away, and a barred transcoder may not set another."""
    ask_all(market)
    convict = market.transcoders[0]
    job_id = market.accepted(convict)
    market.claim(market.work(job_id, 1))
    market.wait_past(jobs.claimDeadlines(job_id, 0).seedBy)
    jobs.missedVerificationSlash(job_id, 0)

    assert jobs.priceOf(convict, market.bonding.lastSnapshotRound()) == (0, 0)
    with reverts("transcoder is barred"):
        jobs.setTranscoderPrice(1, 1, sender=convict)
