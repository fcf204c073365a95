"""Taking jobs: electing a transcoder where a job waits for one, and accepting what is ours."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.chain.acts import turn
from offchain.chain.seeds import ensure_seed
from offchain.node.duties.base import Duty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.chain.onchain import OnChain

log = logging.getLogger("livepeer.duties")

ELECTING, OFFERED, ACTIVE, LAPSED, CANCELLED, CLOSED = 1, 2, 3, 4, 5, 6
_MOST_PATIENT = 4  # blocks the last in the queue waits before it elects


@dataclass(frozen=True, slots=True)
class Offer:
    """A job offered to this node: the arguments of its `JobCreated`, and its state (`getJob`).

    A job elected again has no creation event of its own: `created` is that of the first.
    """

    job_id: int
    created: Mapping[str, Any]
    job: Mapping[str, Any]


# Why not, in words; None to accept.
Policy = Callable[[Offer], Awaitable[str | None]]


class AcceptJobs(Duty):
    """Accepts jobs that name this node, or that it was elected for, within its policy."""

    def __init__(self, node: OnChain, policy: Policy, *, elect: bool = True) -> None:
        super().__init__(node)
        self._policy = policy
        self._elect = elect
        self._created: dict[int, Mapping[str, Any]] = {}
        self._waiting: set[int] = set()
        self._refused: dict[int, str] = {}

    async def open(self) -> None:
        """Read the jobs offered so far."""
        self.node.follower.listen(self._on_batch)
        self._learn(await self.node.follower.events("JobsManager"))

    async def step(self, head: int) -> None:
        """Accept what is on offer, elect where it is this node's turn."""
        jobs = self.node.contracts.JobsManager
        for job_id in sorted(self._waiting):
            job = await jobs.call("getJob", job_id)
            if job["status"] == ELECTING:
                if self._elect:
                    await self._run_election(head, job_id, job)
            elif job["status"] == OFFERED and job["transcoder"] == self.node.address:
                await self._answer(head, Offer(job_id, self._created.get(job_id, {}), job))
            elif job["status"] != OFFERED:
                self._waiting.discard(job_id)

    async def _answer(self, head: int, offer: Offer) -> None:
        why_not = await self._policy(offer)
        if why_not is None:
            jobs = self.node.contracts.JobsManager
            await self.acts.ensure(head, f"accept:{offer.job_id}", jobs, "acceptJob", offer.job_id)
        elif self._refused.get(offer.job_id) != why_not:
            self._refused[offer.job_id] = why_not
            log.info("job declined", extra={"job": offer.job_id, "why": why_not})

    async def _run_election(self, head: int, job_id: int, job: Mapping[str, Any]) -> None:
        block = job["electionBlock"]
        if head <= block + turn(self.node.address, job_id, _MOST_PATIENT):
            return
        node = self.node
        if await ensure_seed(node.client, node.contracts, self.acts, head, block):
            jobs = node.contracts.JobsManager
            await self.acts.ensure(head, f"elect:{job_id}", jobs, "elect", job_id)

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.undone:
            if event.name == "JobCreated":
                self._waiting.discard(event.args["jobId"])
            elif event.name in ("JobAccepted", "JobElected"):
                self._waiting.add(event.args["jobId"])
        self._learn(batch.events)

    def _learn(self, events: Iterable[ChainEvent]) -> None:
        zero = "0x" + "00" * 20
        for event in events:
            if event.contract != "JobsManager":
                continue
            args = event.args
            if event.name == "JobCreated":
                self._created[args["jobId"]] = args
                if args["transcoder"] in (self.node.address, zero):
                    self._waiting.add(args["jobId"])
            elif event.name == "JobElected" and args["transcoder"] == self.node.address:
                self._waiting.add(args["jobId"])
            elif event.name == "JobLapsed":
                self._created[args["newJobId"]] = self._created.get(args["jobId"], {})
                self._waiting.add(args["newJobId"])
