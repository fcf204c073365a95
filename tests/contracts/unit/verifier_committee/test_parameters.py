"""setParameters of the committee: ranges, and promises made to the JobsManager."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.chain.artifacts import artifact
from tests.contracts.harness import Contract, reverts
from tests.contracts.market import LPT, Market


def test_set__emits_and_holds_for_later_requests(
    market: Market, committee: Contract, owner: str
) -> None:
    _, _, request = market.requested()
    wanted = committee.parameters()._asdict() | {"commitWindow": 5, "revealWindow": 6}
    before = committee.getRequest(request)

    receipt = committee.setParameters(wanted, sender=owner)

    assert committee.parameters()._asdict() == wanted
    assert receipt.named("ParametersSet")[0].parameters._asdict() == wanted
    assert committee.getRequest(request) == before
    _, _, later = market.requested()
    state = committee.getRequest(later)
    assert state.revealBy - state.commitBy == 6


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commitWindow": 0}, "window out of range"),
        ({"revealWindow": 2**24}, "window out of range"),
        ({"appealWindow": 0}, "window out of range"),
        ({"seatWindow": 0}, "window out of range"),
        ({"seatDelay": 0}, "window out of range"),
        ({"seatDelay": 2**16}, "window out of range"),
        ({"seatPay": 2**80}, "seat pay out of range"),
        ({"scoreBits": 15}, "score bits out of range"),
        ({"scoreBits": 129}, "score bits out of range"),
        ({"seatBond": 2**128}, "amount out of range"),
        ({"noRevealPenalty": 2**128}, "seat bond is below its penalties"),
        ({"noCommitPenalty": 0}, "penalties must be positive"),
        ({"minorityPenalty": 1}, "graver faults must cost no less"),
        ({"noRevealPenalty": LPT}, "graver faults must cost no less"),
        ({"seatBond": 9 * LPT}, "seat bond is below its penalties"),
        ({"commitWindow": 40}, "verdicts would outlast the verdict window"),
    ],
)
def test_set__out_of_range__reverts(
    market: Market, committee: Contract, owner: str, changes: dict[str, Any], reason: str
) -> None:
    with reverts(reason):
        committee.setParameters(committee.parameters()._asdict() | changes, sender=owner)


def test_set__stranger__reverts(committee: Contract, stranger: str) -> None:
    with reverts("caller must be Controller owner"):
        committee.setParameters(committee.parameters()._asdict(), sender=stranger)


def test_set__versions_full__reverts(market: Market, committee: Contract, owner: str) -> None:
    slot = artifact("VerifierCommittee").layout["storage_layout"]["settings"]["version"]["slot"]
    wanted = committee.parameters()._asdict()
    market.chain.set_storage(committee, slot, 2**16 - 1)

    with reverts("too many versions"):
        committee.setParameters(wanted, sender=owner)


def test_longest_verification__is_the_sum_of_all_phases(committee: Contract) -> None:
    now = committee.parameters()

    assert committee.longestVerification() == (
        3 * (now.commitWindow + now.revealWindow)
        + 2 * (now.seatDelay + now.seatWindow)
        + now.appealWindow
    )
