"""One request as a seat sees it: what was opened, by which terms, and where the bytes should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError
from offchain.media.profiles import BadContract, QualityContract
from offchain.proof.hashes import keccak

if TYPE_CHECKING:
    from offchain.chain.onchain import OnChain

FIRST_STAGE = 1


class CaseNotReady(ChainError):
    """The node has not followed the chain as far as the case goes."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An opened leaf, as the chain checked it; `pixels` over all rungs."""

    index: int
    sequence: int
    duration_ms: int
    data_hash: bytes
    rendition_root: bytes
    pixels: int
    location: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that decides a verdict, apart from the bytes.

    `contract` is None where the job's terms cannot be read, which is their author's fault.
    `seed` draws the rung that is judged at the first stage; `published` is where else the bytes
    may be: what the claimant said since, and the address it registered.
    """

    request: int
    stage: int
    job_id: int
    claim_id: int
    claim_root: bytes
    segment_pixels: int
    contract: QualityContract | None
    seed: bytes
    leaves: tuple[Leaf, ...]
    published: tuple[str, ...]

    @property
    def subject(self) -> bytes:
        """A hash of the work to be judged: another history of the chain has another."""
        words = [self.job_id, self.claim_id, len(self.leaves)]
        text = b"".join(word.to_bytes(32, "big") for word in words) + self.claim_root
        for leaf in self.leaves:
            text += leaf.index.to_bytes(32, "big") + leaf.data_hash + leaf.rendition_root
        return keccak(text)

    def rungs_of(self, leaf: Leaf) -> list[int]:
        """Which rungs are judged: one drawn by the seed at the first stage, all of them later."""
        count = len(self.contract.rungs) if self.contract is not None else 0
        if self.stage != FIRST_STAGE or count == 0:
            return list(range(count))
        # By nothing that anybody chose once the seed was known, as a request's number is.
        numbers = (self.job_id, self.claim_id, leaf.index)
        word = self.seed + b"".join(number.to_bytes(32, "big") for number in numbers)
        return [int.from_bytes(keccak(word), "big") % count]


async def read_case(node: OnChain, request: int, stage: int, job_id: int, claim_id: int) -> Case:
    """Put a case together from the chain and the events followed so far.

    Raises `CaseNotReady` while a leaf that must have been opened is missing among them: nothing is
    judged by halves.
    """
    jobs = node.contracts.JobsManager
    claim = await jobs.call("getClaim", job_id, claim_id)
    job = await jobs.call("getJob", job_id)
    events = node.follower.events
    opened = [
        event.args
        for event in await events("JobsManager", "SegmentsOpened", jobId=job_id, claimId=claim_id)
    ]
    leaves = {
        leaf["index"]: Leaf(
            leaf["index"],
            leaf["sequence"],
            leaf["durationMs"],
            leaf["dataHash"],
            leaf["renditionRoot"],
            leaf["pixels"],
            args["location"],
        )
        for args in opened
        for leaf in args["leaves"]
    }
    for index in await _owed(node, job_id, claim_id, claim["challenges"]):
        if index not in leaves:
            raise CaseNotReady(f"leaf {index} of claim {job_id}:{claim_id} has not been seen yet")
    published = [
        event.args["location"]
        for event in await events("VerifierCommittee", "BytesPublished", request=request)
    ]
    published.append(
        await node.contracts.ServiceRegistry.call("getServiceURI", claim["transcoder"])
    )
    return Case(
        request=request,
        stage=stage,
        job_id=job_id,
        claim_id=claim_id,
        claim_root=claim["claimRoot"],
        segment_pixels=job["segmentPixels"],
        contract=await _terms(node, job_id),
        seed=await node.contracts.RandaoBeacon.call("seed", claim["seedBlock"]),
        leaves=tuple(leaves[index] for index in sorted(leaves)),
        published=tuple(each for each in published if each),
    )


async def _owed(node: OnChain, job_id: int, claim_id: int, challenges: int) -> set[int]:
    """The leaves that had to be opened: the drawn ones and the challenged ones."""
    jobs = node.contracts.JobsManager
    owed = set(await jobs.call("drawnIndices", job_id, claim_id))
    for number in range(challenges):
        owed.add((await jobs.call("getChallenge", job_id, claim_id, number))["index"])
    return owed


async def _terms(node: OnChain, job_id: int) -> QualityContract | None:
    """The job's quality contract; of a job elected again, that of the job it replaces."""
    while True:
        created = await node.follower.events("JobsManager", "JobCreated", jobId=job_id)
        if created:
            break
        job_id = (await node.contracts.JobsManager.call("getJob", job_id))["previousJob"]
        if job_id == 0:
            return None
    try:
        return QualityContract.parse(created[0].args["profiles"])
    except BadContract:
        return None
