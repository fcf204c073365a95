"""How claims end: verdicts and what follows from them, convictions, payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.jobs_reference import claims
from tests.contracts.jobs_reference.state import (
    FAULT_DOUBLE,
    FAULT_INVALID,
    FAULT_MISSED,
    INCONCLUSIVE,
    INVALID,
    MILLION,
    NOBODY,
    VALID,
    ClaimStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.jobs_reference.state import Claim
    from tests.contracts.jobs_reference.world import Ground, World

    Slashed = Callable[[str, str, int], None]


def request(world: World, key: tuple[int, int]) -> Claim:
    """Whether a claim can be handed to the committee now."""
    claim = world.find(*key)
    grounds: list[Ground] = [world.running(), (claim is None, "claim does not exist")]
    if claim is not None:
        ready = claim.status is ClaimStatus.OPENED
        by = claims.dates(world, claim).challenge_by
        grounds += [
            (not ready, "claim is not fully opened"),
            (world.void(claim), "claim is void"),
            (world.now <= by, "challenge window is open"),
        ]
    world.refuse_if(*grounds)
    assert claim is not None
    return claim


def nobody_judges(world: World, claim: Claim) -> None:
    """Fewer than three may sit: work nobody challenged counts as good, the rest as undecided."""
    claim.status = ClaimStatus.JUDGED
    claim.verdict = INCONCLUSIVE if claim.challenges else VALID
    world.court_credit(claim.transcoder, claim.fee)
    claim.fee_held = 0
    world.touch(claim)


def receive(world: World, claim: Claim, verdict: int, value: int) -> None:
    """Notes the committee's verdict; ``value`` is what comes back of fee and bonds, in wei."""
    assert claim.status is ClaimStatus.VOTING, "judged twice"
    claim.status, claim.verdict = ClaimStatus.JUDGED, verdict
    back = 0 if verdict == VALID else claim.bonds // 2
    assert value >= back, "bonds were kept back"
    if value > back:
        world.credit(world.treasury, value - back)
    if verdict == INVALID:
        void_all(world, claim)
        claim.convicted_of = claim.convicted_of or FAULT_INVALID
        claim.slash_due = costs(world, claim, FAULT_INVALID)
    world.touch(claim)


def void_all(world: World, claim: Claim) -> None:
    """A conviction on a claim that was not void yet ends everything else its claimant has open."""
    if world.void(claim):
        return
    person = world.person(claim.transcoder)
    person.epoch += 1
    person.asks = []
    world.touched_people.add(claim.transcoder)
    for other in world.unpaid:
        if other.transcoder == claim.transcoder:
            world.touched_claims.add(other.key)


def costs(world: World, claim: Claim, fault: int) -> int:
    """What a fault costs, less what convictions of the same time have cost already."""
    terms = world.terms_of(world.jobs[claim.job])
    cost = {
        FAULT_INVALID: terms.invalid_slash,
        FAULT_MISSED: terms.missed_slash,
        FAULT_DOUBLE: terms.double_claim_slash,
    }[fault]
    person = world.person(claim.transcoder)
    before = person.taken.get(claim.epoch, 0)
    person.taken[claim.epoch] = max(cost, before)
    return max(cost - before, 0)


def finish(world: World, claim: Claim, status: ClaimStatus) -> None:
    """Ends a claim, unpaid: its fees are the job's again."""
    world.jobs[claim.job].escrow += claim.fees
    claim.status = status
    world.unpaid.remove(claim)
    world.touch(claim)


def return_bonds(world: World, claim: Claim) -> None:
    """Gives challengers back what they put up."""
    for each in claim.challenges:
        if not each.resolved:
            world.credit(each.challenger, each.bond)
            each.resolved = True


def missed(world: World, sender: str, key: tuple[int, int], slashed: Slashed) -> None:
    """Convicts a claimant who left its seed unproven or an owed leaf unopened."""
    claim = world.find(*key)
    grounds: list[Ground] = [world.running(), (claim is None, "claim does not exist")]
    if claim is not None:
        proven = world.seeds.get(claim.seed_block)
        pending = claim.status in (ClaimStatus.COMMITTED, ClaimStatus.OPENED)
        late = any(world.now > by for by in claims.owed(world, claim).values())
        unproven = proven is None and world.now > claim.seed_by
        proven_late = proven is not None and proven[1] > claim.seed_by
        guilty = unproven or proven_late or late
        grounds += [
            (claim.final, "claim is final"),
            (claim.convicted_of != 0, "claim is convicted already"),
            (not pending, "nothing was missed"),
            (not guilty, "nothing was missed"),
            (proven is None and not unproven, "seed can still be proven"),
            # What a claim voided meanwhile leaves unopened is no new fault.
            (world.void(claim), "claim is void"),
        ]
    world.refuse_if(*grounds)
    assert claim is not None
    convict(world, claim, FAULT_MISSED, sender, slashed)


def double(
    world: World, sender: str, key: tuple[int, int], guilty: Ground, proven: bool, slashed: Slashed
) -> None:
    """Convicts a claimant whose tree has two leaves of one sequence, or out of order."""
    claim = world.find(*key)
    grounds: list[Ground] = [world.running(), (claim is None, "claim does not exist"), guilty]
    grounds += [(not proven, reason) for reason in claims.PROOF_REASONS]
    if claim is not None:
        grounds += [
            (claim.final, "claim is final"),
            (claim.convicted_of != 0, "claim is convicted already"),
        ]
    world.refuse_if(*grounds)
    assert claim is not None
    convict(world, claim, FAULT_DOUBLE, sender, slashed)


def convict(world: World, claim: Claim, fault: int, finder: str, slashed: Slashed) -> None:
    """A conviction without the committee; while that sits, the claim's money waits for it."""
    void_all(world, claim)
    world.look_again(claim.transcoder)
    if cost := costs(world, claim, fault):
        slashed(claim.transcoder, finder, cost)
    claim.convicted_of = fault
    world.touch(claim)
    if claim.status is ClaimStatus.VOTING:
        return
    world.credit(world.treasury, claim.fee_held)
    claim.fee_held = 0
    pay_bonds(world, claim)
    finish(world, claim, ClaimStatus.FORFEITED)


def pay_bonds(world: World, claim: Claim) -> None:
    """Bonds once a claim's end is known: half of each is the claimant's where the work was good
    and the claimant was not convicted of anything else."""
    good = claim.handed_over and claim.verdict == VALID
    if not good:
        return_bonds(world, claim)
        return
    convict = world.void(claim)
    for each in claim.challenges:
        if not each.resolved:
            world.credit(each.challenger if convict else claim.transcoder, each.bond // 2)
            each.resolved = True


def settle(world: World, key: tuple[int, int], slashed: Slashed, only_valid: bool = False) -> None:
    """Carries out what a claim has coming: payment, refund or slash."""
    claim = world.find(*key)
    grounds: list[Ground] = [world.running(), (claim is None, "claim does not exist")]
    if claim is not None:
        voting = claim.status is ClaimStatus.VOTING
        judged = claim.status is ClaimStatus.JUDGED
        void = world.void(claim)
        grounds += [
            (claim.final, "claim cannot be settled now"),
            (voting, "claim cannot be settled now"),
            (not judged and not void, "claim has not been judged"),
            (only_valid and claim.verdict != VALID, "claim was not judged valid"),
        ]
    maybe = ((claim is not None and only_valid, "claim was not judged valid"),)
    world.refuse_if(*grounds, maybe=maybe)
    assert claim is not None
    if claim.convicted_of in (FAULT_DOUBLE, FAULT_MISSED):
        pay_bonds(world, claim)
        finish(world, claim, ClaimStatus.FORFEITED)
    elif claim.verdict == INVALID:
        finder = claim.challenges[0].challenger if claim.challenges else NOBODY
        pay_bonds(world, claim)
        if claim.slash_due:
            slashed(claim.transcoder, finder, claim.slash_due)
        world.look_again(claim.transcoder)
        finish(world, claim, ClaimStatus.FORFEITED)
    elif world.void(claim):
        give_back_fee(world, claim)
        pay_bonds(world, claim)
        finish(world, claim, ClaimStatus.VOID)
    elif claim.verdict == VALID:
        give_back_fee(world, claim)
        pay_bonds(world, claim)
        pay(world, claim)
    else:
        give_back_fee(world, claim)
        pay_bonds(world, claim)
        finish(world, claim, ClaimStatus.UNPAID)


def give_back_fee(world: World, claim: Claim) -> None:
    """A verification fee no committee ever had is the claimant's again."""
    world.credit(claim.transcoder, claim.fee_held)
    claim.fee_held = 0


def pay(world: World, claim: Claim) -> None:
    """Pays a claim: the protocol's part, rounded up, and the rest to those behind the stake."""
    rate = world.terms_of(world.jobs[claim.job]).protocol_fee
    fee = -(-claim.fees * rate // MILLION)
    world.credit(world.treasury, fee)
    at = (world.clock.initialized, claim.transcoder)
    world.work[at] += claim.fees
    world.work_fees[at] += fee
    world.minter += claim.fees - fee
    claim.status = ClaimStatus.PAID
    world.unpaid.remove(claim)
    world.touch(claim)
