"""What the model remembers: jobs, claims, challenges, requests and whoever takes part."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from offchain.chain.protocol_config import CommitteeParameters, JobsParameters

Terms = JobsParameters
Court = CommitteeParameters

MILLION = 10**6
LPT = 10**18
NOBODY = "0x" + "00" * 20
DEAD = "0x000000000000000000000000000000000000dead"
STAGE_SEATS = {1: 3, 2: 15, 3: 33}
LAST_STAGE = 3
VALID, INVALID, UNAVAILABLE, INCONCLUSIVE = 1, 2, 3, 4
FAULT_INVALID, FAULT_MISSED, FAULT_DOUBLE = 1, 2, 3
NO_COMMIT, MINORITY, NO_REVEAL = 1, 2, 3


class JobStatus(IntEnum):
    """Where a job stands."""

    ELECTING = 1
    OFFERED = 2
    ACTIVE = 3
    LAPSED = 4
    CANCELLED = 5
    CLOSED = 6


class ClaimStatus(IntEnum):
    """Where a claim stands; the last four are final."""

    COMMITTED = 1
    OPENED = 2
    VOTING = 3
    JUDGED = 4
    PAID = 5
    FORFEITED = 6
    UNPAID = 7
    VOID = 8


class Phase(IntEnum):
    """Where a request stands."""

    SEATING = 1
    COMMIT = 2
    REVEAL = 3
    TALLY = 4
    APPEAL = 5
    CONCLUDED = 6


FINAL = frozenset({ClaimStatus.PAID, ClaimStatus.FORFEITED, ClaimStatus.UNPAID, ClaimStatus.VOID})


@dataclass(slots=True)
class Challenge:
    """A leaf somebody wants judged; the bond is in wei."""

    index: int
    challenger: str
    bond: int
    opened: bool = False
    resolved: bool = False


@dataclass(slots=True)
class Claim:
    """A claim; amounts in wei, deadlines on the protocol clock.

    ``epoch`` is how often its transcoder had been convicted when it was made: one conviction more
    and the claim is void. ``fee`` is the verification fee, ``fee_held`` what of it the
    JobsManager still has,
    ``slash_due`` the fraction (of a million) an INVALID verdict costs when it is settled.
    """

    job: int
    number: int
    transcoder: str
    root: bytes
    first: int
    last: int
    count: int
    fees: int
    fee: int
    draws: int
    seed_block: int
    block: int
    seed_by: int
    round: int
    epoch: int
    stake: int
    status: ClaimStatus = ClaimStatus.COMMITTED
    verdict: int = 0
    opened: int = 0
    request: int = 0
    challenges: list[Challenge] = field(default_factory=list)
    convicted_of: int = 0
    slash_due: int = 0
    handed_over: bool = False
    fee_held: int = 0
    lost_before: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """Job id and claim id."""
        return self.job, self.number

    @property
    def final(self) -> bool:
        """Whether nothing can happen to the claim any more."""
        return self.status in FINAL

    @property
    def bonds(self) -> int:
        """Wei in challenge bonds not resolved yet."""
        return sum(each.bond for each in self.challenges if not each.resolved)


@dataclass(slots=True)
class Job:
    """A job; escrow in wei, not counting what claims have reserved.

    ``offer`` is the most the broadcaster pays, ``price`` and ``units`` what the job costs.
    """

    number: int
    broadcaster: str
    signer: str
    transcoder: str
    status: JobStatus
    price: int
    units: int
    pixels: int
    max_segments: int
    end: int
    election_block: int
    accept_by: int
    escrow: int
    version: int
    profiles_hash: int
    round: int
    by_election: bool
    offer: tuple[int, int]
    next_sequence: int = 0
    claims: list[Claim] = field(default_factory=list)
    claimed: int = 0
    lapses: int = 0
    previous: int = 0
    epoch: int = 0
    asked: set[str] = field(default_factory=set)
    moved: bool = False

    @property
    def unfinished(self) -> list[Claim]:
        """Claims that are not final."""
        return [claim for claim in self.claims if not claim.final]


@dataclass(slots=True)
class Stage:
    """One vote: who sits, what was committed, what was revealed."""

    seats: list[str]
    commit_by: int
    reveal_by: int
    commitments: dict[int, bytes] = field(default_factory=dict)
    reveals: dict[int, tuple[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Request:
    """A claim in the committee's hands; amounts in wei.

    ``published`` are the stages before whose seating the claimant said where its bytes are.
    """

    number: int
    claim: Claim
    excluded: frozenset[str]
    leaves: int
    pot: int
    returnable: int
    seat_pay: int
    court: Court
    number_of_stage: int = 1
    stages: dict[int, Stage] = field(default_factory=dict)
    seed_block: int = 0
    seat_by: int = 0
    appeal_by: int = 0
    verdict: int = 0
    concluded: bool = False
    appellant: str = ""
    appealed: int = 0
    bond: int = 0
    published: set[int] = field(default_factory=set)

    @property
    def stage(self) -> Stage | None:
        """The running vote, or None while its seats are not drawn."""
        return self.stages.get(self.number_of_stage)


@dataclass(slots=True)
class Person:
    """A transcoder's stake in LPT wei. ``reach`` is what a slash can take from.

    ``epoch`` counts convictions; ``taken`` is, by epoch, the fraction (of a million) of its stake
    that the conviction which ended the epoch has cost so far. ``noted`` are (clock, round, bonded),
    newest last. ``lost`` is what slashes and fines have taken in all.
    """

    bonded: int = 0
    reach: int = 0
    registered: bool = False
    barred: bool = False
    epoch: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    noted: list[tuple[int, int, int]] = field(default_factory=list)
    asks: list[tuple[int, int, int]] = field(default_factory=list)
    open_seats: int = 0
    lost: int = 0
