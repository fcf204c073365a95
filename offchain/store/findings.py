"""What a broadcaster found wrong with work that was signed for, until the claim on it has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offchain.store.database import Database


class Findings:
    """Bad segments by job and sequence. The first reason found for a segment stands."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, job_id: int, sequence: int, reason: str) -> None:
        """Remember that a segment's work is bad, and why."""
        await self._db.run(
            lambda connection: connection.execute(
                "INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?)",
                (str(job_id), sequence, reason, time.time()),
            )
        )

    async def between(self, job_id: int, first: int, last: int) -> dict[int, str]:
        """Sequence -> reason for a job's bad segments in a range, both ends included."""
        rows = await self._db.run(
            lambda connection: connection.execute(
                "SELECT sequence, reason FROM findings "
                "WHERE job_id = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
                (str(job_id), first, last),
            ).fetchall()
        )
        return {int(sequence): str(reason) for sequence, reason in rows}
