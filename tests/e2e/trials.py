"""Trials of the whole network: somebody cheats and loses exactly what it must, or nobody does.

Each is a run of the demo as a user starts it, judged by its report. `tests/e2e` runs the short
ones; `python -m tests.e2e.cheats` runs all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offchain.chain.deployment import development

if TYPE_CHECKING:
    from pathlib import Path

VALID, INVALID = 1, 2
PAID, FORFEITED = 5, 6
CHEAT, STANDBY, DELEGATOR = "Ada", "Grace", "Dorothy"
MILLION = 10**6


def cheat_arguments(kind: str, film: Path, seconds: int = 12) -> tuple[str, ...]:
    """The demo with a main transcoder that cheats; small pictures, so that many fit a machine."""
    return (
        "--once", f"--cheat={kind}", "--input", str(film), "--seconds", str(seconds),
        "--claim-every", "3", "--source-height", "240",
    )  # fmt: skip


def honest_arguments(film: Path, segments: int) -> tuple[str, ...]:
    """The demo with tiny segments, every one of which is drawn and judged."""
    return (
        "--once", "--no-stubborn", "--input", str(film), "--seconds", str(max(10, segments // 2)),
        "--segment-seconds", "0.5", "--source-height", "96", "--draw-every", "1",
        "--claim-every", "10",
    )  # fmt: skip


def problems_of_cheat(report: dict[str, Any], first_honest: bool = False) -> list[str]:
    """What did not go as it must where the main transcoder cheats; nothing if all is well.

    `first_honest`: its first segment is good work, as by `stale`, and may be the one that is drawn.
    """
    rules = development().jobs
    found: list[str] = []

    def check(good: bool, words: str) -> None:
        if not good:
            found.append(words)

    slashes = report["slashes"]
    check([each["who"] for each in slashes] == [CHEAT], f"slashed: {slashes}")
    for each in slashes:
        own, taken = int(each["ownStake"]), int(each["taken"])
        check(each["why"] == "for invalid work", f"convicted {each['why']}")
        check(each["fraction"] == rules.invalid_slash, f"slashed by {each['fraction']} millionths")
        check(taken == own * rules.invalid_slash // MILLION, f"{taken} of {own} was taken")
        check(list(each["delegators"]) == [DELEGATOR], "its delegator is not in the table")
        whole = all(
            before == after or (each["rewarded"] and int(before) < int(after))
            for before, after in each["delegators"].values()
        )
        check(whole, "a delegator lost stake")
        if each["finder"] is not None:
            share = taken * rules.finder_share // MILLION
            check(int(each["finderReward"]) == share, "the finder got another share")
    claims = report["claims"]
    convicted = [claim for claim in claims if claim["verdict"] == INVALID]
    check(bool(convicted), "no claim was found invalid")
    for claim in claims:
        if claim["who"] == CHEAT:
            lucky = first_honest and claim["first"] == 0 and not claim["challenged"]
            words = f"{CHEAT} was paid for {claim['first']} to {claim['last']}"
            check(claim["paid"] is None or lucky, words)
        else:
            check(claim["verdict"] == VALID and claim["payments"] == 1, f"honest work: {claim}")
        check(claim["ended"], "a claim is open")
    stream = report["stream"]
    check(
        stream["segments out, transcoded and checked"] >= stream["segments in"] - 1,
        f"the stream lost segments: {stream}",
    )
    honest = [claim["segments"] for claim in claims if claim["who"] != CHEAT]
    check(sum(honest) > 0, "the stream did not go on with another transcoder")
    check(report["fines"] == [], f"honest seats were fined: {report['fines']}")
    found += problems_of_books(report)
    return found


def problems_of_honest(report: dict[str, Any], segments: int) -> list[str]:
    """What did not go as it must where everybody works; nothing if all is well."""
    found = problems_of_books(report)
    stream, claims = report["stream"], report["claims"]
    if stream["segments in"] < segments:
        found.append(f"{stream['segments in']} of {segments} segments were sent")
    if stream["segments claimed"] < stream["segments out, transcoded and checked"]:
        found.append(f"{stream['segments claimed']} segments were claimed: {stream}")
    if report["slashes"] or report["fines"] or report["caught"]:
        found.append(f"punished: {report['slashes']} {report['fines']} {report['caught']}")
    for claim in claims:
        if (claim["verdict"], claim["payments"]) != (VALID, 1):
            found.append(f"not paid once for valid work: {claim}")
        # Draws fall on leaves with replacement: as many draws as leaves, but not every leaf.
        if not 1 <= claim["drawn"] <= claim["segments"]:
            found.append(f"{claim['drawn']} of {claim['segments']} segments were opened")
    return found


def problems_of_books(report: dict[str, Any]) -> list[str]:
    """Accounts that do not add up to the last unit."""
    accounts = ("escrow", "mint", "taken")
    return [f"the {name} does not add up" for name in accounts if not report[name]["balanced"]]
