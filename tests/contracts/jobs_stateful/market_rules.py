"""What broadcasters do, and transcoders before they work: jobs, prices, elections, escrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from tests.contracts.jobs_reference import jobs
from tests.contracts.jobs_reference.jobs import Order
from tests.contracts.jobs_reference.state import NOBODY, JobStatus
from tests.contracts.jobs_stateful import encoding
from tests.contracts.jobs_stateful.rulebook import one, rule, some_job
from tests.contracts.stateful.evm import calldata

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.state import Job
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw

JOBS = "JobsManager"
PROFILES = b'{"mode":"throughput","version":1}'
PROFILES_HASH = int.from_bytes(keccak(PROFILES), "big")
GWEI = 10**9
MOST_OPEN = 9


def is_open(job: Job) -> bool:
    """Whether something can still become of a job."""
    return job.status in (JobStatus.ELECTING, JobStatus.OFFERED, JobStatus.ACTIVE)


def crowded(machine: Machine) -> bool:
    """Whether there are jobs enough."""
    return sum(map(is_open, machine.world.jobs.values())) >= MOST_OPEN


def order(machine: Machine, draw: Draw, broadcaster: str) -> tuple[Order, int]:
    """Terms of a job, now and then ones that are refused; and the escrow."""
    signer = machine.cast.signers[broadcaster]
    length = len(PROFILES)
    price, units = GWEI * draw.integer(1, 9), draw.integer(700, 1_300)
    pixels, most = 10**9 + draw.integer(0, 999), draw.integer(8, 400)
    ends = machine.world.now + draw.integer(20, 200)
    escrow = pixels * price // units * draw.integer(3, 90) + draw.integer(1, 9)
    if draw.chance(6):
        kind = draw.integer(0, 6)
        price = 2**64 if kind == 0 else price
        units = 0 if kind == 1 else units
        pixels = 0 if kind == 2 else pixels
        most = 2**32 if kind == 3 else most
        ends = machine.world.now - 1 if kind == 4 else ends
        escrow = 0 if kind == 5 else escrow
        length = 0 if kind == 6 else length
    named = NOBODY if signer == broadcaster else signer
    hashed = PROFILES_HASH if length else int.from_bytes(keccak(b""), "big")
    return Order(named, price, units, pixels, most, ends, hashed, length), escrow


@rule(8)
def job_by_election(machine: Machine, draw: Draw) -> None:
    """Puts a job to an election."""
    if crowded(machine):
        return
    broadcaster = draw.pick(machine.cast.broadcasters)
    terms, escrow = order(machine, draw, broadcaster)
    # Dear enough for some, and long enough to be put to several elections.
    terms = replace(terms, price=max(terms.price, 4 * GWEI), end=terms.end + 60)
    profiles = PROFILES if terms.profiles_length else b""
    machine.attempt(
        broadcaster,
        JOBS,
        encoding.order(terms, b"stream", profiles, None),
        lambda: jobs.create(machine.world, broadcaster, terms, escrow, None),
        value=escrow,
    )


@rule(12)
def job_for(machine: Machine, draw: Draw) -> None:
    """Offers a job by name."""
    if crowded(machine):
        return
    broadcaster = draw.pick(machine.cast.broadcasters)
    terms, escrow = order(machine, draw, broadcaster)
    name = one(draw, machine.cast.transcoders) if draw.chance(97) else None
    name = name or draw.pick((*machine.cast.strangers, NOBODY))
    profiles = PROFILES if terms.profiles_length else b""
    machine.attempt(
        broadcaster,
        JOBS,
        encoding.order(terms, b"stream", profiles, name),
        lambda: jobs.create(machine.world, broadcaster, terms, escrow, name),
        value=escrow,
        note=name[-4:],
    )


@rule(6)
def set_price(machine: Machine, draw: Draw) -> None:
    """A transcoder says what it asks."""
    everybody = machine.cast.transcoders or machine.cast.strangers
    name = draw.pick(everybody if draw.chance(95) else machine.cast.strangers)
    price, units = GWEI * draw.integer(0, 7), draw.integer(700, 1_300)
    if draw.chance(4):
        price, units = (2**64, units) if draw.chance(50) else (price, 0)
    machine.observe([name])
    machine.attempt(
        name,
        JOBS,
        calldata("setTranscoderPrice(uint256,uint256)", price, units),
        lambda: jobs.set_price(machine.world, name, price, units),
        note=f"{price}/{units}",
    )


@rule(40)
def elect(machine: Machine, draw: Draw) -> None:
    """Anybody draws the winner of an election."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: job.status is JobStatus.ELECTING and job.election_block in world.seeds,
    )
    if job is None:
        return
    machine.observe(machine.cast.transcoders)
    data = calldata("elect(uint256)", job.number)
    twin = twice(machine, data)

    def model() -> None:
        assert twin == machine.output, "another caller elects somebody else"
        jobs.elect(world, job.number, "0x" + machine.output[12:32].hex())

    if machine.attempt(draw.pick(machine.cast.strangers), JOBS, data, model, note=str(job.number)):
        machine.reach("elected" if job.transcoder != NOBODY else "election without a winner")


def twice(machine: Machine, data: bytes) -> bytes:
    """What a call returns to somebody else; undone (I-38)."""
    before = machine.chain.evm.snapshot()
    output, _ = machine.setting.call(machine.cast.broadcasters[1], machine.setting[JOBS], data)
    machine.chain.evm.revert(before)
    return output


@rule(40)
def accept_job(machine: Machine, draw: Draw) -> None:
    """The transcoder takes a job."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            job.status is JobStatus.OFFERED
            and world.now <= job.accept_by
            and not unwanted(machine, job)
        ),
    )
    if job is None:
        return
    name = job.transcoder if job.transcoder != NOBODY else machine.cast.strangers[0]
    if draw.chance(4):
        name = draw.pick(machine.cast.everybody)
    machine.observe([name])
    machine.attempt(
        name,
        JOBS,
        calldata("acceptJob(uint256)", job.number),
        lambda: jobs.accept(world, name, job.number),
        note=str(job.number),
    )


def unwanted(machine: Machine, job: Job) -> bool:
    """Whether nobody takes the job, whoever is asked."""
    first = job
    while first.previous:
        first = machine.world.jobs[first.previous]
    return first.number % (2 if first.by_election else 5) == 1


@rule(40)
def lapse_job(machine: Machine, draw: Draw) -> None:
    """A job nobody took in time, or a convict's, goes to a new election."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            job.by_election
            and ((not job.moved and job.lapses < jobs.MOST_LAPSES) or draw.chance(10))
            and (
                (job.status is JobStatus.OFFERED and world.now > job.accept_by)
                or jobs.lost(world, job)
            )
            and world.now <= job.end
        ),
    )
    if job is None:
        return
    convicted = jobs.lost(world, job)
    if machine.attempt(
        draw.pick(machine.cast.strangers),
        JOBS,
        calldata("lapseJob(uint256)", job.number),
        lambda: jobs.lapse(world, job.number),
        note=str(job.number),
    ):
        machine.reach("a convict's job elected again" if convicted else "job lapsed")
        if job.lapses == jobs.MOST_LAPSES - 1:
            machine.reach("job lapsed three times")


@rule(3)
def cancel_job(machine: Machine, draw: Draw) -> None:
    """A broadcaster takes back a job nobody accepted."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            is_open(job)
            and job.status is not JobStatus.ACTIVE
            or (job.status is JobStatus.LAPSED and job.escrow > 0)
        ),
    )
    if job is None or (draw.chance(80) and (job.by_election or world.now <= job.accept_by)):
        return
    name = job.broadcaster if draw.chance(85) else draw.pick(machine.cast.strangers)
    machine.attempt(
        name,
        JOBS,
        calldata("cancelJob(uint256)", job.number),
        lambda: jobs.cancel(world, name, job.number),
        note=str(job.number),
    )


@rule(3)
def fund_job(machine: Machine, draw: Draw) -> None:
    """Anybody adds to a job's escrow."""
    job = some_job(machine, draw, is_open)
    if job is None:
        return
    value = job.pixels * job.price // job.units * draw.integer(0, 20)
    machine.attempt(
        draw.pick(machine.cast.everybody),
        JOBS,
        calldata("fundJob(uint256)", job.number),
        lambda: jobs.fund(machine.world, job.number, value),
        value=value,
        note=str(job.number),
    )


@rule(3)
def end_job(machine: Machine, draw: Draw) -> None:
    """A broadcaster ends its job one claim window from now."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            job.status is JobStatus.ACTIVE
            and world.now + world.terms_of(job).claim_window < job.end
        ),
    )
    if job is None:
        return
    name = job.broadcaster if draw.chance(90) else draw.pick(machine.cast.everybody)
    machine.attempt(
        name,
        JOBS,
        calldata("endJob(uint256)", job.number),
        lambda: jobs.end(world, name, job.number),
        note=str(job.number),
    )


@rule(16)
def close_job(machine: Machine, draw: Draw) -> None:
    """Anybody closes a job that is over; what is left is its broadcaster's."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            job.status is JobStatus.ACTIVE
            and (world.now > job.end or jobs.lost(world, job))
            and (not job.unfinished or draw.chance(10))
        ),
    )
    if job is None:
        return
    machine.attempt(
        draw.pick(machine.cast.strangers),
        JOBS,
        calldata("closeJob(uint256)", job.number),
        lambda: jobs.close(world, job.number),
        note=str(job.number),
    )


@rule(6)
def withdraw(machine: Machine, draw: Draw) -> None:
    """Somebody has a credit paid out, its own or another's; a wallet may refuse it."""
    world = machine.world
    owed = [name for name in machine.cast.everybody if world.credits[name]]
    if not owed and draw.chance(95):
        return
    name = one(draw, owed) if draw.chance(95) else None
    name = name or draw.pick(machine.cast.everybody)
    refuses = name in machine.closed_wallets
    before = machine.setting.eth(name)
    wei = world.credits[name]
    if draw.chance(50):
        sender, data = name, calldata("withdraw()")
    else:
        sender = draw.pick(machine.cast.strangers)
        data = calldata("withdrawFor(address)", name)
    done = machine.attempt(
        sender, JOBS, data, lambda: jobs.withdraw(world, name, refuses), note=name[-4:]
    )
    if done:
        assert name == sender or machine.setting.eth(name) == before + wei, "paid another sum"
    elif refuses:
        machine.reach("a wallet refuses its refund")


@rule(1)
def open_or_close_wallet(machine: Machine, draw: Draw) -> None:
    """A contract begins or ceases to refuse ETH."""
    name = draw.pick(sorted(machine.cast.wallets))
    refuses = name not in machine.closed_wallets and draw.chance(60)
    machine.statistics.steps += 1
    machine.chain.raw(machine.cast.strangers[0], name, bytes([int(refuses)]))
    (machine.closed_wallets.add if refuses else machine.closed_wallets.discard)(name)
