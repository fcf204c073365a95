"""What every node opens first: its key, its database, the chain, the deployment's contracts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contracts
from offchain.chain.deployments import BadDeployment, Deployment, find_deployment
from offchain.chain.errors import WrongChain
from offchain.chain.follower import Follower
from offchain.chain.keys import LocalSigner, load_keystore, read_password
from offchain.chain.outbox import Outbox
from offchain.committee.gas import spare_gas
from offchain.net.reach import ANYWHERE, PUBLIC, Reach
from offchain.node.errors import BadSetup, NoRpc
from offchain.proof.typed import Domain
from offchain.store import Blobs, Database, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from offchain.node.config import ChainSettings, KeySettings

log = logging.getLogger("livepeer.node")

ROOT = Path(__file__).resolve().parents[2]
NODE_FILE = "node.json"
# What the chain and its follower must hold before a node says that it is up.
_CATCH_UP_S = 30.0
RESTART_S = 5.0
"""Seconds until a part of a node that failed starts again."""


@dataclass(frozen=True, slots=True)
class Node:
    """The parts that worker and broadcaster are built on."""

    deployment: Deployment
    client: ChainClient
    contracts: Contracts
    signer: LocalSigner
    db: Database
    blobs: Blobs
    outbox: Outbox
    follower: Follower
    data: Path
    peers: Reach = PUBLIC

    @property
    def address(self) -> str:
        """The node's own checksum address."""
        return self.signer.address

    @property
    def domain(self) -> Domain:
        """Where segments, leases, receipts and offers are signed."""
        return Domain(self.deployment.chain_id, self.contracts.JobsManager.address)

    @property
    def committee_domain(self) -> Domain:
        """Where verdicts are signed."""
        return Domain(self.deployment.chain_id, self.contracts.VerifierCommittee.address)

    @property
    def reach(self) -> Reach:
        """Which addresses of peers may be connected to: on a development chain any."""
        return self.peers if self.deployment.production else ANYWHERE

    async def clock(self) -> int:
        """The protocol clock: the block number less the blocks spent in pause."""
        clock: int = await self.contracts.JobsManager.call("currentClock")
        return clock


def read_deployment(network: str) -> Deployment:
    """The deployment of a name, or of a file's path."""
    try:
        if network.endswith(".json") or os.sep in network:
            return Deployment.load(Path(network))
        local = Path("deployments")
        if not (local / f"{network}.json").exists() and (ROOT / "deployments").exists():
            local = ROOT / "deployments"
        return find_deployment(network, local)
    except BadDeployment as exc:
        raise BadSetup(str(exc)) from exc


@contextlib.asynccontextmanager
async def open_node(chain: ChainSettings, key: KeySettings, data: Path) -> AsyncIterator[Node]:
    """Open everything, check that it fits together, and keep outbox and follower running."""
    deployment = read_deployment(chain.network)
    signer = await asyncio.to_thread(
        lambda: load_keystore(key.keystore, read_password(key.password_file))
    )
    async with contextlib.AsyncExitStack() as stack:
        client = await _reach(stack, chain, deployment)
        db = await stack.enter_async_context(Database(data / "node.db"))
        await db.bind(
            chain_id=str(deployment.chain_id),
            deployment=deployment.address("Controller"),
            address=signer.address,
        )
        contracts = Contracts(client, deployment)
        outbox = Outbox(
            client, db, signer, reason=contracts.reason, poll=chain.poll_s, spare_gas=spare_gas
        )
        follower = Follower(
            client, db, contracts, start_block=deployment.start_block, poll=chain.poll_s
        )
        blobs = Blobs(data / "blobs")
        peers = Reach.within(chain.peers_within)
        node = Node(deployment, client, contracts, signer, db, blobs, outbox, follower, data, peers)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(outbox.run()), tasks.create_task(follower.run())]
            try:
                await _catch_up(node)
                yield node
            finally:
                for task in running:
                    task.cancel()


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run one part of a node; where it fails unforeseen, say so and start it again.

    A mistake in one part must not drop the streams of the others. Trouble with the store ends the
    node: it must not act on what it cannot remember.
    """
    while True:
        try:
            await run()
            return
        except* StoreError:
            raise
        except* Exception:
            log.exception("part failed; it starts again", extra={"part": name})
        await asyncio.sleep(RESTART_S)


async def _reach(
    stack: contextlib.AsyncExitStack, chain: ChainSettings, deployment: Deployment
) -> ChainClient:
    try:
        client = ChainClient(chain.rpc, chain_id=deployment.chain_id)
    except ValueError as exc:
        raise BadSetup(str(exc)) from exc
    await stack.enter_async_context(client)
    codes = {entry.address: entry.code_hash for entry in deployment.contracts.values()}
    try:
        await client.check_code(codes)
    except WrongChain as exc:
        raise BadSetup(str(exc)) from exc
    return client


async def _catch_up(node: Node) -> None:
    """Read the chain's events up to now, however many there are, as long as it goes on."""
    head = await node.client.block_number()
    reached = -1
    while reached < head:
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                reached = (await node.follower.advanced(reached)).number
        except TimeoutError:
            raise NoRpc(
                f"the chain's events could not be read for {_CATCH_UP_S:.0f} s"
                f" (block {max(reached, 0)} of {head})"
            ) from None
        if head - reached > 10_000:
            log.info("reading the chain", extra={"block": reached, "of": head})


@contextlib.contextmanager
def stop_signals(stop: Callable[[str], None]) -> Any:
    """Call `stop` on the first SIGTERM or SIGINT while the context is open; a second one kills."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def leave_to_python() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    def first(name: str) -> None:
        leave_to_python()
        stop(name)

    for number in signals:
        loop.add_signal_handler(number, first, signal.Signals(number).name)
    try:
        yield
    finally:
        leave_to_python()


@contextlib.contextmanager
def node_file(data: Path, **facts: Any) -> Any:
    """Keep `node.json` in the data folder while the node runs: its process id and addresses."""
    path = data / NODE_FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps({"pid": os.getpid(), **facts}, indent=2) + "\n")
    draft.replace(path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
