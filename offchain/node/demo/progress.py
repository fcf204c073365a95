"""How far the work has come, read from the chain's events and the broadcaster's status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.node.demo.people import People
    from offchain.node.demo.watch import ChainWatch


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """One claim as far as it has come.

    `votes` of each stage that voted; `verdict` is None until judged; `paid` is in wei, protocol fee
    included; `payments` counts how often it was paid.
    """

    job: int
    claim: int
    who: str
    first: int
    last: int
    segments: int
    elected: bool
    drawn: int
    challenged: int
    votes: tuple[int, ...]
    verdict: int | None
    paid: int | None
    payments: int
    seed_block: int
    ended: bool


class Progress:
    """A view over the watch's events; every figure is derived anew when asked for."""

    def __init__(self, watch: ChainWatch, people: People) -> None:
        self._watch = watch
        self._people = people
        self.broadcast: Mapping[str, Any] = {}

    def _name(self, address: str) -> str:
        return self._people.names.get(address, address)

    @property
    def hirable(self) -> bool:
        """Whether main and standby have said on chain where they can be reached."""
        reachable = {e.args["addr"] for e in self._watch.of("ServiceRegistry", "ServiceURIUpdate")}
        return all(person.address in reachable for person in self._people.hired)

    @property
    def accepted_by(self) -> list[str]:
        """Who accepted jobs, in order."""
        events = self._watch.of("JobsManager", "JobAccepted")
        return list(dict.fromkeys(self._name(event.args["transcoder"]) for event in events))

    @property
    def segments_in(self) -> int:
        """Segments the broadcaster has cut from its input."""
        return int(self.broadcast.get("segments", {}).get("in", 0))

    @property
    def segments_out(self) -> int:
        """Segments transcoded, checked and published."""
        return int(self.broadcast.get("segments", {}).get("published", 0))

    @property
    def real_time_factor(self) -> float:
        """Seconds of video published per second since the first picture was taken."""
        return float(self.broadcast.get("realTimeFactor") or 0)

    @property
    def stream_over(self) -> bool:
        """Whether the broadcaster has sent all it was asked to."""
        return bool(self.broadcast.get("ended"))

    @property
    def claimed(self) -> int:
        """Segments claimed on chain."""
        return sum(e.args["segmentCount"] for e in self._watch.of("JobsManager", "WorkClaimed"))

    @property
    def all_claimed(self) -> bool:
        """Whether everything that the broadcaster was well answered has been claimed.

        Who was convicted can claim no more.
        """
        seats = self.broadcast.get("transcoders", [])
        claimed: Counter[int] = Counter()
        for event in self._watch.of("JobsManager", "WorkClaimed"):
            claimed[event.args["jobId"]] += event.args["segmentCount"]
        return bool(seats) and all(
            claimed[seat["jobId"]] >= seat["good"]
            for seat in seats
            if seat["transcoder"] not in self.convicts
        )

    @property
    def all_examined(self) -> bool:
        """Whether the broadcaster's watchdog has looked at every claim."""
        made = sum(1 for _ in self._watch.of("JobsManager", "WorkClaimed"))
        return int(self.broadcast.get("claims", {}).get("examined", 0)) >= made

    @property
    def convicts(self) -> set[str]:
        """Addresses of those who were convicted."""
        events = self._watch.of("JobsManager", "TranscoderConvicted")
        return {event.args["transcoder"] for event in events}

    @property
    def slashed(self) -> bool:
        """Whether somebody has lost stake for its work."""
        return any(True for _ in self._watch.of("BondingManager", "TranscoderSlashed"))

    @property
    def last_end_clock(self) -> int:
        """The protocol clock until which ending jobs may still be claimed on; 0 if none is."""
        return max(
            (e.args["endBlock"] for e in self._watch.of("JobsManager", "JobEnding")), default=0
        )

    @property
    def opened(self) -> int:
        """Leaves that the lottery drew and claimants opened."""
        return sum(len(e.args["leaves"]) for e in self._watch.of("JobsManager", "SegmentsOpened"))

    @property
    def verdicts(self) -> dict[int, int]:
        """Verdict -> number of claims judged so."""
        events = self._watch.of("VerifierCommittee", "VerificationConcluded")
        return dict(Counter(event.args["verdict"] for event in events))

    @property
    def rewards(self) -> int:
        """Calls of `reward` so far."""
        return sum(1 for _ in self._watch.of("BondingManager", "Reward"))

    @property
    def jobs_closed(self) -> bool:
        """Whether every job made has been closed or cancelled, its escrow returned."""
        made = {e.args["jobId"] for e in self._watch.of("JobsManager", "JobCreated")}
        ended = self._watch.of("JobsManager", "JobClosed", "JobCancelled", "JobLapsed")
        return bool(made) and made <= {event.args["jobId"] for event in ended}

    def claims(self) -> list[ClaimRecord]:
        """Every claim with what became of it."""
        requests = {
            e.args["request"]: (e.args["jobId"], e.args["claimId"])
            for e in self._watch.of("JobsManager", "VerificationRequested")
        }
        votes = Counter(
            (requests.get(e.args["request"]), e.args["stage"])
            for e in self._watch.of("VerifierCommittee", "VerdictRevealed")
        )
        elected = {e.args["jobId"] for e in self._watch.of("JobsManager", "JobElected")}
        challenged = Counter(
            (e.args["jobId"], e.args["claimId"])
            for e in self._watch.of("JobsManager", "Challenged")
        )
        opened = Counter(
            (e.args["jobId"], e.args["claimId"])
            for e in self._watch.of("JobsManager", "SegmentsOpened")
            for _ in e.args["leaves"]
        )
        verdicts = {
            (e.args["jobId"], e.args["claimId"]): e.args["verdict"]
            for e in self._watch.of("VerifierCommittee", "VerificationConcluded")
        }
        paid: Counter[tuple[int, int]] = Counter()
        payments: Counter[tuple[int, int]] = Counter()
        for e in self._watch.of("JobsManager", "FeesDistributed"):
            key = (e.args["jobId"], e.args["claimId"])
            paid[key] += e.args["fees"] + e.args["protocolFee"]
            payments[key] += 1
        refunded = {
            (e.args["jobId"], e.args["claimId"])
            for e in self._watch.of("JobsManager", "ClaimRefunded")
        }
        records = []
        for event in self._watch.of("JobsManager", "WorkClaimed"):
            key = (event.args["jobId"], event.args["claimId"])
            records.append(
                ClaimRecord(
                    job=key[0],
                    claim=key[1],
                    who=self._name(event.args["transcoder"]),
                    first=event.args["firstSequence"],
                    last=event.args["lastSequence"],
                    segments=event.args["segmentCount"],
                    elected=key[0] in elected,
                    drawn=opened[key],
                    challenged=challenged[key],
                    votes=tuple(votes[key, stage] for stage in (1, 2, 3) if votes[key, stage]),
                    verdict=verdicts.get(key),
                    paid=paid.get(key),
                    payments=payments[key],
                    seed_block=event.args["seedBlock"],
                    ended=key in paid or key in refunded,
                )
            )
        return records

    @property
    def settled(self) -> bool:
        """Whether there are claims, all have ended, and somebody has been paid and rewarded."""
        claims = self.claims()
        ended = bool(claims) and all(claim.ended for claim in claims)
        return ended and any(claim.paid for claim in claims) and self.rewards > 0

    def role(self, address: str) -> tuple[str, str]:
        """What a transcoder does now, and its state on the page: busy or nothing."""
        concluded = {
            e.args["request"] for e in self._watch.of("VerifierCommittee", "VerificationConcluded")
        }
        for event in self._watch.of("VerifierCommittee", "SeatsDrawn"):
            if event.args["request"] not in concluded and address in event.args["seats"]:
                return f"checking {self._claimant(event.args)}", "busy"
        if address in self.convicts:
            return "convicted", "lost"
        jobs = self._watch.of("JobsManager", "JobAccepted")
        if not any(event.args["transcoder"] == address for event in jobs):
            return "waiting for a draw", ""
        seats = [
            seat for seat in self.broadcast.get("transcoders", []) if seat["transcoder"] == address
        ]
        if any(seat["bad"] for seat in seats):
            return "caught cheating", "lost"
        working = [seat for seat in seats if seat["used"] and not seat["suspended"]]
        if not working or self.stream_over:
            return "standing by", ""
        elected = all(seat["role"] == "elected" for seat in working)
        return "transcoding, elected" if elected else "transcoding", "busy"

    def _claimant(self, args: Mapping[str, Any]) -> str:
        for event in self._watch.of("JobsManager", "WorkClaimed"):
            if (event.args["jobId"], event.args["claimId"]) == (args["jobId"], args["claimId"]):
                return self._name(event.args["transcoder"])
        return "a claim"

    @staticmethod
    def transcoded(status: Mapping[str, Any]) -> int:
        """Segments a worker says it has transcoded."""
        return int(status.get("transcoded", 0))

    @staticmethod
    def speed(status: Mapping[str, Any]) -> float:
        """How many times faster than real time a worker transcodes, by its own account."""
        return float(status.get("realTimeFactor") or 0)
