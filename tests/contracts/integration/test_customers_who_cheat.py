"""Challengers and broadcasters who accuse honest work, and challengers who are right."""

from __future__ import annotations

from tests.contracts.harness import reverts
from tests.contracts.integration.books import eth, lpt
from tests.contracts.integration.cast import BOND, INVALID, NOBODY, SLASH, VALID, Stage
from tests.contracts.integration.endings import paid, shared, together
from tests.contracts.integration.forgeries import another_source_at


def test_wrong_challenger__pays_worker_and_seats(stage: Stage) -> None:
    """The watcher takes good work for bad. Its bond is lost: half to the worker it accused, half to
    the seats that had to look."""
    worker, watcher = stage.worker, stage.watcher
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        watcher.challenges(claim, claim.undrawn)
        with reverts("leaf is already challenged"):
            watcher.challenges(claim, claim.undrawn)
        worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(VALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    shares, _ = shared(claim.verification_fee + BOND // 2, panel.seats)
    accused = {watcher: eth(-BOND), worker: eth(BOND // 2)}
    books.balance(together(paid(stage, claim), accused, shares))


def test_two_sources_signed_for_one_sequence__frame_nobody(stage: Stage) -> None:
    """The broadcaster signs sequence 3 a second time, over other bytes, and calls the worker's leaf
    a lie. Two signatures of the broadcaster's are no double claim of the worker's; and the seats
    judge the source that the worker was given, under the broadcaster's own signature."""
    worker, broadcaster = stage.worker, stage.broadcaster
    with stage.books() as books:
        job = broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_draws(6)
        other = another_source_at(3, claim)
        with reverts("proof does not lead to the claim's root"):
            beside_it = other.leaf(3) | {"index": 4}
            broadcaster.reports_double_claim(claim, claim.work.leaf(3), beside_it)
        broadcaster.challenges(claim, 3)
        with reverts("proof does not lead to the claim's root"):
            worker.tries_to_open(claim, other.opening(3), claim.work.tree.multiproof([3]))
        worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(VALID).ends()
        claim.is_settled()
        broadcaster.takes_back(job)

    shares, _ = shared(claim.verification_fee + BOND // 2, panel.seats)
    accuser = {broadcaster: eth(-BOND), worker: eth(BOND // 2)}
    books.balance(together(paid(stage, claim), accuser, shares))


def test_right_challenger__has_half_of_the_slash(stage: Stage) -> None:
    """The watcher has seen a bad segment that the seed did not draw. It points at it, and has its
    bond back and half of what the worker loses; the other half is destroyed."""
    worker, watcher = stage.worker, stage.watcher
    with stage.books() as books:
        job = stage.broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        watcher.challenges(claim, claim.undrawn)
        worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(INVALID)
        panel.ends().votes(INVALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(job)

    # Two leaves were drawn; later stages are paid for the challenged one too.
    weights = dict.fromkeys(panel.stages[0], 2) | dict.fromkeys(panel.stages[1], 3)
    shares, rest = shared(claim.verification_fee, panel.everyone_seated, weights)
    caught = {
        worker: lpt(-SLASH) - eth(claim.verification_fee),
        watcher: lpt(SLASH // 2),
        NOBODY: eth(rest),
    }
    books.balance(together(caught, shares), burned=SLASH // 2)
