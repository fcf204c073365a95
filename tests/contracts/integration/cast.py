"""The cast of the stories: a stage with the whole protocol on it, and what each role can do there.

    job = stage.broadcaster.orders(worker)
    claim = worker.claims(job)
    claim.seed_is_proven()
    worker.opens(claim)
    claim.goes_to_the_committee().votes(VALID).ends()

Receipts, trees, signatures and verdicts are the nodes' own (`offchain.proof`). A segment costs a
thousandth of an ether, a job carries a hundred of them; a claim of ten has two draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.proof.typed import Verdict
from tests.contracts.harness import Protocol
from tests.contracts.integration.books import Books, Party
from tests.contracts.market import GWEI, INVALID, LPT, UNAVAILABLE, VALID, Market, Work

__all__ = ["INVALID", "LPT", "UNAVAILABLE", "VALID", "Claim", "Job", "Panel", "Stage", "Worker"]

# Most stories run in this process alone; some on anvil too, with real blocks and seeds.
on_a_real_chain_too = pytest.mark.parametrize(
    "stage",
    [
        "in process",
        # The first of them deploys; on a crowded machine that takes a while.
        pytest.param("anvil", marks=[pytest.mark.needs("anvil"), pytest.mark.timeout(60)]),
    ],
    indirect=True,
)

SEGMENT = 10**15
ESCROW = 100 * SEGMENT
STAKE = 1_000 * LPT
# Of the stake, for any fault; half of it for who finds the fault, the rest burned.
SLASH = STAKE * 5 // 100
NO_COMMIT, MINORITY, NO_REVEAL = 2 * LPT, 5 * LPT, 10 * LPT
SEAT_PAY = 2 * 10**13
# Twice what the three seats of a first stage earn for a leaf.
BOND = 2 * 3 * SEAT_PAY
# Phase of a request.
CONCLUDED = 6
_NO = keccak(text="Error(string)")[:4] + encode(["string"], ["no ETH, please"])
# Copies what follows its ten bytes, and reverts with that.
REFUSES = bytes.fromhex(f"60{len(_NO):02x}600a5f3960{len(_NO):02x}5ffd") + _NO
NOBODY = Party("nobody", "0x000000000000000000000000000000000000dEaD")


def after_protocol_fee(fees: int) -> int:
    """What is left for the transcoder and its delegators: 95 %."""
    return fees - (fees * 5 + 99) // 100


class Stage:
    """Everyone, and time."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.protocol: Protocol = market.protocol
        self.chain = market.chain
        self.jobs = market.jobs
        self.committee = market.committee
        self.bonding = market.bonding
        self.broadcaster = Broadcaster("broadcaster", market.broadcaster, self)
        worker, *peers = market.transcoders
        self.worker = Worker("worker", worker, self)
        self.peers = [Actor(f"peer {n}", peer, self) for n, peer in enumerate(peers)]
        self.delegator = Actor("delegator", self.chain.account("delegator"), self)
        self.watcher = Actor("watcher", self.chain.account("watcher"), self)
        self.owner = Actor("owner", self.protocol.deployer, self)
        # Behind the worker stands as much stake of another's as of its own.
        self.protocol.bond(self.delegator.address, STAKE, worker)
        self.protocol.next_round()

    @property
    def everyone(self) -> list[Party]:
        """All who have accounts."""
        named = [self.broadcaster, self.worker, self.delegator, self.watcher, self.owner]
        return [NOBODY, *named, *self.peers]

    def books(self) -> Books:
        """Open the books."""
        return Books(self.protocol, self.everyone)

    def waits_past(self, clock: int) -> None:
        """Until the first block after a deadline."""
        self.market.wait_past(clock)

    def new_round(self) -> None:
        """Until the next round, which begins."""
        self.protocol.next_round()

    @contextmanager
    def paused(self, blocks: int) -> Iterator[None]:
        """The system stands still for so many blocks, of which the body fills the first."""
        controller, owner = self.protocol.Controller, self.owner.address
        controller.pause(sender=owner)
        yield
        self.chain.mine(blocks)
        controller.unpause(sender=owner)

    @contextmanager
    def refusing_payment(self, *actors: Actor) -> Iterator[None]:
        """These are contracts that revert with "no ETH, please" whatever comes."""
        for each in actors:
            self.chain.set_code(each.address, REFUSES)
        yield
        for each in actors:
            self.chain.set_code(each.address, b"")

    def actor(self, address: str) -> Actor:
        """Whose address it is."""
        known = [self.worker, self.broadcaster, self.watcher, *self.peers]
        return next(actor for actor in known if actor.address == address)


@dataclass(frozen=True, slots=True, eq=False)
class Actor(Party):
    """Somebody on the stage."""

    stage: Stage = field(repr=False)

    def reports_silence(self, claim: Claim) -> None:
        """A seed unproven, or a leaf not opened in time."""
        self.stage.jobs.missedVerificationSlash(claim.job.id, claim.id, sender=self.address)

    def reports_double_claim(
        self, claim: Claim, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        """Two leaves of one tree with one sequence number."""
        proof = claim.work.tree.multiproof([first["index"], second["index"]])
        self.stage.jobs.doubleClaimSegmentSlash(
            claim.job.id, claim.id, first, second, proof, sender=self.address
        )

    def challenges(self, claim: Claim, leaf: int) -> None:
        """Pay for a leaf to be opened and judged."""
        self.stage.jobs.challenge(claim.job.id, claim.id, leaf, sender=self.address, value=BOND)


@dataclass(frozen=True, slots=True, eq=False)
class Broadcaster(Actor):
    """Orders and pays."""

    def orders(self, worker: Actor, **terms: Any) -> Job:
        """A job by name; accepted."""
        terms = {"value": ESCROW, "price": GWEI, "units": 1} | terms
        return Job(self.stage, self.stage.market.accepted(worker.address, **terms))

    def takes_back(self, job: Job) -> None:
        """End the job, wait until nothing can be claimed any more, and take the rest."""
        jobs = self.stage.jobs
        if not job.is_lost:
            jobs.endJob(job.id, sender=self.address)
            self.stage.waits_past(jobs.getJob(job.id).endBlock)
        jobs.closeJob(job.id, sender=self.address)


@dataclass(frozen=True, slots=True, eq=False)
class Worker(Actor):
    """Claims work and opens it."""

    def claims(self, job: Job, work: Work | None = None, *, count: int | None = None) -> Claim:
        """Ten segments by default, honestly done and signed for."""
        mine = work or self.stage.market.work(job.id, 10)
        return Claim(job, mine, self.stage.market.claim(mine, count=count))

    def opens(self, claim: Claim) -> None:
        """Every leaf that is owed."""
        self.stage.market.open(claim.work, claim.id)

    def tries_to_open(self, claim: Claim, opening: dict[str, Any], proof: list[bytes]) -> None:
        """Show something that is not what was drawn."""
        self.stage.jobs.openSegments(claim.job.id, claim.id, [opening], proof, sender=self.address)


@dataclass(frozen=True, slots=True)
class Job:
    """A job by name."""

    stage: Stage = field(repr=False)
    id: int

    @property
    def is_lost(self) -> bool:
        """Whether its transcoder was convicted."""
        return bool(self.stage.bonding.isBarred(self.stage.jobs.transcoderOf(self.id)))


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, with the work it stands for."""

    job: Job
    work: Work
    id: int

    @property
    def stage(self) -> Stage:
        """Where it happens."""
        return self.job.stage

    @property
    def state(self) -> Any:
        """As the JobsManager has it."""
        return self.stage.jobs.getClaim(self.job.id, self.id)

    @property
    def verification_fee(self) -> int:
        """What the claimant paid to be checked, in wei."""
        return int(self.state.draws) * 3 * SEAT_PAY

    @property
    def drawn(self) -> list[int]:
        """The leaves drawn, each once."""
        return sorted(set(self.stage.jobs.drawnIndices(self.job.id, self.id)))

    @property
    def undrawn(self) -> int:
        """A leaf that was not drawn."""
        return next(n for n in range(self.state.segmentCount) if n not in self.drawn)

    def seed_is_proven(self) -> None:
        """By anyone; the draws are known."""
        self.stage.market.prove(self.job.id, self.id)

    def seed_draws(self, leaf: int) -> None:
        """As `seed_is_proven`, with a seed that draws this leaf."""
        block = self.state.seedBlock
        self.stage.chain.mine_to(block + 1)
        count, draws = self.state.segmentCount, range(self.state.draws)
        for attempt in range(10_000):
            seed = keccak(text=f"seed {attempt}")
            words = [seed, *(n.to_bytes(32, "big") for n in (self.job.id, self.id))]
            hits = [keccak(b"".join([*words, n.to_bytes(32, "big")])) for n in draws]
            if leaf in [int.from_bytes(hit, "big") % count for hit in hits]:
                self.stage.market.tell_seed(block, seed)
                return

    def wait_past(self, deadline: str) -> None:
        """Until one of its deadlines is over: seedBy, openBy, challengeBy, openChallengedBy."""
        deadlines = self.stage.jobs.claimDeadlines(self.job.id, self.id)
        self.stage.waits_past(getattr(deadlines, deadline))

    def goes_to_the_committee(self) -> Panel:
        """Everything is open and challenges are over: three seats are drawn."""
        self.wait_past("challengeBy")
        self.stage.jobs.requestVerification(self.job.id, self.id)
        return Panel(self.stage, int(self.state.request))

    def is_settled(self) -> None:
        """By anyone."""
        self.stage.jobs.settle(self.job.id, self.id)


@dataclass(slots=True)
class Panel:
    """The seats of a request's current stage. Whoever is honest measures the same."""

    stage: Stage = field(repr=False)
    request: int
    # Seats whose scores are inventions.
    inventive: tuple[Actor, ...] = ()
    # Who sat in each stage so far.
    stages: list[list[Actor]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._sit_down()

    @property
    def number(self) -> int:
        """The current stage, from 1."""
        return len(self.stages)

    @property
    def seats(self) -> list[Actor]:
        """Who sits in the current stage."""
        return self.stages[-1]

    @property
    def everyone_seated(self) -> list[Actor]:
        """Who sat in any stage, as often as it did."""
        return [seat for seats in self.stages for seat in seats]

    @property
    def state(self) -> Any:
        """As the committee has it."""
        return self.stage.committee.getRequest(self.request)

    def votes(self, verdict: int, *seats: Actor) -> Panel:
        """These seats, or all, commit and reveal."""
        voters = seats or tuple(self.seats)
        self.commits(verdict, *voters)
        self.reveals(verdict, *voters)
        return self

    def commits(self, verdict: int, *seats: Actor) -> None:
        """Each commits to a verdict of its own."""
        for seat in seats:
            self.commits_to(self.commitment(seat, verdict), seat)

    def commits_to(self, commitment: bytes, seat: Actor) -> None:
        """One commits to something, whosever it is."""
        self.stage.committee.commitVerdicts(
            [(self.request, self.seats.index(seat), commitment)], sender=seat.address
        )

    def reveals(self, verdict: int, *seats: Actor) -> None:
        """Each says what it committed to, as soon as that may be said."""
        if self.state.committed < len(self.seats):
            self.stage.waits_past(max(self.state.commitBy, 0))
        for seat in seats:
            self.reveals_as(seat, verdict, of=seat)

    def reveals_as(self, seat: Actor, verdict: int, *, of: Actor, by: Actor | None = None) -> None:
        """One reveals, or has another reveal for its seat, what `of` committed to."""
        scores, details, salt = self._measured(of)
        self.stage.committee.revealVerdicts(
            [(self.request, self.seats.index(seat), verdict, scores, details, salt)],
            sender=(by or seat).address,
        )

    def commitment(self, seat: Actor, verdict: int) -> bytes:
        """What an honest seat commits to."""
        scores, details, salt = self._measured(seat)
        said = Verdict(
            self.request, self.number, seat.address, verdict, keccak(scores + details), salt
        )
        return said.digest(self.stage.market.verdict_domain)

    def ends(self) -> Panel:
        """The vote is counted; a verdict nobody appeals against stands; or more seats are drawn."""
        committee = self.stage.committee
        if self.state.phase == CONCLUDED:
            # The last of three reveals did it.
            return self
        if self.state.revealed < len(self.seats):
            self.stage.waits_past(self.state.revealBy)
        committee.conclude(self.request)
        if self.state.appealBy:
            self.stage.waits_past(self.state.appealBy)
            committee.conclude(self.request)
        elif self.state.seedBlock:
            self.stage.market.seat_stage(self.request)
            self._sit_down()
        return self

    def appealed_by(self, party: Actor) -> int:
        """A party does not accept the count, and brings a bond; the largest stage is drawn."""
        committee = self.stage.committee
        committee.conclude(self.request)
        bond = int(committee.appealBond(self.request))
        committee.appeal(self.request, sender=party.address, value=bond)
        self.stage.market.seat_stage(self.request)
        self._sit_down()
        return bond

    def _sit_down(self) -> None:
        holders = self.stage.committee.seatsOf(self.request, self.number + 1)
        self.stages.append([self.stage.actor(holder) for holder in holders])

    def _measured(self, seat: Actor) -> tuple[bytes, bytes, bytes]:
        """Scores, which all share who measured; details and salt, which nobody shares."""
        return (
            b"\x7f\xff\xff\xff" * 8 if seat in self.inventive else bytes(32),
            keccak(text=f"details of {seat.name}"),
            keccak(text=f"salt of {seat.name} in {self.request}, stage {self.number}"),
        )
