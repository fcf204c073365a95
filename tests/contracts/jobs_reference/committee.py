"""The committee: seats, commitments, reveals, tallies, appeals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from offchain.proof.typed import Verdict
from tests.contracts.jobs_reference import justice
from tests.contracts.jobs_reference.reckoning import reckon
from tests.contracts.jobs_reference.seating import check_seats, eligible
from tests.contracts.jobs_reference.state import (
    INCONCLUSIVE,
    INVALID,
    LAST_STAGE,
    STAGE_SEATS,
    UNAVAILABLE,
    VALID,
    ClaimStatus,
    Phase,
    Request,
    Stage,
)

if TYPE_CHECKING:
    from offchain.proof.typed import Domain
    from tests.contracts.jobs_reference.reckoning import Fined
    from tests.contracts.jobs_reference.state import Claim
    from tests.contracts.jobs_reference.world import Ground, World

FEWEST = 3


def parties(world: World, claim: Claim) -> frozenset[str]:
    """Who has a stake in the outcome of a claim."""
    job = world.jobs[claim.job]
    challengers = (each.challenger for each in claim.challenges)
    return frozenset({claim.transcoder, job.broadcaster, job.signer, *challengers})


def seat_first(world: World, claim: Claim, number: int, seats: list[str]) -> None:
    """A claim goes to the committee; ``seats`` are those the draw found, empty for none."""
    court = world.courts[-1]
    excluded = parties(world, claim)
    bench = eligible(world, world.round_before(claim.round), excluded)
    if not number:
        assert len(bench.certain) < FEWEST, "no committee sits though three could"
        justice.nobody_judges(world, claim)
        return
    assert number == len(world.requests) + 1, f"request {number} after {len(world.requests)}"
    assert len(seats) == FEWEST, f"{len(seats)} seats in a first stage"
    check_seats(bench, seats, FEWEST, set())
    half = claim.bonds // 2
    request = Request(
        number=number,
        claim=claim,
        excluded=excluded,
        leaves=claim.draws + len(claim.challenges),
        pot=claim.fee + half,
        returnable=half,
        seat_pay=world.terms_of(world.jobs[claim.job]).seat_pay,
        court=court,
    )
    claim.request, claim.status = number, ClaimStatus.VOTING
    claim.handed_over, claim.fee_held = True, 0
    world.requests[number] = request
    sit(world, request, seats)
    world.touch(claim)


def sit(world: World, request: Request, seats: list[str]) -> None:
    """The stage's vote begins."""
    court, now = request.court, world.now
    commit_by = now + court.commit_window
    request.stages[request.number_of_stage] = Stage(
        seats, commit_by, commit_by + court.reveal_window
    )
    for name in seats:
        world.person(name).open_seats += 1
        world.touched_people.add(name)
    world.touched_requests.add(request.number)


def seat_stage(world: World, number: int, seats: list[str]) -> None:
    """Stages two and three are seated by a seed of their own."""
    request = world.requests.get(number)
    waiting = request is not None and phase(world, request) is Phase.SEATING
    grounds: list[Ground] = [
        world.running(),
        (not waiting, "request is not waiting for seats"),
    ]
    if request is not None and waiting:
        grounds += [
            (request.seed_block not in world.seeds, "seed is not proven"),
            (world.now > request.seat_by, "seat window has passed"),
        ]
    world.refuse_if(*grounds)
    assert request is not None
    bench = eligible(world, world.round_before(request.claim.round), request.excluded)
    earlier = {name for stage in request.stages.values() for name in stage.seats}
    check_seats(bench, seats, STAGE_SEATS[request.number_of_stage], earlier)
    sit(world, request, seats)


def phase(world: World, request: Request) -> Phase:
    """Where a request stands at this clock."""
    if request.concluded:
        return Phase.CONCLUDED
    if request.appeal_by:
        return Phase.APPEAL
    stage = request.stage
    if stage is None:
        return Phase.SEATING
    if world.now <= stage.commit_by and len(stage.commitments) < len(stage.seats):
        return Phase.COMMIT
    return Phase.REVEAL if world.now <= stage.reveal_by else Phase.TALLY


def voting(world: World, number: int) -> tuple[Request | None, list[Ground]]:
    """A request with a vote, or why there is none."""
    request = world.requests.get(number)
    runs = request is not None and phase(world, request) in (
        Phase.COMMIT,
        Phase.REVEAL,
        Phase.TALLY,
    )
    return request, [world.running(), (not runs, "request is not being voted on")]


def holds(request: Request, seat: int, sender: str) -> list[Ground]:
    """Whether the caller holds a seat that exists."""
    stage = request.stage
    seats = stage.seats if stage else []
    exists = 0 <= seat < len(seats)
    return [
        (not exists, "seat does not exist"),
        (exists and seats[seat] != sender, "caller does not hold the seat"),
    ]


def commit(world: World, sender: str, entries: list[tuple[int, int, bytes]]) -> None:
    """A seat commits to verdicts, one each of (request, seat, digest), all or none."""
    grounds: list[Ground] = [world.running()]
    for number, seat, _ in entries:
        request, more = voting(world, number)
        grounds += more
        if request is None or request.stage is None:
            continue
        stage = request.stage
        grounds += [
            *holds(request, seat, sender),
            (world.now > stage.commit_by, "commit window has passed"),
            (seat in stage.commitments, "seat has committed"),
        ]
    world.refuse_if(*grounds)
    for number, seat, digest in entries:
        request = world.requests[number]
        assert request.stage is not None
        request.stage.commitments[seat] = digest
        world.touched_requests.add(number)


def digest_of(
    domain: Domain, request: Request, sender: str, verdict: int, words: tuple[bytes, bytes, bytes]
) -> bytes:
    """The EIP-712 digest of a verdict with its (scores, details, salt)."""
    scores, details, salt = words
    return Verdict(
        request.number, request.number_of_stage, sender, verdict, keccak(scores + details), salt
    ).digest(domain)


def reveal(
    world: World,
    domain: Domain,
    sender: str,
    number: int,
    seat: int,
    verdict: int,
    words: tuple[bytes, bytes, bytes],
    fined: Fined,
) -> None:
    """A seat shows what it committed to: verdict, scores, details and salt.

    The last of a first stage that is all VALID ends the matter.
    """
    request, grounds = voting(world, number)
    if request is not None and request.stage is not None:
        stage = request.stage
        committed = stage.commitments.get(seat)
        digest = digest_of(domain, request, sender, verdict, words)
        fits = committed == digest and stage.seats[seat : seat + 1] == [sender]
        everybody = len(stage.commitments) == len(stage.seats)
        grounds += [
            *holds(request, seat, sender),
            (world.now <= stage.commit_by and not everybody, "commit window is open"),
            (world.now > stage.reveal_by, "reveal window has passed"),
            (committed is None, "seat has not committed"),
            (seat in stage.reveals, "seat has revealed"),
            (not 1 <= verdict <= 3, "verdict out of range"),
            (not fits, "reveal does not match the commitment"),
        ]
    world.refuse_if(*grounds)
    assert request is not None and request.stage is not None
    stage = request.stage
    stage.reveals[seat] = verdict, words[0]
    world.touched_requests.add(number)
    said = [each for each, _ in stage.reveals.values()]
    if request.number_of_stage == 1 and said.count(VALID) == len(stage.seats):
        final(world, request, VALID, fined)


def outcome(stage: int, seats: int, verdicts: list[int], published: bool = False) -> int:
    """The design's tally: a verdict, or INCONCLUSIVE for the next stage.

    Where the bytes were published and two thirds of the seats found them, those who did not are
    left out.
    """
    shown = len(verdicts)
    found = [each for each in verdicts if each != UNAVAILABLE]
    if published and 3 * len(found) >= 2 * seats:
        verdicts, shown = found, len(found)
    valid, invalid, missing = (verdicts.count(each) for each in (VALID, INVALID, UNAVAILABLE))
    if stage == 1:
        return VALID if valid == seats else INCONCLUSIVE
    if 3 * shown < 2 * seats:
        return INCONCLUSIVE
    if 3 * invalid >= 2 * shown:
        return INVALID if invalid >= FEWEST else INCONCLUSIVE
    if stage == LAST_STAGE and 3 * (invalid + missing) >= 2 * shown and invalid >= FEWEST:
        return INVALID
    if 3 * missing >= 2 * shown:
        return UNAVAILABLE
    return VALID if 2 * valid > shown else INCONCLUSIVE


def conclude(world: World, number: int, fined: Fined) -> None:
    """Ends whatever phase has run its time."""
    request = world.requests.get(number)
    at = phase(world, request) if request is not None else Phase.CONCLUDED
    grounds: list[Ground] = [
        world.running(),
        (at is Phase.CONCLUDED, "nothing to conclude"),
    ]
    if request is not None and not request.concluded:
        stage = request.stage
        shown = stage is not None and len(stage.reveals) >= len(stage.commitments)
        over = at is Phase.TALLY or (at is Phase.REVEAL and shown)
        grounds += [
            (at in (Phase.COMMIT, Phase.REVEAL) and not over, "vote is not over"),
            (at is Phase.SEATING and world.now <= request.seat_by, "seat window is open"),
            (at is Phase.APPEAL and world.now <= request.appeal_by, "appeal window is open"),
        ]
    world.refuse_if(*grounds)
    assert request is not None
    world.touched_requests.add(number)
    if at is Phase.SEATING:
        final(world, request, INCONCLUSIVE, fined)
        return
    if at is Phase.APPEAL:
        final(world, request, request.verdict, fined)
        return
    tally(world, request, fined)


def tally(world: World, request: Request, fined: Fined) -> None:
    """Counts a vote that is over."""
    stage = request.stage
    assert stage is not None
    ended = min(world.now, stage.reveal_by)
    verdicts = [verdict for verdict, _ in stage.reveals.values()]
    published = request.number_of_stage in request.published
    found = outcome(request.number_of_stage, len(stage.seats), verdicts, published)
    if request.number_of_stage == LAST_STAGE or (request.number_of_stage == 1 and found == VALID):
        final(world, request, found, fined)
    elif found == INCONCLUSIVE:
        request.verdict = 0
        next_stage(world, request, ended)
    else:
        request.verdict = found
        request.appeal_by = ended + request.court.appeal_window


def next_stage(world: World, request: Request, ended: int) -> None:
    """The next stage waits for the seed of a block yet to come."""
    request.number_of_stage += 1
    request.appeal_by = 0
    request.seed_block = world.clock.block + request.court.seat_delay
    request.seat_by = ended + request.court.seat_delay + request.court.seat_window


def appeal_bond(request: Request) -> int:
    """What an appeal costs in wei: all seats of the last stage, and at least twice what the
    challengers have put up (I-43)."""
    put_up = sum(each.bond for each in request.claim.challenges)
    return max(STAGE_SEATS[LAST_STAGE] * request.leaves * request.court.seat_pay, 2 * put_up)


def appeal(world: World, sender: str, number: int, value: int) -> None:
    """A party takes a verdict of the second stage to the third."""
    request = world.requests.get(number)
    open_ = request is not None and phase(world, request) is Phase.APPEAL
    grounds: list[Ground] = [world.running(), (not open_, "request cannot be appealed")]
    if request is not None:
        grounds += [
            (sender not in parties(world, request.claim), "caller must be a party to the claim"),
            (open_ and world.now > request.appeal_by, "appeal window has passed"),
            (value != appeal_bond(request), "value must be the appeal bond"),
        ]
    world.refuse_if(*grounds)
    assert request is not None
    request.appellant, request.appealed, request.bond = sender, request.verdict, value
    request.verdict = 0
    next_stage(world, request, world.now)
    world.touched_requests.add(number)


def publish(world: World, sender: str, number: int) -> None:
    """The claimant says where its bytes can be had."""
    request = world.requests.get(number)
    at = phase(world, request) if request is not None else Phase.CONCLUDED
    appealable = request is not None and (
        at is Phase.APPEAL and request.verdict == UNAVAILABLE and world.now <= request.appeal_by
    )
    world.refuse_if(
        world.running(),
        (request is None or sender != request.claim.transcoder, "caller must be the claimant"),
        (at is not Phase.SEATING and not appealable, "bytes cannot be published now"),
        (
            request is not None and at is Phase.SEATING and world.now > request.seat_by,
            "seat window has passed",
        ),
        (at is Phase.APPEAL and not appealable, "appeal window has passed"),
    )
    assert request is not None
    request.published.add(request.number_of_stage + appealable)


def final(world: World, request: Request, verdict: int, fined: Fined) -> None:
    """The verdict stands: seats are paid and fined, the claim learns of it."""
    request.verdict, request.concluded = verdict, True
    back = reckon(world, request, verdict, fined)
    for stage in request.stages.values():
        for name in stage.seats:
            world.person(name).open_seats -= 1
            world.touched_people.add(name)
    justice.receive(world, request.claim, verdict, back)


def withdraw(world: World, name: str, refuses: bool) -> None:
    """Pays a seat's, an appellant's or a claimant's ETH out."""
    owed = world.court_credits[name]
    world.refuse_if(
        world.running(),
        (owed == 0, "nothing to withdraw"),
        (owed > 0 and refuses, "revert without a reason"),
    )
    del world.court_credits[name]
    world.touched_people.add(name)


def withdraw_prizes(world: World, name: str) -> None:
    """Pays a seat's part of others' fines out, in LPT."""
    world.refuse_if(world.running(), (world.prizes[name] == 0, "nothing to withdraw"))
    del world.prizes[name]
    world.touched_people.add(name)


def burn(world: World) -> None:
    """Burns the part of fines that nobody gets."""
    world.refuse_if(world.running(), maybe=((world.to_burn == 0, "nothing to burn"),))
    world.supply -= world.to_burn
    world.to_burn = 0
