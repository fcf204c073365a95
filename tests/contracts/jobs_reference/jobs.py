"""Jobs: offered or put to an election, accepted, funded, ended, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.contracts.jobs_reference.state import NOBODY, Job, JobStatus

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.world import World

MOST_LAPSES = 3
REPLACEABLE = (JobStatus.OFFERED, JobStatus.ACTIVE)


@dataclass(frozen=True, slots=True)
class Order:
    """What a broadcaster asks for: price in wei per ``units`` pixels."""

    signer: str
    price: int
    units: int
    pixels: int
    max_segments: int
    end: int
    profiles_hash: int
    profiles_length: int


def create(world: World, sender: str, order: Order, value: int, transcoder: str | None) -> Job:
    """Orders a job, by name or (``transcoder`` None) by election; ``value`` is its escrow."""
    now = world.now
    nobody_active = transcoder is None and not world.snapshots.get(world.clock.initialized)
    world.refuse_if(
        world.running(),
        (transcoder == NOBODY, "transcoder must not be zero"),
        (not 0 <= order.price < 2**64, "price per unit out of range"),
        (not 0 < order.units < 2**64, "pixels per unit out of range"),
        (not 0 < order.pixels < 2**64, "segment pixels out of range"),
        (not 0 < order.max_segments < 2**32, "max segments out of range"),
        (not now < order.end < 2**40, "end block out of range"),
        (not order.profiles_length, "profiles must not be empty"),
        (not 0 < value < 2**96, "escrow out of range"),
        (nobody_active, "no transcoder is active"),
    )
    terms = world.terms[-1]
    job = Job(
        number=len(world.jobs) + 1,
        broadcaster=sender,
        signer=sender if order.signer == NOBODY else order.signer,
        transcoder=transcoder or NOBODY,
        status=JobStatus.ELECTING if transcoder is None else JobStatus.OFFERED,
        price=order.price,
        units=order.units,
        pixels=order.pixels,
        max_segments=order.max_segments,
        end=order.end,
        election_block=world.clock.block + terms.election_delay if transcoder is None else 0,
        accept_by=0 if transcoder is None else now + terms.accept_window,
        escrow=value,
        version=len(world.terms),
        profiles_hash=order.profiles_hash,
        round=world.clock.initialized,
        by_election=transcoder is None,
        offer=(order.price, order.units),
    )
    world.jobs[job.number] = job
    world.touched_jobs.add(job.number)
    return job


def ask_of(world: World, name: str, round_: int) -> tuple[int, int]:
    """A transcoder's ask in a round: wei, and for how many pixels; zeros where there is none."""
    asks = world.person(name).asks
    for since, price, units in reversed(asks):
        if since <= round_:
            return price, units
    return 0, 0


def set_price(world: World, sender: str, price: int, units: int) -> None:
    """A transcoder's ask from the next round on; in the lock window it may only fall."""
    person = world.person(sender)
    round_ = world.clock.round
    last = person.asks[-1] if person.asks else None
    dearer = last is not None and price * last[2] > last[1] * units
    world.refuse_if(
        world.running(),
        (not person.registered, "caller must be a registered transcoder"),
        (person.barred, "transcoder is barred"),
        (not 0 <= price < 2**64, "price per unit out of range"),
        (not 0 < units < 2**64, "pixels per unit out of range"),
        (world.clock.locked and dearer, "price may only fall now"),
    )
    kept = [ask for ask in person.asks if ask[0] != round_ + 1]
    person.asks = [*kept[-1:], (round_ + 1, price, units)]
    world.touched_people.add(sender)


def electable(world: World, job: Job) -> set[str]:
    """Who may be elected: active when the job was made, cheap enough, not barred, not asked yet."""
    fit = set()
    for name in world.snapshots.get(job.round, {}):
        price, units = ask_of(world, name, job.round)
        affordable = units > 0 and price * job.units <= job.price * units
        if affordable and not world.person(name).barred and name not in job.asked:
            fit.add(name)
    return fit


def elect(world: World, number: int, elected: str) -> None:
    """Takes over whom the draw has found, after checking that it may find them."""
    job = world.jobs.get(number)
    electing = job is not None and job.status is JobStatus.ELECTING
    world.refuse_if(
        world.running(),
        (not electing, "job is not electing"),
        (electing and job.election_block not in world.seeds, "seed is not proven"),  # type: ignore[union-attr]
    )
    assert job is not None
    fit = electable(world, job)
    world.touched_jobs.add(number)
    if elected == NOBODY:
        everybody = set(world.snapshots[job.round])
        assert fit != everybody, "an election failed though anybody would do"
        job.status = JobStatus.LAPSED
        return
    assert elected in fit, f"{elected} was elected and may not be"
    job.price, job.units = ask_of(world, elected, job.round)
    job.transcoder, job.status = elected, JobStatus.OFFERED
    job.accept_by = world.now + world.terms_of(job).accept_window


def accept(world: World, sender: str, number: int) -> None:
    """The transcoder takes the job."""
    job, person = world.jobs.get(number), world.person(sender)
    offered = job is not None and job.status is JobStatus.OFFERED
    world.refuse_if(
        world.running(),
        (not offered, "job is not on offer"),
        (offered and job.transcoder != sender, "caller must be the job's transcoder"),  # type: ignore[union-attr]
        (offered and world.now > job.accept_by, "acceptance window has passed"),  # type: ignore[union-attr]
        (not person.registered, "caller must be a registered transcoder"),
        (person.barred, "transcoder is barred"),
        maybe=((offered and world.now > job.end, "job has ended"),),  # type: ignore[union-attr]
    )
    assert job is not None
    job.status, job.epoch = JobStatus.ACTIVE, person.epoch
    world.note(sender)
    world.touched_jobs.add(number)


def lost(world: World, job: Job) -> bool:
    """Whether the job's transcoder was convicted since it accepted."""
    return job.status is JobStatus.ACTIVE and world.person(job.transcoder).epoch != job.epoch


def lapse(world: World, number: int) -> Job:
    """A job nobody accepted in time, or whose transcoder was convicted, is elected anew."""
    job = world.jobs.get(number)
    missed = job is not None and job.status is JobStatus.OFFERED and world.now > job.accept_by
    free = job is not None and (missed or (lost(world, job) and not job.moved))
    world.refuse_if(
        world.running(),
        (not free, "transcoder still has the job"),
        (job is not None and job.moved, "job is not by election"),
        (job is not None and not job.by_election, "job is not by election"),
        (job is not None and job.lapses >= MOST_LAPSES, "no election left"),
        (job is not None and world.now > job.end, "job has ended"),
        (
            not world.snapshots.get(world.clock.initialized),
            "no transcoder is active",
        ),
        maybe=(
            (job is not None and job.moved, "escrow out of range"),
            (job is not None and job.escrow == 0, "escrow out of range"),
            # Nothing could be accepted and claimed any more.
            (job is not None and world.now == job.end, "job has ended"),
        ),
    )
    assert job is not None
    new = Job(
        number=len(world.jobs) + 1,
        broadcaster=job.broadcaster,
        signer=job.signer,
        transcoder=NOBODY,
        status=JobStatus.ELECTING,
        price=job.offer[0],
        units=job.offer[1],
        pixels=job.pixels,
        max_segments=job.max_segments,
        end=job.end,
        election_block=world.clock.block + world.terms_of(job).election_delay,
        accept_by=0,
        escrow=job.escrow,
        version=job.version,
        profiles_hash=job.profiles_hash,
        round=world.clock.initialized,
        by_election=True,
        offer=job.offer,
        lapses=job.lapses + 1,
        previous=number,
        asked=job.asked | {job.transcoder},
    )
    job.escrow = 0
    job.moved = True
    if job.status is JobStatus.OFFERED:
        job.status = JobStatus.LAPSED
    world.jobs[new.number] = new
    world.touched_jobs |= {number, new.number}
    return new


def cancel(world: World, sender: str, number: int) -> None:
    """Takes back a job nobody accepted, with all its escrow."""
    job = world.jobs.get(number)
    open_ = job is not None and (
        job.status in (JobStatus.ELECTING, JobStatus.OFFERED, JobStatus.LAPSED)
    )
    stranger = job is not None and sender != job.broadcaster and world.now <= job.end
    world.refuse_if(
        world.running(),
        (not open_, "job cannot be cancelled"),
        (stranger, "caller must be the broadcaster"),
    )
    assert job is not None
    world.credit(job.broadcaster, job.escrow)
    job.escrow, job.status = 0, JobStatus.CANCELLED
    world.touched_jobs.add(number)


def fund(world: World, number: int, value: int) -> None:
    """Adds to a job's escrow."""
    job = world.jobs.get(number)
    takes = job is not None and job.status in (
        JobStatus.ELECTING,
        JobStatus.OFFERED,
        JobStatus.ACTIVE,
    )
    too_much = job is not None and not 0 < value < 2**96 - job.escrow
    world.refuse_if(
        world.running(),
        (not takes, "job takes no funds"),
        (too_much, "escrow out of range"),
    )
    assert job is not None
    job.escrow += value
    world.touched_jobs.add(number)


def end(world: World, sender: str, number: int) -> None:
    """The broadcaster ends its job one claim window from now."""
    job = world.jobs.get(number)
    active = job is not None and job.status is JobStatus.ACTIVE
    by = world.now + (world.terms_of(job).claim_window if job else 0)
    world.refuse_if(
        world.running(),
        (not active, "job is not active"),
        (job is not None and job.broadcaster != sender, "caller must be the broadcaster"),
        (job is not None and by >= job.end, "job ends sooner already"),
    )
    assert job is not None
    job.end = by
    world.touched_jobs.add(number)


def close(world: World, number: int) -> None:
    """Credits what is left to the broadcaster, once every claim is final."""
    job = world.jobs.get(number)
    active = job is not None and job.status is JobStatus.ACTIVE
    running = job is not None and world.now <= job.end and not lost(world, job)
    world.refuse_if(
        world.running(),
        (not active, "job is not active"),
        (running, "job has not ended"),
        (job is not None and bool(job.unfinished), "job has unfinished claims"),
    )
    assert job is not None
    world.credit(job.broadcaster, job.escrow)
    job.escrow, job.status = 0, JobStatus.CLOSED
    world.touched_jobs.add(number)


def withdraw(world: World, name: str, refuses: bool) -> int:
    """Pays a credit out; somebody who refuses ETH holds up nobody but itself."""
    owed = world.credits[name]
    world.refuse_if(
        world.running(),
        (owed == 0, "nothing to withdraw"),
        (owed > 0 and refuses, "revert without a reason"),
    )
    del world.credits[name]
    world.touched_people.add(name)
    return owed
