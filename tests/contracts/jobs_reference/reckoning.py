"""What seats get and what they lose once a verdict stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.jobs_reference.state import (
    INCONCLUSIVE,
    INVALID,
    MINORITY,
    NO_COMMIT,
    NO_REVEAL,
    UNAVAILABLE,
    VALID,
)

if TYPE_CHECKING:
    from typing import Protocol

    from tests.contracts.jobs_reference.state import Request
    from tests.contracts.jobs_reference.world import World

    class Fined(Protocol):
        """Where fines come from."""

        def fined(self, name: str, wei: int) -> int:
            """Takes LPT wei from somebody; returns how much there was to take."""

        def collected(self, wei: int) -> int:
            """What all fines of a request came to, where rounding may have left a wei."""


def reckon(world: World, request: Request, verdict: int, fined: Fined) -> int:
    """Pays and fines the seats of every stage; returns the wei that go back with the verdict.

    ``fined`` takes the fines.
    """
    pot = request.pot
    back = 0
    if verdict != VALID:
        back += request.returnable
    if verdict == request.appealed:
        pot += request.bond
    elif request.bond:
        world.court_credit(request.appellant, request.bond)
    pot -= back
    due = dues(request, verdict)
    total = sum(due.values())
    paid = 0
    for (name, _), wei in due.items():
        share = wei if total <= pot else pot * wei // total
        paid += share
        world.court_credit(name, share)
    left = pot - paid
    if verdict == INVALID:
        back += left
    elif left:
        world.court_credit(request.claim.transcoder, left)
    request.pot = 0
    fines(world, request, verdict, [name for name, _ in due], fined)
    return back


def dues(request: Request, verdict: int) -> dict[tuple[str, int], int]:
    """What each seat that was right has earned, by (seat, stage), in wei."""
    due = {}
    strays = outliers(request, verdict)
    for number, stage in request.stages.items():
        wei = request.court.seat_pay * request.leaves
        if number == 1:
            # Challengers pay for the leaves they wanted judged only where the work was good.
            paid_for = request.leaves if verdict == VALID else request.claim.draws
            wei = request.seat_pay * paid_for
        for seat, (said, _) in stage.reveals.items():
            if (number, seat) in strays:
                continue
            if said == verdict or verdict == INCONCLUSIVE:
                due[stage.seats[seat], number] = wei
    return due


def fields(word: bytes, bits: int) -> list[int]:
    """The signed numbers of so many bits each in a packed word, the first one highest."""
    packed = int.from_bytes(word, "big")
    raw = [packed >> bits * place & (1 << bits) - 1 for place in reversed(range(256 // bits))]
    return [each - (1 << bits) if each >> bits - 1 else each for each in raw]


def outliers(request: Request, verdict: int) -> set[tuple[int, int]]:
    """Seats (stage, seat) that were right but measured something else: outside the band around the
    median of those who were right in the last stage. The first stage, which sees one rung only, is
    compared with itself alone."""
    last = request.stage
    if last is None or verdict not in (VALID, INVALID):
        return set()
    bits = request.court.score_bits
    right = [fields(word, bits) for said, word in last.reveals.values() if said == verdict]
    if not right:
        return set()
    middle = [sorted(column)[(len(right) - 1) // 2] for column in zip(*right, strict=True)]
    bands = fields(request.court.dead_band, bits)
    strays = set()
    for number, stage in request.stages.items():
        if number == 1 < request.number_of_stage:
            continue
        for seat, (_, word) in stage.reveals.items():
            measured = zip(fields(word, bits), middle, bands, strict=True)
            if any(abs(found - median) > band for found, median, band in measured):
                strays.add((number, seat))
    return strays


def faults(request: Request, verdict: int) -> list[tuple[str, int]]:
    """Who did wrong and what: silence, hiding, or a verdict the last stage does not share."""
    found = []
    for number, stage in request.stages.items():
        for seat, name in enumerate(stage.seats):
            if seat not in stage.commitments:
                found.append((name, NO_COMMIT))
            elif seat not in stage.reveals:
                found.append((name, NO_REVEAL))
            elif verdict != INCONCLUSIVE:
                said = stage.reveals[seat][0]
                excused = said == UNAVAILABLE and number < request.number_of_stage
                if said != verdict and not excused:
                    found.append((name, MINORITY))
    return found


def fines(world: World, request: Request, verdict: int, right: list[str], fined: Fined) -> None:
    """Takes LPT for every fault: half of it, at most, is for those who were right."""
    court = request.court
    price = {
        NO_COMMIT: court.no_commit_penalty,
        MINORITY: court.minority_penalty,
        NO_REVEAL: court.no_reveal_penalty,
    }
    total = 0
    for name, fault in faults(request, verdict):
        total += fined.fined(name, price[fault])
        world.look_again(name)
    total = fined.collected(total)
    prize = total // 2 // len(right) if right else 0
    for name in right:
        world.prizes[name] += prize
        world.touched_people.add(name)
    world.to_burn += total - prize * len(right)
