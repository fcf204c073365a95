"""The model's state as a whole: who has what, and the laws it must always obey."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.contracts.jobs_reference.state import (
    DEAD,
    ClaimStatus,
    Job,
    Person,
    Request,
)
from tests.contracts.reference.state import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contracts.jobs_reference.state import Claim, Court, Terms
    from tests.contracts.reference.clock import Clock

Ground = tuple[bool, str]


@dataclass(slots=True)
class World:
    """Everything jobs and committees know, in wei, LPT wei, blocks and rounds.

    ``heard`` is the reason the chain gave for the call at hand, empty where it accepted: the model
    asks for it only where the design leaves more than one answer.
    """

    clock: Clock
    terms: list[Terms]
    courts: list[Court]
    longest_dispute: int
    treasury: str = DEAD
    jobs: dict[int, Job] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    seeds: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    snapshots: dict[int, dict[str, int]] = field(default_factory=dict)
    pointers: dict[int, int] = field(default_factory=dict)
    credits: Counter[str] = field(default_factory=Counter)
    court_credits: Counter[str] = field(default_factory=Counter)
    looks: dict[tuple[int, str], list[tuple[bool, int]]] = field(default_factory=dict)
    prizes: Counter[str] = field(default_factory=Counter)
    to_burn: int = 0
    work: Counter[tuple[int, str]] = field(default_factory=Counter)
    work_fees: Counter[tuple[int, str]] = field(default_factory=Counter)
    minter: int = 0
    supply: int = 0
    unpaid: list[Claim] = field(default_factory=list)
    heard: str = ""
    touched_jobs: set[int] = field(default_factory=set)
    touched_claims: set[tuple[int, int]] = field(default_factory=set)
    touched_requests: set[int] = field(default_factory=set)
    touched_people: set[str] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The protocol clock."""
        return self.clock.now

    def person(self, name: str) -> Person:
        """Somebody's stake and record, made on first sight."""
        return self.people.setdefault(name, Person())

    def find(self, job: int, claim: int) -> Claim | None:
        """A claim, if there is one."""
        held = self.jobs.get(job)
        if held is None or not 0 <= claim < len(held.claims):
            return None
        return held.claims[claim]

    def claims(self) -> Iterator[Claim]:
        """All claims."""
        for job in self.jobs.values():
            yield from job.claims

    def terms_of(self, job: Job) -> Terms:
        """The parameters a job was made under."""
        return self.terms[job.version - 1]

    def void(self, claim: Claim) -> bool:
        """Whether the claimant was convicted since, of whatever."""
        return self.person(claim.transcoder).epoch != claim.epoch

    def at_risk(self, name: str) -> int:
        """Fees in a transcoder's unfinished claims that are not void, in wei."""
        return sum(
            claim.fees
            for claim in self.unpaid
            if claim.transcoder == name and not claim.final and not self.void(claim)
        )

    def round_before(self, round_: int) -> int:
        """The round whose active set judges a round's claims: the one before, if it was started."""
        return round_ - 1 if round_ - 1 in self.snapshots else round_

    def touch(self, claim: Claim) -> None:
        """Marks a claim and its job as changed."""
        self.touched_claims.add(claim.key)
        self.touched_jobs.add(claim.job)
        self.touched_people.add(claim.transcoder)

    def look(self, round_: int, name: str) -> list[tuple[bool, int]]:
        """(barred, bonded) as a draw from a round's snapshot may have seen it: once, or now.

        Stake is looked at once for each snapshot, and again after a conviction or a fine.
        """
        person = self.person(name)
        seen = self.looks.setdefault((round_, name), [])
        if (now := (person.barred, person.bonded)) not in seen:
            seen.append(now)
        return seen

    def look_again(self, name: str) -> None:
        """After a conviction or a fine, what was seen before counts no more."""
        for key in [key for key in self.looks if key[1] == name]:
            del self.looks[key]

    def credit(self, name: str, wei: int) -> None:
        """Owes somebody wei at the JobsManager."""
        self.credits[name] += wei
        self.touched_people.add(name)

    def court_credit(self, name: str, wei: int) -> None:
        """Owes somebody wei at the committee."""
        self.court_credits[name] += wei
        self.touched_people.add(name)

    def note(self, name: str) -> None:
        """Remembers what a transcoder has bonded, for the cap on fees at risk."""
        person = self.person(name)
        entry = (self.now, self.clock.initialized, person.bonded)
        if not person.noted or person.noted[-1][2] != person.bonded:
            person.noted.append(entry)

    def refuse_if(self, *grounds: Ground, maybe: tuple[Ground, ...] = ()) -> None:
        """Refuses with every reason that holds; a ``maybe`` alone refuses only if the chain did."""
        reasons = {reason for holds, reason in grounds if holds}
        possible = {reason for holds, reason in maybe if holds}
        if reasons or self.heard in possible:
            raise Refused(frozenset(reasons | possible))

    def running(self) -> Ground:
        """A paused system refuses everything."""
        return self.clock.paused, "system is paused"

    def held(self) -> int:
        """ETH the JobsManager must hold: I-37, every wei in its place."""
        total = sum(self.credits.values())
        for job in self.jobs.values():
            total += job.escrow
            for claim in job.claims:
                if claim.final:
                    continue
                total += claim.fees
                total += claim.fee_held
                if not claim.handed_over:
                    total += claim.bonds
                elif claim.status is ClaimStatus.VOTING:
                    total += claim.bonds // 2
                elif claim.verdict == 1:
                    total += claim.bonds // 2
                else:
                    total += claim.bonds
        return total

    def court_held(self) -> int:
        """ETH the committee must hold: pots, bonds and credits."""
        pots = sum(each.pot + each.bond for each in self.requests.values() if not each.concluded)
        return pots + sum(self.court_credits.values())
