"""The database: one owner, all or nothing, and clear words when something is wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.store import (
    Database,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMismatch,
    StoreReadOnly,
    StoreTooNew,
)
from offchain.store.errors import explain
from offchain.store.migrations import MIGRATIONS

ROOT = Path(__file__).resolve().parents[3]


def run(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


async def test_run__returns__is_on_disk_for_the_next_owner(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "node.db"
    async with Database(path) as db:
        await db.run(lambda c: c.execute("INSERT INTO meta VALUES ('a', '1')"))
    assert path.stat().st_mode & 0o777 == 0o600
    async with Database(path) as db:
        assert await db.run(lambda c: c.execute("SELECT value FROM meta").fetchall()) == [("1",)]


async def test_run__raises__leaves_nothing(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO meta VALUES ('a', '1')")
        raise KeyError("half way")

    async with Database(tmp_path / "node.db") as db:
        with pytest.raises(KeyError, match="half way"):
            await db.run(half)
        assert await db.run(lambda c: c.execute("SELECT count(*) FROM meta").fetchone()) == (0,)


async def test_open__twice__names_the_owner(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db"):
        with pytest.raises(StoreLocked, match=f"in use by process {os.getpid()}"):
            async with Database(tmp_path / "node.db"):
                pytest.fail("two owners")
    async with Database(tmp_path / "node.db"):
        pass


async def test_open__owner_killed__lock_is_free_and_commits_are_there(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, signal, sys\n"
        "from offchain.store import Database\n"
        "async def main():\n"
        "    db = Database(sys.argv[1]); await db.open()\n"
        "    await db.run(lambda c: c.execute(\"INSERT INTO meta VALUES ('kept', '1')\"))\n"
        "    def half(c):\n"
        "        c.execute(\"INSERT INTO meta VALUES ('lost', '1')\")\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    await db.run(half)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "node.db")]
    assert await asyncio.to_thread(run, command) == -signal.SIGKILL
    async with Database(tmp_path / "node.db") as db:
        rows = await db.run(lambda c: c.execute("SELECT key FROM meta").fetchall())
    assert rows == [("kept",)]


@pytest.mark.parametrize("damage", ["noise", "middle"])
async def test_open__damaged_file__refuses(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "node.db"
    async with Database(path) as db:
        for n in range(500):
            await db.run(lambda c, n=n: c.execute("INSERT INTO meta VALUES (?, ?)", (n, "x" * 99)))
    content = bytearray(path.read_bytes())
    content[: 64 if damage == "noise" else 0] = os.urandom(64 if damage == "noise" else 0)
    # Every leaf page of the table but the first bytes of the file.
    content[len(content) // 2 : len(content) // 2 + 9_000] = b"\xff" * 9_000
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"damaged"):
        async with Database(path):
            pytest.fail("a damaged file was opened")


async def test_run__disk_full__says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db") as db:
        await db.run(lambda c: c.execute("INSERT INTO meta VALUES ('a', '1')"))
        await db._on_thread(
            lambda: db._connection and db._connection.execute("PRAGMA max_page_count = 40")
        )
        with pytest.raises(StoreFull, match="no room left"):
            await db.run(lambda c: c.execute("INSERT INTO meta VALUES ('b', ?)", ("x" * 10**6,)))
        assert await db.run(lambda c: c.execute("SELECT key FROM meta").fetchall()) == [("a",)]


def test_explain__file_may_only_be_read__says_so(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    sqlite3.connect(path).close()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    assert isinstance(explain(caught.value, path), StoreReadOnly)


async def test_open__folder_is_a_file__says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        async with Database(Path(__file__) / "node.db"):
            pytest.fail("opened")


async def test_open__file_is_a_folder__says_so(tmp_path: Path) -> None:
    (tmp_path / "node.db").mkdir()
    with pytest.raises(StoreError, match=r"node\.db"):
        async with Database(tmp_path / "node.db"):
            pytest.fail("opened")


async def test_open__written_by_a_later_version__refuses(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    async with Database(path) as db:
        await db.run(lambda c: c.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}"))
    with pytest.raises(StoreTooNew, match="later version"):
        async with Database(path):
            pytest.fail("opened")


async def test_migrate__from_every_earlier_version__same_tables(tmp_path: Path) -> None:
    def tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

    async with Database(tmp_path / "new.db") as db:
        newest = await db.run(tables)
    for version in range(len(MIGRATIONS)):
        path = tmp_path / f"{version}.db"
        old = sqlite3.connect(path)
        for step in MIGRATIONS[:version]:
            for statement in step:
                old.execute(statement)
        old.execute(f"PRAGMA user_version = {version}")
        old.close()
        async with Database(path) as db:
            assert await db.run(tables) == newest


async def test_bind__another_network__refuses(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db") as db:
        await db.bind(chain="31337", deployment="local")
        await db.bind(chain="31337")
        with pytest.raises(StoreMismatch, match="its chain is 31337, not 1"):
            await db.bind(chain="1")


async def test_backup__is_complete_and_never_overwrites(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db") as db:
        await db.run(lambda c: c.execute("INSERT INTO meta VALUES ('a', '1')"))
        await db.backup(tmp_path / "copy.db")
        with pytest.raises(StoreError, match="exists already"):
            await db.backup(tmp_path / "copy.db")
    async with Database(tmp_path / "copy.db") as copy:
        assert await copy.run(lambda c: c.execute("SELECT key FROM meta").fetchall()) == [("a",)]


async def test_run__after_close__says_so(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db") as db:
        pass
    with pytest.raises(StoreError, match="is closed"):
        await db.run(lambda c: c.execute("SELECT 1"))
