"""One whole run from an empty folder to the table, and what its books say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    demo.wait_for("Streamed", 80)
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
        assert claim["votes"] == 3
        assert claim["drawn"] >= 1
        assert claim["payments"] == 1
        assert int(claim["paid"]) > 0


def test_once__escrow__is_explained_to_the_wei(result: Result) -> None:
    escrow = result.report["escrow"]
    fees = rows(escrow, "fees")
    paid = sum(int(claim["paid"]) for claim in result.report["claims"])

    assert int(escrow["total"]) > 0
    assert sum(int(row["amount"]) for row in escrow["rows"]) == int(escrow["total"])
    assert rows(escrow, "held") == {"in jobs and open claims": 0}
    assert fees["Ada"] > 0 and fees["Dorothy"] > 0, "transcoder and delegator share the fees"
    protocol = sum(rows(escrow, "protocol fee").values())
    rounding = sum(rows(escrow, "rounding").values())
    assert sum(fees.values()) + protocol + rounding == paid
    assert 0 <= rounding < 1_000


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
    assert len(demo.seen) >= 7, "a chain, five workers and a broadcaster were seen"
    assert demo.survivors() == []
