"""The machine notices: a model that is wrong in one place disagrees with the contracts at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.contracts.jobs_reference import claims, committee, jobs, justice, reckoning
from tests.contracts.jobs_reference.state import VALID, Claim, ClaimStatus
from tests.contracts.jobs_stateful.sequences import Failure, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.jobs_reference.claims import Dates
    from tests.contracts.jobs_reference.state import Job, Request
    from tests.contracts.jobs_reference.world import World

    Fault = Callable[[pytest.MonkeyPatch], None]

pytestmark = pytest.mark.timeout(300)
STEPS = 6_000


def fees_rounded_up(patch: pytest.MonkeyPatch) -> None:
    """A claim's fees, one wei too high."""

    def wrong(job: Job, count: int) -> int:
        return -(-count * job.pixels * job.price // job.units)

    patch.setattr(claims, "fees_for", wrong)


def window_a_block_longer(patch: pytest.MonkeyPatch) -> None:
    """A challenge window that ends a block late."""
    right = claims.dates

    def wrong(world: World, claim: Claim) -> Dates:
        by = right(world, claim)
        return replace(by, challenge_by=by.challenge_by + 1) if by.challenge_by else by

    patch.setattr(claims, "dates", wrong)


def two_of_three_convince(patch: pytest.MonkeyPatch) -> None:
    """A first stage that a majority decides."""
    right = committee.outcome

    def wrong(stage: int, seats: int, verdicts: list[int], published: bool = False) -> int:
        if stage == 1 and verdicts.count(VALID) == 2:
            return VALID
        return right(stage, seats, verdicts, published)

    patch.setattr(committee, "outcome", wrong)


def bond_kept(patch: pytest.MonkeyPatch) -> None:
    """A challenger who does not get its bond back."""
    patch.setattr(justice, "return_bonds", lambda world, claim: None)


def convict_claims_on(patch: pytest.MonkeyPatch) -> None:
    """A conviction that does not void what else is claimed."""
    patch.setattr(justice, "void_all", lambda world, claim: None)


def silence_is_free(patch: pytest.MonkeyPatch) -> None:
    """Seats that may stay silent."""
    right = reckoning.faults

    def wrong(request: Request, verdict: int) -> list[tuple[str, int]]:
        return [each for each in right(request, verdict) if each[1] != reckoning.NO_COMMIT]

    patch.setattr(reckoning, "faults", wrong)


def anybody_is_elected_twice(patch: pytest.MonkeyPatch) -> None:
    """A job that its last transcoder lost cannot be elected anew."""
    patch.setattr(jobs, "MOST_LAPSES", 1)


def payment_without_protocol(patch: pytest.MonkeyPatch) -> None:
    """The protocol's fee forgotten."""

    def wrong(world: World, claim: Claim) -> None:
        world.minter += claim.fees
        claim.status = ClaimStatus.PAID
        world.unpaid.remove(claim)
        world.touch(claim)

    patch.setattr(justice, "pay", wrong)


@pytest.mark.parametrize(
    "fault",
    [
        fees_rounded_up,
        window_a_block_longer,
        two_of_three_convince,
        bond_kept,
        convict_claims_on,
        silence_is_free,
        anybody_is_elected_twice,
        payment_without_protocol,
    ],
    ids=lambda fault: fault.__name__,
)
def test_a_wrong_model__is_found_out(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)

    with pytest.raises(Failure):
        run(seed=7, first=0, steps=STEPS)
