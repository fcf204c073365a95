"""What a committee seat has made up its mind to, stored before anybody hears of it.

One row per request and stage, for ever: a seat that is killed between commit and reveal reveals
what it committed to, and one that is asked again never answers differently.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from offchain.store.database import Database

_COLUMNS = "request, stage, verifier, subject, verdict, scores, details, salt, commitment, reason"


class VerdictConflict(Exception):
    """The verdict stored under this request is about other work, or another seat's."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A seat's verdict; `subject` hashes the work judged, `scores` is the packed word revealed."""

    request: int
    stage: int
    verifier: str
    subject: bytes
    verdict: int
    scores: bytes
    details: bytes
    salt: bytes
    commitment: bytes
    reason: str


class Verdicts:
    """Verdicts in a node's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, verdict: StoredVerdict) -> StoredVerdict:
        """Store a verdict unless there is one, and return the one that stands.

        Raises `VerdictConflict` if the one that stands is about other work.
        """
        standing = await self._db.run(lambda connection: _add(connection, verdict))
        if (standing.subject, standing.verifier) != (verdict.subject, verdict.verifier):
            raise VerdictConflict(
                f"request {verdict.request}, stage {verdict.stage} was judged before, "
                "about other work: this seat abstains"
            )
        return standing

    async def get(self, request: int, stage: int) -> StoredVerdict | None:
        """The verdict on a request's stage, if this seat has one."""
        return await self._db.run(lambda connection: _get(connection, request, stage))

    async def counts(self) -> dict[int, int]:
        """How many verdicts of each kind are stored."""
        rows = await self._db.run(
            lambda c: c.execute(
                "SELECT verdict, COUNT(*) FROM verdicts GROUP BY verdict"
            ).fetchall()
        )
        return {int(verdict): int(count) for verdict, count in rows}

    async def all(self) -> list[StoredVerdict]:
        """Every verdict so far, in the order of requests."""
        rows = await self._db.run(
            lambda connection: connection.execute(
                f"SELECT {_COLUMNS} FROM verdicts ORDER BY created"  # noqa: S608 - fixed text
            ).fetchall()
        )
        return [_verdict(row) for row in rows]


def _add(connection: sqlite3.Connection, verdict: StoredVerdict) -> StoredVerdict:
    connection.execute(
        f"INSERT OR IGNORE INTO verdicts ({_COLUMNS}, created) "  # noqa: S608 - fixed text
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(verdict.request),
            verdict.stage,
            verdict.verifier,
            verdict.subject,
            verdict.verdict,
            verdict.scores,
            verdict.details,
            verdict.salt,
            verdict.commitment,
            verdict.reason,
            time.time(),
        ),
    )
    standing = _get(connection, verdict.request, verdict.stage)
    assert standing is not None  # inserted just now, or there before
    return standing


def _get(connection: sqlite3.Connection, request: int, stage: int) -> StoredVerdict | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM verdicts WHERE request = ? AND stage = ?",  # noqa: S608
        (str(request), stage),
    ).fetchone()
    return _verdict(row) if row else None


def _verdict(row: tuple[object, ...]) -> StoredVerdict:
    return StoredVerdict(int(str(row[0])), *row[1:])  # type: ignore[arg-type]
