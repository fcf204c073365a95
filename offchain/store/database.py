"""One SQLite file, owned by one process, written by one thread.

The lock file beside it holds the owner's process id; the kernel releases it when the process
dies, however it dies. SQLite's WAL mode has a known corruption bug that needs two connections, so
there is exactly one, in exclusive locking mode; `synchronous=FULL` because these tables are money.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from offchain.store.errors import (
    StoreCorrupt,
    StoreError,
    StoreLocked,
    StoreMismatch,
    StoreReadOnly,
    StoreTooNew,
    explain,
)
from offchain.store.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Database:
    """A node's database. `async with Database(path) as db: await db.run(fn)`.

    `run` gives `fn` the connection inside one transaction on the writer thread: when `fn` returns,
    everything it did is on disk; when it raises, nothing is.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock_fd: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Take the lock, check the file, bring its tables up to date."""
        try:
            await self._on_thread(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is queued, close the file, release the lock."""
        try:
            await self._on_thread(self._close)
        finally:
            self._thread.shutdown(wait=True)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work(connection)` as one transaction and return its result."""
        return await self._on_thread(lambda: self._transaction(work))

    async def bind(self, **facts: str) -> None:
        """Tie the file to a chain and deployment, or refuse it if it is tied to another."""
        path = self.path

        def tie(connection: sqlite3.Connection) -> None:
            for key, value in facts.items():
                row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
                if row is not None and row[0] != value:
                    raise StoreMismatch(
                        f"{path} belongs to another network: its {key} is {row[0]}, not {value}; "
                        "use another data folder for this one"
                    )
                connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))

        await self.run(tie)

    async def backup(self, target: Path | str) -> None:
        """Write a consistent copy to `target`, which must not exist yet."""
        target = Path(target)
        if target.exists():
            raise StoreError(f"{target} exists already; choose another name for the backup")
        await self._on_thread(lambda: self._copy(target))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:
            raise StoreError(f"{self.path} is closed") from error
        try:
            # Shielded: a cancelled caller must not look as if its transaction had not happened
            # while the thread still commits it. The write ends first, then the cancellation goes
            # through.
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not future.done():
                await asyncio.wait([future])
            raise

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            if not self.path.exists():
                # Made here so that it is readable by its owner alone from its first byte on.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except PermissionError as error:
            raise StoreReadOnly(f"{self.path} cannot be written: {error.strerror}") from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be opened: {error.strerror}") from error
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=5.0)
            self._connection = connection
            for pragma in (
                "locking_mode=EXCLUSIVE",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "mmap_size=0",
            ):
                connection.execute(f"PRAGMA {pragma}")
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                raise StoreCorrupt(f"{self.path} is damaged ({verdict}); restore it from a backup")
            self._migrate(connection)
        except sqlite3.Error as error:
            raise explain(error, self.path) or StoreError(f"{self.path}: {error}") from error

    def _take_lock(self) -> None:
        lock_path = self.path.with_name(self.path.name + ".lock")
        descriptor = os.open(lock_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLocked(
                f"{self.path} is in use by process {owner}; stop that node first"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock_fd = descriptor

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreTooNew(
                f"{self.path} was written by a later version of this program "
                f"(tables {version}, this one knows {len(MIGRATIONS)}); update the program"
            )
        for number in range(version, len(MIGRATIONS)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in MIGRATIONS[number]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number + 1}")
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            raise StoreError(f"{self.path} is not open")
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            known = explain(error, self.path)
            if known is None:
                raise
            raise known from error
        return result

    def _copy(self, target: Path) -> None:
        if self._connection is None:
            raise StoreError(f"{self.path} is not open")
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            copy = sqlite3.connect(target)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise explain(error, target) or StoreError(f"{target}: {error}") from error
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None
