"""The node's own door: for its owner only, gone with the node, at any length of path."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from offchain.chain import intents as rows
from offchain.chain.keys import LocalSigner
from offchain.node.control import NoNode, ask, control_socket
from offchain.node.errors import NodeError
from offchain.node.intents import cancel_unsent, explain_intent, list_intents
from offchain.store import Database


async def echo(question: dict[str, Any]) -> Any:
    return question


async def refuse(question: dict[str, Any]) -> Any:
    raise NodeError("not today")


async def crash(question: dict[str, Any]) -> Any:
    raise ZeroDivisionError


CALLS = {"echo": echo, "refuse": refuse, "crash": crash}


@pytest.fixture(params=["short", "long"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder; a socket's address has room for a hundred bytes only."""
    folder = tmp_path if request.param == "short" else tmp_path / ("x y" * 60) / "data"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def test_calls_are_answered_and_failures_come_back_as_words(data: Path) -> None:
    async with control_socket(data, CALLS):
        mode = (data / "control.sock").stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        assert await ask(data, "echo", number=7) == {"number": 7}
        with pytest.raises(NodeError, match="not today"):
            await ask(data, "refuse")
        with pytest.raises(NodeError, match=r"failed to answer \(ZeroDivisionError\)"):
            await ask(data, "crash")
        with pytest.raises(NodeError, match="does not know that call"):
            await ask(data, "nothing")

    assert not (data / "control.sock").exists()
    with pytest.raises(NoNode, match="no node is running"):
        await ask(data, "echo")


async def test_socket_left_by_a_killed_node_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "control.sock").touch()
    async with control_socket(tmp_path, CALLS):
        assert await ask(tmp_path, "echo") == {}


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[]\n", b'{"call": []}\n', b"\xff\n", b"1\n"])
async def test_garbage_is_answered_and_the_door_stays_open(tmp_path: Path, line: bytes) -> None:
    async with control_socket(tmp_path, CALLS):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "control.sock")
        writer.write(line + b'{"call": "echo"}\n')
        answers = [json.loads(await reader.readline()) for _ in range(2)]
        writer.close()

    assert "error" in answers[0]
    assert answers[1] == {"ok": {}}


async def test_intents_of_a_node_that_is_not_running(tmp_path: Path) -> None:
    me = LocalSigner(b"\x05" * 32).address
    async with Database(tmp_path / "node.db") as db:
        for purpose in ("accept:7", "claim:7:1"):
            await db.run(lambda c, p=purpose: rows.store(c, p, me, me, b"\x01", 5))

        assert [each["purpose"] for each in await list_intents(db, everything=False)] == [
            "accept:7",
            "claim:7:1",
        ]
        found = await explain_intent(db, "accept:7")
        assert found["words"] == "It is stored and not signed yet."
        assert found["valueWei"] == "5"

        assert (await cancel_unsent(db, "accept:7"))["state"] == "CANCELLED"
        assert [each["purpose"] for each in await list_intents(db, everything=False)] == [
            "claim:7:1"
        ]
        await db.run(lambda c: c.execute("UPDATE intents SET state = 'SENT'"))
        with pytest.raises(NodeError, match="only the running node can cancel"):
            await cancel_unsent(db, "claim:7:1")
        with pytest.raises(NodeError, match="no transaction for the purpose"):
            await explain_intent(db, "nothing")
