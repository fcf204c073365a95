"""The watchdog on a real chain: what is wrong with a claim costs its claimant, once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.net.client import PeerUnreachable
from offchain.node.desk import leaf_json
from offchain.node.jobbook import JobBook
from offchain.node.watchdog import RANDOM_LEAVES, Watchdog
from offchain.proof.typed import Domain
from offchain.store import Findings, Receipts
from tests.offchain.node import leaves
from tests.offchain.stage import SEGMENT_PIXELS, open_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.store import StoredReceipt
    from tests.offchain.stage import Stage, Worker

FORFEITED = 6
BUDGET = 10**17


class Peer:
    """The claim route of a worker: serves the leaves it is told to, or nothing."""

    def __init__(self, rows: list[StoredReceipt] | None) -> None:
        self.rows = rows

    async def claim(self, url: str, root: bytes, timeout_s: float = 1.0) -> dict[str, Any]:
        if self.rows is None:
            raise PeerUnreachable("the worker cannot be reached")
        return {"leaves": [leaf_json(row) for row in self.rows]}


class Ours:
    """What the watchdog needs of a broadcaster's node."""

    def __init__(self, parts: Worker) -> None:
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parts, name)

    @property
    def domain(self) -> Domain:
        parts = self._parts
        return Domain(parts.client.chain_id, parts.contracts.JobsManager.address)

    async def clock(self) -> int:
        clock: int = await self._parts.contracts.JobsManager.call("currentClock")
        return clock


@dataclass
class Scene:
    """A job of ours, its transcoder, and our node's parts."""

    stage: Stage
    parts: Worker
    job: int
    peer: Peer

    @property
    def claimant(self) -> str:
        return self.stage.transcoders[0].address

    def row(self, sequence: int, pixels: int = SEGMENT_PIXELS) -> StoredReceipt:
        """A receipt of ours."""
        domain, key = Ours(self.parts).domain, self.stage.broadcaster.private_key
        return leaves.receipt(domain, self.job, sequence, key, pixels)

    async def claim(self, rows: list[StoredReceipt]) -> None:
        """The transcoder claims these leaves."""
        claimed = leaves.claim_of(rows)
        jobs = self.parts.contracts.JobsManager
        fee = await jobs.call("verificationFee", self.job, len(rows))
        words = [claimed[name] for name in ("firstSequence", "lastSequence", "segmentCount")]
        args = (self.job, *words, claimed["claimRoot"])
        self.stage.send(self.claimant, jobs, "claimWork", *args, value=fee)

    @asynccontextmanager
    async def watchdog(self, budget: int = BUDGET) -> AsyncIterator[Watchdog]:
        """A new watchdog on the node's data, as after a restart."""
        node: Any = Ours(self.parts)
        await self.parts.catch_up()
        book = JobBook(node)
        await book.open()
        dog = Watchdog(
            node,
            book,
            Receipts(self.parts.db),
            Findings(self.parts.db),
            self.peer,  # type: ignore[arg-type]
            budget=budget,
        )
        await dog.open()
        yield dog

    async def steps(self, dog: Watchdog, count: int = 1) -> None:
        for _ in range(count):
            await dog.step(await self.parts.catch_up())
            await self.parts.transact()
        await self.parts.catch_up()

    async def events(self, contract: str, name: str) -> list[Any]:
        return [each.args for each in await self.parts.follower.events(contract, name)]


@asynccontextmanager
async def scene(stage: Stage, client: ChainClient, folder: Path) -> AsyncIterator[Scene]:
    claimant = stage.transcoders[0].address
    job = await stage.job_for(client, claimant)
    stage.send(claimant, stage.contracts(client).JobsManager, "acceptJob", job)
    async with open_worker(stage, client, stage.broadcaster, folder) as parts:
        yield Scene(stage, parts, job, Peer(None))


async def test_wrong_and_bad_leaves__challenged_once_within_the_budget(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with scene(stage, stage_client, tmp_path) as at:
        rows = [at.row(n) for n in range(6)]
        for row in rows:
            await at.parts.receipts.add(row)
        theirs = [*rows[:2], at.row(2, pixels=1), *rows[3:]]
        at.peer.rows = theirs
        await Findings(at.parts.db).add(at.job, 4, "a logo")
        await at.claim(theirs)
        bond = await at.parts.contracts.JobsManager.call("challengeBond", at.job, 0)

        async with at.watchdog(budget=bond) as dog:
            await at.steps(dog, 3)
            assert dog.warnings == [
                f"claim 0 of job {at.job} has another leaf for segment 2 than its receipt",
                f"claim 0 of job {at.job} is not challenged further: the bond budget is used up",
            ]
        made = await at.events("JobsManager", "Challenged")
        assert [(each["index"], each["bond"]) for each in made] == [(2, bond)]
        async with at.watchdog() as dog:
            await at.steps(dog, 3)
        async with at.watchdog() as dog:
            await at.steps(dog, 2)

        made = await at.events("JobsManager", "Challenged")
        assert [each["index"] for each in made] == [2, 4]
        assert {each["challenger"] for each in made} == {stage.broadcaster.address}


async def test_withheld_leaves__secret_indices_challenged_then_the_silent_claimant_is_slashed(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with scene(stage, stage_client, tmp_path) as at:
        await at.claim([at.row(n) for n in range(60)])
        bonding = at.parts.contracts.BondingManager
        stake = await bonding.call("slashableStake", at.claimant)
        async with at.watchdog() as dog:
            await at.steps(dog, 4)
            assert "withholds" in dog.warnings[0]
        made = [each["index"] for each in await at.events("JobsManager", "Challenged")]
        assert 1 <= len(made) <= RANDOM_LEAVES
        assert all(0 <= index < 60 for index in made)
        parameters = await at.parts.contracts.JobsManager.call("parametersOf", 1)
        stage.anvil.mine(parameters["seedWindow"] + parameters["seedDelay"])
        async with at.watchdog() as dog:
            await at.steps(dog, 3)

        (convicted,) = await at.events("JobsManager", "TranscoderConvicted")
        (slashed,) = await at.events("BondingManager", "TranscoderSlashed")
        claim = await at.parts.contracts.JobsManager.call("getClaim", at.job, 0)
        assert (convicted["fault"], convicted["finder"]) == (2, stage.broadcaster.address)
        assert slashed["penalty"] == stake * parameters["missedSlash"] // 10**6
        assert slashed["finderReward"] == slashed["penalty"] * parameters["finderShare"] // 10**6
        assert claim["status"] == FORFEITED
        credit = await at.parts.contracts.JobsManager.call("credits", stage.broadcaster.address)
        bond = await at.parts.contracts.JobsManager.call("challengeBond", at.job, 0)
        assert credit == len(made) * bond, "every bond came back"


async def test_segment_claimed_twice__reported_with_its_proof(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with scene(stage, stage_client, tmp_path) as at:
        rows = [at.row(n) for n in (0, 1, 2, 2, 9)]
        for row in (*rows[:3], rows[4]):
            await at.parts.receipts.add(row)
        at.peer.rows = rows
        await at.claim(rows)
        async with at.watchdog() as dog:
            await at.steps(dog, 3)

        (convicted,) = await at.events("JobsManager", "TranscoderConvicted")
        assert (convicted["fault"], convicted["finder"]) == (3, stage.broadcaster.address)
        assert len(await at.events("BondingManager", "TranscoderSlashed")) == 1


async def test_claims_of_the_convicted__settled_without_its_help(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with scene(stage, stage_client, tmp_path) as at:
        await at.claim([at.row(n) for n in (0, 1)])
        double = [at.row(2), at.row(3), at.row(3), at.row(5)]
        await at.claim(double)
        for row in (at.row(n) for n in (0, 1, 2, 3, 5)):
            await at.parts.receipts.add(row)
        at.peer.rows = double
        async with at.watchdog() as dog:
            await at.steps(dog, 6)

        ended = await at.events("JobsManager", "ClaimRefunded")
        assert sorted((each["claimId"], each["status"]) for each in ended) == [(0, 8), (1, 6)]
        job = await at.parts.contracts.JobsManager.call("getJob", at.job)
        assert job["unfinishedClaims"] == 0
