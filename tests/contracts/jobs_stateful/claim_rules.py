"""What claimants do, honest and otherwise, and those who look at their fingers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from offchain.proof.merkle import MerkleTree
from offchain.proof.signatures import sign
from offchain.proof.typed import Segment
from tests.contracts.jobs_reference import claims, committee, jobs, justice
from tests.contracts.jobs_reference.claims import HALF_ORDER, Opening
from tests.contracts.jobs_reference.state import (
    INVALID,
    NOBODY,
    UNAVAILABLE,
    VALID,
    ClaimStatus,
    JobStatus,
)
from tests.contracts.jobs_stateful import encoding
from tests.contracts.jobs_stateful.machine import Work
from tests.contracts.jobs_stateful.rulebook import one, rule, some_claim, some_job
from tests.contracts.jobs_stateful.setting import POKER
from tests.contracts.stateful.evm import calldata

if TYPE_CHECKING:
    from offchain.proof.typed import Domain
    from tests.contracts.jobs_reference.state import Claim, Job
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw

JOBS = "JobsManager"
ORDER = 2 * HALF_ORDER + 1
DURATION = 2_000
HONEST, TWICE, UNORDERED, FORGED, INVENTED, INNER = range(6)


@lru_cache(maxsize=50_000)
def segment(
    domain: Domain, job: int, sequence: int, source: int, pixels: int, key: bytes
) -> Opening:
    """A leaf with a signed source; a broadcaster may sign several sources for one number."""
    data_hash = keccak(b"source %d %d" % (sequence, source))
    digest = Segment(job, sequence, DURATION, data_hash).digest(domain)
    rendition_root = keccak(b"renditions %d %d" % (sequence, source))
    return Opening(0, sequence, DURATION, data_hash, rendition_root, pixels, sign(digest, key))


def sequences(draw: Draw, start: int, count: int) -> list[int]:
    """Increasing numbers, mostly without gaps."""
    found = []
    at = start + (draw.integer(0, 3) if draw.chance(20) else 0)
    for _ in range(count):
        found.append(at)
        at += draw.integer(2, 5) if draw.chance(10) else 1
    return found


def prepare(machine: Machine, draw: Draw, job: Job) -> tuple[Work, int, int, int, bytes]:
    """Work with its first and last sequence number, leaf count and root; some of it is fraud."""
    kind = draw.integer(0, 99)
    kind = (
        HONEST if kind < 76 else TWICE if kind < 82 else UNORDERED if kind < 86
        else FORGED if kind < 91 else INVENTED if kind < 95 else INNER
    )  # fmt: skip
    count = draw.integer(1, 6) if draw.chance(85) else draw.integer(7, 40)
    if kind in (TWICE, UNORDERED, INNER):
        count = max(count, 4)
    numbers = sequences(draw, job.next_sequence, count)
    first, last = numbers[0], numbers[-1]
    if kind == TWICE:
        numbers[1] = numbers[2]
    elif kind == UNORDERED:
        numbers[1], numbers[2] = numbers[2], numbers[1]
    keys = machine.cast.keys
    key = keys[job.signer]
    leaves = []
    for index, number in enumerate(numbers):
        used = keccak(b"a forger") if kind == FORGED and index % 3 == 0 else key
        leaf = segment(machine.domain, job.number, number, index == 1, job.pixels, used)
        leaves.append(replace(leaf, index=index))
    quality = VALID if draw.chance(72) else INVALID if draw.chance(70) else UNAVAILABLE
    honest = kind in (HONEST, TWICE, UNORDERED)
    work = Work(leaves, None, quality, draw.chance(96), draw.chance(96), honest)
    if kind == INVENTED:
        return work, first, last, count, keccak(bytes([draw.integer(0, 255)]))
    work.tree = MerkleTree([leaf.leaf(job.number) for leaf in leaves])
    if kind == INNER:
        return work, first, last, (count + 1) // 2, work.tree.root
    return work, first, last, count, work.tree.root


@rule(50)
def claim_work(machine: Machine, draw: Draw) -> None:
    """A transcoder claims work; some of it is fraud, some calls make no sense."""
    world = machine.world
    job = some_job(
        machine,
        draw,
        lambda job: (
            job.status is JobStatus.ACTIVE
            and world.now <= job.end
            and not jobs.lost(world, job)
            and len(job.unfinished) < 5
            and job.claimed < job.max_segments
        ),
    )
    if job is None or job.signer not in machine.cast.keys:
        return
    work, first, last, count, root = prepare(machine, draw, job)
    sender = job.transcoder if job.transcoder != NOBODY else machine.cast.strangers[0]
    value = claims.fee_for(world, job, count)
    if draw.chance(7):
        kind = draw.integer(0, 6)
        sender = draw.pick(machine.cast.everybody) if kind == 0 else sender
        value += kind == 1
        first = max(job.next_sequence - 1, 0) if kind == 2 else first
        root = bytes(32) if kind == 3 else root
        last = first + 2**20 if kind == 4 else last
        count = last - first + 2 if kind == 5 else count
        first, last = (last + 1, first) if kind == 6 else (first, last)
    machine.observe([sender])
    made: list[Claim] = []

    def model() -> None:
        made.append(claims.claim(world, sender, job.number, (first, last), count, root, value))

    signature = "claimWork(uint256,uint256,uint256,uint256,bytes32)"
    if machine.attempt(
        sender,
        JOBS,
        calldata(signature, job.number, first, last, count, root),
        model,
        value=value,
        note=f"{job.number} {first}-{last} {count}",
    ):
        machine.works[made[0].key] = work


@rule(60)
def prove_seed(machine: Machine, draw: Draw) -> None:
    """Somebody proves the seed of a block gone by."""
    world = machine.world
    wanted = {
        claim.seed_block
        for claim in world.unpaid
        if machine.works[claim.key].proves or draw.chance(2)
    }
    wanted |= {
        job.election_block for job in world.jobs.values() if job.status is JobStatus.ELECTING
    }
    wanted |= {
        each.seed_block
        for each in world.requests.values()
        if not each.concluded and each.stage is None and each.number % 9
    }
    known = [
        block for block in sorted(wanted) if block < world.clock.block and block not in world.seeds
    ]
    block = one(draw, known)
    if block is not None:
        tell_seed(machine, draw, block)


def tell_seed(machine: Machine, draw: Draw, block: int) -> None:
    """Proves a seed; it counts from this clock on."""
    world = machine.world
    seed = keccak(b"seed %d %d" % (block, draw.integer(0, 2**62)))

    def model() -> None:
        world.seeds[block] = seed, world.now
        for claim in world.unpaid:
            if claim.seed_block == block:
                world.touch(claim)

    machine.attempt(
        draw.pick(machine.cast.strangers),
        "RandaoBeacon",
        calldata("tell(uint256,bytes32)", block, seed),
        model,
        note=str(block),
    )


def seats_seen(machine: Machine, claim: Claim) -> None:
    """Tells the model whom the draw has seated for a claim, if anybody."""
    number = machine.setting.ask(JOBS, calldata("getClaim(uint256,uint256)", *claim.key))[15]
    seats: list[str] = []
    if number:
        shown = machine.setting.ask(
            "VerifierCommittee", calldata("seatsOf(uint256,uint256)", number, 1)
        )
        seats = [f"0x{each:040x}" for each in shown[2:]]
    committee.seat_first(machine.world, claim, number, seats)
    if not number:
        machine.reach("nobody can judge")
        machine.reach("undecided for want of seats" if claim.challenges else "paid unjudged")


def open_with(
    machine: Machine, sender: str, claim: Claim, openings: list[Opening], proof: list[bytes]
) -> bool:
    """Opens leaves; the claim may go straight to the committee."""
    world = machine.world
    machine.observe(machine.cast.transcoders)

    def model() -> None:
        if claims.open_leaves(world, machine.domain, claim.key, openings, proof):
            seats_seen(machine, claim)

    done = machine.attempt(
        sender,
        JOBS,
        encoding.open_segments(claim.job, claim.number, openings, proof),
        model,
        note=f"{claim.key} {[each.index for each in openings]}",
    )
    if done and claim.status is ClaimStatus.OPENED:
        machine.reach("opened")
    return done


@rule(80)
def open_segments(machine: Machine, draw: Draw) -> None:
    """A claimant opens what it owes, all or a part."""
    world = machine.world
    claim = some_claim(
        machine,
        draw,
        lambda claim: (
            machine.works[claim.key].opens
            and machine.works[claim.key].tree is not None
            and claim.status is ClaimStatus.COMMITTED
            and not world.void(claim)
            and len(claims.owed(world, claim)) > 0
        ),
    )
    if claim is None:
        return
    work = machine.works[claim.key]
    owed = sorted(claims.owed(world, claim)) or [0]
    if draw.chance(25) and len(owed) > 1:
        owed = owed[: draw.integer(1, len(owed) - 1)]
    if work.tree is None or owed[-1] >= len(work.openings):
        return
    chosen = [work.openings[index] for index in owed]
    if not draw.chance(50):
        # Whoever holds forged work gives up sooner or later.
        work.opens = work.honest
    sender = claim.transcoder if draw.chance(90) else draw.pick(machine.cast.everybody)
    open_with(machine, sender, claim, chosen, work.tree.multiproof(owed))


@rule(8)
def open_wrongly(machine: Machine, draw: Draw) -> None:
    """A claimant tries a wrong leaf, an inner node, another signature or another proof."""
    world = machine.world
    claim = some_claim(
        machine,
        draw,
        lambda claim: claim.status is ClaimStatus.COMMITTED and len(claims.owed(world, claim)) > 0,
    )
    if claim is None:
        return
    work = machine.works[claim.key]
    owed = sorted(claims.owed(world, claim)) or [0]
    index = min(owed[0], len(work.openings) - 1)
    leaf = work.openings[index]
    tree = work.tree or MerkleTree([each.leaf(claim.job) for each in work.openings])
    proof = tree.multiproof([index])
    signature = leaf.signature
    kind = draw.integer(0, 9)
    if kind == 0:
        s = int.from_bytes(signature[32:64], "big")
        high = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - signature[64]])
        leaf = replace(leaf, signature=high)
    elif kind == 1:
        leaf = replace(leaf, signature=signature[:64])
    elif kind == 2:
        leaf = replace(leaf, index=(index + 1) % len(work.openings))
    elif kind == 3:
        # An inner node passed off as a leaf: its proof is the upper part of the leaf's own.
        proof = proof[1:]
    elif kind == 4:
        proof = [*proof, bytes(32)]
    elif kind == 5:
        leaf = replace(leaf, pixels=leaf.pixels + 1)
    elif kind == 6:
        # The other source that the broadcaster signed for the same number.
        job = world.jobs[claim.job]
        key = machine.cast.keys[job.signer]
        other = segment(machine.domain, job.number, leaf.sequence, 2, job.pixels, key)
        leaf = replace(other, index=index)
    elif kind == 7:
        leaf = replace(leaf, sequence=claim.last + 1)
    elif kind == 8:
        leaf = replace(leaf, signature=signature[:64] + b"\x01")
    else:
        leaf = replace(leaf, rendition_root=keccak(b"another"))
    done = open_with(machine, claim.transcoder, claim, [leaf], proof)
    # In a tree of one leaf every index is the right one, and the proof has nothing to leave out.
    lonely = kind in (2, 3) and len(work.openings) == 1
    assert not done or lonely, f"a wrong opening of kind {kind} went through"


@rule(40)
def request_verification(machine: Machine, draw: Draw) -> None:
    """Anybody hands a claim to the committee."""
    world = machine.world
    claim = some_claim(
        machine,
        draw,
        lambda claim: (
            claim.status is ClaimStatus.OPENED
            and not world.void(claim)
            and world.now > claims.dates(world, claim).challenge_by
        ),
    )
    if claim is None:
        return
    request_for(machine, draw.pick(machine.cast.strangers), claim)


def request_for(machine: Machine, sender: str, claim: Claim) -> bool:
    """Hands a claim to the committee."""
    machine.observe(machine.cast.transcoders)

    def model() -> None:
        justice.request(machine.world, claim.key)
        seats_seen(machine, claim)

    data = calldata("requestVerification(uint256,uint256)", *claim.key)
    foreseen = seats_after_another(machine, claim)
    done = machine.attempt(sender, JOBS, data, model, note=str(claim.key))
    if done and foreseen is not None and claim.request:
        stage = machine.world.requests[claim.request].stage
        assert stage is not None
        assert stage.seats == foreseen, "who is handed over first decides who sits"
        machine.reach("the same seats in any order")
    return done


def seats_after_another(machine: Machine, claim: Claim) -> list[str] | None:
    """Who would sit if another claim were handed over first (I-38): undone. None where there is no
    other, or where it would leave somebody without stake for a seat."""
    world = machine.world
    others = [
        other
        for other in world.unpaid
        if other.status is ClaimStatus.OPENED
        and other is not claim
        and not world.void(other)
        and world.now > claims.dates(world, other).challenge_by
    ]
    most = max(court.seat_bond for court in world.courts)
    least = {name: person.bonded for name, person in world.people.items()}
    for (_, name), seen in world.looks.items():
        least[name] = min(least[name], *(bonded for _, bonded in seen))
    scarce = any(least[name] < most * (each.open_seats + 2) for name, each in world.people.items())
    ready = claim.status is ClaimStatus.OPENED and not world.void(claim) and not world.clock.paused
    if not others or scarce or not ready:
        return None
    before = machine.chain.evm.snapshot()
    for each in (others[0], claim):
        data = calldata("requestVerification(uint256,uint256)", *each.key)
        _, reason = machine.setting.call(POKER, machine.setting[JOBS], data)
    number = machine.setting.ask(JOBS, calldata("getClaim(uint256,uint256)", *claim.key))[15]
    data = calldata("seatsOf(uint256,uint256)", number, 1)
    shown = machine.setting.ask("VerifierCommittee", data)[2:] if number and not reason else []
    machine.chain.evm.revert(before)
    return [f"0x{each:040x}" for each in shown] or None
