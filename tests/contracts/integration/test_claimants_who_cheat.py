"""Claimants who take what is not theirs, or run before they are judged."""

from __future__ import annotations

from tests.contracts.harness import ZERO, reverts
from tests.contracts.integration.books import eth, lpt
from tests.contracts.integration.cast import (
    INVALID,
    LPT,
    NOBODY,
    SLASH,
    STAKE,
    UNAVAILABLE,
    Stage,
    on_a_real_chain_too,
)
from tests.contracts.integration.endings import (
    caught_by_the_watcher,
    convicted_by_the_committee,
    shared,
    together,
)


@on_a_real_chain_too
def test_same_sequence_in_two_claims__is_refused_and_in_one_claim_is_slashed(
    stage: Stage,
) -> None:
    """A second claim cannot go back over sequence numbers already claimed. So the worker puts one
    segment into a tree twice; the watcher, whom it serves its leaves, shows both. The worker's
    honest claim before that is void as well: it has its verification fee back, and no pay."""
    worker, watcher = stage.worker, stage.watcher
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        honest = worker.claims(job)
        with reverts("sequence already claimed"):
            worker.claims(job, stage.market.work(job.id, [9, 10, 11]))

        twice = [10, 11, 12, 13, 14, 14, 16, 17, 18, 19]
        claim = worker.claims(job, stage.market.work(job.id, twice))
        with reverts("sequences increase"):
            watcher.reports_double_claim(claim, claim.work.leaf(3), claim.work.leaf(4))
        both = claim.work.leaf(4), claim.work.leaf(5)
        watcher.reports_double_claim(claim, *both)
        with reverts("claim is final"):
            watcher.reports_double_claim(claim, *both)
        honest.is_settled()
        stage.broadcaster.takes_back(job)

    caught_by_the_watcher(stage, books, claim)


def test_resigns_before_judgement__is_slashed_on_its_way_out(stage: Stage) -> None:
    """The worker has delivered something else than it was asked for. It unbonds everything before
    the committee sits; its stake cannot leave by any other door, and what waits to be withdrawn
    still answers for the claim. Only when all is over it goes, with what is left."""
    worker, bonding = stage.worker, stage.bonding
    friend = stage.watcher.address
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        worker.opens(claim)
        stage.new_round()
        with reverts("stake backs unsettled work"):
            bonding.transferBond(friend, STAKE, *[ZERO] * 4, sender=worker.address)
        bonding.unbond(STAKE, sender=worker.address)
        with reverts("stake backs unsettled work"):
            bonding.rebondFromUnbonded(friend, 0, sender=worker.address)
        assert not bonding.isRegisteredTranscoder(worker.address)

        panel = claim.goes_to_the_committee().votes(INVALID)
        panel.ends().votes(INVALID).ends()
        claim.is_settled()
        with reverts("withdraw round must be before or equal to the current round"):
            stage.new_round()
            bonding.withdrawStake(0, sender=worker.address)
        for _ in range(7):
            stage.new_round()
        bonding.withdrawStake(0, sender=worker.address)
        stage.broadcaster.takes_back(job)

    assert stage.protocol.LivepeerToken.balanceOf(worker.address) == STAKE - SLASH
    convicted_by_the_committee(stage, books, claim, panel.everyone_seated)


def test_claims_on_stake_about_to_leave__has_no_more_than_stays(stage: Stage) -> None:
    """The worker unbonds all but ten LPT, and waits. One round before the rest can be withdrawn it
    would claim as if all of it were there to be slashed. Only what stays bonded backs its claims:
    ten LPT bear ten segments, not eleven."""
    worker, market = stage.worker, stage.market
    with stage.books() as books:
        stage.bonding.unbond(STAKE - 10 * LPT, sender=worker.address)
        for _ in range(6):
            stage.new_round()
        job = stage.broadcaster.orders(worker)
        with reverts("fees at risk exceed what the stake backs"):
            worker.claims(job, market.work(job.id, 11))
        claim = worker.claims(job)
        stage.new_round()
        stage.bonding.withdrawStake(0, sender=worker.address)
        claim.wait_past("seedBy")
        stage.watcher.reports_silence(claim)
        stage.broadcaster.takes_back(job)

    slash = 10 * LPT * 5 // 100
    books.balance(
        {
            worker: lpt(-slash) - eth(claim.verification_fee),
            stage.watcher: lpt(slash // 2),
            NOBODY: eth(claim.verification_fee),
        },
        burned=slash // 2,
    )


@on_a_real_chain_too
def test_does_bad_work__is_found_out_by_whom_it_cannot_choose(stage: Stage) -> None:
    """The worker sends a smaller picture than it was asked for. The seed draws two leaves; three
    seats find them bad, fifteen more confirm it, nobody appeals."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        stage.worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(INVALID)
        panel.ends().votes(INVALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    convicted_by_the_committee(stage, books, claim, panel.everyone_seated)


def test_appeals_against_the_truth__pays_for_it(stage: Stage) -> None:
    """Convicted by fifteen, the worker buys time with a bond. All who are eligible sit in the last
    stage and say the same, and share its bond."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        stage.worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(INVALID)
        panel.ends().votes(INVALID)
        bond = panel.appealed_by(stage.worker)
        panel.votes(INVALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    lost = claim.verification_fee + bond
    shares, rest = shared(lost, panel.everyone_seated)
    convict = {stage.worker: lpt(-SLASH) - eth(lost), NOBODY: eth(rest)}
    books.balance(together(convict, shares), burned=SLASH)


def test_hides_the_bytes__is_not_paid_for_them(stage: Stage) -> None:
    """The worker claims segments it cannot show: the leaves open, but no seat finds the bytes they
    name. Nobody is convicted of a broken connection; nobody is paid for one either."""
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        stage.worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(UNAVAILABLE)
        panel.ends().votes(UNAVAILABLE).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    shares, rest = shared(claim.verification_fee, panel.everyone_seated)
    books.balance(together({stage.worker: eth(rest - claim.verification_fee)}, shares))
