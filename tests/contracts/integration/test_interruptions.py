"""What comes between: a pause in the middle of a dispute, too few judges, accounts that refuse
to be paid."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Protocol, reverts
from tests.contracts.integration.books import eth, lpt
from tests.contracts.integration.cast import (
    INVALID,
    NOBODY,
    SEGMENT,
    SLASH,
    STAKE,
    Stage,
    after_protocol_fee,
)
from tests.contracts.integration.endings import (
    convicted_by_the_committee,
    shared,
    together,
)
from tests.contracts.market import Market


def test_pause_in_mid_dispute__costs_nobody_a_right(stage: Stage) -> None:
    """Two of three seats have committed on bad work when the system is halted, for longer than all
    windows together. Nobody can act meanwhile, least of all the worker, who would leave; then the
    third seat still commits in time, and all ends as it would have."""
    worker = stage.worker
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        worker.opens(claim)
        panel = claim.goes_to_the_committee()
        *quick, slow = panel.seats
        panel.commits(INVALID, *quick)
        clock = stage.jobs.currentClock()

        with stage.paused(blocks=1_000):
            with reverts("system is paused"):
                panel.commits(INVALID, slow)
            with reverts("system is paused"):
                stage.bonding.unbond(STAKE, sender=worker.address)
            with reverts("system is paused"):
                claim.is_settled()

        assert stage.jobs.currentClock() == clock
        panel.commits(INVALID, slow)
        panel.reveals(INVALID, *panel.seats)
        panel.ends().votes(INVALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    convicted_by_the_committee(stage, books, claim, panel.everyone_seated)


@pytest.mark.parametrize("eligible", [0, 1, 2])
def test_fewer_than_three_to_judge__pays_what_nobody_challenged(
    protocol: Protocol, eligible: int
) -> None:
    """Nobody can be convicted by fewer than three. Unchallenged work is paid after its window, and
    the worker has the fee back for a committee that never sat."""
    stage = Stage(Market(protocol, transcoders=1 + eligible))
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        stage.worker.opens(claim)
        claim.wait_past("challengeBy")
        stage.jobs.requestVerification(job.id, claim.id)
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    fees = 10 * SEGMENT
    earned = after_protocol_fee(fees)
    books.balance(
        {
            stage.broadcaster: eth(-fees),
            stage.worker: eth(earned // 2),
            stage.delegator: eth(earned // 2),
            NOBODY: eth(fees - earned),
        }
    )


@pytest.mark.parametrize("eligible", [0, 1, 2])
def test_fewer_than_three_to_judge__leaves_unpaid_what_was_challenged(
    protocol: Protocol, eligible: int
) -> None:
    """Where bad work cannot be judged, a challenge keeps it from being paid, and costs nothing: the
    cheat has worked for nothing, and everyone else is where they were."""
    stage = Stage(Market(protocol, transcoders=1 + eligible))
    with stage.books() as books:
        job = stage.broadcaster.orders(stage.worker)
        claim = stage.worker.claims(job)
        claim.seed_is_proven()
        stage.watcher.challenges(claim, claim.undrawn)
        stage.worker.opens(claim)
        claim.wait_past("challengeBy")
        stage.jobs.requestVerification(job.id, claim.id)
        with reverts("claim was not judged valid"):
            stage.jobs.distributeFees(job.id, claim.id)
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    books.balance({})


def test_accounts_that_refuse_payment__only_hinder_themselves(stage: Stage) -> None:
    """Broadcaster and challenger are contracts that take no ETH. The worker's conviction, the
    challenger's bond and the broadcaster's refund go through all the same, as credits; only their
    own withdrawals fail, until they change their minds."""
    worker, watcher, broadcaster = stage.worker, stage.watcher, stage.broadcaster
    with stage.books() as books:
        job = broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        watcher.challenges(claim, claim.undrawn)
        worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(INVALID)

        with stage.refusing_payment(broadcaster, watcher):
            panel.ends().votes(INVALID).ends()
            claim.is_settled()
            stage.jobs.closeJob(job.id)
            for stubborn in (broadcaster, watcher):
                with reverts("no ETH, please"):
                    stage.jobs.withdrawFor(stubborn.address)
            stage.committee.withdrawFor(panel.seats[0].address)

    weights = dict.fromkeys(panel.stages[0], 2) | dict.fromkeys(panel.stages[1], 3)
    shares, rest = shared(claim.verification_fee, panel.everyone_seated, weights)
    caught = {
        worker: lpt(-SLASH) - eth(claim.verification_fee),
        watcher: lpt(SLASH // 2),
        NOBODY: eth(rest),
    }
    books.balance(together(caught, shares), burned=SLASH // 2)
