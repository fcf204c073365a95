"""What those do who look at claimants' fingers, and how claims are settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from offchain.proof.merkle import MerkleTree
from tests.contracts.jobs_reference import claims, justice
from tests.contracts.jobs_reference.state import VALID, ClaimStatus
from tests.contracts.jobs_stateful import encoding
from tests.contracts.jobs_stateful.claim_rules import JOBS
from tests.contracts.jobs_stateful.rulebook import rule, some_claim
from tests.contracts.stateful.evm import calldata

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.state import Claim
    from tests.contracts.jobs_stateful.machine import Machine
    from tests.contracts.stateful.machine import Draw


@rule(8)
def challenge(machine: Machine, draw: Draw) -> None:
    """Somebody puts up a bond against a leaf, rightly or wrongly."""
    world = machine.world

    def fit(claim: Claim) -> bool:
        by = claims.dates(world, claim).challenge_by
        early = claim.status in (ClaimStatus.COMMITTED, ClaimStatus.OPENED)
        return early and not world.void(claim) and (not by or world.now <= by)

    claim = some_claim(machine, draw, fit)
    if claim is None or len(claim.challenges) > 4:
        return
    bond = claims.bond_for(world, claim) + (1 if draw.chance(4) else 0)
    index = draw.integer(0, claim.count if draw.chance(5) else claim.count - 1)
    sender = draw.pick(machine.cast.everybody if draw.chance(40) else machine.cast.strangers)
    machine.attempt(
        sender,
        JOBS,
        calldata("challenge(uint256,uint256,uint256)", *claim.key, index),
        lambda: claims.challenge(world, sender, claim.key, index, bond),
        value=bond,
        note=f"{claim.key} {index}",
    )


def guilty_of_silence(machine: Machine, claim: Claim) -> bool:
    """Whether a claimant has missed a deadline."""
    world = machine.world
    if claim.status not in (ClaimStatus.COMMITTED, ClaimStatus.OPENED):
        return False
    proven = world.seeds.get(claim.seed_block)
    if proven is None:
        return world.now > claim.seed_by
    late = (world.now > by for by in claims.owed(world, claim).values())
    return proven[1] > claim.seed_by or any(late)


@rule(10)
def missed_verification(machine: Machine, draw: Draw) -> None:
    """Anybody has a silent claimant convicted."""
    claim = some_claim(machine, draw, lambda claim: guilty_of_silence(machine, claim))
    if claim is not None:
        slash_missed(machine, draw.pick(machine.cast.strangers), claim)


def slash_missed(machine: Machine, sender: str, claim: Claim) -> bool:
    """Calls missedVerificationSlash."""
    world = machine.world
    machine.before_slash(claim.transcoder, [sender])
    resigned = not world.people[claim.transcoder].registered
    unproven = claim.seed_block not in world.seeds
    was_void = world.void(claim)
    done = machine.attempt(
        sender,
        JOBS,
        calldata("missedVerificationSlash(uint256,uint256)", *claim.key),
        lambda: justice.missed(world, sender, claim.key, machine.slashed),
        note=str(claim.key),
    )
    if done:
        machine.reach(
            "convicted of an unproven seed" if unproven else "convicted of a leaf unopened"
        )
        if was_void:
            machine.reach("convicted on a void claim")
        elif resigned:
            machine.reach("convicted after resigning")
    return done


@rule(10)
def double_claim(machine: Machine, draw: Draw) -> None:
    """Somebody shows two leaves of a tree: with one sequence number, out of order, or honest."""
    world = machine.world

    def fraud(claim: Claim) -> bool:
        leaves = machine.works[claim.key].openings
        pairs = zip(leaves, leaves[1:], strict=False)
        return machine.works[claim.key].tree is not None and any(
            two.sequence <= one.sequence for one, two in pairs
        )

    # Fraud comes to light late, mostly: during the vote, or after another conviction.
    late = draw.chance(70)
    claim = some_claim(
        machine,
        draw,
        lambda claim: (
            fraud(claim) != draw.chance(2)
            and (not late or claim.status is ClaimStatus.VOTING or world.void(claim))
        ),
    )
    if claim is None or len(machine.works[claim.key].openings) < 3 or claim.convicted_of:
        return
    work = machine.works[claim.key]
    first, second = work.openings[1], work.openings[2]
    if draw.chance(5):
        first = replace(first, pixels=first.pixels + 1)
    tree = work.tree or MerkleTree([each.leaf(claim.job) for each in work.openings])
    proof = tree.multiproof([1, 2])
    leaves = {1: first.leaf(claim.job), 2: second.leaf(claim.job)}
    proven = claims.verify_multiproof(claim.root, claim.count, leaves, proof)
    innocent = first.sequence < second.sequence, "sequences increase"
    sender = draw.pick(machine.cast.strangers)
    voting, void = claim.status is ClaimStatus.VOTING, world.void(claim)
    taken = world.people[claim.transcoder].taken.get(claim.epoch, 0)
    machine.before_slash(claim.transcoder, [sender])
    one_, two = (encoding.leaf_words(each, keccak(each.signature)) for each in (first, second))
    if machine.attempt(
        sender,
        JOBS,
        encoding.double_claim(claim.job, claim.number, one_, two, proof),
        lambda: justice.double(world, sender, claim.key, innocent, proven, machine.slashed),
        note=str(claim.key),
    ):
        machine.reach("double claim while voting" if voting else "double claim")
        if void and taken < world.terms_of(world.jobs[claim.job]).double_claim_slash:
            machine.reach("a graver fault tops a slash up")


@rule(40)
def settle(machine: Machine, draw: Draw) -> None:
    """Anybody carries out what a claim has coming."""
    world = machine.world
    claim = some_claim(
        machine,
        draw,
        lambda claim: (
            claim.status is ClaimStatus.JUDGED
            or (world.void(claim) and claim.status is not ClaimStatus.VOTING and draw.chance(30))
        ),
    )
    if claim is not None:
        settle_one(machine, draw.pick(machine.cast.strangers), claim, draw.chance(40))


def settle_one(machine: Machine, sender: str, claim: Claim, pay: bool) -> bool:
    """Calls settle, or distributeFees where the verdict is VALID."""
    world = machine.world
    pay = pay and claim.verdict == VALID
    name = "distributeFees" if pay else "settle"
    finders = [each.challenger for each in claim.challenges[:1]]
    machine.before_slash(claim.transcoder, finders)
    challenged, verdict = bool(claim.challenges), claim.verdict
    done = machine.attempt(
        sender,
        JOBS,
        calldata(f"{name}(uint256,uint256)", *claim.key),
        lambda: justice.settle(world, claim.key, machine.slashed, pay),
        note=f"{claim.key} {verdict}",
    )
    if done:
        machine.reach(f"claim {claim.status.name.lower()}")
        if challenged and verdict:
            machine.reach(f"a challenger {'wrong' if verdict == VALID else 'not wrong'}")
    return done


@rule(8)
def batch_distribute(machine: Machine, draw: Draw) -> None:
    """Anybody has several claims paid at once; one that cannot be fails all."""
    world = machine.world
    due = [
        claim
        for claim in world.unpaid
        if claim.status is ClaimStatus.JUDGED
        and claim.verdict == VALID
        and not world.void(claim)
        and not claim.convicted_of
    ]
    if not due:
        return
    if draw.chance(8):
        due.append(world.unpaid[0])
    keys = [claim.key for claim in due]
    copies = {claim.key: (claim.status, claim.verdict) for claim in due}
    payable = len(set(keys)) == len(keys) and all(
        status is ClaimStatus.JUDGED and verdict == VALID for status, verdict in copies.values()
    )

    def model() -> None:
        if not payable:
            world.refuse_if(
                world.running(),
                (True, "claim was not judged valid"),
                (True, "claim cannot be settled now"),
                (True, "claim has not been judged"),
            )
        for key in keys:
            justice.settle(world, key, machine.slashed, True)

    sender = draw.pick(machine.cast.strangers)
    machine.attempt(sender, JOBS, encoding.batch(keys), model, note=str(keys))
