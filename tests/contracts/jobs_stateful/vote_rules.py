"""What seats do, honest and otherwise: commit and reveal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from tests.contracts.jobs_reference import committee
from tests.contracts.jobs_reference.state import (
    UNAVAILABLE,
    VALID,
    Phase,
)
from tests.contracts.jobs_stateful import encoding
from tests.contracts.jobs_stateful.machine import Mood, Vote
from tests.contracts.jobs_stateful.rulebook import rule, some_request

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.state import Request
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw

COURT = "VerifierCommittee"
MOODS = (
    (40, Mood(0, 0, 0, 0)),
    (25, Mood(8, 6, 8, 3)),
    (12, Mood(0, 0, 45, 0)),
    (8, Mood(70, 5, 0, 0)),
    (8, Mood(0, 60, 5, 0)),
    (7, Mood(20, 20, 20, 20)),
)
BATCH = 4


def mood_of(machine: Machine, draw: Draw, request: Request) -> Mood:
    """How the seats of a request's stage behave."""
    at = request.number * 4 + request.number_of_stage
    if at not in machine.moods:
        left = draw.integer(0, 99)
        for percent, mood in MOODS:
            machine.moods[at] = mood
            if left < percent:
                break
            left -= percent
    return machine.moods[at]


def vote_of(machine: Machine, draw: Draw, request: Request, seat: int) -> Vote:
    """What a seat has in mind, the same whenever asked."""
    at = request.number, request.number_of_stage, seat
    if at not in machine.votes:
        mood = mood_of(machine, draw, request)
        verdict = machine.works[request.claim.key].quality
        if draw.chance(mood.lie):
            verdict = draw.integer(VALID, UNAVAILABLE)
        label = b"%d %d %d" % at
        words = (
            scores(draw, label, request.court.score_bits),
            keccak(b"details" + label),
            keccak(b"salt" + label),
        )
        machine.votes[at] = Vote(
            verdict, words, draw.chance(mood.silent), draw.chance(mood.hide), draw.chance(mood.copy)
        )
    return machine.votes[at]


def scores(draw: Draw, label: bytes, bits: int) -> bytes:
    """What a seat measured: much the same as the others, now and then far from it."""
    far = (10_000 if draw.chance(50) else -20_000) if draw.chance(6) else 0
    near, packed = keccak(label), 0
    for place in range(256 // bits):
        number = 1_000 * (place - 4) + near[place] % 2 + (far if near[place] % 5 == 0 else 0)
        packed = packed << bits | number % (1 << bits)
    return packed.to_bytes(32, "big")


def willing(machine: Machine, draw: Draw, request: Request) -> list[int]:
    """Seats that mean to commit and have not."""
    stage = request.stage
    assert stage is not None
    return [
        seat
        for seat in range(len(stage.seats))
        if seat not in stage.commitments and not vote_of(machine, draw, request, seat).silent
    ]


@rule(80)
def commit(machine: Machine, draw: Draw) -> None:
    """Seats commit, several of them one after the other."""
    world = machine.world
    request = some_request(
        machine,
        draw,
        lambda each: (
            committee.phase(world, each) is Phase.COMMIT and bool(willing(machine, draw, each))
        ),
    )
    if request is None or request.stage is None or not request.stage.seats:
        return
    seats = willing(machine, draw, request) or [0]
    for seat in seats[: max(BATCH, len(seats) // 3)]:
        commit_seat(machine, draw, request, seat)


def commit_seat(machine: Machine, draw: Draw, request: Request, seat: int) -> None:
    """One seat's commitment; it may be another's, or come from somebody who has no seat."""
    world, stage = machine.world, request.stage
    assert stage is not None
    holder = stage.seats[seat]
    vote = vote_of(machine, draw, request, seat)
    digest = committee.digest_of(machine.court_domain, request, holder, vote.verdict, vote.words)
    if vote.stolen and stage.commitments:
        owner, digest = next(iter(stage.commitments.items()))
        if draw.chance(30):
            digest = exchanged(digest, stage.seats[owner], holder)
    else:
        vote.stolen = False
    sender, place = holder, seat
    if draw.chance(2):
        sender = draw.pick(machine.cast.everybody)
    elif draw.chance(2):
        place = draw.integer(0, len(stage.seats))
    entries = [(request.number, place, digest), *also(machine, draw, request, holder)]
    machine.attempt(
        sender,
        COURT,
        encoding.commit_verdicts(entries),
        lambda: committee.commit(world, sender, entries),
        note=f"{[entry[:2] for entry in entries]}",
    )


def exchanged(digest: bytes, owner: str, copier: str) -> bytes:
    """A commitment in which the copier has put its own address in the place of the owner's, as far
    as exclusive or goes."""
    mixed = int.from_bytes(digest, "big") ^ int(owner, 16) ^ int(copier, 16)
    return mixed.to_bytes(32, "big")


def also(
    machine: Machine, draw: Draw, request: Request, holder: str
) -> list[tuple[int, int, bytes]]:
    """What the same holder can commit to in other requests, in the same transaction."""
    world = machine.world
    found = []
    for other in world.requests.values():
        if other is request or committee.phase(world, other) is not Phase.COMMIT:
            continue
        assert other.stage is not None
        if holder not in other.stage.seats:
            continue
        seat = other.stage.seats.index(holder)
        vote = vote_of(machine, draw, other, seat)
        if seat in other.stage.commitments or vote.silent or vote.stolen:
            continue
        words = vote.words
        digest = committee.digest_of(machine.court_domain, other, holder, vote.verdict, words)
        found.append((other.number, seat, digest))
    return found if draw.chance(30) else []


@rule(80)
def reveal(machine: Machine, draw: Draw) -> None:
    """Seats reveal, several of them one after the other."""
    world = machine.world
    request = some_request(
        machine,
        draw,
        lambda each: (
            committee.phase(world, each) is Phase.REVEAL and bool(hidden(machine, draw, each))
        ),
    )
    if request is None or request.stage is None or not request.stage.seats:
        return
    seats = hidden(machine, draw, request) or [0]
    for seat in seats[: max(BATCH, len(seats) // 3)]:
        if request.stage is None or request.concluded:
            return
        reveal_seat(machine, draw, request, seat)


def hidden(machine: Machine, draw: Draw, request: Request) -> list[int]:
    """Seats that have committed and mean to reveal."""
    stage = request.stage
    assert stage is not None
    return [
        seat
        for seat in stage.commitments
        if seat not in stage.reveals and not vote_of(machine, draw, request, seat).hides
    ]


def reveal_seat(machine: Machine, draw: Draw, request: Request, seat: int) -> None:
    """One seat's reveal; a copier finds that it has nothing to reveal."""
    world, stage = machine.world, request.stage
    assert stage is not None
    holder = stage.seats[seat]
    vote = vote_of(machine, draw, request, seat)
    verdict, words, sender = vote.verdict, vote.words, holder
    stolen = vote.stolen and seat in stage.commitments
    if stolen:
        # What the victim showed, word for word.
        owner = next(iter(stage.commitments))
        victim = vote_of(machine, draw, request, owner)
        verdict, words, vote.hides = victim.verdict, victim.words, True
        if draw.chance(50):
            # Nor can the victim, whose words fit the digest, reveal it in the copier's seat.
            sender = stage.seats[owner]
    elif draw.chance(3):
        kind = draw.integer(0, 3)
        verdict = draw.integer(0, 4) if kind == 0 else verdict
        words = (words[1], words[0], words[2]) if kind == 1 else words
        words = (words[0], words[1], words[0]) if kind == 2 else words
        sender = draw.pick(machine.cast.everybody) if kind == 3 else sender
    number = request.number
    machine.observe(stage.seats)
    done = machine.attempt(
        sender,
        COURT,
        encoding.reveal_verdicts([(number, seat, verdict, *words)]),
        lambda: committee.reveal(
            world, machine.court_domain, sender, number, seat, verdict, words, machine
        ),
        note=f"{number} {seat} {verdict}",
    )
    if stolen:
        assert not done, "a copied commitment was revealed"
        machine.reach("a copied commitment cannot be revealed")
