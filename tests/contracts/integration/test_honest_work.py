"""The story without a villain: what everyone has when all keep to the rules."""

from __future__ import annotations

from tests.contracts.integration.books import eth
from tests.contracts.integration.cast import (
    NOBODY,
    SEGMENT,
    VALID,
    Stage,
    after_protocol_fee,
    on_a_real_chain_too,
)


@on_a_real_chain_too
def test_honest_work__is_judged_and_paid(stage: Stage) -> None:
    """Ten segments are done, two are looked at, three peers find them good. The fee goes to the
    worker and its delegator, half and half; the worker has paid the peers."""
    worker, broadcaster = stage.worker, stage.broadcaster

    with stage.books() as books:
        job = broadcaster.orders(worker)
        claim = worker.claims(job)
        claim.seed_is_proven()
        worker.opens(claim)
        panel = claim.goes_to_the_committee().votes(VALID).ends()
        claim.is_settled()
        broadcaster.takes_back(job)

    fees = 10 * SEGMENT
    earned = after_protocol_fee(fees)
    books.balance(
        {
            broadcaster: eth(-fees),
            worker: eth(earned // 2 - claim.verification_fee),
            stage.delegator: eth(earned // 2),
            NOBODY: eth(fees - earned),
        }
        | {seat: eth(claim.verification_fee // 3) for seat in panel.seats}
    )
