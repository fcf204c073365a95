"""What passes by itself, what the owner does, and transcoders who move their stake meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offchain.chain.artifacts import artifact
from tests.contracts.jobs_reference import claims, committee
from tests.contracts.jobs_reference.state import LPT, ClaimStatus, JobStatus, Phase
from tests.contracts.jobs_stateful import setting as place
from tests.contracts.jobs_stateful.bytecode import query
from tests.contracts.jobs_stateful.encoding import words
from tests.contracts.jobs_stateful.rulebook import one, rule
from tests.contracts.jobs_stateful.setting import OWNER, POKER, struct_words
from tests.contracts.jobs_stateful.watch import DELEGATOR, LOCK
from tests.contracts.stateful.evm import ZERO, calldata, selector, word

if TYPE_CHECKING:
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw


def setter(contract: str) -> bytes:
    """The selector of a contract's setParameters, all of whose fields are words."""
    abi = artifact(contract).abi
    (entry,) = (each for each in abi if each.get("name") == "setParameters")
    fields = ",".join(each["type"] for each in entry["inputs"][0]["components"])
    return selector(f"setParameters(({fields}))")


SET_TERMS = setter("JobsManager")
SET_COURT = setter("VerifierCommittee")
MOST_VERSIONS = 6


def deadlines(machine: Machine) -> list[int]:
    """Clocks at which somebody's time runs out."""
    world = machine.world
    found = [job.accept_by for job in world.jobs.values() if job.status is JobStatus.OFFERED]
    found += [job.end for job in world.jobs.values() if job.status is JobStatus.ACTIVE]
    for claim in world.unpaid:
        if claim.status in (ClaimStatus.COMMITTED, ClaimStatus.OPENED):
            by = claims.dates(world, claim)
            found += [by.challenge_by, by.open_by, by.open_challenged_by]
            found.append(claim.seed_by)
    for request in world.requests.values():
        at = committee.phase(world, request)
        if at is Phase.SEATING:
            found.append(request.seat_by)
        elif at is Phase.APPEAL:
            found.append(request.appeal_by)
        elif request.stage is not None and at is not Phase.CONCLUDED:
            found += [request.stage.commit_by, request.stage.reveal_by]
    return [each for each in found if each >= world.now]


@rule(34)
def wait(machine: Machine, draw: Draw) -> None:
    """Blocks pass: one, or up to somebody's last chance, or just beyond it."""
    world = machine.world
    blocks = 1
    ahead = deadlines(machine)
    if draw.chance(20) and ahead:
        blocks = max(min(ahead) - world.now + draw.integer(0, 1), 1)
    elif not ahead:
        blocks = draw.integer(1, 10)
    machine.statistics.steps += 1
    machine.history.append(f"{world.clock.block}: wait {blocks}")
    machine.pass_blocks(min(blocks, 20))
    if world.clock.paused and world.unpaid:
        machine.reach("pause in a dispute")


@rule(1)
def initialize_round(machine: Machine, draw: Draw) -> None:
    """Anybody starts the round that has come."""
    world = machine.world
    if world.clock.ready:
        return

    def model() -> None:
        world.refuse_if((world.clock.paused, "system is paused"))
        world.clock.initialized = world.clock.round
        machine.snapshot_round(world.clock.round)

    machine.attempt(POKER, "RoundsManager", calldata("initializeRound()"), model)


@rule(1)
def pause(machine: Machine, draw: Draw) -> None:
    """The owner stops everything."""
    world = machine.world
    if world.clock.paused or draw.chance(40):
        return
    machine.attempt(OWNER, "Controller", calldata("pause()"), world.clock.pause)


@rule(1)
def unpause(machine: Machine, draw: Draw) -> None:
    """The owner lets everything go on."""
    if machine.world.clock.paused:
        machine.attempt(OWNER, "Controller", calldata("unpause()"), machine.world.clock.unpause)


@rule(1)
def set_terms(machine: Machine, draw: Draw) -> None:
    """The owner changes what later jobs are made under."""
    world = machine.world
    if len(world.terms) >= MOST_VERSIONS:
        return
    terms = replace(
        place.TERMS,
        verification_rate=draw.integer(1, 5),
        max_samples=draw.integer(1, 6),
        seat_pay=10**9 + draw.integer(0, 10**9),
        protocol_fee=draw.integer(0, 500_000),
        invalid_slash=draw.integer(1, 50_000),
        missed_slash=draw.integer(50_000, 70_000),
        double_claim_slash=draw.integer(70_000, 200_000),
        accept_window=draw.integer(3, 8),
    )
    if draw.chance(20):
        terms = replace(terms, missed_slash=terms.double_claim_slash + 1)
    wrong = terms.missed_slash > terms.double_claim_slash

    def model() -> None:
        world.refuse_if((wrong, "double claims must cost no less than missing"))
        world.terms.append(terms)

    machine.attempt(OWNER, "JobsManager", SET_TERMS + words(*struct_words(terms)), model)


@rule(1)
def set_court(machine: Machine, draw: Draw) -> None:
    """The owner changes what later requests are judged under."""
    world = machine.world
    if len(world.courts) >= MOST_VERSIONS:
        return
    court = replace(
        place.COURT,
        commit_window=draw.integer(4, 6),
        reveal_window=draw.integer(3, 5),
        seat_bond=draw.integer(40, 200) * LPT if draw.chance(40) else world.courts[-1].seat_bond,
        no_commit_penalty=draw.integer(1, 2 * LPT),
        minority_penalty=draw.integer(2 * LPT, 6 * LPT),
        no_reveal_penalty=draw.integer(6 * LPT, 12 * LPT),
        seat_pay=draw.integer(0, 10**9) if draw.chance(50) else draw.integer(0, 10**10),
    )
    if draw.chance(20):
        court = replace(court, minority_penalty=court.no_reveal_penalty + 1)
    wrong = court.minority_penalty > court.no_reveal_penalty

    def model() -> None:
        world.refuse_if((wrong, "graver faults must cost no less"))
        world.courts.append(court)

    machine.attempt(OWNER, "VerifierCommittee", SET_COURT + words(*struct_words(court)), model)


def stake_move(machine: Machine, name: str, data: bytes, note: str) -> bool:
    """A call to the BondingManager, which has a model of its own: taken as it comes."""
    world = machine.world
    output, reason = machine.setting.call(name, machine.setting["BondingManager"], data)
    machine.statistics.steps += 1
    machine.statistics.tried[machine.rule] += 1
    machine.history.append(f"{world.clock.block}: {machine.rule} {name[-4:]} {note} -> {reason}")
    machine.observe([name])
    if reason:
        machine.statistics.refused[reason] += 1
        return False
    machine.statistics.succeeded[machine.rule] += 1
    machine.check()
    return True


@rule(3)
def unbond(machine: Machine, draw: Draw) -> None:
    """A transcoder takes stake out; all of it, it resigns, maybe before judgement."""
    name = one(draw, machine.cast.transcoders)
    if name is None:
        return
    bonded = machine.world.people[name].bonded
    wei = bonded if draw.chance(15) else bonded * draw.integer(1, 40) // 100
    if stake_move(machine, name, calldata("unbond(uint256)", wei), f"{wei}") and wei == bonded:
        machine.reach("resigned")
        if any(claim.transcoder == name for claim in machine.world.unpaid):
            machine.reach("resigned before judgement")


@rule(4)
def bond(machine: Machine, draw: Draw) -> None:
    """A transcoder bonds more, or again."""
    name = one(draw, machine.cast.transcoders)
    if name is not None:
        wei = draw.integer(1, 300) * LPT + draw.integer(0, 99)
        stake_move(machine, name, calldata("bond(uint256,address)", wei, name), f"{wei}")


@rule(4)
def withdraw_stake(machine: Machine, draw: Draw) -> None:
    """A transcoder tries to take a lock home, ripe or not."""
    name = one(draw, machine.cast.transcoders)
    if name is None:
        return
    locks = locks_of(machine, name)
    round_ = machine.world.clock.initialized
    ripe = [lock for lock, (wei, from_round) in locks.items() if wei and from_round <= round_]
    lock = one(draw, ripe)
    if lock is None:
        if draw.chance(90):
            return
        lock = draw.integer(0, 4)
    if not stake_move(machine, name, calldata("withdrawStake(uint256)", lock), f"{lock}"):
        if lock in ripe:
            machine.reach("stake kept behind work")


def locks_of(machine: Machine, name: str) -> dict[int, tuple[int, int]]:
    """Amount and withdraw round of a transcoder's locks."""
    setting = machine.setting
    count = setting.ask("BondingManager", DELEGATOR + word(name))[6]
    bonding = setting.raw["BondingManager"]
    queries = [query(bonding, LOCK + word(name) + word(lock)) for lock in range(count)]
    return {lock: (wei, since) for lock, (wei, since) in enumerate(setting.look(queries))}


@rule(1)
def note_stake(machine: Machine, draw: Draw) -> None:
    """A transcoder has its stake noted anew, for the fees it may have at risk."""
    name = one(draw, machine.cast.transcoders)
    if name is None:
        return
    machine.observe([name])

    def model() -> None:
        person = machine.world.people[name]
        machine.world.refuse_if(
            machine.world.running(),
            (person.barred, "transcoder is barred"),
            (not person.registered, "caller must be a registered transcoder"),
        )
        machine.world.note(name)

    machine.attempt(name, "JobsManager", calldata("noteStake()"), model, note=name[-4:])


@rule(4)
def transfer_bond(machine: Machine, draw: Draw) -> None:
    """A transcoder tries to carry its stake over to another, out of reach of a slash."""
    name, other = one(draw, machine.cast.transcoders), one(draw, machine.cast.transcoders)
    if name is None or other is None or name == other:
        return
    wei = machine.world.people[name].bonded * draw.integer(1, 60) // 100
    signature = "transferBond(address,uint256,address,address,address,address)"
    data = calldata(signature, other, wei, ZERO, ZERO, ZERO, ZERO)
    if stake_move(machine, name, data, f"{wei} to {other[-4:]}"):
        machine.observe([other])
    elif any(claim.transcoder == name for claim in machine.world.unpaid):
        machine.reach("stake kept behind work")
