"""Words for the events of work: jobs, claims, the lottery, the committee, pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from offchain.proof.keccak import keccak
from offchain.web.memory import Claim
from offchain.web.words import (
    capital,
    count,
    eth,
    joined,
    lpt,
    numbered,
    percent,
    spelled,
)

if TYPE_CHECKING:
    from offchain.web.memory import Memory

Args = Mapping[str, Any]
# (kind, sentence), or None where there is nothing to say
Told = tuple[str, str] | None
Story = Callable[[Args, "Memory"], Told]

VERDICTS = {1: "valid", 2: "invalid", 3: "unavailable", 4: "undecided"}
STATUSES = {6: "forfeited", 7: "left unpaid", 8: "declared void"}
FAULTS = {1: "for invalid work", 2: "for not showing its work", 3: "for claiming a segment twice"}
SEAT_FAULTS = {1: "for not voting", 2: "for voting against the result", 3: "for hiding its vote"}
ZERO = "0x" + "0" * 40
BURN = "0x" + "0" * 36 + "dead"


def _job_created(args: Args, memory: Memory) -> Told:
    who = memory.name(args["broadcaster"])
    stake = f"{eth(args['escrow'])} in escrow"
    if str(args["transcoder"]) == ZERO:
        return "work", f"{who} opened job {args['jobId']} with {stake}, for an elected transcoder"
    whom = memory.name(args["transcoder"])
    return "work", f"{who} offered job {args['jobId']} to {whom}, with {stake}"


def _job_elected(args: Args, memory: Memory) -> Told:
    return "work", f"The lottery chose {memory.name(args['transcoder'])} for job {args['jobId']}"


def _election_failed(args: Args, memory: Memory) -> Told:
    return "trouble", f"Nobody drawn would take job {args['jobId']} at its price"


def _job_accepted(args: Args, memory: Memory) -> Told:
    return "work", f"{memory.name(args['transcoder'])} accepted job {args['jobId']}"


def _job_lapsed(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    return "trouble", f"{who} let job {args['jobId']} lapse; it goes on as job {args['newJobId']}"


def _job_cancelled(args: Args, memory: Memory) -> Told:
    who = memory.name(args["broadcaster"])
    return "money", f"{who} cancelled job {args['jobId']} and got {eth(args['refund'])} back"


def _job_funded(args: Args, memory: Memory) -> Told:
    who = memory.name(args["funder"])
    return "money", f"{who} added {eth(args['amount'])} to the escrow of job {args['jobId']}"


def _job_ending(args: Args, memory: Memory) -> Told:
    return (
        "plain",
        f"Job {args['jobId']} ends: claims are taken until block {args['endBlock']}",
    )


def _job_closed(args: Args, memory: Memory) -> Told:
    who = memory.name(args["broadcaster"])
    return "money", f"Job {args['jobId']} is closed: {eth(args['refund'])} went back to {who}"


def _price_set(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    price, pixels = args["pricePerUnit"], args["pixelsPerUnit"]
    return "quiet", (
        f"{who} asks {eth(price * 1_000_000 // max(pixels, 1))} for a million pixels, "
        f"from round {args['effectiveRound']}"
    )


def _work_claimed(args: Args, memory: Memory) -> Told:
    claim = Claim(
        memory.name(args["transcoder"]),
        args["firstSequence"],
        args["lastSequence"],
        args["segmentCount"],
        args["draws"],
        args["seedBlock"],
    )
    memory.claims[args["jobId"], args["claimId"]] = claim
    return "work", (
        f"{claim.who} claimed {count(claim.segments, 'segment')} for {eth(args['fees'])}; "
        f"the lottery of block {claim.seed_block} will pick what to check"
    )


def drawn(seed: bytes, job: int, claim: int, draws: int, segments: int) -> list[int]:
    """Leaf indices the seed picks, increasing, without repeats: as the contract computes them."""
    picks = set()
    for turn in range(draws):
        words = [seed, *(number.to_bytes(32, "big") for number in (job, claim, turn))]
        picks.add(int.from_bytes(keccak(b"".join(words)), "big") % segments)
    return sorted(picks)


def _seed_proven(args: Args, memory: Memory) -> Told:
    seed = bytes(args["seed"])
    told = []
    for (job, number), claim in memory.claims.items():
        if claim.seed_block == args["blockNumber"]:
            picks = drawn(seed, job, number, claim.draws, claim.segments)
            places = [claim.place(index) for index in picks]
            told.append(f"{numbered('segment', places)} from {claim.who}'s claim")
    if not told:
        return "quiet", f"The randomness of block {args['blockNumber']} was proven"
    return "work", f"The lottery drew {joined(told)}"


def _segments_opened(args: Args, memory: Memory) -> Told:
    who = memory.claimant(args["jobId"], args["claimId"])
    numbers = [str(leaf["sequence"]) for leaf in args["leaves"]]
    which = f"segment {numbers[0]}" if len(numbers) == 1 else f"segments {', '.join(numbers)}"
    return "plain", f"{capital(who)} opened {which} for inspection"


def _challenged(args: Args, memory: Memory) -> Told:
    who, whom = memory.name(args["challenger"]), memory.claimant(args["jobId"], args["claimId"])
    return "trouble", f"{who} challenged {whom}'s work, with a bond of {eth(args['bond'])}"


def _challenge_resolved(args: Args, memory: Memory) -> Told:
    who = memory.name(args["challenger"])
    return "money", f"{who}'s challenge is settled: {eth(args['returned'])} came back"


def _verification_requested(args: Args, memory: Memory) -> Told:
    memory.requests[args["request"]] = (args["jobId"], args["claimId"])
    whom = memory.claimant(args["jobId"], args["claimId"])
    return "quiet", f"{capital(count(args['leaves'], 'segment'))} of {whom}'s went to a committee"


def _verification_received(args: Args, memory: Memory) -> Told:
    whom = memory.claimant(args["jobId"], args["claimId"])
    verdict = VERDICTS.get(args["verdict"], "unknown")
    return "quiet", f"The verdict on {whom}'s claim is recorded: {verdict}"


def _fees_distributed(args: Args, memory: Memory) -> Told:
    who = memory.name(args["transcoder"])
    fee = f"; {eth(args['protocolFee'])} went to the protocol" if args["protocolFee"] else ""
    return "money", f"{who} and its delegators were paid {eth(args['fees'])}{fee}"


def _claim_refunded(args: Args, memory: Memory) -> Told:
    how = STATUSES.get(args["status"], "ended")
    who = memory.name(args["transcoder"])
    return "trouble", f"{who}'s claim was {how}: {eth(args['fees'])} went back to its job"


def _convicted(args: Args, memory: Memory) -> Told:
    why = FAULTS.get(args["fault"], "for a fault")
    who = memory.name(args["transcoder"])
    return "trouble", f"{who} was convicted {why} and loses {percent(args['slash'])} of its stake"


def _credited(args: Args, memory: Memory) -> Told:
    if str(args["account"]).lower() == BURN:
        return "quiet", f"{eth(args['amount'])} of protocol fee were put out of everyone's reach"
    return "quiet", f"{eth(args['amount'])} stands ready for {memory.name(args['account'])}"


def _withdrawn(args: Args, memory: Memory) -> Told:
    return "money", f"{memory.name(args['account'])} withdrew {eth(args['amount'])}"


def _rules_of_jobs(args: Args, memory: Memory) -> Told:
    return "quiet", f"The rules for jobs were set (version {args['version']})"


def _seats_drawn(args: Args, memory: Memory) -> Told:
    memory.requests[args["request"]] = (args["jobId"], args["claimId"])
    seats = [memory.name(seat) for seat in args["seats"]]
    whom = memory.claimant(args["jobId"], args["claimId"])
    if len(seats) > 6:
        seats = [f"{len(seats)} peers"]
    return "work", f"{joined(seats)} {'was' if len(seats) == 1 else 'were'} drawn to check {whom}"


def _verdict_committed(args: Args, memory: Memory) -> Told:
    return "quiet", f"{memory.name(args['verifier'])} sealed a verdict"


def _verdict_revealed(args: Args, memory: Memory) -> Told:
    verdict = VERDICTS.get(args["verdict"], "unknown")
    memory.verdicts.setdefault(args["request"], {})[str(args["verifier"])] = args["verdict"]
    return "plain", f"{memory.name(args['verifier'])} measured the pictures and found: {verdict}"


def _escalated(args: Args, memory: Memory) -> Told:
    return "plain", f"No clear verdict at stage {args['stage']}: a larger committee will be drawn"


def _stage_concluded(args: Args, memory: Memory) -> Told:
    verdict = VERDICTS.get(args["verdict"], "unknown")
    return "plain", f"Verdict: {verdict}, open to appeal until block {args['appealBy']}"


def _appealed(args: Args, memory: Memory) -> Told:
    who = memory.name(args["appellant"])
    return "trouble", f"{who} appealed, with a bond of {eth(args['bond'])}"


def _bytes_published(args: Args, memory: Memory) -> Told:
    return "plain", f"{memory.name(args['publisher'])} says where its video can be fetched now"


def _verification_concluded(args: Args, memory: Memory) -> Told:
    whom = memory.claimant(args["jobId"], args["claimId"])
    verdict = VERDICTS.get(args["verdict"], "unknown")
    votes = memory.verdicts.pop(args["request"], {})
    agree = sum(vote == args["verdict"] for vote in votes.values())
    kind = "work" if args["verdict"] == 1 else "trouble"
    if not votes:
        return kind, f"{capital(whom)}'s claim was judged {verdict}"
    peers = capital(count_spelled(len(votes)))
    if agree == len(votes):
        result = f"all {verdict}" if agree > 1 else verdict
        return kind, f"{peers} checked {whom}'s segments: {result}"
    return kind, f"{peers} checked {whom}'s segments: {verdict}, by {agree} of {len(votes)}"


def count_spelled(peers: int) -> str:
    """`three peers`."""
    return f"{spelled(peers)} {'peer' if peers == 1 else 'peers'}"


def _seat_paid(args: Args, memory: Memory) -> Told:
    return "money", f"{memory.name(args['verifier'])} earned {eth(args['amount'])} for checking"


def _seat_penalized(args: Args, memory: Memory) -> Told:
    why = SEAT_FAULTS.get(args["fault"], "for a fault")
    return "trouble", f"{memory.name(args['verifier'])} lost {lpt(args['amount'])} {why}"


def _seat_credited(args: Args, memory: Memory) -> Told:
    return None  # why it was credited, SeatPaid and the verdict tell


def _tokens_withdrawn(args: Args, memory: Memory) -> Told:
    return "money", f"{memory.name(args['account'])} withdrew {lpt(args['amount'])}"


def _rules_of_committee(args: Args, memory: Memory) -> Told:
    return "quiet", "The rules for committees were set"


def _service(args: Args, memory: Memory) -> Told:
    return "quiet", f"{memory.name(args['addr'])} answers at {str(args['serviceURI'])[:80]}"


_JOBS: dict[str, Story] = {
    "JobCreated": _job_created,
    "JobElected": _job_elected,
    "ElectionFailed": _election_failed,
    "JobAccepted": _job_accepted,
    "JobLapsed": _job_lapsed,
    "JobCancelled": _job_cancelled,
    "JobFunded": _job_funded,
    "JobEnding": _job_ending,
    "JobClosed": _job_closed,
    "TranscoderPriceSet": _price_set,
    "WorkClaimed": _work_claimed,
    "SegmentsOpened": _segments_opened,
    "Challenged": _challenged,
    "ChallengeResolved": _challenge_resolved,
    "VerificationRequested": _verification_requested,
    "VerificationReceived": _verification_received,
    "FeesDistributed": _fees_distributed,
    "ClaimRefunded": _claim_refunded,
    "TranscoderConvicted": _convicted,
    "Credited": _credited,
    "Withdrawn": _withdrawn,
    "ParametersSet": _rules_of_jobs,
}
_COMMITTEE: dict[str, Story] = {
    "SeatsDrawn": _seats_drawn,
    "VerdictCommitted": _verdict_committed,
    "VerdictRevealed": _verdict_revealed,
    "StageEscalated": _escalated,
    "StageConcluded": _stage_concluded,
    "Appealed": _appealed,
    "BytesPublished": _bytes_published,
    "VerificationConcluded": _verification_concluded,
    "SeatPaid": _seat_paid,
    "SeatPenalized": _seat_penalized,
    "Credited": _seat_credited,
    "Withdrawn": _withdrawn,
    "TokensWithdrawn": _tokens_withdrawn,
    "ParametersSet": _rules_of_committee,
}
STORIES: dict[tuple[str, str], Story] = {
    **{("JobsManager", name): story for name, story in _JOBS.items()},
    **{("VerifierCommittee", name): story for name, story in _COMMITTEE.items()},
    ("RandaoBeacon", "SeedProven"): _seed_proven,
    ("ServiceRegistry", "ServiceURIUpdate"): _service,
}
