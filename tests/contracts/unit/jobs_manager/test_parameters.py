"""setParameters: ranges, the order of penalties, and running jobs, which keep theirs."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.chain.artifacts import artifact
from tests.contracts.harness import Contract, reverts
from tests.contracts.market import Market


def changed(jobs: Contract, **changes: Any) -> dict[str, Any]:
    """The parameters in force with some of them changed."""
    now = jobs.parametersOf(jobs.parametersVersion())
    return now._asdict() | changes  # type: ignore[no-any-return]


def test_set__emits_and_counts(market: Market, jobs: Contract, owner: str) -> None:
    wanted = changed(jobs, seatPay=7, challengeWindow=11)

    receipt = jobs.setParameters(wanted, sender=owner)

    assert jobs.parametersVersion() == 2
    assert jobs.parametersOf(2)._asdict() == wanted
    (event,) = receipt.named("ParametersSet")
    assert (event.version, event.parameters._asdict()) == (2, wanted)


def test_set__running_jobs__keep_theirs(market: Market, jobs: Contract, owner: str) -> None:
    before = market.accepted()

    jobs.setParameters(changed(jobs, seatPay=7), sender=owner)

    after = market.accepted()
    assert jobs.verificationFee(before, 1) == 3 * 2 * 10**13
    assert jobs.verificationFee(after, 1) == 3 * 7


def test_set__stranger__reverts(jobs: Contract, stranger: str) -> None:
    with reverts("caller must be Controller owner"):
        jobs.setParameters(changed(jobs), sender=stranger)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verificationRate": 0}, "verification rate out of range"),
        ({"verificationRate": 2**16}, "verification rate out of range"),
        ({"maxSamples": 0}, "max samples out of range"),
        ({"maxSamples": 65}, "max samples out of range"),
        ({"seedDelay": 0}, "window out of range"),
        ({"seedDelay": 2**16}, "window out of range"),
        ({"electionDelay": 0}, "window out of range"),
        ({"seedWindow": 2**24}, "window out of range"),
        ({"challengeWindow": 0}, "window out of range"),
        ({"openWindow": 0}, "window out of range"),
        ({"acceptWindow": 0}, "window out of range"),
        ({"claimWindow": 0}, "window out of range"),
        ({"verdictWindow": 0}, "window out of range"),
        ({"seatPay": 2**80}, "seat pay out of range"),
        ({"protocolFee": 500_001}, "protocol fee out of range"),
        ({"invalidSlash": 0}, "slash must be positive"),
        ({"invalidSlash": 50_001}, "missing must cost no less than invalid work"),
        ({"missedSlash": 50_001}, "double claims must cost no less than missing"),
        ({"doubleClaimSlash": 1_000_001}, "slash out of range"),
        ({"finderShare": 500_001}, "finder share out of range"),
        ({"maxFeesAtRisk": 0}, "fees at risk out of range"),
        ({"maxFeesAtRisk": 2**96}, "fees at risk out of range"),
        ({"verdictWindow": 1}, "verdict window is shorter than the committee's"),
        ({"verdictWindow": 10_000}, "disputes would outlast unbonding"),
    ],
)
def test_set__out_of_range__reverts(
    market: Market, jobs: Contract, owner: str, changes: dict[str, Any], reason: str
) -> None:
    with reverts(reason):
        jobs.setParameters(changed(jobs, **changes), sender=owner)


def test_set__longest_dispute__fits_and_never_shrinks(
    market: Market, jobs: Contract, owner: str
) -> None:
    """Jobs of an older version may still be running, so the longest of all counts."""
    period = market.bonding.unbondingPeriod() * market.protocol.RoundsManager.roundLength()
    now = jobs.parametersOf(1)
    windows = now.seedDelay + now.seedWindow + now.challengeWindow + now.openWindow
    assert jobs.longestDispute() == windows + now.verdictWindow
    most = period * 8 // 10 - windows

    with reverts("disputes would outlast unbonding"):
        jobs.setParameters(changed(jobs, verdictWindow=most + 1), sender=owner)
    jobs.setParameters(changed(jobs, verdictWindow=most), sender=owner)
    jobs.setParameters(now._asdict(), sender=owner)

    assert jobs.longestDispute() == windows + most


def test_set__versions_full__reverts(market: Market, jobs: Contract, owner: str) -> None:
    slot = artifact("JobsManager").layout["storage_layout"]["parameters"]["parametersVersion"][
        "slot"
    ]
    wanted = changed(jobs)
    market.chain.set_storage(jobs, slot, 2**16 - 1)

    with reverts("too many versions"):
        jobs.setParameters(wanted, sender=owner)


HALVES = [("JobsManager", "JobsSettlement"), ("VerifierCommittee", "CommitteeAppeals")]


@pytest.mark.parametrize(("main", "other"), HALVES)
def test_halves__share_one_storage(main: str, other: str) -> None:
    """The other half's code runs on the main one's state: same names, same types, same slots."""
    assert artifact(main).layout == artifact(other).layout


@pytest.mark.parametrize(("main", "other"), HALVES)
def test_halves__share_functions_and_events(main: str, other: str) -> None:
    """Every function and event of the other half stands in the main one's ABI, unchanged."""

    def listing(name: str, kind: str) -> dict[str, Any]:
        return {each["name"]: each for each in artifact(name).abi if each["type"] == kind}

    for kind in ("function", "event"):
        entries, shared = listing(main, kind), listing(other, kind)
        assert shared
        for name, entry in shared.items():
            assert entries[name] == entry


def test_code__fits_with_room_to_spare() -> None:
    for name in (
        "JobsManager",
        "JobsSettlement",
        "VerifierCommittee",
        "CommitteeAppeals",
        "RandaoBeacon",
    ):
        code = artifact(name).runtime_bytecode
        size = len(code) if isinstance(code, bytes) else (len(code) - 2) // 2
        assert size < 23_000, name
