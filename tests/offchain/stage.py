"""The protocol on a real chain, transcoders bonded and active, for tests of duties and seats."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contract, Contracts
from offchain.chain.deployer import deploy
from offchain.chain.deployment import development
from offchain.chain.follower import Follower
from offchain.chain.keys import LocalSigner
from offchain.chain.outbox import Outbox
from offchain.proof.hashes import data_hash, keccak, rendition_root
from offchain.proof.signatures import sign
from offchain.proof.typed import Domain, Receipt, Segment
from offchain.store import Blobs, Database, Receipts, StoredReceipt, Verdicts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from offchain.chain.deployments import Deployment
    from tests.offchain.conftest import Anvil

LPT = 10**18
TRANSCODERS = 4
PRICE = (1_000, 10)  # wei per pixels
SEGMENT_PIXELS = 64 * 64 * 10
CONTRACT_TEXT = (
    '{"audio":"copy","container":"mpegts","encoder":"libx264","mode":"throughput",'
    '"preset":"veryfast","rungs":[{"bitrate":100000,"fps":[5,1],"height":64,"name":"64p",'
    '"width":64}],"segmentMs":2000,"thresholds":2,"version":1}'
)


def key(name: str) -> bytes:
    """A throw-away key by name."""
    return keccak(f"test key of {name}".encode())


@dataclass(frozen=True, slots=True)
class Stage:
    """A chain with the protocol deployed and two rounds begun."""

    anvil: Anvil
    deployment: Deployment
    transcoders: tuple[LocalSigner, ...]
    broadcaster: LocalSigner

    def contracts(self, client: ChainClient) -> Contracts:
        return Contracts(client, self.deployment)

    def send(
        self, sender: str, contract: Contract, function: str, *args: Any, value: int = 0
    ) -> dict[str, Any]:
        """One transaction in a block of its own; fails the test if it reverts."""
        anvil = self.anvil
        anvil.rpc("anvil_impersonateAccount", sender)
        data = "0x" + contract.encode(function, *args).hex()
        transaction = {
            "from": sender, "to": contract.address, "data": data, "value": hex(value),
            "gas": hex(5_000_000),
        }  # fmt: skip
        tx_hash = anvil.rpc("eth_sendTransaction", transaction)
        anvil.mine()
        receipt: dict[str, Any] = anvil.rpc("eth_getTransactionReceipt", tx_hash)
        assert receipt["status"] == "0x1", anvil.rpc("eth_call", transaction, "latest")
        return receipt

    async def next_round(self, client: ChainClient) -> None:
        """Go to the next round and start it."""
        rounds = self.contracts(client).RoundsManager
        if await rounds.call("currentRoundInitialized"):
            left = await rounds.call("roundLength") + await rounds.call("currentRoundStartBlock")
            self.anvil.mine(left - await client.block_number())
        self.send(self.broadcaster.address, rounds, "initializeRound")

    async def job_for(
        self,
        client: ChainClient,
        transcoder: str,
        *,
        segments: int = 100,
        blocks: int = 200,
        price: tuple[int, int] = PRICE,
    ) -> int:
        """A funded job for a transcoder, not accepted yet."""
        jobs = self.contracts(client).JobsManager
        end = await jobs.call("currentClock") + blocks
        escrow = segments * SEGMENT_PIXELS * price[0] // price[1]
        self.send(
            self.broadcaster.address, jobs, "jobFor", transcoder, "stream", CONTRACT_TEXT,
            self.broadcaster.address, *price, SEGMENT_PIXELS, segments, end, value=escrow,
        )  # fmt: skip
        number: int = await jobs.call("numJobs")
        return number


async def make_stage(anvil: Anvil) -> Stage:
    """Deploy, fund, bond, and begin two rounds."""
    anvil.automine(True)
    deployer = LocalSigner(key("deployer"))
    transcoders = tuple(LocalSigner(key(f"transcoder {n}")) for n in range(TRANSCODERS))
    broadcaster = LocalSigner(key("broadcaster"))
    for account in (deployer, broadcaster, *transcoders):
        anvil.rpc("anvil_setBalance", account.address, hex(10**21))
    async with ChainClient([anvil.url]) as client:
        deployment = await deploy(client, deployer, development(), "test")
        anvil.automine(False)
        stage = Stage(anvil, deployment, transcoders, broadcaster)
        contracts = stage.contracts(client)
        token, bonding = contracts.LivepeerToken, contracts.BondingManager
        await stage.next_round(client)
        for number, each in enumerate(transcoders):
            stake = (3_000 + 500 * number) * LPT
            stage.send(deployer.address, token, "transfer", each.address, stake)
            stage.send(each.address, token, "approve", bonding.address, stake)
            stage.send(each.address, bonding, "bond", stake, each.address)
            stage.send(each.address, bonding, "transcoder", 100_000, 500_000)
        await stage.next_round(client)
        await stage.next_round(client)
    return stage


@dataclass(frozen=True, slots=True)
class Worker:
    """A node's parts, stepped by hand. Has what `OnChain` asks for."""

    client: ChainClient
    contracts: Contracts
    signer: LocalSigner
    outbox: Outbox
    follower: Follower
    db: Database
    receipts: Receipts
    blobs: Blobs
    verdicts: Verdicts
    stage: Stage = field(repr=False)

    @property
    def address(self) -> str:
        return self.signer.address

    async def catch_up(self) -> int:
        """Follow to the head, and return it."""
        while await self.follower.step():
            pass
        return await self.client.block_number()

    async def transact(self) -> None:
        """Send what the outbox holds and see it mined."""
        await self.outbox.step()
        self.stage.anvil.mine()
        await self.outbox.step()

    async def transcode(self, job_id: int, *sequences: int) -> list[StoredReceipt]:
        """Receipts and blobs as if segments had been transcoded: real hashes, made-up bytes."""
        return [
            await self.keep(
                job_id,
                sequence,
                f"source {job_id} {sequence}".encode(),
                [f"rendition {job_id} {sequence}".encode()],
                SEGMENT_PIXELS,
            )
            for sequence in sequences
        ]

    async def keep(
        self, job_id: int, sequence: int, source: bytes, renditions: list[bytes], pixels: int
    ) -> StoredReceipt:
        """Sign for one segment's work as broadcaster and transcoder do, and store everything."""
        domain = Domain(self.client.chain_id, self.contracts.JobsManager.address)
        hashes = [data_hash([rendition]) for rendition in renditions]
        segment = Segment(job_id, sequence, 2_000, data_hash([source]))
        signature = sign(segment.digest(domain), self.stage.broadcaster.private_key)
        receipt = Receipt(
            job_id, sequence, 2_000, segment.data_hash, rendition_root(hashes), pixels,
            keccak(signature),
        )  # fmt: skip
        await self.blobs.put(receipt.data_hash, [source])
        for name, rendition in zip(hashes, renditions, strict=True):
            await self.blobs.put(name, [rendition])
        return await self.receipts.add(
            StoredReceipt(
                job_id=job_id,
                sequence=sequence,
                duration_ms=2_000,
                data_hash=receipt.data_hash,
                rendition_root=receipt.rendition_root,
                renditions=tuple(hashes),
                pixels=pixels,
                broadcaster_sig=signature,
                receipt_sig=sign(receipt.digest(domain), self.signer.private_key),
                leaf=receipt.leaf(),
            )
        )


@contextlib.asynccontextmanager
async def open_worker(
    stage: Stage, client: ChainClient, signer: LocalSigner, folder: Path
) -> AsyncIterator[Worker]:
    """A worker's node on the stage, its data in `folder`."""
    async with Database(folder / "node.db") as db:
        contracts = stage.contracts(client)
        yield Worker(
            client=client,
            contracts=contracts,
            signer=signer,
            outbox=Outbox(client, db, signer, confirmations=2, reason=contracts.reason),
            follower=Follower(
                client, db, contracts, start_block=stage.deployment.start_block, max_span=10_000
            ),
            db=db,
            receipts=Receipts(db),
            blobs=Blobs(folder / "blobs"),
            verdicts=Verdicts(db),
            stage=stage,
        )
