"""The broadcaster's watchdog: sees every claim on its jobs to its end, and calls out what is wrong.

A claim whose root the receipts do not give, or with a segment in it that was found bad, is
challenged: the leaf that is wrong, or leaves picked by a secret where the claim's leaves cannot be
had. Who misses an opening or claims a segment twice is reported, and what waits only for a poke is
poked. Like a worker's duties it remembers nothing: chain, receipts, findings and outbox say what is
done, so it can be killed at any time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offchain.committee.poke import due_for, move_on
from offchain.net.client import PeerError
from offchain.node.claimwatch import Finding, from_leaves, from_receipts
from offchain.node.duties.base import Duty
from offchain.proof.hashes import keccak
from offchain.proof.merkle import MerkleTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.net.client import TranscoderClient
    from offchain.node.base import Node
    from offchain.node.jobbook import JobBook, KnownJob
    from offchain.store import Findings, Receipts

log = logging.getLogger("livepeer.broadcaster")

COMMITTED, OPENED, VOTING, JUDGED = 1, 2, 3, 4
VALID = 1
RANDOM_LEAVES = 3
"""Leaves challenged in a claim whose leaves cannot be had."""
TRIES = 3
"""Times a transcoder is asked for its leaves, a block apart, before they count as withheld."""
PATIENCE = 3
"""Blocks left to the claimant and the seats to do what anybody may."""
MOST_WARNINGS = 100
_SETTLED_BLOCKS = 64  # after which no reorganisation opens a claim again
_SECRET = b"livepeer watchdog's secret"

Key = tuple[int, int]  # job and claim


class Watchdog(Duty):
    """`budget` bounds, in wei, what lies in challenge bonds at one time."""

    def __init__(
        self,
        node: Node,
        book: JobBook,
        receipts: Receipts,
        findings: Findings,
        client: TranscoderClient,
        *,
        budget: int,
    ) -> None:
        super().__init__(node)
        self._ours = node
        self._book = book
        self._receipts = receipts
        self._bad_work = findings
        self._client = client
        self._budget = budget
        self._claims: dict[Key, ChainEvent] = {}
        self._ended: dict[Key, int] = {}
        self._convicted: dict[str, int] = {}
        self._examined: dict[Key, Finding] = {}
        self._asked: dict[Key, int] = {}
        self._due_since: dict[tuple[Key, int], int] = {}
        self.examined = 0
        self.matched = 0
        self.challenged = 0
        self.warnings: list[str] = []

    async def open(self) -> None:
        """Read the claims that are not final yet."""
        self.node.follower.listen(self._on_batch)
        self._learn(await self.node.follower.events("JobsManager"))

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says about it."""
        return {
            "examined": self.examined,
            "open": len(self._claims) - len(self._ended),
            "matched": self.matched,
            "challenged": self.challenged,
            "warnings": self.warnings,
        }

    async def step(self, head: int) -> None:
        """Look at every open claim on our jobs."""
        for key in [key for key, block in self._ended.items() if head - block > _SETTLED_BLOCKS]:
            self._forget(key)
        if len(self._claims) == len(self._ended):
            return
        clock = await self._ours.clock()
        for key, event in sorted(self._claims.items()):
            job = self._book.get(event.args["jobId"])
            if key in self._ended or job is None:
                continue
            if job.broadcaster != self.node.address:
                self._forget(key)
                continue
            claim = await self.node.contracts.JobsManager.call("getClaim", *key)
            finding = await self._examine(key, event.args, job)
            if claim["status"] in (COMMITTED, OPENED) and event.args["transcoder"] not in (
                self._convicted_since(event)
            ):
                await self._accuse(head, clock, key, event.args, claim, finding)
            await self._move(head, clock, key, event, claim)

    # ------------------------------------------------------------ what is wrong

    async def _examine(self, key: Key, claim: Mapping[str, Any], job: KnownJob) -> Finding | None:
        """What is wrong with a claim; None while its leaves are still being asked for."""
        known = self._examined.get(key)
        if known is not None:
            return known
        ours = await self._receipts.between(
            job.job_id, claim["firstSequence"], claim["lastSequence"]
        )
        finding = from_receipts(claim, ours)
        if finding is None:
            url = await self.node.contracts.ServiceRegistry.call(
                "getServiceURI", claim["transcoder"]
            )
            try:
                answer = await self._client.claim(url, claim["claimRoot"], timeout_s=5.0)
                finding = from_leaves(answer, claim, job, ours, self._ours.domain)
            except PeerError as exc:
                self._asked[key] = self._asked.get(key, 0) + 1
                if self._asked[key] < TRIES:
                    return None
                finding = Finding(f"has leaves that its transcoder withholds: {exc}")
        self._examined[key] = finding
        self.examined += 1
        if finding.words:
            words = f"claim {key[1]} of job {key[0]} {finding.words}"
            self.warnings = [*self.warnings[1 - MOST_WARNINGS :], words]
            log.warning("claim does not match the receipts", extra={"claim": words})
        else:
            self.matched += 1
        return finding

    async def _suspects(self, key: Key, claim: Mapping[str, Any], finding: Finding) -> list[int]:
        """The leaves to be shown: what cannot be right, and what was found bad."""
        suspects = set(finding.wrong)
        bad = await self._bad_work.between(key[0], claim["firstSequence"], claim["lastSequence"])
        for sequence in bad:
            index = finding.index_of(sequence)
            if index is not None:
                suspects.add(index)
        if not finding.leaves:
            # Nobody must be able to tell beforehand which: the secret is ours alone.
            for turn in range(RANDOM_LEAVES):
                words = [*key, turn]
                text = _SECRET + b"".join(word.to_bytes(32, "big") for word in words)
                secret = keccak(
                    await self._ours.signer.sign_digest(keccak(text + claim["claimRoot"]))
                )
                suspects.add(int.from_bytes(secret, "big") % claim["segmentCount"])
        return sorted(suspects)

    # ------------------------------------------------------------ what is done about it

    async def _accuse(
        self,
        head: int,
        clock: int,
        key: Key,
        event: Mapping[str, Any],
        claim: Mapping[str, Any],
        finding: Finding | None,
    ) -> None:
        jobs = self.node.contracts.JobsManager
        windows = await jobs.call("claimDeadlines", *key)
        if claim["status"] == COMMITTED and _missed(claim, windows, clock):
            await self._report(head, key, "missed", "missedVerificationSlash", *key)
            return
        if finding is None:
            return
        if finding.double is not None:
            await self._report_double(head, key, finding, finding.double)
            return
        if windows["challengeBy"] and clock > windows["challengeBy"]:
            return
        suspects = await self._suspects(key, event, finding)
        if not suspects:
            return
        taken = {
            (await jobs.call("getChallenge", *key, number))["index"]
            for number in range(claim["challenges"])
        }
        bond = await jobs.call("challengeBond", *key)
        for index in suspects:
            if index in taken:
                continue
            purpose = f"challenge:{key[0]}:{key[1]}:{index}"
            if await self.node.outbox.get(purpose) is None:
                if await self._at_stake() + bond > self._budget:
                    self._say_once(key, "is not challenged further: the bond budget is used up")
                    return
                self.challenged += 1
                log.warning("challenging", extra={"job": key[0], "claim": key[1], "leaf": index})
            await self.acts.ensure(head, purpose, jobs, "challenge", *key, index, value=bond)

    async def _report_double(
        self, head: int, key: Key, finding: Finding, pair: tuple[int, int]
    ) -> None:
        tree = MerkleTree([leaf.leaf() for leaf in finding.leaves])
        first, second = (_leaf(index, finding) for index in pair)
        proof = tree.multiproof(list(pair))
        await self._report(
            head, key, "double", "doubleClaimSegmentSlash", *key, first, second, proof
        )

    async def _report(self, head: int, key: Key, kind: str, function: str, *args: Any) -> None:
        log.warning("reporting a fault", extra={"job": key[0], "claim": key[1], "fault": kind})
        jobs = self.node.contracts.JobsManager
        await self.acts.ensure(head, f"{kind}:{key[0]}:{key[1]}", jobs, function, *args)

    async def _at_stake(self) -> int:
        """Wei in challenge bonds that are not resolved, or on their way into one."""
        events, me = self.node.follower.events, self.node.address
        made = await events("JobsManager", "Challenged", challenger=me)
        over = await events("JobsManager", "ChallengeResolved", challenger=me)
        closed = {_leaf_key(event.args) for event in over}
        standing = {_leaf_key(event.args): event.args["bond"] for event in made}
        total: int = sum(bond for leaf, bond in standing.items() if leaf not in closed)
        for intent in await self.node.outbox.unfinished("challenge:"):
            job, claim, index = (int(word) for word in intent.purpose.split(":")[1:])
            if not (intent.settled and not intent.ok) and (job, claim, index) not in standing:
                total += intent.value
        return total

    async def _move(
        self, head: int, clock: int, key: Key, event: ChainEvent, claim: Mapping[str, Any]
    ) -> None:
        """Poke what waits for anybody: a claimant that is to lose by it will not."""
        jobs, name = self.node.contracts.JobsManager, f"{key[0]}:{key[1]}"
        status = claim["status"]
        void = event.args["transcoder"] in self._convicted_since(event)
        if status == VOTING:
            committee = self.node.contracts.VerifierCommittee
            request = await committee.call("getRequest", claim["request"])
            waited = due_for(request, head, clock)
            seats = int(request["seats"]) + 1
            if waited is not None and waited > PATIENCE * seats:
                await move_on(self.node, self.acts, head, clock, claim["request"], request)
        elif status == JUDGED or (void and status in (COMMITTED, OPENED)):
            if status == JUDGED and claim["verdict"] == VALID and not void:
                return  # its claimant wants to be paid, and calls for it itself
            if self._waited(key, status, head):
                await self.acts.ensure(head, f"settle:{name}", jobs, "settle", *key)
        elif status == OPENED:
            windows = await jobs.call("claimDeadlines", *key)
            if clock > windows["challengeBy"] + PATIENCE:
                await self.acts.ensure(head, f"verify:{name}", jobs, "requestVerification", *key)

    def _waited(self, key: Key, status: int, head: int) -> bool:
        since = self._due_since.setdefault((key, status), head)
        return head - since >= PATIENCE

    def _say_once(self, key: Key, what: str) -> None:
        words = f"claim {key[1]} of job {key[0]} {what}"
        if words not in self.warnings:
            self.warnings = [*self.warnings[1 - MOST_WARNINGS :], words]
            log.warning(words)

    # ------------------------------------------------------------ what is known

    def _convicted_since(self, claim: ChainEvent) -> set[str]:
        """Who was convicted after a claim was made."""
        return {who for who, at in self._convicted.items() if at >= claim.block_number}

    def _on_batch(self, batch: Batch) -> None:
        for event in batch.undone:
            if event.name == "WorkClaimed":
                self._forget((event.args["jobId"], event.args["claimId"]))
            elif event.name in ("FeesDistributed", "ClaimRefunded"):
                self._ended.pop((event.args["jobId"], event.args["claimId"]), None)
            elif event.name == "TranscoderConvicted":
                self._convicted.pop(event.args["transcoder"], None)
        self._learn(batch.events)

    def _learn(self, events: Iterable[ChainEvent]) -> None:
        for event in events:
            if event.contract != "JobsManager":
                continue
            args = event.args
            if event.name == "WorkClaimed":
                self._claims[args["jobId"], args["claimId"]] = event
            elif event.name == "TranscoderConvicted":
                self._convicted[args["transcoder"]] = event.block_number
            elif event.name in ("FeesDistributed", "ClaimRefunded"):
                key = args["jobId"], args["claimId"]
                if key in self._claims:
                    self._ended[key] = event.block_number

    def _forget(self, key: Key) -> None:
        self._claims.pop(key, None)
        self._ended.pop(key, None)
        self._examined.pop(key, None)
        self._asked.pop(key, None)
        for since in [since for since in self._due_since if since[0] == key]:
            del self._due_since[since]


def _missed(claim: Mapping[str, Any], windows: Mapping[str, int], clock: int) -> bool:
    """Whether the claimant has let a deadline pass."""
    if not windows["openBy"]:
        return clock > windows["seedBy"]
    draws_open = claim["openedDraws"] == (1 << claim["draws"]) - 1
    challenges_open = claim["openedChallenges"] == (1 << claim["challenges"]) - 1
    return (clock > windows["openBy"] and not draws_open) or (
        clock > windows["openChallengedBy"] and not challenges_open
    )


def _leaf(index: int, finding: Finding) -> dict[str, Any]:
    leaf = finding.leaves[index]
    return {
        "index": index,
        "sequence": leaf.sequence,
        "durationMs": leaf.duration_ms,
        "dataHash": leaf.data_hash,
        "renditionRoot": leaf.rendition_root,
        "pixels": leaf.pixels,
        "broadcasterSigHash": leaf.broadcaster_sig_hash,
    }


def _leaf_key(args: Mapping[str, Any]) -> tuple[int, int, int]:
    return args["jobId"], args["claimId"], args["index"]
