"""From vote to verdict: tally, escalation, appeal, and an end for every request."""

from __future__ import annotations

from random import Random

import pytest

from offchain.verify.judgement import Scores
from tests.contracts.harness import Contract, Protocol, reverts
from tests.contracts.market import (
    INCONCLUSIVE,
    INVALID,
    LPT,
    UNAVAILABLE,
    VALID,
    Market,
    deploy_testing,
)

SEAT_PAY = 2 * 10**13
SEATING, COMMIT, APPEAL, CONCLUDED = 1, 2, 5, 6
SIZES = {1: 3, 2: 15, 3: 33}
BITS, FIELDS = Scores.BITS, len(Scores.DEAD_BAND)


def fields(*values: int) -> bytes:
    """A word of scores, its first fields given."""
    word = 0
    for value in [*values, *[0] * (FIELDS - len(values))]:
        word = word << BITS | value & (1 << BITS) - 1
    return word.to_bytes(32, "big")


def expected(
    stage: int, seats: int, valid: int, invalid: int, unavailable: int, published: bool
) -> int:
    """The tally as the design has it, in fractions instead of rounded integers."""
    if stage == 1:
        return VALID if valid == seats else INCONCLUSIVE
    if published and 3 * (valid + invalid) >= 2 * seats:
        # Two thirds have the bytes: what the others did not find was published.
        unavailable = 0
    revealed = valid + invalid + unavailable
    if 3 * revealed < 2 * seats:
        return INCONCLUSIVE
    if 3 * invalid >= 2 * revealed:
        return INVALID if invalid >= 3 else INCONCLUSIVE
    if stage == 3 and 3 * (invalid + unavailable) >= 2 * revealed and invalid >= 3:
        return INVALID
    if 3 * unavailable >= 2 * revealed:
        return UNAVAILABLE
    return VALID if 2 * valid > revealed else INCONCLUSIVE


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_outcome__every_vote__is_the_designs(protocol: Protocol, stage: int) -> None:
    """All turnouts of small committees and of each stage's full size at the edges."""
    lib = deploy_testing(protocol.chain, "LibHarness")
    cases = 0
    for seats in {*range(1, 8), SIZES[stage]}:
        step = 1 if seats < 16 else 4
        for valid in range(0, seats + 1, step):
            for invalid in range(0, seats + 1 - valid):
                for unavailable in {0, (seats - valid - invalid) // 2, seats - valid - invalid}:
                    for published in (False, True):
                        vote = (stage, seats, valid, invalid, unavailable, published)
                        assert lib.outcome(*vote) == expected(*vote), vote
                        cases += 1
    assert cases > 400


def test_reveal__makes_it_unanimous__concludes(market: Market, committee: Contract) -> None:
    work, claim_id, request = market.requested()

    receipt = market.vote(request, [VALID] * 3)

    assert committee.getRequest(request).phase == CONCLUDED
    assert receipt.named("VerificationConcluded")[0].args == {
        "request": request, "jobId": work.job_id, "claimId": claim_id, "stage": 1, "verdict": VALID,
    }  # fmt: skip
    claim = market.jobs.getClaim(work.job_id, claim_id)
    assert (claim.status, claim.verdict) == (4, VALID)
    assert [committee.openSeats(each) for each in market.transcoders] == [0] * 5
    with reverts("nothing to conclude"):
        committee.conclude(request)


def test_conclude__too_early__reverts(market: Market, committee: Contract) -> None:
    _, _, request = market.requested()
    with reverts("vote is not over"):
        committee.conclude(request)
    for seat in range(3):
        market.commit(request, seat, VALID)
    market.reveal(request, 0, VALID)
    market.wait_past(committee.getRequest(request).commitBy)
    with reverts("vote is not over"):
        committee.conclude(request)
    with reverts("nothing to conclude"):
        committee.conclude(request + 1)


def test_conclude__all_who_committed_have_revealed__need_not_wait(
    market: Market, committee: Contract
) -> None:
    _, _, request = market.requested()
    market.commit(request, 0, VALID)
    market.wait_past(committee.getRequest(request).commitBy)
    market.reveal(request, 0, VALID)

    committee.conclude(request)

    assert committee.getRequest(request).stage == 2


@pytest.mark.parametrize("split", [[VALID, VALID, INVALID], [INVALID] * 3, [UNAVAILABLE] * 3])
def test_conclude__not_unanimous__escalates(
    market: Market, committee: Contract, split: list[int]
) -> None:
    """Three of three INVALID convict nobody yet: three seats are too few to slash by."""
    _, _, request = market.requested()
    market.vote(request, split)
    block = market.chain.block

    receipt = committee.conclude(request)

    state = committee.getRequest(request)
    assert (state.stage, state.phase, state.seedBlock) == (2, SEATING, block + 4)
    assert receipt.named("StageEscalated")[0].args == {
        "request": request, "stage": 1, "verdict": 0, "seedBlock": block + 4,
    }  # fmt: skip
    with reverts("seed is not proven"):
        committee.seatStage(request)
    # Four others remain, fewer than fifteen: all sit, those of the first stage included.
    assert market.seat_stage(request) == 4
    assert set(committee.seatsOf(request, 2)) == set(market.transcoders[1:])
    assert committee.verdictOf(request, 1, 0) == split[0]
    with reverts("request is not waiting for seats"):
        committee.seatStage(request)


def test_seat_stage__too_late__ends_inconclusive(market: Market, committee: Contract) -> None:
    work, claim_id, request = market.requested()
    market.wait_past(committee.getRequest(request).revealBy)
    committee.conclude(request)
    with reverts("seat window is open"):
        committee.conclude(request)
    market.chain.mine(24)
    block = committee.getRequest(request).seedBlock
    market.tell_seed(block)

    with reverts("seat window has passed"):
        committee.seatStage(request)
    committee.conclude(request)

    assert market.jobs.getClaim(work.job_id, claim_id).verdict == INCONCLUSIVE


def at_appeal(market: Market, verdict: int) -> tuple[int, int, int]:
    """A request whose second stage has given a verdict."""
    work, claim_id, request = market.requested()
    market.vote(request, [VALID, VALID, INVALID])
    market.committee.conclude(request)
    seats = market.seat_stage(request)
    market.vote(request, [verdict] * seats)
    market.committee.conclude(request)
    return work.job_id, claim_id, request


def test_second_stage__stands_unless_appealed(market: Market, committee: Contract) -> None:
    job_id, claim_id, request = at_appeal(market, INVALID)
    state = committee.getRequest(request)
    assert (state.phase, state.verdict) == (APPEAL, INVALID)
    assert state.appealBy == committee.currentClock() + 8
    with reverts("appeal window is open"):
        committee.conclude(request)
    market.wait_past(state.appealBy)

    committee.conclude(request)

    assert market.jobs.getClaim(job_id, claim_id).verdict == INVALID


class TestAppeal:
    def test_party__goes_to_the_third_stage(self, market: Market, committee: Contract) -> None:
        job_id, claim_id, request = at_appeal(market, INVALID)
        bond = committee.appealBond(request)
        assert bond == 33 * 2 * SEAT_PAY

        receipt = committee.appeal(request, sender=market.transcoders[0], value=bond)

        state = committee.getRequest(request)
        assert (state.stage, state.phase) == (3, SEATING)
        assert receipt.named("Appealed")[0].args == {
            "request": request, "appellant": market.transcoders[0], "stage": 3,
            "bond": bond, "seedBlock": state.seedBlock,
        }  # fmt: skip
        market.vote(request, [VALID] * market.seat_stage(request))
        committee.conclude(request)
        assert market.jobs.getClaim(job_id, claim_id).verdict == VALID
        # The verdict changed: the bond is the appellant's again.
        assert committee.credits(market.transcoders[0]) >= bond

    def test_lost__pays_the_seats(self, market: Market, committee: Contract) -> None:
        _, _, request = at_appeal(market, VALID)
        bond = committee.appealBond(request)
        before = market.chain.balance(committee)
        committee.appeal(request, sender=market.broadcaster, value=bond)
        market.vote(request, [VALID] * market.seat_stage(request))

        committee.conclude(request)

        assert committee.credits(market.broadcaster) == 0
        owed = sum(committee.credits(each) for each in market.transcoders)
        assert owed == market.chain.balance(committee) == before + bond

    def test_stranger_or_wrong_bond__reverts(
        self, market: Market, committee: Contract, stranger: str
    ) -> None:
        _, _, request = at_appeal(market, VALID)
        bond = committee.appealBond(request)

        with reverts("caller must be a party to the claim"):
            committee.appeal(request, sender=stranger, value=bond)
        with reverts("value must be the appeal bond"):
            committee.appeal(request, sender=market.broadcaster, value=bond + 1)

    def test_too_late_or_not_appealable__reverts(self, market: Market, committee: Contract) -> None:
        _, _, request = at_appeal(market, VALID)
        bond = committee.appealBond(request)
        market.wait_past(committee.getRequest(request).appealBy)
        with reverts("appeal window has passed"):
            committee.appeal(request, sender=market.broadcaster, value=bond)
        committee.conclude(request)
        with reverts("request cannot be appealed"):
            committee.appeal(request, sender=market.broadcaster, value=bond)


def test_third_stage__without_turnout__is_inconclusive(market: Market, committee: Contract) -> None:
    job_id, claim_id, request = at_appeal(market, INVALID)
    committee.appeal(request, sender=market.transcoders[0], value=committee.appealBond(request))
    market.seat_stage(request)
    market.wait_past(committee.getRequest(request).revealBy)

    committee.conclude(request)

    assert market.jobs.getClaim(job_id, claim_id).verdict == INCONCLUSIVE


def test_nobody_ever_votes__ends_in_bounded_time(market: Market, committee: Contract) -> None:
    """Only pokes, never a vote: the claim ends unpaid within the promised time."""
    work, claim_id, request = market.requested()
    start = committee.currentClock()
    for _ in range(3):
        market.wait_past(committee.getRequest(request).revealBy)
        committee.conclude(request)
        if committee.getRequest(request).phase == SEATING:
            market.seat_stage(request)

    assert committee.getRequest(request).phase == CONCLUDED
    assert committee.currentClock() - start <= committee.longestVerification()
    market.jobs.settle(work.job_id, claim_id)
    assert market.jobs.getClaim(work.job_id, claim_id).status == 7


def test_late_poke__moves_no_deadline(market: Market, committee: Contract) -> None:
    """Phases follow from fixed ends: the next one runs whoever looks."""
    _, _, request = market.requested()
    reveal_by = committee.getRequest(request).revealBy
    market.wait_past(reveal_by + 15)
    committee.conclude(request)

    market.wait_past(reveal_by + 4 + 20)
    committee.conclude(request)

    assert committee.getRequest(request).verdict == INCONCLUSIVE


class TestPublication:
    def test_who_and_when(self, market: Market, committee: Contract) -> None:
        """By the claimant, before the next stage is seated, and never later."""
        claimant = market.transcoders[0]
        _, _, request = market.requested()
        with reverts("bytes cannot be published now"):
            committee.publishBytes(request, "", sender=claimant)
        market.vote(request, [UNAVAILABLE] * 3)
        committee.conclude(request)
        with reverts("caller must be the claimant"):
            committee.publishBytes(request, "http://elsewhere", sender=market.broadcaster)

        receipt = committee.publishBytes(request, "http://elsewhere", sender=claimant)

        assert receipt.named("BytesPublished")[0].location == "http://elsewhere"
        with market.chain.isolate():
            market.wait_past(committee.getRequest(request).seedBlock + 24)
            with reverts("seat window has passed"):
                committee.publishBytes(request, "", sender=claimant)
        seats = market.seat_stage(request)
        with reverts("bytes cannot be published now"):
            committee.publishBytes(request, "", sender=claimant)
        market.vote(request, [UNAVAILABLE] * seats)
        committee.conclude(request)
        committee.publishBytes(request, "http://elsewhere", sender=claimant)
        market.wait_past(committee.getRequest(request).appealBy)
        with reverts("appeal window has passed"):
            committee.publishBytes(request, "", sender=claimant)

    @pytest.mark.parametrize("published", [False, True])
    def test_two_thirds_have_the_bytes__counts(self, protocol: Protocol, published: bool) -> None:
        """Six seats of whom four find the bytes and one of these objects: with the others'
        UNAVAILABLE left out, three of four are a majority; with it, three of six are none."""
        market = Market(protocol, transcoders=7)
        committee = market.committee
        _, _, request = market.requested()
        market.vote(request, [UNAVAILABLE] * 3)
        committee.conclude(request)
        if published:
            committee.publishBytes(request, "http://here", sender=market.transcoders[0])
        assert market.seat_stage(request) == 6
        market.vote(request, [VALID] * 3 + [INVALID] + [UNAVAILABLE] * 2)

        committee.conclude(request)

        state = committee.getRequest(request)
        assert (state.phase, state.verdict) == ((APPEAL, VALID) if published else (SEATING, 0))

    def test_against_a_verdict__counts_at_the_last_stage(self, protocol: Protocol) -> None:
        """UNAVAILABLE weighs like INVALID in the end, unless two thirds have the bytes by then."""
        market = Market(protocol, transcoders=10)
        committee, claimant = market.committee, market.transcoders[0]
        work, claim_id, request = market.requested()
        market.vote(request, [UNAVAILABLE] * 3)
        committee.conclude(request)
        market.vote(request, [UNAVAILABLE] * market.seat_stage(request))
        committee.conclude(request)
        committee.publishBytes(request, "http://here", sender=claimant)
        committee.appeal(request, sender=claimant, value=committee.appealBond(request))
        assert market.seat_stage(request) == 9
        # Of nine, six is two thirds: three INVALID and three UNAVAILABLE would convict.
        market.vote(request, [VALID] * 3 + [INVALID] * 3 + [UNAVAILABLE] * 3)

        committee.conclude(request)

        assert market.jobs.getClaim(work.job_id, claim_id).verdict == INCONCLUSIVE


class TestDeadBand:
    """The first field's band is 50, the second's 150, the third's 50."""

    def test_first_stage__too_far_from_the_median__is_unpaid(
        self, market: Market, committee: Contract
    ) -> None:
        _, _, request = market.requested()
        seats = committee.seatsOf(request, 1)
        market.scores[seats[0]] = fields(-50, 150)
        market.scores[seats[1]] = fields(-51)

        receipt = market.vote(request, [VALID] * 3)

        # Medians are -50 and 0 at once: of each field its own.
        assert [event.verifier for event in receipt.named("SeatPaid")] == [
            seats[0], seats[1], seats[2],
        ]  # fmt: skip
        assert committee.credits(seats[2]) == 2 * SEAT_PAY

    def test_first_stage__outlier__pays_the_claimant(
        self, market: Market, committee: Contract
    ) -> None:
        _, _, request = market.requested()
        seats = committee.seatsOf(request, 1)
        market.scores[seats[1]] = fields(0, 151)

        market.vote(request, [VALID] * 3)

        assert [committee.credits(each) for each in seats] == [2 * SEAT_PAY, 0, 2 * SEAT_PAY]
        assert committee.credits(market.transcoders[0]) == 2 * SEAT_PAY
        assert [committee.openSeats(each) for each in seats] == [0] * 3

    def test_later_stage__outlier_is_unpaid_and_the_first_stage_not_compared(
        self, market: Market, committee: Contract
    ) -> None:
        """The first stage judged one rung: its scores say nothing about the others' median."""
        _, _, request = market.requested()
        first = committee.seatsOf(request, 1)
        market.scores[first[0]] = fields(1_000)
        market.vote(request, [VALID, VALID, INVALID])
        committee.conclude(request)
        market.scores.clear()
        seats = market.seat_stage(request)
        second = committee.seatsOf(request, 2)
        market.scores[second[2]] = fields(0, 0, -51)
        market.vote(request, [VALID] * seats)
        committee.conclude(request)
        market.wait_past(committee.getRequest(request).appealBy)

        receipt = committee.conclude(request)

        paid = [event.verifier for event in receipt.named("SeatPaid")]
        assert paid == [first[0], first[1], *second[:2], *second[3:]]
        # It gave the right verdict, so it is not fined.
        assert [each.stage for each in committee.events(receipt, "SeatPenalized")] == [1]

    def test_medians__of_random_words__are_those_of_sorting(self, protocol: Protocol) -> None:
        lib = deploy_testing(protocol.chain, "LibHarness")
        random = Random(7)
        for count in (1, 2, 3, 4, 15, 33):
            rows = [
                [random.choice((-1, 1)) * random.getrandbits(random.choice((1, 8, BITS - 1)))
                 for _ in range(FIELDS)]
                for _ in range(count)
            ]  # fmt: skip
            medians = [sorted(row[i] for row in rows)[(count - 1) // 2] for i in range(FIELDS)]

            assert lib.medians([int.from_bytes(fields(*row)) for row in rows], BITS) == fields(
                *medians
            )

    def test_band__is_the_measurements_own(self, committee: Contract) -> None:
        assert committee.parameters().scoreBits == BITS
        assert committee.parameters().deadBand == fields(*Scores.DEAD_BAND)


class TestMoney:
    def test_first_stage__pays_each_reveal(self, market: Market, committee: Contract) -> None:
        _, _, request = market.requested()
        seats = committee.seatsOf(request, 1)

        receipt = market.vote(request, [VALID] * 3)

        assert [committee.credits(each) for each in seats] == [2 * SEAT_PAY] * 3
        assert [event.amount for event in receipt.named("SeatPaid")] == [2 * SEAT_PAY] * 3
        before = market.chain.balance(seats[0])
        assert committee.withdraw(sender=seats[0]).value == 2 * SEAT_PAY
        committee.withdrawFor(seats[1])
        assert market.chain.balance(seats[0]) == before + 2 * SEAT_PAY
        for call, args in ((committee.withdraw, ()), (committee.withdrawFor, (seats[0],))):
            with reverts("nothing to withdraw"):
                call(*args, sender=seats[0])

    def test_faults__cost_by_their_gravity(self, protocol: Protocol) -> None:
        """No commit 2, minority 5, no reveal 10 LPT; half burned, half to who was right."""
        market = Market(protocol, transcoders=8)
        committee = market.committee
        _, _, request = market.requested()
        first = committee.seatsOf(request, 1)
        market.vote(request, [INVALID, VALID, VALID])
        committee.conclude(request)
        assert market.seat_stage(request) == 7
        second = committee.seatsOf(request, 2)
        silent, hiding = (i for i in range(4) if second[i] not in first[:1] and i in (0, 1))
        for seat in range(7):
            if seat != silent:
                market.commit(request, seat, VALID)
        market.wait_past(committee.getRequest(request).commitBy)
        for seat in range(7):
            if seat not in (silent, hiding):
                market.reveal(request, seat, VALID)
        market.wait_past(committee.getRequest(request).revealBy)
        committee.conclude(request)

        market.wait_past(committee.getRequest(request).appealBy)
        supply = market.protocol.LivepeerToken.totalSupply()
        receipt = committee.conclude(request)

        faults = {(event.stage, event.verifier): (event.fault, event.amount)
                  for event in committee.events(receipt, "SeatPenalized")}  # fmt: skip
        assert faults == {
            (1, first[0]): (2, 5 * LPT),
            (2, second[silent]): (1, 2 * LPT),
            (2, second[hiding]): (3, 10 * LPT),
        }
        prizes = sum(committee.tokenCredits(each) for each in market.transcoders)
        assert prizes + committee.penaltiesToBurn() == 17 * LPT
        assert committee.penaltiesToBurn() >= 17 * LPT // 2
        assert committee.burnPenalties().value == 17 * LPT - prizes
        assert market.protocol.LivepeerToken.totalSupply() == supply - (17 * LPT - prizes)
        winner = next(each for each in market.transcoders if committee.tokenCredits(each))
        prize = committee.tokenCredits(winner)
        committee.withdrawTokens(sender=winner)
        assert market.protocol.LivepeerToken.balanceOf(winner) == prize
        with reverts("nothing to withdraw"):
            committee.withdrawTokens(sender=winner)

    def test_short_of_money__pays_pro_rata(self, market: Market, committee: Contract) -> None:
        """The first stage's fee has to do for the second too; nobody gets more than is there."""
        _, _, request = at_appeal(market, VALID)
        market.wait_past(committee.getRequest(request).appealBy)
        pot = committee.getRequest(request).pot

        receipt = committee.conclude(request)

        paid = [event.amount for event in receipt.named("SeatPaid")]
        assert len(paid) == 6
        assert len(set(paid)) == 1
        assert pot - 6 < sum(paid) <= pot
        assert market.chain.balance(committee) == pot

    def test_unavailable_first__is_not_fined(self, market: Market, committee: Contract) -> None:
        """Bytes that were missing may have been published since: unpaid, but no fault."""
        _, _, request = market.requested()
        market.vote(request, [VALID, VALID, UNAVAILABLE])
        committee.conclude(request)
        market.vote(request, [VALID] * market.seat_stage(request))
        committee.conclude(request)
        market.wait_past(committee.getRequest(request).appealBy)

        receipt = committee.conclude(request)

        assert committee.events(receipt, "SeatPenalized") == []
        assert len(receipt.named("SeatPaid")) == 6

    def test_invalid__leaves_the_claimant_nothing(
        self, market: Market, committee: Contract
    ) -> None:
        """What the seats of a convict's claim leave over goes to the protocol, not back."""
        work, claim_id, request = market.judged([INVALID] * 4)

        assert committee.credits(market.transcoders[0]) == 0
        held = market.chain.balance(committee)
        assert held == sum(committee.credits(each) for each in market.transcoders)


def test_calls_of_the_jobs_manager__nobody_elses(
    market: Market, committee: Contract, stranger: str
) -> None:
    asked = (0, stranger, 1, 0, SEAT_PAY, bytes(32), stranger, [])
    for call, args in (
        (committee.fundRequest, (1,)),
        (committee.requestVerification, (1, *asked)),
    ):
        with reverts("caller must be JobsManager"):
            call(*args, sender=stranger)
    market.protocol.register("JobsManager", stranger)
    with reverts("claim out of range"):
        committee.requestVerification(2**40, *asked, sender=stranger)


def test_appeals__are_code_that_must_be_registered(market: Market, stranger: str) -> None:
    market.protocol.register("CommitteeAppeals", stranger)

    with reverts("CommitteeAppeals must be registered"):
        market.committee.conclude(1)
    with reverts("CommitteeAppeals must be registered"):
        market.committee.burnPenalties()
