"""How requests go on: votes end, seats are drawn, parties appeal, everybody is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.jobs_reference import committee
from tests.contracts.jobs_reference.state import INVALID, LAST_STAGE, Phase
from tests.contracts.jobs_stateful import encoding
from tests.contracts.jobs_stateful.claim_rules import tell_seed
from tests.contracts.jobs_stateful.rulebook import one, rule, some_request
from tests.contracts.jobs_stateful.vote_rules import COURT
from tests.contracts.stateful.evm import calldata

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.state import Request
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw

VERDICTS = {1: "VALID", 2: "INVALID", 3: "UNAVAILABLE", 4: "INCONCLUSIVE"}


@rule(60)
def conclude(machine: Machine, draw: Draw) -> None:
    """Anybody ends a phase that has run its time."""
    request = some_request(machine, draw, lambda each: may_conclude(machine, each))
    if request is not None:
        conclude_one(machine, draw.pick(machine.cast.strangers), request)


def may_conclude(machine: Machine, request: Request) -> bool:
    """Whether a request's phase is over."""
    world, stage = machine.world, request.stage
    at = committee.phase(world, request)
    if at is Phase.SEATING:
        return world.now > request.seat_by
    if at is Phase.APPEAL:
        return world.now > request.appeal_by
    if at is Phase.REVEAL:
        assert stage is not None
        return len(stage.reveals) == len(stage.commitments)
    return at is Phase.TALLY


def conclude_one(machine: Machine, sender: str, request: Request) -> bool:
    """Calls conclude."""
    world = machine.world
    machine.observe(machine.cast.transcoders)
    supply = world.to_burn
    stage, appealed = request.number_of_stage, request.appealed
    seating = committee.phase(world, request) is Phase.SEATING
    done = machine.attempt(
        sender,
        COURT,
        calldata("conclude(uint256)", request.number),
        lambda: committee.conclude(world, request.number, machine),
        note=f"{request.number} stage {stage}",
    )
    if not done or not request.concluded:
        return done
    machine.reach(f"verdict {VERDICTS[request.verdict]}")
    if seating:
        machine.reach("seats nobody drew")
    if stage == LAST_STAGE:
        machine.reach("third stage")
    if appealed:
        machine.reach("appeal lost" if appealed == request.verdict else "appeal won")
    if world.to_burn > supply:
        machine.reach("fined")
    if world.void(request.claim) and request.verdict != INVALID:
        machine.reach("verdict on a void claim")
    return done


@rule(50)
def seat_stage(machine: Machine, draw: Draw) -> None:
    """Anybody has the seats of the next stage drawn, and proves the seed where it must."""
    world = machine.world
    request = some_request(
        machine,
        draw,
        lambda each: (
            committee.phase(world, each) is Phase.SEATING
            and world.now <= each.seat_by
            and world.clock.block > each.seed_block
            and each.number % 9 != 0
        ),
    )
    if request is None:
        return
    if request.seed_block not in world.seeds and request.seed_block < world.clock.block:
        tell_seed(machine, draw, request.seed_block)
    seat_one(machine, draw.pick(machine.cast.strangers), request)


def seat_one(machine: Machine, sender: str, request: Request) -> bool:
    """Calls seatStage."""
    world, number = machine.world, request.number
    machine.observe(machine.cast.transcoders)
    stage = request.number_of_stage

    def model() -> None:
        data = calldata("seatsOf(uint256,uint256)", number, stage)
        shown = machine.setting.ask(COURT, data)
        committee.seat_stage(world, number, [f"0x{each:040x}" for each in shown[2:]])

    data = calldata("seatStage(uint256)", number)
    done = machine.attempt(sender, COURT, data, model, note=f"{number} stage {stage}")
    if done and request.stage is not None:
        size = len(request.stage.seats)
        if size in (15, 33):
            machine.reach(f"{size} seats")
        elif size < 15:
            machine.reach("fewer seats than the stage has")
    return done


@rule(20)
def appeal(machine: Machine, draw: Draw) -> None:
    """A party, or somebody who is none, appeals."""
    world = machine.world
    request = some_request(
        machine,
        draw,
        lambda each: committee.phase(world, each) is Phase.APPEAL and world.now <= each.appeal_by,
    )
    if request is None:
        return
    sender = one(draw, sorted(committee.parties(world, request.claim) - set(machine.cast.keys)))
    if sender is None or draw.chance(8):
        sender = draw.pick(machine.cast.everybody)
    bond = committee.appeal_bond(request) + (1 if draw.chance(4) else 0)
    machine.attempt(
        sender,
        COURT,
        calldata("appeal(uint256)", request.number),
        lambda: committee.appeal(world, sender, request.number, bond),
        value=bond,
        note=str(request.number),
    )


@rule(8)
def publish_bytes(machine: Machine, draw: Draw) -> None:
    """The claimant says where its bytes can be had."""
    request = some_request(machine, draw, lambda each: True)
    if request is None:
        return
    sender = request.claim.transcoder
    if draw.chance(10):
        sender = draw.pick(machine.cast.everybody)
    machine.attempt(
        sender,
        COURT,
        encoding.publish(request.number, b"http://elsewhere"),
        lambda: committee.publish(machine.world, sender, request.number),
        note=str(request.number),
    )


@rule(6)
def withdraw_pay(machine: Machine, draw: Draw) -> None:
    """A seat has its pay out, or somebody does it for the seat."""
    world = machine.world
    owed = [name for name in machine.cast.everybody if world.court_credits[name]]
    if not owed and draw.chance(95):
        return
    name = one(draw, owed) if draw.chance(95) else None
    name = name or draw.pick(machine.cast.everybody)
    sender, data = name, calldata("withdraw()")
    if draw.chance(50):
        sender = draw.pick(machine.cast.strangers)
        data = calldata("withdrawFor(address)", name)
    refuses = name in machine.closed_wallets
    wei, before = world.court_credits[name], machine.setting.eth(name)
    done = machine.attempt(
        sender,
        COURT,
        data,
        lambda: committee.withdraw(world, name, refuses),
        note=name[-4:],
    )
    if done:
        assert machine.setting.eth(name) == before + wei, "paid another sum"


@rule(5)
def withdraw_prizes(machine: Machine, draw: Draw) -> None:
    """A seat has its part of others' fines out, in LPT."""
    world = machine.world
    name = one(draw, [each for each in machine.cast.transcoders if world.prizes[each]])
    if name is None and draw.chance(95):
        return
    if name is None or draw.chance(5):
        name = draw.pick(machine.cast.everybody)
    before, wei = machine.lpt(name), world.prizes[name]
    data = calldata("withdrawTokens()")
    if machine.attempt(
        name, COURT, data, lambda: committee.withdraw_prizes(world, name), note=name[-4:]
    ):
        assert machine.lpt(name) == before + wei, "paid another sum"


@rule(3)
def burn_penalties(machine: Machine, draw: Draw) -> None:
    """Anybody burns what fines left for nobody."""
    world = machine.world
    if not world.to_burn and draw.chance(90):
        return
    machine.attempt(
        draw.pick(machine.cast.strangers),
        COURT,
        calldata("burnPenalties()"),
        lambda: committee.burn(world),
    )
