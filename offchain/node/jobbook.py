"""The jobs a node knows, from their creation events: whose, for whom, for what, at which price."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from offchain.media.profiles import BadContract, QualityContract
from offchain.node.config import Price

if TYPE_CHECKING:
    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.node.base import Node

log = logging.getLogger("livepeer.node")

NOBODY = "0x" + "00" * 20
ELECTING = 1
OFFERED = 2
ACTIVE = 3


@dataclass(frozen=True, slots=True)
class KnownJob:
    """What a job asks for, from whom.

    `segment_pixels` are paid for every segment; a segment may not have more. `contract` is None
    where the job's text is not one this node can work by; `problem` says why.
    """

    job_id: int
    broadcaster: str
    signer: str
    transcoder: str
    stream: str
    contract: QualityContract | None
    problem: str
    price: Price
    segment_pixels: int
    max_segments: int
    end_block: int

    def signed_by(self, address: str) -> bool:
        """Whether an address may sign this job's segments."""
        return address in (self.signer, self.broadcaster)


class JobBook:
    """All jobs seen so far, kept up to date by the follower."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._jobs: dict[int, KnownJob] = {}

    async def open(self) -> None:
        """Read what is known and follow what comes."""
        self._node.follower.listen(self._on_batch)
        for event in await self._node.follower.events("JobsManager"):
            self._learn(event)

    def get(self, job_id: int) -> KnownJob | None:
        """A job by its id."""
        return self._jobs.get(job_id)

    def all(self) -> list[KnownJob]:
        """Every job, oldest first."""
        return list(self._jobs.values())

    def of(self, transcoder: str) -> list[KnownJob]:
        """The jobs made out to a transcoder, oldest first."""
        return [job for job in self._jobs.values() if job.transcoder == transcoder]

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.undone:
            if event.contract == "JobsManager" and event.name == "JobCreated":
                self._jobs.pop(event.args["jobId"], None)
        for event in batch.events:
            self._learn(event)

    def _learn(self, event: ChainEvent) -> None:
        if event.contract != "JobsManager":
            return
        args = event.args
        if event.name == "JobCreated":
            self._jobs[args["jobId"]] = known_job(args)
        elif event.name == "JobElected" and args["jobId"] in self._jobs:
            price = Price(args["pricePerUnit"], args["pixelsPerUnit"])
            elected = replace(self._jobs[args["jobId"]], transcoder=args["transcoder"], price=price)
            self._jobs[args["jobId"]] = elected
        elif event.name == "JobLapsed" and args["jobId"] in self._jobs:
            # The terms go on under another number, for whoever is elected next.
            again = replace(self._jobs[args["jobId"]], job_id=args["newJobId"], transcoder=NOBODY)
            self._jobs[args["newJobId"]] = again


def known_job(args: Any) -> KnownJob:
    """A job from the arguments of its creation event."""
    contract: QualityContract | None = None
    problem = ""
    try:
        contract = QualityContract.parse(args["profiles"])
    except BadContract as exc:
        problem = str(exc)
    return KnownJob(
        job_id=args["jobId"],
        broadcaster=args["broadcaster"],
        signer=args["signer"],
        transcoder=args["transcoder"],
        stream=args["streamId"],
        contract=contract,
        problem=problem,
        price=Price(args["pricePerUnit"], args["pixelsPerUnit"]),
        segment_pixels=args["segmentPixels"],
        max_segments=args["maxSegments"],
        end_block=args["endBlock"],
    )
