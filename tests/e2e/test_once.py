"""One whole run from an empty folder to the table, and what its books say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offchain.chain.deployment import development
from tests.e2e.conftest import make_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Demo, Result

pytestmark = [pytest.mark.e2e, pytest.mark.needs("anvil", "hls.js")]
VALID = 1
SECONDS = 20


@pytest.fixture(scope="module")
def demo(start_demo: Callable[..., Demo], tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A film with sound, streamed once."""
    film = make_clip(tmp_path_factory.mktemp("film") / "film.mp4", 640, 360, 8, audio=True)
    return start_demo("--once", "--seconds", str(SECONDS), "--input", str(film))


@pytest.fixture(scope="module")
def result(demo: Demo) -> Result:
    """How it ended."""
    demo.wait_for("Streamed")
    return demo.finish()


def rows(account: dict[str, Any], what: str) -> dict[str, int]:
    return {row["who"]: int(row["amount"]) for row in account["rows"] if row["what"] == what}


def test_once__film_with_sound__ends_by_itself_with_the_table(result: Result) -> None:
    assert result.status == 0, result.output
    for title in ("The stream", "Claims", "ETH", "LPT minted"):
        assert f"\n{title}" in result.output
    assert "Adds up to the escrow to the wei." in result.output
    assert "Adds up to the change of total supply" in result.output


def test_once__first_picture__comes_within_20_seconds(result: Result) -> None:
    assert result.report["stream"]["first picture after, s"] < 20


def test_once__every_segment__is_transcoded_claimed_and_judged_valid(result: Result) -> None:
    stream, claims = result.report["stream"], result.report["claims"]

    assert stream["segments in"] == SECONDS // 2
    assert stream["segments out, transcoded and checked"] == stream["segments in"]
    assert stream["segments claimed"] >= stream["segments in"]
    assert claims
    for claim in claims:
        assert claim["verdict"] == VALID
        assert claim["votes"][0] == 3
        assert 1 <= claim["drawn"] < claim["segments"] or claim["segments"] == 1
        assert claim["payments"] == 1
        assert int(claim["paid"]) > 0


def test_once__elected_job__does_its_share_beside_the_two_ordered_by_name(result: Result) -> None:
    claims = result.report["claims"]
    elected = [claim for claim in claims if claim["elected"]]

    assert sum(claim["segments"] for claim in elected) >= 1
    assert any(not claim["elected"] for claim in claims)


def test_once__stubborn_seat__overruled_by_a_larger_stage_and_fined(result: Result) -> None:
    (fine,) = result.report["fines"]
    (appealed,) = [claim for claim in result.report["claims"] if len(claim["votes"]) > 1]

    assert appealed["votes"] == [3, 5], "three seats of six, then everybody but the claimant"
    assert appealed["verdict"] == VALID
    assert (fine["request"], fine["stage"]) == (1, 1)
    assert fine["why"] == "for voting against the result"
    assert int(fine["amount"]) == development().committee.minority_penalty
    taken = result.report["taken"]
    assert int(taken["total"]) == int(fine["amount"])
    assert sum(int(row["amount"]) for row in taken["rows"]) == int(taken["total"])
    assert sum(rows(taken, "to be burned").values()) >= int(fine["amount"]) // 2
    assert result.report["slashes"] == []


def test_once__escrow__is_explained_to_the_wei(result: Result) -> None:
    escrow = result.report["escrow"]
    fees = rows(escrow, "fees")
    paid = sum(int(claim["paid"]) for claim in result.report["claims"])

    assert int(escrow["total"]) > 0
    assert sum(int(row["amount"]) for row in escrow["rows"]) == int(escrow["total"])
    assert rows(escrow, "held") == {"in jobs and open claims": 0}
    assert fees["Ada"] > 0 and fees["Dorothy"] > 0, "transcoder and delegator share the fees"
    assert fees.keys() >= {claim["who"] for claim in result.report["claims"]}
    protocol = sum(rows(escrow, "protocol fee").values())
    rounding = sum(rows(escrow, "rounding").values())
    assert sum(fees.values()) + protocol + rounding == paid
    # Wei that a fined transcoder's fees were rounded by; see the invariants of staking.
    assert 0 <= rounding < 10**12


def test_once__minted_lpt__equals_the_change_of_total_supply(result: Result) -> None:
    mint = result.report["mint"]

    assert int(mint["total"]) > 0
    assert sum(int(row["amount"]) for row in mint["rows"]) == int(mint["total"])
    assert rows(mint, "minted")["Dorothy"] > 0, "a delegator shares its transcoder's reward"


def test_once__committee__earns_for_checking_and_never_checks_itself(result: Result) -> None:
    claimants = {claim["who"] for claim in result.report["claims"]}
    checkers = {row["who"] for row in result.report["checking"]}

    assert checkers
    if len(claimants) == 1:
        assert not checkers & claimants


def test_once__ended__leaves_no_process(demo: Demo, result: Result) -> None:
    assert len(demo.seen) >= 8, "a chain, six workers and a broadcaster were seen"
    assert demo.survivors() == []
