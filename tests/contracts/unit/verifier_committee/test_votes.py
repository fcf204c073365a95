"""Commit and reveal: one verdict a seat, its own, in time."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import Contract, reverts
from tests.contracts.market import INVALID, UNAVAILABLE, VALID, Market

COMMIT, REVEAL, TALLY, CONCLUDED = 2, 3, 4, 6


@pytest.fixture
def request_(market: Market) -> int:
    """A request in its first stage."""
    return market.requested()[2]


@pytest.fixture
def seats(market: Market, request_: int) -> list[str]:
    """Its three seats."""
    return list(market.committee.seatsOf(request_, 1))


def test_request__seats_three_others(market: Market, committee: Contract) -> None:
    work = market.work(market.accepted(), 10)
    market.claim(work)
    market.prove(work.job_id, 0)
    market.after_challenges(work.job_id, 0)

    receipt = market.open(work, 0)

    request = committee.getRequest(1)
    seats = committee.seatsOf(1, 1)
    clock = committee.currentClock()
    assert len(set(seats)) == 3
    assert set(seats) <= set(market.transcoders[1:])
    assert (request.jobId, request.claimId, request.claimant) == (
        work.job_id,
        0,
        market.transcoders[0],
    )
    assert (request.stage, request.phase, request.leaves, request.seats) == (1, COMMIT, 2, 3)
    assert (request.commitBy, request.revealBy) == (clock + 12, clock + 20)
    assert [committee.openSeats(seat) for seat in seats] == [1, 1, 1]
    (event,) = receipt.named("SeatsDrawn")
    assert event.args == {
        "request": 1, "jobId": work.job_id, "claimId": 0, "stage": 1, "leaves": 2,
        "seats": seats, "commitBy": clock + 12, "revealBy": clock + 20,
    }  # fmt: skip


def test_commit__stores_the_nodes_digest(
    market: Market, committee: Contract, request_: int, seats: list[str]
) -> None:
    verdict = market.verdict(request_, 1, seats[1], VALID)

    receipt = market.commit(request_, 1, VALID)

    digest = verdict.digest(market.verdict_domain)
    assert committee.commitmentOf(request_, 1, 1) == keccak(
        digest + bytes(12) + bytes.fromhex(seats[1][2:])
    )
    assert digest == committee.verdictDigest(
        request_, 1, seats[1], VALID, verdict.measurement_root, verdict.salt
    )
    assert receipt.named("VerdictCommitted")[0].args == {
        "request": request_, "verifier": seats[1], "stage": 1, "commitment": digest,
    }  # fmt: skip
    assert committee.getRequest(request_).committed == 1


def test_reveal__records_verdict_and_scores(
    market: Market, committee: Contract, request_: int, seats: list[str]
) -> None:
    for seat in range(3):
        market.commit(request_, seat, UNAVAILABLE)

    receipt = market.reveal(request_, 2, UNAVAILABLE)

    scores, details = market.measured(seats[2])
    assert committee.verdictOf(request_, 1, 2) == UNAVAILABLE
    assert committee.commitmentOf(request_, 1, 2) == scores
    assert committee.getRequest(request_).revealed == 1
    assert receipt.named("VerdictRevealed")[0].args == {
        "request": request_, "verifier": seats[2], "stage": 1,
        "verdict": UNAVAILABLE, "scores": scores, "details": details,
    }  # fmt: skip


def test_many_requests__in_one_transaction(market: Market, committee: Contract) -> None:
    """Whoever sits in several requests commits and reveals them together."""
    job_id = market.accepted()
    works = [market.work(job_id, [10 * number]) for number in range(3)]
    for claim_id, work in enumerate(works):
        market.claim(work)
        market.prove(job_id, claim_id)
        market.open(work, claim_id)
    market.after_challenges(job_id, 2)
    requests = [market.jobs.requestVerification(job_id, number).value for number in range(3)]
    seat_of = {each: committee.seatOf(each, 1, market.transcoders[1]) for each in requests}
    mine = [(each, seat) for each, (sits, seat) in seat_of.items() if sits]
    assert len(mine) >= 2
    holder = market.transcoders[1]
    verdict = {each: market.verdict(each, 1, holder, VALID) for each, _ in mine}

    committee.commitVerdicts(
        [(each, seat, verdict[each].digest(market.verdict_domain)) for each, seat in mine],
        sender=holder,
    )
    market.wait_past(max(committee.getRequest(each).commitBy for each in requests))
    scores, details = market.measured(holder)
    committee.revealVerdicts(
        [(each, seat, VALID, scores, details, verdict[each].salt) for each, seat in mine],
        sender=holder,
    )

    assert [committee.verdictOf(each, 1, seat) for each, seat in mine] == [VALID] * len(mine)


class TestCommitReverts:
    def commit(
        self, market: Market, request: int, seat: int, sender: str, word: bytes = b"\x01" * 32
    ) -> None:
        market.committee.commitVerdicts([(request, seat, word)], sender=sender)

    def test_not_the_seats_holder(self, market: Market, request_: int, seats: list[str]) -> None:
        with reverts("caller does not hold the seat"):
            self.commit(market, request_, 0, seats[1])
        with reverts("caller does not hold the seat"):
            self.commit(market, request_, 0, market.transcoders[0])

    def test_no_such_seat_or_request(self, market: Market, request_: int, seats: list[str]) -> None:
        with reverts("seat does not exist"):
            self.commit(market, request_, 3, seats[0])
        with reverts("request is not being voted on"):
            self.commit(market, request_ + 1, 0, seats[0])

    def test_twice(self, market: Market, request_: int, seats: list[str]) -> None:
        self.commit(market, request_, 0, seats[0])

        with reverts("seat has committed"):
            self.commit(market, request_, 0, seats[0], b"\x02" * 32)

    def test_too_late(
        self, market: Market, committee: Contract, request_: int, seats: list[str]
    ) -> None:
        market.wait_past(committee.getRequest(request_).commitBy - 1)
        self.commit(market, request_, 0, seats[0])
        market.chain.mine()

        with reverts("commit window has passed"):
            self.commit(market, request_, 1, seats[1])


class TestRevealReverts:
    @pytest.fixture(autouse=True)
    def committed(self, market: Market, request_: int) -> None:
        """All but the last seat have committed."""
        for seat in range(2):
            market.commit(request_, seat, VALID)

    def test_while_others_may_commit(
        self, market: Market, committee: Contract, request_: int
    ) -> None:
        with reverts("commit window is open"):
            market.reveal(request_, 0, VALID)
        assert committee.getRequest(request_).phase == COMMIT
        market.commit(request_, 2, VALID)
        assert committee.getRequest(request_).phase == REVEAL
        market.reveal(request_, 0, VALID)

    def test_too_late(self, market: Market, committee: Contract, request_: int) -> None:
        market.wait_past(committee.getRequest(request_).revealBy - 1)
        market.reveal(request_, 0, VALID)
        market.chain.mine()

        with reverts("reveal window has passed"):
            market.reveal(request_, 1, VALID)
        assert committee.getRequest(request_).phase == TALLY

    def test_not_committed_or_twice(
        self, market: Market, committee: Contract, request_: int
    ) -> None:
        market.wait_past(committee.getRequest(request_).commitBy)
        with reverts("seat has not committed"):
            market.reveal(request_, 2, VALID)
        market.reveal(request_, 0, VALID)
        with reverts("seat has revealed"):
            market.reveal(request_, 0, VALID)

    @pytest.mark.parametrize("field", range(2, 6))
    def test_anything_else_than_committed(
        self, market: Market, committee: Contract, request_: int, seats: list[str], field: int
    ) -> None:
        """Verdict, scores, details and salt are all bound."""
        market.wait_past(committee.getRequest(request_).commitBy)
        scores, details = market.measured(seats[0])
        salt = market.verdict(request_, 1, seats[0], VALID).salt
        reveal: list[Any] = [request_, 0, VALID, scores, details, salt]
        reveal[field] = INVALID if field == 2 else keccak(reveal[field])

        with reverts("reveal does not match the commitment"):
            committee.revealVerdicts([tuple(reveal)], sender=seats[0])

    def test_no_such_request(self, market: Market, committee: Contract, request_: int) -> None:
        with reverts("request is not being voted on"):
            committee.revealVerdicts([(request_ + 1, 0, VALID, bytes(32), bytes(32), bytes(32))])

    @pytest.mark.parametrize("verdict", [0, 4])
    def test_no_verdict(
        self, market: Market, committee: Contract, request_: int, verdict: int
    ) -> None:
        market.wait_past(committee.getRequest(request_).commitBy)

        with reverts("verdict out of range"):
            market.reveal(request_, 0, verdict)


def test_copied_commitment__cannot_be_revealed(
    market: Market, committee: Contract, request_: int, seats: list[str]
) -> None:
    """The digest binds the seat's own address: a copier has nothing to reveal, nor has the one
    it copied from for the copier's seat."""
    committed = market.commit(request_, 0, VALID)
    copied = committed.named("VerdictCommitted")[0].commitment
    committee.commitVerdicts([(request_, 1, copied)], sender=seats[1])
    market.wait_past(committee.getRequest(request_).commitBy)
    market.reveal(request_, 0, VALID)
    scores, details = market.measured(seats[0])
    salt = market.verdict(request_, 1, seats[0], VALID).salt

    with reverts("reveal does not match the commitment"):
        committee.revealVerdicts([(request_, 1, VALID, scores, details, salt)], sender=seats[1])
    with reverts("reveal does not match the commitment"):
        committee.revealVerdicts([(request_, 1, VALID, scores, details, salt)], sender=seats[0])


def test_pending_requests__until_revealed(
    market: Market, committee: Contract, request_: int, seats: list[str]
) -> None:
    assert committee.pendingRequests(seats[0], 1, 10) == [request_]
    assert committee.pendingRequests(market.transcoders[0], 1, 10) == []
    assert committee.pendingRequests(seats[0], request_ + 1, 10) == []
    for seat in range(3):
        market.commit(request_, seat, VALID)
    assert committee.pendingRequests(seats[0], 1, 300) == [request_]

    market.reveal(request_, 0, VALID)

    assert committee.pendingRequests(seats[0], 1, 10) == []
    assert committee.pendingRequests(seats[1], 1, 10) == [request_]


def test_paused__nothing_moves_and_no_time_passes(
    market: Market, committee: Contract, request_: int, owner: str
) -> None:
    left = committee.getRequest(request_).commitBy - committee.currentClock()
    market.protocol.Controller.pause(sender=owner)
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("commitVerdicts", ([],)),
        ("revealVerdicts", ([],)),
        ("conclude", (request_,)),
        ("seatStage", (request_,)),
        ("appeal", (request_,)),
        ("publishBytes", (request_, "")),
        ("withdraw", ()),
        ("withdrawFor", (owner,)),
        ("withdrawTokens", ()),
        ("burnPenalties", ()),
        ("requestVerification", (1, 0, owner, 1, 0, 1, bytes(32), owner, [])),
    ]
    for function, args in calls:
        with reverts("system is paused"):
            getattr(committee, function)(*args)
    market.chain.mine(500)
    market.protocol.Controller.unpause(sender=owner)

    assert committee.getRequest(request_).commitBy - committee.currentClock() == left
    market.commit(request_, 0, VALID)
