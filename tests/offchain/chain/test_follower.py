"""The follower against a real chain: every event takes effect once, whatever happens."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offchain.chain.errors import RpcError
from offchain.chain.follower import Batch, Follower
from offchain.store import Database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator

    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contract
    from offchain.chain.events import ChainEvent
    from tests.offchain.conftest import Anvil


ROOT = Path(__file__).resolve().parents[3]


class OneContract:
    """As `Contracts`, of the counter alone."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.addresses = [contract.address]

    def decode_log(self, log: dict[str, Any]) -> ChainEvent | None:
        return self._contract.decode_log(log)


def add(connection: sqlite3.Connection, event: ChainEvent) -> None:
    """What a handler would do: keep a running total by tag."""
    connection.execute(
        "INSERT INTO seen VALUES (?, 1) ON CONFLICT (tag) DO UPDATE SET times = times + 1",
        (event.args["tag"],),
    )


def take_back(connection: sqlite3.Connection, event: ChainEvent) -> None:
    connection.execute("UPDATE seen SET times = times - 1 WHERE tag = ?", (event.args["tag"],))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "node.db") as db:
        await db.run(
            lambda c: c.execute("CREATE TABLE seen (tag INTEGER PRIMARY KEY, times INTEGER)")
        )
        yield db


def make(client: ChainClient, db: Database, counter: Contract, **options: Any) -> Follower:
    return Follower(client, db, OneContract(counter), apply=add, undo=take_back, **options)


def count(anvil: Anvil, counter: Contract, *tags: int) -> None:
    """One count per tag, all in one block."""
    anvil.automine(False)
    sender = anvil.rpc("eth_accounts")[3]
    for tag in tags:
        data = "0x" + counter.encode("count", tag, f"tag {tag}").hex()
        anvil.rpc(
            "eth_sendTransaction",
            {"from": sender, "to": counter.address, "data": data, "gas": hex(200_000)},
        )
    anvil.mine()


async def seen(db: Database) -> dict[int, int]:
    rows = await db.run(lambda c: c.execute("SELECT tag, times FROM seen").fetchall())
    return {tag: times for tag, times in rows if times}


async def catch_up(follower: Follower) -> None:
    while await follower.step():
        pass


async def test_step__events_in_order_with_their_arguments(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    follower = make(client, db, counter)
    batches: list[Batch] = []
    follower.listen(batches.append)
    count(anvil, counter, 5, 6)
    count(anvil, counter, 7)
    await catch_up(follower)

    events = await follower.events("Counter", "Counted")
    assert [event.args["tag"] for event in events] == [5, 6, 7]
    assert [event.args["total"] for event in events] == [1, 2, 3]
    assert events[0].args["note"] == "tag 5"
    assert events[0].args["who"].lower() == anvil.rpc("eth_accounts")[3]
    assert [event for batch in batches for event in batch.events] == events
    cursor = await follower.advanced()
    assert cursor.number == await client.block_number()


async def test_restart__nothing_is_seen_twice(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    count(anvil, counter, 5)
    await catch_up(make(client, db, counter))
    await catch_up(make(client, db, counter))
    count(anvil, counter, 5)
    restarted = make(client, db, counter)
    await catch_up(restarted)
    await catch_up(restarted)
    assert await seen(db) == {5: 2}


async def test_killed_between_fetch_and_commit__nothing_is_lost_or_doubled(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    count(anvil, counter, 5, 6)

    def break_down(connection: sqlite3.Connection, event: ChainEvent) -> None:
        add(connection, event)
        if event.args["tag"] == 6:
            raise RuntimeError("power cut")

    broken = Follower(client, db, OneContract(counter), apply=break_down, undo=take_back)
    with pytest.raises(RuntimeError, match="power cut"):
        await catch_up(broken)
    assert await seen(db) == {}
    await catch_up(make(client, db, counter))
    assert await seen(db) == {5: 1, 6: 1}


async def test_reorganisation__effects_undone_newest_first(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    follower = make(client, db, counter)
    count(anvil, counter, 1)
    await catch_up(follower)
    anvil.mine(2)
    count(anvil, counter, 2)
    count(anvil, counter, 3)
    await catch_up(follower)
    assert await seen(db) == {1: 1, 2: 1, 3: 1}

    batches: list[Batch] = []
    follower.listen(batches.append)
    anvil.reorg(3)
    await catch_up(follower)
    assert await seen(db) == {1: 1}
    undone = [event.args["tag"] for batch in batches for event in batch.undone]
    assert undone == [3, 2]

    count(anvil, counter, 9)
    await catch_up(follower)
    assert (await seen(db))[9] == 1
    assert (await seen(db))[1] == 1


async def test_reorganisation_deeper_than_remembered__starts_anew(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    first = await client.block_number() + 1
    follower = make(client, db, counter, start_block=first, keep=2)
    for tag in (1, 2):
        count(anvil, counter, tag)
        await catch_up(follower)
    for _ in range(6):
        anvil.mine()
        await catch_up(follower)
    anvil.reorg(8)
    await catch_up(follower)
    assert await seen(db) == {}
    assert await follower.events() == []


async def test_shorter_chain__walks_back_to_it(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    follower = make(client, db, counter, lag_patience=0)
    count(anvil, counter, 1)
    await catch_up(follower)
    snapshot = anvil.rpc("evm_snapshot")
    for _ in range(3):
        count(anvil, counter, 2)
        await catch_up(follower)
    anvil.rpc("evm_revert", snapshot)
    await catch_up(follower)
    assert await seen(db) == {1: 1}
    cursor = await follower.advanced()
    assert cursor.number == await client.block_number()


class Lagging:
    """A client whose node has not heard of the newest blocks."""

    def __init__(self, client: ChainClient, behind: int) -> None:
        self._client = client
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def block_number(self) -> int:
        return await self._client.block_number() - self.behind

    async def block(self, number: int) -> Any:
        return await self._client.block(number) if number <= await self.block_number() else None


async def test_node_behind_what_was_read__nothing_is_undone(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    lagging = Lagging(client, 0)
    follower = make(lagging, db, counter)  # type: ignore[arg-type]
    batches: list[Batch] = []
    for tag in (1, 2, 3):
        count(anvil, counter, tag)
        await catch_up(follower)
    follower.listen(batches.append)
    lagging.behind = 2
    await catch_up(follower)
    assert await seen(db) == {1: 1, 2: 1, 3: 1}
    # A block later on the same way: still only behind.
    anvil.mine()
    await catch_up(follower)
    assert batches == []
    lagging.behind = 0
    await catch_up(follower)
    assert await seen(db) == {1: 1, 2: 1, 3: 1}
    assert [batch.undone for batch in batches] == [()]


FOLLOW = """
import asyncio, json, sys
from offchain.chain.client import ChainClient
from offchain.chain.contracts import Contract
from offchain.chain.follower import Follower
from offchain.store import Database
from tests.offchain.chain.test_follower import OneContract, add, take_back

async def main(url, path, address, abi):
    async with ChainClient([url]) as client, Database(path) as db:
        counter = Contract("Counter", address, json.loads(abi), client)
        follower = Follower(
            client, db, OneContract(counter), apply=add, undo=take_back, max_span=3
        )
        while await follower.step():
            pass

asyncio.run(main(*sys.argv[1:]))
"""


# Seconds on an idle machine; several processes start, which a busy one makes slow.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", ["follower.fetched", "follower.applied"])
async def test_killed_at_each_step__each_event_takes_effect_once(
    client: ChainClient,
    counter: Contract,
    counter_artifact: dict[str, Any],
    anvil: Anvil,
    tmp_path: Path,
    point: str,
) -> None:
    path = tmp_path / "node.db"
    async with Database(path) as db:
        await db.run(
            lambda c: c.execute("CREATE TABLE seen (tag INTEGER PRIMARY KEY, times INTEGER)")
        )
    for tag in (1, 2, 3):
        count(anvil, counter, tag)
    abi = json.dumps(counter_artifact["abi"])
    command = [sys.executable, "-c", FOLLOW, anvil.url, str(path), counter.address, abi]
    for crash_at, expected in ((point, -signal.SIGKILL), (point, -signal.SIGKILL), ("", 0)):
        ended = await asyncio.to_thread(
            functools.partial(
                subprocess.run,
                command,
                env={**os.environ, "LIVEPEER_CRASH_AT": crash_at},
                cwd=ROOT,
                capture_output=True,
                check=False,
            )
        )
        assert ended.returncode == expected, ended.stderr[-2000:]
    async with Database(path) as db:
        assert await seen(db) == {1: 1, 2: 1, 3: 1}


class Stingy:
    """A client whose node refuses more than a few blocks of logs at once."""

    def __init__(self, client: ChainClient, most: int) -> None:
        self._client = client
        self._most = most
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def logs(self, addresses: list[str], **range_: Any) -> Any:
        if "block_hash" not in range_:
            width = range_["last"] - range_["first"] + 1
            self.asked.append(width)
            if width > self._most:
                raise RpcError("eth_getLogs", -32005, "query returned too many results")
        return await self._client.logs(addresses, **range_)


async def test_too_many_logs__range_halved_and_nothing_missed(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    for tag in (1, 2, 3):
        anvil.mine(20)
        count(anvil, counter, tag)
    stingy = Stingy(client, most=7)
    await catch_up(make(stingy, db, counter, max_span=1_000))  # type: ignore[arg-type]
    assert await seen(db) == {1: 1, 2: 1, 3: 1}
    assert any(width > 7 for width in stingy.asked)


async def test_node_refuses_for_another_reason__is_not_swallowed(
    client: ChainClient, db: Database, counter: Contract, anvil: Anvil
) -> None:
    class Broken(Stingy):
        async def logs(self, addresses: list[str], **range_: Any) -> Any:
            raise RpcError("eth_getLogs", -32000, "header not found")

    anvil.mine(3)
    with pytest.raises(RpcError, match="header not found"):
        await make(Broken(client, 0), db, counter).step()  # type: ignore[arg-type]
    assert (await db.run(lambda c: c.execute("SELECT count(*) FROM cursors").fetchone())) == (0,)
