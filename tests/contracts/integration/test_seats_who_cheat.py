"""Seats that do not judge: each costs its holder, and the honest judges have half of it."""

from __future__ import annotations

from tests.contracts.harness import ZERO, reverts
from tests.contracts.integration.books import Books, eth
from tests.contracts.integration.cast import (
    INVALID,
    MINORITY,
    NO_COMMIT,
    NO_REVEAL,
    STAKE,
    VALID,
    Actor,
    Claim,
    Panel,
    Stage,
)
from tests.contracts.integration.endings import fined, paid, shared, together


def in_court(stage: Stage) -> tuple[Claim, Panel]:
    """An honest claim and the three seats of its first stage."""
    job = stage.broadcaster.orders(stage.worker)
    claim = stage.worker.claims(job)
    claim.seed_is_proven()
    stage.worker.opens(claim)
    return claim, claim.goes_to_the_committee()


def confirmed_by_the_second_stage(stage: Stage, claim: Claim, panel: Panel) -> None:
    """Fifteen more seats find the claim good, and it is paid."""
    panel.ends().votes(VALID).ends()
    claim.is_settled()
    stage.broadcaster.takes_back(claim.job)


def only_the_seat_is_poorer(
    stage: Stage, books: Books, claim: Claim, panel: Panel, cheat: Actor, fine: int
) -> None:
    """The worker and its delegator are paid; the other seats share the verification fee, what
    cannot be divided is the worker's again, and half of the fine."""
    judges = [seat for seat in panel.everyone_seated if seat is not cheat]
    assert len(judges) == 2 + 15
    shares, rest = shared(claim.verification_fee, judges)
    fines, burned = fined(cheat, fine, judges)
    books.balance(
        together(paid(stage, claim), {stage.worker: eth(rest)}, shares, fines), burned=burned
    )


def test_never_commits__pays_least_of_all_faults(stage: Stage) -> None:
    """One seat of three sleeps. The two others do not decide alone; fifteen more are called."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        *honest, sleeper = panel.seats
        panel.votes(VALID, *honest)
        confirmed_by_the_second_stage(stage, claim, panel)

    only_the_seat_is_poorer(stage, books, claim, panel, sleeper, NO_COMMIT)


def test_commits_and_never_reveals__pays_most(stage: Stage) -> None:
    """One seat commits, waits for what the others say, and then prefers to say nothing."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        *honest, coy = panel.seats
        panel.commits(INVALID, coy)
        panel.votes(VALID, *honest)
        confirmed_by_the_second_stage(stage, claim, panel)

    only_the_seat_is_poorer(stage, books, claim, panel, coy, NO_REVEAL)


def test_copies_another_seats_commitment__cannot_reveal_it(stage: Stage) -> None:
    """One seat saves itself the work: it commits to what another has committed to, and reveals
    what that one reveals, or has that one reveal for it. But a commitment names its seat."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        model, other, copier = panel.seats
        panel.commits(VALID, model, other)
        panel.commits_to(panel.commitment(model, VALID), copier)
        panel.reveals(VALID, other)
        with reverts("reveal does not match the commitment"):
            panel.reveals_as(copier, VALID, of=model)
        with reverts("reveal does not match the commitment"):
            panel.reveals(VALID, copier)
        with reverts("reveal does not match the commitment"):
            panel.reveals_as(copier, VALID, of=model, by=model)
        panel.reveals(VALID, model)
        confirmed_by_the_second_stage(stage, claim, panel)

    only_the_seat_is_poorer(stage, books, claim, panel, copier, NO_REVEAL)


def test_runs_from_the_fine__takes_its_stake_nowhere(stage: Stage) -> None:
    """One seat prefers not to reveal, and to have nothing when the fine comes. It cannot give its
    stake to a friend while it has a seat; and what it unbonds the fine still finds."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        *honest, runner = panel.seats
        panel.commits(INVALID, runner)
        with reverts("stake backs unsettled work"):
            friend = stage.watcher.address
            stage.bonding.transferBond(friend, STAKE, *[ZERO] * 4, sender=runner.address)
        stage.bonding.unbond(STAKE, sender=runner.address)
        panel.votes(VALID, *honest)
        confirmed_by_the_second_stage(stage, claim, panel)

    only_the_seat_is_poorer(stage, books, claim, panel, runner, NO_REVEAL)


def test_condemns_good_work__pays_as_the_minority(stage: Stage) -> None:
    """One seat would like to see a rival convicted. It only calls fifteen others."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        *honest, stubborn = panel.seats
        panel.commits(VALID, *honest)
        panel.commits(INVALID, stubborn)
        panel.reveals(VALID, *honest)
        panel.reveals(INVALID, stubborn)
        confirmed_by_the_second_stage(stage, claim, panel)

    only_the_seat_is_poorer(stage, books, claim, panel, stubborn, MINORITY)


def test_votes_without_measuring__earns_nothing(stage: Stage) -> None:
    """One seat says VALID because most work is, and makes its scores up. The vote is unanimous, but
    its scores lie nowhere near the others'; its third of the fee is the worker's again."""
    with stage.books() as books:
        claim, panel = in_court(stage)
        *honest, idle = panel.seats
        panel.inventive = (idle,)
        panel.votes(VALID).ends()
        claim.is_settled()
        stage.broadcaster.takes_back(claim.job)

    third = claim.verification_fee // 3
    earned = dict.fromkeys(honest, eth(third))
    books.balance(together(paid(stage, claim), {stage.worker: eth(third)}, earned))
