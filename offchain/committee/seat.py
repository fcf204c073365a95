"""A transcoder's seat on verification committees: judge, commit, reveal, and see it concluded.

A verdict is in the database, with its salt, before its commitment is sent, and there is one for
each request and stage: whatever is killed and restarted, a seat never says two different things.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.chain.acts import Acts
from offchain.chain.batches import Batches
from offchain.chain.errors import ChainError
from offchain.committee.case import Case, CaseNotReady, read_case
from offchain.committee.poke import (
    COMMIT,
    CONCLUDED,
    REVEAL,
    SEATING,
    due_for,
    move_on,
    vote_is_over,
)
from offchain.committee.rhythm import at_every_block
from offchain.committee.weigh import BlobSource, Judge, Weighed, weigh
from offchain.proof.hashes import keccak
from offchain.proof.typed import UNAVAILABLE, Domain, Verdict
from offchain.store.crashpoints import crashpoint
from offchain.store.verdicts import StoredVerdict, VerdictConflict, Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.chain.onchain import OnChain

log = logging.getLogger("livepeer.committee")

MOST_IN_ONE = 32  # commitments or reveals in one transaction
_ASK_AGAIN = 2  # blocks until bytes that could not be fetched are asked for again
# Not the beginning of anything else that is signed: transactions begin with 2, messages with 0x19.
_SALT = b"livepeer committee salt"
_TURN = 2  # blocks in which the one before should have done it
_MOST_FAULTS = 3  # times the judge may fail on a case before the seat abstains

Key = tuple[int, int]  # request and stage
_Item = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Chair:
    """Where this node sits: its position among the seats, and the claim to judge."""

    request: int
    stage: int
    seat: int
    job_id: int
    claim_id: int

    @property
    def key(self) -> Key:
        """What a verdict is unique by."""
        return self.request, self.stage


class Seat:
    """`run()` follows requests, judges one at a time, and votes.

    `margin` is how many blocks before the end of the commit window the seat settles for
    UNAVAILABLE instead of asking for the bytes again.
    """

    def __init__(
        self,
        node: OnChain,
        verdicts: Verdicts,
        source: BlobSource,
        judge: Judge,
        *,
        margin: int = 4,
        idle_s: float = 5.0,
    ) -> None:
        self._node = node
        self._verdicts = verdicts
        self._source = source
        self._judge = judge
        self._margin = margin
        self._idle_s = idle_s
        self._acts = Acts(node.outbox)
        self._chairs: dict[Key, Chair] = {}
        # Cases to judge, by the clock at which their commitments are due.
        self._todo: dict[Key, int] = {}
        self._not_before: dict[Key, int] = {}
        self._faults: dict[Key, int] = {}
        self._seen: dict[tuple[int, int, int], int] = {}
        self._work = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many cases are to be judged."""
        return len(self._todo)

    @property
    def sitting(self) -> int:
        """How many requests this seat is not done with."""
        return len(self._chairs)

    async def open(self) -> None:
        """Read which seats this node has drawn so far."""
        self._node.follower.listen(self._on_batch)
        self._learn(await self._node.follower.events("VerifierCommittee", "SeatsDrawn"))

    async def run(self) -> None:
        """Sit until cancelled."""
        await self.open()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(at_every_block(self._node, "seat", self._beat, idle_s=self._idle_s))
            tasks.create_task(self._keep_judging())

    async def step(self, head: int) -> None:
        """Commit and reveal what is due, poke what anybody may, note what is to be judged."""
        committee = self._node.contracts.VerifierCommittee
        clock = await committee.call("currentClock")
        commits: dict[str, dict[str, Any]] = {}
        reveals: dict[str, dict[str, Any]] = {}
        for chair in sorted(self._chairs.values(), key=lambda each: each.key):
            name = f"{chair.request}.{chair.stage}"
            try:
                commit, reveal = await self._look(head, clock, chair)
            except CaseNotReady as error:
                log.info("case not ready", extra={"request": chair.request, "why": str(error)})
                continue
            if commit is not None:
                commits[name] = commit
            if reveal is not None:
                reveals[name] = reveal
        await self._send(head, commits, committing=True)
        await self._send(head, reveals, committing=False)

    async def _look(self, head: int, clock: int, chair: Chair) -> tuple[_Item, _Item]:
        """What this chair has to commit, and to reveal, now."""
        committee = self._node.contracts.VerifierCommittee
        request = await committee.call("getRequest", chair.request)
        phase = request["phase"]
        next_stage = request["stage"] == chair.stage + 1 and phase == SEATING
        if phase == CONCLUDED or (request["stage"] != chair.stage and not next_stage):
            self._forget(chair.key)
            return None, None
        if phase == COMMIT:
            return await self._commit(chair, request), None
        self._todo.pop(chair.key, None)
        if phase == REVEAL and not vote_is_over(request):
            return None, await self._reveal(chair)
        if self._my_turn(head, clock, chair, request):
            await move_on(self._node, self._acts, head, clock, chair.request, request)
        return None, None

    async def judge_next(self, head: int) -> bool:
        """Judge the most urgent case and store the verdict; False if there was none to judge."""
        ready = [key for key in self._todo if self._not_before.get(key, 0) <= head]
        if not ready:
            return False
        key = min(ready, key=lambda each: (self._todo[each], each))
        chair = self._chairs[key]
        try:
            case = await read_case(self._node, *key, chair.job_id, chair.claim_id)
        except CaseNotReady:
            self._not_before[key] = head + 1
            return True
        try:
            weighed = await weigh(case, self._source, self._judge)
        except RuntimeError as error:  # the sandboxed child died
            self._judge_failed(key, head, error)
            return True
        crashpoint("seat.judged")
        clock = await self._node.contracts.VerifierCommittee.call("currentClock")
        if weighed.verdict == UNAVAILABLE and clock + self._margin < self._todo.get(key, 0):
            self._not_before[key] = head + _ASK_AGAIN
            return True
        await self._decide(case, weighed)
        self._todo.pop(key, None)
        return True

    async def _decide(self, case: Case, weighed: Weighed) -> None:
        domain = Domain(self._node.client.chain_id, self._node.contracts.VerifierCommittee.address)
        salt = await self._salt(domain, case)
        verdict = Verdict(
            request=case.request,
            stage=case.stage,
            verifier=self._node.address,
            verdict=weighed.verdict,
            measurement_root=keccak(weighed.scores + weighed.details),
            salt=salt,
        )
        stored = StoredVerdict(
            request=case.request,
            stage=case.stage,
            verifier=self._node.address,
            subject=case.subject,
            verdict=weighed.verdict,
            scores=weighed.scores,
            details=weighed.details,
            salt=salt,
            commitment=verdict.digest(domain),
            reason=weighed.reason,
        )
        try:
            stands = await self._verdicts.add(stored)
        except VerdictConflict as error:
            log.error("seat abstains", extra={"request": case.request, "why": str(error)})
            self._forget((case.request, case.stage))
            return
        crashpoint("seat.stored")
        log.info(
            "verdict reached",
            extra={
                "request": case.request,
                "stage": case.stage,
                "verdict": stands.verdict,
                "why": stands.reason,
            },
        )

    async def _salt(self, domain: Domain, case: Case) -> bytes:
        """A secret only this key can make, the same each time: a node restored from an older
        backup can still reveal what it committed to."""
        words = case.request.to_bytes(32, "big") + case.stage.to_bytes(32, "big")
        digest = keccak(_SALT + domain.separator() + words)
        return keccak(await self._node.signer.sign_digest(digest))

    async def _commit(self, chair: Chair, request: Mapping[str, Any]) -> dict[str, Any] | None:
        verdict = await self._verdicts.get(*chair.key)
        if verdict is None:
            if self._faults.get(chair.key, 0) < _MOST_FAULTS:
                self._todo[chair.key] = request["commitBy"]
                self._work.set()
            return None
        if await self._committed(chair) != bytes(32):
            return None
        # After a reorganisation the same number may stand for other work.
        case = await read_case(self._node, *chair.key, chair.job_id, chair.claim_id)
        if case.subject != verdict.subject:
            log.error(
                "seat abstains: its verdict is about other work",
                extra={"request": chair.request, "stage": chair.stage},
            )
            return None
        return {
            "request": chair.request,
            "seat": chair.seat,
            "commitment": verdict.commitment,
        }

    async def _reveal(self, chair: Chair) -> dict[str, Any] | None:
        verdict = await self._verdicts.get(*chair.key)
        if verdict is None:
            return None
        bound = keccak(verdict.commitment + bytes(12) + bytes.fromhex(self._node.address[2:]))
        if await self._committed(chair) != bound:
            return None
        committee = self._node.contracts.VerifierCommittee
        if await committee.call("verdictOf", chair.request, chair.stage, chair.seat):
            return None
        return {
            "request": chair.request,
            "seat": chair.seat,
            "verdict": verdict.verdict,
            "scores": verdict.scores,
            "details": verdict.details,
            "salt": verdict.salt,
        }

    async def _committed(self, chair: Chair) -> bytes:
        committee = self._node.contracts.VerifierCommittee
        commitment: bytes = await committee.call(
            "commitmentOf", chair.request, chair.stage, chair.seat
        )
        return commitment

    async def _send(
        self, head: int, wanted: Mapping[str, dict[str, Any]], *, committing: bool
    ) -> None:
        if not wanted:
            return
        committee = self._node.contracts.VerifierCommittee
        kind, function = "reveal", "revealVerdicts"
        if committing:
            kind, function = "commit", "commitVerdicts"

        async def send(purpose: str, items: Sequence[dict[str, Any]]) -> None:
            await self._acts.ensure(head, purpose, committee, function, list(items))
            crashpoint("seat.commit_submitted" if committing else "seat.reveal_submitted")

        batches: Batches[dict[str, Any]] = Batches(self._node.outbox, kind, most=MOST_IN_ONE)
        await batches.submit(wanted, send)

    def _my_turn(self, head: int, clock: int, chair: Chair, request: Mapping[str, Any]) -> bool:
        """The claimant comes first at what anybody may do, then the seats one after another."""
        waited = due_for(request, head, clock)
        if waited is None:
            return False
        if waited < 0:
            waited = head - self._seen.setdefault((*chair.key, request["phase"]), head)
        return waited >= _TURN * (chair.seat + 1)

    def _judge_failed(self, key: Key, head: int, error: RuntimeError) -> None:
        self._faults[key] = self._faults.get(key, 0) + 1
        self._not_before[key] = head + 1
        if self._faults[key] >= _MOST_FAULTS:
            self._todo.pop(key, None)
        log.error(
            "judging failed",
            extra={"request": key[0], "stage": key[1], "why": str(error)},
        )

    def _forget(self, key: Key) -> None:
        self._chairs.pop(key, None)
        self._todo.pop(key, None)
        self._not_before.pop(key, None)
        self._faults.pop(key, None)
        self._seen = {seen: head for seen, head in self._seen.items() if seen[:2] != key}

    async def _beat(self, head: int) -> None:
        try:
            await self.step(head)
        finally:
            if self._todo:
                self._work.set()

    async def _keep_judging(self) -> None:
        while True:
            await self._work.wait()
            cursor = self._node.follower.cursor
            try:
                judged = await self.judge_next(cursor.number if cursor is not None else 0)
            except ChainError as error:
                log.warning("judging waits for the chain", extra={"why": str(error)})
                judged = False
            if not judged:
                self._work.clear()

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.undone:
            if event.name == "SeatsDrawn":
                self._forget((event.args["request"], event.args["stage"]))
        self._learn(batch.events)

    def _learn(self, events: Iterable[ChainEvent]) -> None:
        for event in events:
            if event.name != "SeatsDrawn" or self._node.address not in event.args["seats"]:
                continue
            args = event.args
            chair = Chair(
                args["request"],
                args["stage"],
                args["seats"].index(self._node.address),
                args["jobId"],
                args["claimId"],
            )
            self._chairs[chair.key] = chair
