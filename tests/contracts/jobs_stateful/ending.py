"""However a sequence went, pokes alone bring claims to their end and people to their money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from tests.contracts.jobs_reference import claims, committee, jobs
from tests.contracts.jobs_reference.state import ClaimStatus, JobStatus, Phase
from tests.contracts.jobs_stateful import claim_rules, court_rules, fault_rules
from tests.contracts.jobs_stateful.setting import OWNER, POKER
from tests.contracts.jobs_stateful.stake_rules import deadlines
from tests.contracts.stateful.evm import calldata

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.jobs_reference.state import Claim, Request
    from tests.contracts.jobs_stateful.machine import Machine

SLACK = 12
"""Blocks a poke may come late: each of the steps of a dispute takes at least one."""


def pokes_end_everything(machine: Machine) -> None:
    """Nobody opens, votes, appeals or proves: a stranger's pokes end every claim within the longest
    dispute. Then every job can be closed and every credit withdrawn, to the last wei."""
    world = machine.world
    if world.clock.paused:
        must(machine, "Controller", "unpause()", model=world.clock.unpause, sender=OWNER)
    began = world.now
    while world.unpaid:
        # Whoever settles may void or convict; look again after each poke.
        if poke_claims(machine) or poke_requests(machine):
            continue
        ahead = deadlines(machine)
        assert ahead, f"nothing can end {[claim.key for claim in world.unpaid]}"
        machine.pass_blocks(min(ahead) + 1 - world.now)
        taken = world.now - began
        assert taken <= world.longest_dispute + SLACK, f"{taken} blocks, and claims are not over"
    # Requests over claims that ended without their verdict are concluded too.
    while any(not each.concluded for each in world.requests.values()):
        if not poke_requests(machine):
            machine.pass_blocks(1)
    machine.reach("ended by pokes alone")
    close_all(machine)
    withdraw_all(machine)


def poke_claims(machine: Machine) -> bool:
    """One thing anybody can do for a claim."""
    world = machine.world
    for claim in list(world.unpaid):
        if ready(machine, claim):
            assert fault_rules.settle_one(machine, POKER, claim, False), stuck(machine, claim)
            return True
        if world.void(claim):
            continue
        if fault_rules.guilty_of_silence(machine, claim):
            assert fault_rules.slash_missed(machine, POKER, claim), stuck(machine, claim)
            return True
        by = claims.dates(world, claim).challenge_by
        if claim.status is ClaimStatus.OPENED and world.now > by:
            assert claim_rules.request_for(machine, POKER, claim), stuck(machine, claim)
            return True
    return False


def ready(machine: Machine, claim: Claim) -> bool:
    """Whether a claim can be settled."""
    void = machine.world.void(claim) and claim.status is not ClaimStatus.VOTING
    return claim.status is ClaimStatus.JUDGED or void


def poke_requests(machine: Machine) -> bool:
    """One thing anybody can do for a request."""
    world = machine.world
    for request in world.requests.values():
        if request.concluded:
            continue
        if court_rules.may_conclude(machine, request):
            assert court_rules.conclude_one(machine, POKER, request), machine.reason
            return True
        if can_seat(machine, request):
            if request.seed_block not in world.seeds:
                prove(machine, request.seed_block)
            assert court_rules.seat_one(machine, POKER, request), machine.reason
            return True
    return False


def can_seat(machine: Machine, request: Request) -> bool:
    """Whether the seats of a request's next stage can be drawn."""
    world = machine.world
    waits = committee.phase(world, request) is Phase.SEATING and world.now <= request.seat_by
    return waits and world.clock.block > request.seed_block


def prove(machine: Machine, block: int) -> None:
    """Proves a seed nobody else has."""
    seed, world = keccak(b"poke %d" % block), machine.world

    def model() -> None:
        world.seeds[block] = seed, world.now

    must(machine, "RandaoBeacon", "tell(uint256,bytes32)", block, seed, model=model)


def close_all(machine: Machine) -> None:
    """Every job ends, and its escrow goes back."""
    world = machine.world
    last = max((job.end for job in world.jobs.values()), default=0)
    machine.pass_blocks(max(last + 1 - world.now, 0))
    for number, job in world.jobs.items():
        if job.status is JobStatus.ACTIVE:
            must(machine, "JobsManager", "closeJob(uint256)", number,
                 model=lambda n=number: jobs.close(world, n))  # fmt: skip
        elif job.status in (JobStatus.ELECTING, JobStatus.OFFERED, JobStatus.LAPSED):
            must(machine, "JobsManager", "cancelJob(uint256)", number,
                 model=lambda n=number: jobs.cancel(world, POKER, n))  # fmt: skip
        assert job.escrow == 0, f"job {number} keeps {job.escrow} wei"


def withdraw_all(machine: Machine) -> None:
    """Everybody is paid; the contracts keep nothing but what the protocol itself is owed."""
    world = machine.world
    for wallet in sorted(machine.closed_wallets):
        machine.chain.raw(POKER, wallet, b"\0")
    machine.closed_wallets.clear()
    for name in list(world.credits):
        if world.credits[name] and name != world.treasury:
            must(machine, "JobsManager", "withdrawFor(address)", name,
                 model=lambda n=name: jobs.withdraw(world, n, False))  # fmt: skip
    for name in list(world.court_credits):
        if world.court_credits[name]:
            must(machine, "VerifierCommittee", "withdrawFor(address)", name,
                 model=lambda n=name: committee.withdraw(world, n, False))  # fmt: skip
    for name in list(world.prizes):
        if world.prizes[name]:
            must(machine, "VerifierCommittee", "withdrawTokens()", sender=name,
                 model=lambda n=name: committee.withdraw_prizes(world, n))  # fmt: skip
    if world.to_burn:
        must(machine, "VerifierCommittee", "burnPenalties()", model=lambda: committee.burn(world))
    machine.everything()
    setting = machine.setting
    kept = setting.eth(setting["JobsManager"])
    assert kept == world.credits[world.treasury], "wei in the JobsManager nobody is owed"
    assert setting.eth(setting["VerifierCommittee"]) == 0, "wei in the committee nobody is owed"
    machine.reach("everybody is paid")


def stuck(machine: Machine, claim: Claim) -> str:
    """What keeps a claim from ending."""
    return f"claim {claim.key} is stuck: {machine.reason}"


def must(
    machine: Machine,
    to: str,
    signature: str,
    *arguments: int | str | bytes,
    model: Callable[[], object],
    sender: str = POKER,
) -> None:
    """Makes a call that has to go through."""
    data = calldata(signature, *arguments)
    done = machine.attempt(sender, to, data, model, note=f"{signature} {arguments}")
    assert done, f"{signature} of {arguments}: {machine.reason}"
