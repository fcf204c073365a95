"""Claimants who would choose who judges them, or have nobody judge them at all."""

from __future__ import annotations

from tests.contracts.harness import Protocol
from tests.contracts.integration.books import Wealth, eth
from tests.contracts.integration.cast import (
    INVALID,
    NOBODY,
    SEGMENT,
    SLASH,
    VALID,
    Claim,
    Stage,
    after_protocol_fee,
)
from tests.contracts.integration.endings import shared, together
from tests.contracts.market import Market


def opened(stage: Stage, *claims: Claim) -> None:
    """All leaves owed are open, and challenges are over."""
    for claim in claims:
        if not claim.drawn:
            claim.seed_is_proven()
        stage.worker.opens(claim)
    claims[-1].wait_past("challengeBy")


def test_hands_claims_over_in_another_order__has_the_same_judges(stage: Stage) -> None:
    """The seed of a claim has been known for a while when the committee is called. Whether the
    worker calls it for one claim first or for another, each claim has the judges it has."""
    jobs = [stage.broadcaster.orders(stage.worker) for _ in range(2)]
    claims = [stage.worker.claims(job) for job in jobs]
    opened(stage, *claims)

    benches = []
    for order in (claims, claims[::-1]):
        with stage.chain.isolate():
            panels = {claim.job.id: claim.goes_to_the_committee() for claim in order}
            benches.append([panels[job.id].seats for job in jobs])

    assert benches[0] == benches[1]
    assert benches[0][0] != benches[0][1]


def test_keeps_every_judge_busy__is_judged_all_the_same(protocol: Protocol) -> None:
    """Each of three peers has stake for ten seats at a time. The worker gives them ten honest
    claims of one segment to look at, and then the bad one: nobody is free, nobody is let off."""
    stage = Stage(Market(protocol, transcoders=4))
    worker = stage.worker
    with stage.books() as books:
        good = stage.broadcaster.orders(worker)
        bad = stage.broadcaster.orders(worker)
        honest = [worker.claims(good, stage.market.work(good.id, [n])) for n in range(10)]
        claim = worker.claims(bad)
        opened(stage, *honest, claim)
        benches = [each.goes_to_the_committee() for each in honest]
        panel = claim.goes_to_the_committee()
        assert sorted(panel.seats, key=str) == sorted(stage.peers, key=str)

        for bench, each in zip(benches, honest, strict=True):
            bench.votes(VALID)
            each.is_settled()
        panel.votes(INVALID).ends().votes(INVALID).ends()
        claim.is_settled()
        for job in (good, bad):
            stage.broadcaster.takes_back(job)

    earned = 10 * after_protocol_fee(SEGMENT)
    looking = sum(each.verification_fee for each in honest)
    shares, rest = shared(claim.verification_fee, panel.everyone_seated)
    books.balance(
        together(
            {
                stage.broadcaster: eth(-10 * SEGMENT),
                # A slash rounds the fees its stake has earned down by a wei.
                worker: Wealth(earned // 2 - 1 - looking - claim.verification_fee, -SLASH),
                stage.delegator: eth(earned // 2),
                NOBODY: eth(10 * SEGMENT - earned + rest),
            },
            dict.fromkeys(panel.seats, eth(looking // 3)),
            shares,
        ),
        burned=SLASH,
    )
