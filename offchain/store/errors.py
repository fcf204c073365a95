"""Why a node's store refuses to go on, each as one sentence an operator can act on.

StoreError
├── StoreLocked     another process owns the file
├── StoreCorrupt    the file is damaged or is not a database
├── StoreFull       the disk has no room left
├── StoreReadOnly   the file or its folder cannot be written
├── StoreTooNew     a later version of this program wrote it
└── StoreMismatch   it belongs to another chain or deployment
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class StoreError(Exception):
    """The store cannot do what was asked; the message is one clear sentence."""


class StoreLocked(StoreError):
    """Another process owns the file."""


class StoreCorrupt(StoreError):
    """The file is damaged or is not a database."""


class StoreFull(StoreError):
    """The disk has no room left."""


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written."""


class StoreTooNew(StoreError):
    """A later version of this program wrote the file."""


class StoreMismatch(StoreError):
    """The file belongs to another chain or deployment."""


def explain(error: sqlite3.Error, path: Path) -> StoreError | None:
    """The store's own error for one of SQLite's, or None where it is the caller's mistake."""
    # sqlite_errorcode carries extended codes; the low byte is the primary one.
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(f"{path} is in use by another program; stop that one first")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{path} is damaged or is not a database of this program ({error}); "
            "restore it from a backup, or move it away to start anew from the chain"
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"no room left to write {path}; free some disk space and start again")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreReadOnly(f"{path} cannot be written ({error}); check its owner and permissions")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"the disk failed while {path} was used ({error})")
    return None
