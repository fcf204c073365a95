"""A market on the in-process chain: transcoders with stake, a broadcaster, claims and committees.

Receipts, trees and signatures are the nodes' own (`offchain.proof`), so what is proven here is what
nodes will prove.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from eth_keys import keys
from eth_utils.crypto import keccak
from vyper import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

from offchain.proof.merkle import MerkleTree
from offchain.proof.signatures import sign
from offchain.proof.typed import Domain, Receipt, Segment, Verdict
from tests.contracts.harness import Chain, Contract, Protocol
from tests.contracts.harness.chain import CHAIN_ID
from tests.contracts.harness.codec import Codec

ROOT = Path(__file__).resolve().parents[2]
LPT = 10**18
GWEI = 10**9
PROFILES = '{"mode":"throughput","version":1}'
VALID, INVALID, UNAVAILABLE, INCONCLUSIVE = 1, 2, 3, 4
CONCLUDED = 6


@lru_cache
def _compiled(path: str) -> tuple[Codec, bytes]:
    bundle = FilesystemInputBundle([ROOT])
    output = compile_from_file_input(
        bundle.load_file(path), input_bundle=bundle, output_formats=["abi", "bytecode"]
    )
    return Codec(output["abi"]), bytes.fromhex(output["bytecode"].removeprefix("0x"))


def deploy_testing(chain: Chain, name: str, constructor: bytes = b"") -> Contract:
    """Deploy a contract of contracts/testing, which has no artifact."""
    codec, code = _compiled(f"contracts/testing/{name}.vy")
    address = chain.create(code + constructor)
    contract = Contract(chain, name, address, codec)
    chain._contracts[contract.address] = contract
    return contract


@dataclass(slots=True)
class Work:
    """What a transcoder holds of a claim: its receipts, their signatures and the tree."""

    job_id: int
    receipts: list[Receipt]
    signatures: list[bytes]
    tree: MerkleTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = MerkleTree([receipt.leaf() for receipt in self.receipts])

    @property
    def first(self) -> int:
        """Lowest sequence number."""
        return min(receipt.sequence for receipt in self.receipts)

    @property
    def last(self) -> int:
        """Highest sequence number."""
        return max(receipt.sequence for receipt in self.receipts)

    def opening(self, index: int, **changes: Any) -> dict[str, Any]:
        """The Opening of a leaf, with some of its fields changed."""
        receipt = self.receipts[index]
        opening = {
            "index": index,
            "sequence": receipt.sequence,
            "durationMs": receipt.duration_ms,
            "dataHash": receipt.data_hash,
            "renditionRoot": receipt.rendition_root,
            "pixels": receipt.pixels,
            "broadcasterSig": self.signatures[index],
            "location": "http://127.0.0.1:8935/v1",
        }
        return opening | changes

    def leaf(self, index: int) -> dict[str, Any]:
        """The Leaf of doubleClaimSegmentSlash."""
        receipt = self.receipts[index]
        return {
            "index": index,
            "sequence": receipt.sequence,
            "durationMs": receipt.duration_ms,
            "dataHash": receipt.data_hash,
            "renditionRoot": receipt.rendition_root,
            "pixels": receipt.pixels,
            "broadcasterSigHash": receipt.broadcaster_sig_hash,
        }


class Market:
    """The moves of jobs, claims and committees, as tests need them."""

    def __init__(self, protocol: Protocol, transcoders: int = 5, stake: int = 1_000 * LPT) -> None:
        self.protocol = protocol
        self.chain = protocol.chain
        self.jobs = protocol.JobsManager
        self.committee = protocol.VerifierCommittee
        self.bonding = protocol.BondingManager
        self.key = keccak(text="broadcaster")
        self.broadcaster = keys.PrivateKey(self.key).public_key.to_checksum_address()
        self.chain.set_balance(self.broadcaster, 10**24)
        # Seats that measure something else than the others.
        self.scores: dict[str, bytes] = {}
        self.plug_in_beacon()
        protocol.next_round()
        self.transcoders = [self.chain.account(f"transcoder {i}") for i in range(transcoders)]
        for transcoder in self.transcoders:
            protocol.bond(transcoder, stake, transcoder)
            self.bonding.transcoder(0, 1_000_000, sender=transcoder)
        protocol.next_round(2)
        self.domain = Domain(CHAIN_ID, self.jobs.address)
        self.verdict_domain = Domain(CHAIN_ID, self.committee.address)

    def plug_in_beacon(self) -> None:
        """Put a beacon in place that can be told its seeds."""
        controller = bytes.fromhex(self.protocol.Controller.address[2:])
        self.beacon = deploy_testing(self.chain, "SeedBeacon", bytes(12) + controller)
        self.protocol.register("RandaoBeacon", self.beacon.address)

    def tell_seed(self, block: int, seed: bytes = b"") -> Any:
        """Prove the seed of a block gone by."""
        return self.beacon.tell(block, seed or keccak(text=f"seed {block}"))

    # ------------------------------------------------------------ jobs

    def terms(self, **changes: Any) -> dict[str, Any]:
        """Terms of a job: 1 gwei for 1,000 pixels, 10^6 pixels a segment."""
        terms: dict[str, Any] = {
            "stream": "stream",
            "profiles": PROFILES,
            "signer": "0x" + "00" * 20,
            "price": GWEI,
            "units": 1_000,
            "pixels": 10**6,
            "segments": 10_000,
            "end": self.jobs.currentClock() + 1_000,
        }
        return terms | changes

    def job_for(self, transcoder: str, *, value: int = 10**17, **changes: Any) -> int:
        """A job by name, not accepted yet."""
        terms = self.terms(**changes)
        receipt = self.jobs.jobFor(
            transcoder, *terms.values(), sender=self.broadcaster, value=value
        )
        return int(receipt.value)

    def accepted(self, transcoder: str | None = None, **changes: Any) -> int:
        """A job by name, accepted."""
        who = transcoder or self.transcoders[0]
        job_id = self.job_for(who, **changes)
        self.jobs.acceptJob(job_id, sender=who)
        return job_id

    def work(
        self, job_id: int, sequences: list[int] | int = 10, *, key: bytes | None = None
    ) -> Work:
        """Signed receipts of segments."""
        numbers = list(range(sequences)) if isinstance(sequences, int) else sequences
        receipts, signatures = [], []
        for number in numbers:
            data_hash = keccak(text=f"segment {number}")
            segment = Segment(job_id, number, 2_000, data_hash)
            signature = sign(segment.digest(self.domain), key or self.key)
            signatures.append(signature)
            receipts.append(
                Receipt(
                    job_id,
                    number,
                    2_000,
                    data_hash,
                    keccak(text=f"renditions {number}"),
                    10**6,
                    keccak(signature),
                )
            )
        return Work(job_id, receipts, signatures)

    def claim(self, work: Work, *, count: int | None = None, sender: str | None = None) -> int:
        """Claim the work, paying the verification fee."""
        segments = len(work.receipts) if count is None else count
        receipt = self.jobs.claimWork(
            work.job_id,
            work.first,
            work.last,
            segments,
            work.tree.root,
            sender=sender or self.transcoder_of(work.job_id),
            value=self.jobs.verificationFee(work.job_id, segments),
        )
        return int(receipt.value)

    def transcoder_of(self, job_id: int) -> str:
        """Whose job it is."""
        return str(self.jobs.getJob(job_id).transcoder)

    def prove(self, job_id: int, claim_id: int, seed: bytes = b"") -> None:
        """Go past the claim's seed block and prove its seed."""
        block = self.jobs.getClaim(job_id, claim_id).seedBlock
        if self.chain.block <= block:
            self.chain.mine_to(block + 1)
        self.tell_seed(block, seed)

    def owed(self, job_id: int, claim_id: int) -> list[int]:
        """Leaves that must be opened, in order."""
        claim = self.jobs.getClaim(job_id, claim_id)
        challenged = [
            self.jobs.getChallenge(job_id, claim_id, number).index
            for number in range(claim.challenges)
        ]
        return sorted({*self.jobs.drawnIndices(job_id, claim_id), *challenged})

    def open(self, work: Work, claim_id: int, indices: list[int] | None = None) -> Any:
        """Open the leaves owed, or others."""
        chosen = self.owed(work.job_id, claim_id) if indices is None else indices
        return self.jobs.openSegments(
            work.job_id,
            claim_id,
            [
                work.opening(index, **({"location": ""} if place else {}))
                for place, index in enumerate(chosen)
            ],
            work.tree.multiproof(chosen),
            sender=self.transcoder_of(work.job_id),
        )

    def after_challenges(self, job_id: int, claim_id: int) -> None:
        """Go past the challenge window."""
        self.wait_past(self.jobs.claimDeadlines(job_id, claim_id).challengeBy)

    def wait_past(self, clock: int) -> None:
        """Go to the first block whose clock is above."""
        self.chain.mine(max(0, clock + 1 - self.jobs.currentClock()))

    def requested(self, segments: int = 10, job_id: int | None = None) -> tuple[Work, int, int]:
        """A claim in the committee's hands: work, claim id, request."""
        work = self.work(job_id or self.accepted(), segments)
        claim_id = self.claim(work)
        self.prove(work.job_id, claim_id)
        self.open(work, claim_id)
        self.after_challenges(work.job_id, claim_id)
        receipt = self.jobs.requestVerification(work.job_id, claim_id)
        return work, claim_id, int(receipt.value)

    # ------------------------------------------------------------ votes

    def verdict(self, request: int, stage: int, seat: str, verdict: int) -> Verdict:
        """What a seat would commit to."""
        scores, details = self.measured(seat)
        return Verdict(
            request, stage, seat, verdict, keccak(scores + details), keccak(text=f"salt {seat}")
        )

    def measured(self, seat: str) -> tuple[bytes, bytes]:
        """Scores and details of a seat; what it measured differs by less than the dead band."""
        return self.scores.get(seat, bytes(32)), keccak(text=f"details {seat}")

    def commit(self, request: int, seat: int, verdict: int, sender: str | None = None) -> Any:
        """Commit one seat's verdict."""
        stage = self.committee.getRequest(request).stage
        holder = sender or self.committee.seatsOf(request, stage)[seat]
        digest = self.verdict(request, stage, holder, verdict).digest(self.verdict_domain)
        return self.committee.commitVerdicts([(request, seat, digest)], sender=holder)

    def reveal(self, request: int, seat: int, verdict: int, sender: str | None = None) -> Any:
        """Reveal one seat's verdict."""
        stage = self.committee.getRequest(request).stage
        holder = sender or self.committee.seatsOf(request, stage)[seat]
        scores, details = self.measured(holder)
        salt = self.verdict(request, stage, holder, verdict).salt
        reveal = (request, seat, verdict, scores, details, salt)
        return self.committee.revealVerdicts([reveal], sender=holder)

    def vote(self, request: int, verdicts: list[int]) -> Any:
        """Every seat commits, then every seat reveals; returns the last reveal's receipt."""
        for seat, verdict in enumerate(verdicts):
            self.commit(request, seat, verdict)
        receipt = None
        for seat, verdict in enumerate(verdicts):
            receipt = self.reveal(request, seat, verdict)
        return receipt

    def conclude(self, request: int) -> Any:
        """Conclude what the last reveal has not concluded already."""
        if self.committee.getRequest(request).phase == CONCLUDED:
            return None
        return self.committee.conclude(request)

    def seat_stage(self, request: int) -> int:
        """Prove the stage's seed and draw its seats; returns how many."""
        block = self.committee.getRequest(request).seedBlock
        self.chain.mine_to(max(self.chain.block, block + 1))
        self.tell_seed(block)
        self.committee.seatStage(request)
        return int(self.committee.getRequest(request).seats)

    def judged(self, verdicts: list[int]) -> tuple[Work, int, int]:
        """A claim judged by a first stage and, where that is split, by a second with INVALID or
        whatever the last of `verdicts` is, given by all seats."""
        work, claim_id, request = self.requested()
        self.vote(request, verdicts[:3])
        self.conclude(request)
        if self.committee.getRequest(request).phase == 1:
            seats = self.seat_stage(request)
            self.vote(request, [verdicts[-1]] * seats)
            self.committee.conclude(request)
            self.wait_past(self.committee.getRequest(request).appealBy)
            self.committee.conclude(request)
        return work, claim_id, request
