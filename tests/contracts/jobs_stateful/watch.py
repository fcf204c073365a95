"""Compares what the contracts show with what the model says, view by view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from tests.contracts.jobs_reference import claims as claiming
from tests.contracts.jobs_reference import committee
from tests.contracts.jobs_reference.state import JobStatus, Phase
from tests.contracts.jobs_stateful.bytecode import query
from tests.contracts.stateful.evm import selector, word

if TYPE_CHECKING:
    from tests.contracts.jobs_reference.state import Claim, Job, Request
    from tests.contracts.jobs_reference.world import World
    from tests.contracts.jobs_stateful.setting import Setting

Check = tuple[bytes, str, list[int]]

JOB_FIELDS = (
    "broadcaster signer transcoder status price units pixels max_segments end election_block "
    "accept_by escrow next_sequence claims claimed unfinished lapses previous version profiles"
).split()
CLAIM_FIELDS = (
    "transcoder root first last count fees draws opened challenges opened_challenges seed_block "
    "block round status verdict request"
).split()
REQUEST_FIELDS = (
    "job claim claimant stage phase leaves pot snapshot seed_block commit_by reveal_by appeal_by "
    "seats committed revealed verdict"
).split()

GET_JOB = selector("getJob(uint256)")
GET_CLAIM = selector("getClaim(uint256,uint256)")
DEADLINES = selector("claimDeadlines(uint256,uint256)")
DRAWN = selector("drawnIndices(uint256,uint256)")
CHALLENGE = selector("getChallenge(uint256,uint256,uint256)")
CREDITS = selector("credits(address)")
AT_RISK = selector("feesAtRisk(address)")
PRICE = selector("priceOf(address,uint256)")
WORK = selector("settledWork(uint256,address)")
WORK_TOTAL = selector("settledWorkTotal(uint256)")
NUM_JOBS = selector("numJobs()")
GET_REQUEST = selector("getRequest(uint256)")
SEATS = selector("seatsOf(uint256,uint256)")
COMMITMENT = selector("commitmentOf(uint256,uint256,uint256)")
VERDICT = selector("verdictOf(uint256,uint256,uint256)")
APPEAL_BOND = selector("appealBond(uint256)")
PRIZES = selector("tokenCredits(address)")
OPEN_SEATS = selector("openSeats(address)")
TO_BURN = selector("penaltiesToBurn()")
NUM_REQUESTS = selector("numRequests()")
BALANCE = selector("balanceOf(address)")
SUPPLY = selector("totalSupply()")
SLASHABLE = selector("slashableStake(address)")
DELEGATOR = selector("getDelegator(address)")
BARRED = selector("isBarred(address)")
REGISTERED = selector("isRegisteredTranscoder(address)")
LOCK = selector("getDelegatorUnbondingLock(address,uint256)")


def number(address: str) -> int:
    """An address as the number a view returns."""
    return int(address, 16)


def dynamic(values: list[int]) -> list[int]:
    """A list as a view returns it."""
    return [32, len(values), *values]


def bound(commitment: bytes | None, holder: str) -> bytes:
    """What a seat shows of its commitment before it reveals; zero before it commits."""
    if commitment is None:
        return bytes(32)
    return keccak(commitment + word(holder))


class Watch:
    """Builds the views to look at after a call, and what each must show."""

    def __init__(self, setting: Setting, world: World) -> None:
        self.setting = setting
        self.world = world
        self._jobs = setting.raw["JobsManager"]
        self._court = setting.raw["VerifierCommittee"]
        self._token = setting.raw["LivepeerToken"]

    def compare(self, checks: list[Check]) -> None:
        """Looks at all of them at once; raises AssertionError where one differs."""
        shown = self.setting.look([query for query, _, _ in checks])
        wrong = [
            difference(label, found, expected)
            for (_, label, expected), found in zip(checks, shown, strict=True)
            if found != expected
        ]
        assert not wrong, "; ".join(dict.fromkeys(wrong))

    def job(self, job: Job) -> Check:
        """getJob."""
        expected = [
            number(job.broadcaster),
            number(job.signer),
            number(job.transcoder),
            int(job.status),
            job.price,
            job.units,
            job.pixels,
            job.max_segments,
            job.end,
            job.election_block if job.status is JobStatus.ELECTING else 0,
            job.accept_by,
            job.escrow,
            job.next_sequence,
            len(job.claims),
            job.claimed,
            len(job.unfinished),
            job.lapses,
            job.previous,
            job.version,
            job.profiles_hash,
        ]
        label = f"job {job.number}"
        return query(self._jobs, GET_JOB + word(job.number)), label, expected

    def claim(self, claim: Claim) -> list[Check]:
        """getClaim, claimDeadlines, drawnIndices and getChallenge of every challenge."""
        world = self.world
        key = word(claim.job) + word(claim.number)
        label = f"claim {claim.job}/{claim.number}"
        opened = sum(each.opened << place for place, each in enumerate(claim.challenges))
        expected = [
            number(claim.transcoder),
            int.from_bytes(claim.root, "big"),
            claim.first,
            claim.last,
            claim.count,
            claim.fees,
            claim.draws,
            claim.opened,
            len(claim.challenges),
            opened,
            claim.seed_block,
            claim.block,
            claim.round,
            int(claim.status),
            claim.verdict,
            claim.request,
        ]
        by = claiming.dates(world, claim)
        dates = [claim.seed_by, by.proven_at, by.challenge_by, by.open_by, by.open_challenged_by]
        drawn = dynamic(claiming.drawn(world, claim))
        checks = [
            (query(self._jobs, GET_CLAIM + key), label, expected),
            (query(self._jobs, DEADLINES + key), f"deadlines of {label}", dates),
            (query(self._jobs, DRAWN + key), f"draws of {label}", drawn),
        ]
        for place, each in enumerate(claim.challenges):
            wanted = [each.index, number(each.challenger), each.bond, each.opened, each.resolved]
            data = CHALLENGE + key + word(place)
            checks.append((query(self._jobs, data), f"challenge {place} of {label}", wanted))
        return checks

    def request(self, request: Request) -> list[Check]:
        """getRequest, and of the running stage everything its seats did."""
        world, stage = self.world, request.stage
        at = committee.phase(world, request)
        label = f"request {request.number}"
        running = at in (Phase.COMMIT, Phase.REVEAL, Phase.TALLY)
        expected = [
            request.claim.job,
            request.claim.number,
            number(request.claim.transcoder),
            request.number_of_stage,
            int(at),
            request.leaves,
            request.pot,
            world.pointers[world.round_before(request.claim.round)],
            request.seed_block if stage is None else 0,
            stage.commit_by if running and stage else 0,
            stage.reveal_by if running and stage else 0,
            request.appeal_by if at is Phase.APPEAL else 0,
            len(stage.seats) if stage else 0,
            len(stage.commitments) if stage else 0,
            len(stage.reveals) if stage else 0,
            request.verdict,
        ]
        data = word(request.number)
        checks = [(query(self._court, GET_REQUEST + data), label, expected)]
        if at is Phase.APPEAL:
            bond = [committee.appeal_bond(request)]
            checks.append((query(self._court, APPEAL_BOND + data), f"appeal of {label}", bond))
        return checks

    def votes(self, request: Request) -> list[Check]:
        """seatsOf, commitmentOf and verdictOf for every stage."""
        checks = []
        for place, stage in request.stages.items():
            label = f"stage {place} of request {request.number}"
            key = word(request.number) + word(place)
            seats = dynamic([number(each) for each in stage.seats])
            checks.append((query(self._court, SEATS + key), f"seats of {label}", seats))
            for seat in range(len(stage.seats)):
                said, scores = stage.reveals.get(seat, (0, b""))
                held = scores or bound(stage.commitments.get(seat), stage.seats[seat])
                data = key + word(seat)
                checks += [
                    (
                        query(self._court, COMMITMENT + data),
                        f"commitment {seat}, {label}",
                        [int.from_bytes(held, "big")],
                    ),
                    (query(self._court, VERDICT + data), f"verdict {seat}, {label}", [said]),
                ]
        return checks

    def person(self, name: str) -> list[Check]:
        """What somebody is owed, and risks."""
        world = self.world
        who = word(name)
        jobs, court = self._jobs, self._court
        checks = [
            (query(jobs, CREDITS + who), f"credit of {name}", [world.credits[name]]),
            (query(court, CREDITS + who), f"court credit of {name}", [world.court_credits[name]]),
        ]
        if name in world.people:
            seats = [world.people[name].open_seats]
            checks += [
                (query(court, PRIZES + who), f"prizes of {name}", [world.prizes[name]]),
                (query(court, OPEN_SEATS + who), f"open seats of {name}", seats),
                (query(jobs, AT_RISK + who), f"fees at risk of {name}", [world.at_risk(name)]),
            ]
        return checks

    def books(self) -> list[Check]:
        """What stands for the whole."""
        world = self.world
        round_ = world.clock.initialized
        fees = sum(wei for (at, _), wei in world.work.items() if at == round_)
        cuts = sum(wei for (at, _), wei in world.work_fees.items() if at == round_)
        return [
            (query(self._jobs, NUM_JOBS), "jobs", [len(world.jobs)]),
            (query(self._court, NUM_REQUESTS), "requests", [len(world.requests)]),
            (query(self._court, TO_BURN), "penalties to burn", [world.to_burn]),
            (
                query(self._token, BALANCE + bytes(12) + self._court),
                "LPT of the committee",
                [world.to_burn + sum(world.prizes.values())],
            ),
            (query(self._token, SUPPLY), "supply of LPT", [world.supply]),
            (query(self._jobs, WORK_TOTAL + word(round_)), "settled work", [fees, cuts]),
        ]

    def work(self, name: str) -> Check:
        """settledWork of the round."""
        at = (self.world.clock.initialized, name)
        data = WORK + word(at[0]) + word(name)
        expected = [self.world.work[at], self.world.work_fees[at]]
        return query(self._jobs, data), f"settled work of {name}", expected

    def eth(self) -> None:
        """I-37, I-42: every wei the two contracts hold has an owner."""
        setting, world = self.setting, self.world
        for name, expected in (
            ("JobsManager", world.held()),
            ("VerifierCommittee", world.court_held()),
            ("Minter", world.minter),
        ):
            found = setting.eth(setting[name])
            assert found == expected, f"{name} holds {found} wei, the model says {expected}"


def difference(label: str, found: list[int], expected: list[int]) -> str:
    """What differs, field by field."""
    kinds = (("job ", JOB_FIELDS), ("claim ", CLAIM_FIELDS), ("request ", REQUEST_FIELDS))
    names: list[str] = next((names for kind, names in kinds if label.startswith(kind)), [])
    if len(names) == len(found) == len(expected):
        parts = [
            f"{name} is {one:#x}, the model says {two:#x}"
            if max(one, two) > 2**64
            else f"{name} is {one}, the model says {two}"
            for name, one, two in zip(names, found, expected, strict=True)
            if one != two
        ]
        return f"{label}: {'; '.join(parts)}"
    return f"{label}: {found}, the model says {expected}"
