"""Claims: made, drawn from, opened, challenged, handed to the committee."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from coincurve import PublicKey

from offchain.proof.keccak import keccak
from offchain.proof.merkle import verify_multiproof
from offchain.proof.typed import Receipt, Segment
from tests.contracts.jobs_reference import jobs
from tests.contracts.jobs_reference.state import (
    LPT,
    Challenge,
    Claim,
    ClaimStatus,
    JobStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offchain.proof.typed import Domain
    from tests.contracts.jobs_reference.state import Job
    from tests.contracts.jobs_reference.world import Ground, World

WIDEST = 2**20
MOST_CHALLENGES = 64
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
PROOF_REASONS = (
    "proof does not lead to the claim's root",
    "proof too long",
    "proof too short",
    "leaf index out of range",
    "leaf indices must increase",
    "proof needs a leaf",
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A leaf as somebody opens it."""

    index: int
    sequence: int
    duration: int
    data_hash: bytes
    rendition_root: bytes
    pixels: int
    signature: bytes
    location: bytes = b"http://127.0.0.1:8935/v1"

    def leaf(self, job: int) -> bytes:
        """The leaf's hash in a claim of that job."""
        return Receipt(
            job,
            self.sequence,
            self.duration,
            self.data_hash,
            self.rendition_root,
            self.pixels,
            keccak(self.signature),
        ).leaf()


def draws_for(world: World, job: Job, count: int) -> int:
    """Draws owed by a claim of ``count`` leaves."""
    terms = world.terms_of(job)
    return max(1, min(-(-count // terms.verification_rate), terms.max_samples))


def fee_for(world: World, job: Job, count: int) -> int:
    """The verification fee of a claim of ``count`` leaves, in wei."""
    return draws_for(world, job, count) * 3 * world.terms_of(job).seat_pay


def fees_for(job: Job, count: int) -> int:
    """What ``count`` segments of a job cost, in wei."""
    return count * job.pixels * job.price // job.units


def claim(
    world: World,
    sender: str,
    number: int,
    span: tuple[int, int],
    count: int,
    root: bytes,
    value: int,
) -> Claim:
    """The job's transcoder claims work; ``value`` is the verification fee."""
    job = world.jobs.get(number)
    active = job is not None and job.status is JobStatus.ACTIVE
    first, last = span
    wide = last - first + 1
    grounds: list[Ground] = [
        world.running(),
        (not active, "job is not active"),
        (not 0 < wide <= WIDEST or last >= 2**48 - 1, "sequence range out of range"),
        (not 0 < count <= wide, "segment count out of range"),
        (root == bytes(32), "claim root must not be zero"),
    ]
    maybe: tuple[Ground, ...] = ()
    if job is not None:
        cap_low, cap_high = backing(world, sender, world.terms_of(job).max_fees_at_risk)
        fees = fees_for(job, count)
        risk = world.at_risk(sender) + fees
        grounds += [
            (job.transcoder != sender, "caller must be the job's transcoder"),
            (jobs.lost(world, job), "transcoder was convicted since it accepted"),
            (world.now > job.end, "job has ended"),
            (value != fee_for(world, job, count), "value must be the verification fee"),
            (first < job.next_sequence, "sequence already claimed"),
            (job.claimed + count > job.max_segments, "job's segments exceeded"),
            (fees > job.escrow, "escrow does not cover the fees"),
            (risk > cap_high, "fees at risk exceed what the stake backs"),
        ]
        maybe = ((risk > cap_low, "fees at risk exceed what the stake backs"),)
    world.refuse_if(*grounds, maybe=maybe)
    assert job is not None
    terms = world.terms_of(job)
    made = Claim(
        job=number,
        number=len(job.claims),
        transcoder=sender,
        root=root,
        first=first,
        last=last,
        count=count,
        fees=fees,
        fee=value,
        fee_held=value,
        draws=draws_for(world, job, count),
        seed_block=world.clock.block + terms.seed_delay,
        block=world.now,
        seed_by=world.now + terms.seed_delay + terms.seed_window,
        round=world.clock.initialized,
        epoch=world.person(sender).epoch,
        stake=world.person(sender).bonded,
        lost_before=world.person(sender).lost,
    )
    job.claims.append(made)
    job.escrow -= fees
    job.next_sequence = last + 1
    job.claimed += count
    world.unpaid.append(made)
    world.note(sender)
    world.touch(made)
    return made


def backing(world: World, name: str, rate: int) -> tuple[int, int]:
    """Least and most fees a transcoder's stake may back: it is noted once in a while."""
    person = world.person(name)
    since = world.now - world.longest_dispute // 4 - 1
    seen = [person.bonded]
    for clock, _, bonded in reversed(person.noted):
        seen.append(bonded)
        if clock < since:
            break
    return min(seen) * rate // LPT, max(seen) * rate // LPT


def seed_of(world: World, claim: Claim) -> tuple[bytes, int] | None:
    """The claim's seed and the clock of its proof, where it was proven in time."""
    proven = world.seeds.get(claim.seed_block)
    return proven if proven is not None and proven[1] <= claim.seed_by else None


def drawn(world: World, claim: Claim) -> list[int]:
    """Indices the seed draws, one for each draw; none while it is unproven."""
    proven = world.seeds.get(claim.seed_block)
    if proven is None:
        return []
    return list(_drawn(proven[0], claim.job, claim.number, claim.draws, claim.count))


@lru_cache(maxsize=4096)
def _drawn(seed: bytes, job: int, number: int, draws: int, count: int) -> tuple[int, ...]:
    head = seed + job.to_bytes(32, "big") + number.to_bytes(32, "big")
    return tuple(
        int.from_bytes(keccak(head + draw.to_bytes(32, "big")), "big") % count
        for draw in range(draws)
    )


@dataclass(frozen=True, slots=True)
class Dates:
    """Deadlines of a claim on the protocol clock; zeros unless its seed was proven in time."""

    proven_at: int = 0
    challenge_by: int = 0
    open_by: int = 0
    open_challenged_by: int = 0


def dates(world: World, claim: Claim) -> Dates:
    """Deadlines of a claim."""
    proven = world.seeds.get(claim.seed_block)
    if proven is None:
        return Dates()
    terms = world.terms_of(world.jobs[claim.job])
    at = proven[1]
    if at > claim.seed_by:
        return Dates(at)
    challenge_by = at + terms.challenge_window
    return Dates(at, challenge_by, at + terms.open_window, challenge_by + terms.open_window)


def owed(world: World, claim: Claim) -> dict[int, int]:
    """Leaves still to be opened, with the last clock at which each can be."""
    if seed_of(world, claim) is None:
        return {}
    by = dates(world, claim)
    leaves = {each.index: by.open_challenged_by for each in claim.challenges if not each.opened}
    for draw, index in enumerate(drawn(world, claim)):
        if not claim.opened >> draw & 1:
            leaves[index] = min(by.open_by, leaves.get(index, by.open_by))
    return leaves


def fully_opened(world: World, claim: Claim) -> bool:
    """Whether every drawn and every challenged leaf is open."""
    return claim.opened == 2**claim.draws - 1 and all(each.opened for each in claim.challenges)


def open_leaves(
    world: World,
    domain: Domain,
    key: tuple[int, int],
    openings: Sequence[Opening],
    proof: Sequence[bytes],
) -> bool:
    """Opens leaves; returns whether the claim is complete and its challenge window over."""
    claim = world.find(*key)
    exists = claim is not None
    in_time = exists and seed_of(world, claim) is not None
    takes = exists and claim.status is ClaimStatus.COMMITTED
    grounds: list[Ground] = [
        world.running(),
        (not exists, "claim does not exist"),
        (exists and not takes, "claim takes no openings"),
        (exists and world.void(claim), "claim is void"),
        (exists and not in_time, "seed is not proven in time"),
    ]
    maybe: list[Ground] = []
    if claim is not None:
        signer = world.jobs[claim.job].signer
        late = owed(world, claim)
        for each in openings:
            in_span = claim.first <= each.sequence <= claim.last
            beyond = world.now > dates(world, claim).open_by
            maybe.append((beyond, "open window has passed"))
            grounds += [
                (each.index not in late, "leaf is not owed"),
                (each.index in late and world.now > late[each.index], "open window has passed"),
                (not in_span, "sequence outside the claim"),
                *signature_grounds(domain, claim.job, each, signer),
            ]
        leaves = {each.index: each.leaf(claim.job) for each in openings}
        indices = [each.index for each in openings]
        ordered = indices == sorted(set(indices))
        proven = ordered and verify_multiproof(claim.root, claim.count, leaves, proof)
        grounds += [(not proven, reason) for reason in PROOF_REASONS]
    world.refuse_if(*grounds, maybe=tuple(maybe))
    assert claim is not None
    indices_open = {each.index for each in openings}
    for draw, index in enumerate(drawn(world, claim)):
        if index in indices_open:
            claim.opened |= 1 << draw
    for challenge in claim.challenges:
        if challenge.index in indices_open:
            challenge.opened = True
    world.touch(claim)
    if not fully_opened(world, claim):
        return False
    claim.status = ClaimStatus.OPENED
    return world.now > dates(world, claim).challenge_by


def signature_grounds(domain: Domain, job: int, opening: Opening, signer: str) -> list[Ground]:
    """What is wrong with the broadcaster's signature of an opening."""
    signature = opening.signature
    if len(signature) != 65:
        return [(True, "signature must be 65 bytes")]
    digest = Segment(job, opening.sequence, opening.duration, opening.data_hash).digest(domain)
    high = int.from_bytes(signature[32:64], "big") > HALF_ORDER
    found = "" if high else recovered(digest, signature)
    return [
        (high, "signature s too high"),
        (signature[64] not in (27, 28), "signature v must be 27 or 28"),
        (found != signer, "segment is not signed by the broadcaster"),
        (not found, "signature has no signer"),
    ]


@lru_cache(maxsize=65536)
def recovered(digest: bytes, signature: bytes) -> str:
    """Who signed, in lower case; empty where nobody can have."""
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except ValueError:
        return ""
    except Exception:  # coincurve raises bare Exceptions for what is no signature
        return ""
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()


def challenge(world: World, sender: str, key: tuple[int, int], index: int, value: int) -> None:
    """Anybody demands, with a bond in wei, that a leaf be opened and judged."""
    claim = world.find(*key)
    grounds: list[Ground] = [world.running(), (claim is None, "claim does not exist")]
    if claim is not None:
        by = dates(world, claim)
        open_ = claim.status in (ClaimStatus.COMMITTED, ClaimStatus.OPENED)
        known = {each.index for each in claim.challenges}
        late = by.challenge_by > 0 and world.now > by.challenge_by
        grounds += [
            (not open_, "claim cannot be challenged now"),
            (world.void(claim), "claim is void"),
            (late, "challenge window has passed"),
            (not 0 <= index < claim.count, "leaf index out of range"),
            (index in known, "leaf is already challenged"),
            (value != bond_for(world, claim), "value must be the challenge bond"),
            (len(known) >= MOST_CHALLENGES, "too many challenges"),
        ]
    world.refuse_if(*grounds)
    assert claim is not None
    claim.challenges.append(Challenge(index, sender, value))
    claim.status = ClaimStatus.COMMITTED
    world.touch(claim)


def bond_for(world: World, claim: Claim) -> int:
    """A challenge's bond: twice what three seats get for one leaf, in wei."""
    return 6 * world.terms_of(world.jobs[claim.job]).seat_pay
