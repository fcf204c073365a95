"""A worker's receipts and the claims made of them.

A receipt is stored before it is sent, once per job and sequence: the first one stands, and a
second, different one is refused, because two leaves of one sequence are a slashable fault. A
claim freezes a set of receipts for good; both stay until the claim is final.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from offchain.store.database import Database

_COLUMNS = (
    "job_id, sequence, duration_ms, data_hash, rendition_root, renditions, pixels, "
    "broadcaster_sig, receipt_sig, leaf, claim_purpose"
)


class ReceiptConflict(Exception):
    """A different receipt for the same job and sequence has been signed before."""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """One transcoded segment: `leaf` is its place in the claim, hashes name its blobs.

    `duration_ms` in milliseconds, `pixels` summed over all rungs and frames; `renditions` are the
    rungs' hashes in rung order.
    """

    job_id: int
    sequence: int
    duration_ms: int
    data_hash: bytes
    rendition_root: bytes
    renditions: tuple[bytes, ...]
    pixels: int
    broadcaster_sig: bytes
    receipt_sig: bytes
    leaf: bytes
    claim_purpose: str | None = None


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A claim as it was (or is about to be) submitted; `claim_id` once the chain has named it."""

    purpose: str
    job_id: int
    claim_id: int | None
    first_sequence: int
    last_sequence: int
    segments: int
    root: bytes
    closed: bool


class Receipts:
    """Receipts and claims in a node's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, receipt: StoredReceipt) -> StoredReceipt:
        """Store a receipt before it is sent, and return the one that stands."""
        return await self._db.run(lambda connection: _add(connection, receipt))

    async def get(self, job_id: int, sequence: int) -> StoredReceipt | None:
        """The receipt of one segment, if there is one."""
        rows = await self._select("job_id = ? AND sequence = ?", str(job_id), sequence)
        return rows[0] if rows else None

    async def unclaimed(self, job_id: int) -> list[StoredReceipt]:
        """Receipts that can still be claimed, in sequence order.

        Ranges of one job strictly increase on chain, so a receipt at or below the last claimed
        sequence came too late and is not among them.
        """
        return await self._select(
            "job_id = ?1 AND claim_purpose IS NULL AND sequence > "
            "(SELECT coalesce(max(last_sequence), -1) FROM claims WHERE job_id = ?1)",
            str(job_id),
        )

    async def between(self, job_id: int, first: int, last: int) -> list[StoredReceipt]:
        """Receipts of a job from one sequence to another, both included, claimed or not."""
        return await self._select(
            "job_id = ? AND sequence BETWEEN ? AND ?", str(job_id), first, last
        )

    async def of_claim(self, purpose: str) -> list[StoredReceipt]:
        """The receipts of a claim in leaf order."""
        return await self._select("claim_purpose = ?", purpose)

    async def jobs_unclaimed(self) -> list[int]:
        """Jobs with at least one receipt outside any claim."""
        rows = await self._db.run(
            lambda connection: connection.execute(
                "SELECT DISTINCT job_id FROM receipts WHERE claim_purpose IS NULL"
            ).fetchall()
        )
        return sorted(int(job_id) for (job_id,) in rows)

    async def newest(self, job_id: int) -> float | None:
        """When the last unclaimed receipt of a job was stored, in Unix seconds."""
        row = await self._db.run(
            lambda connection: connection.execute(
                "SELECT max(created) FROM receipts WHERE job_id = ? AND claim_purpose IS NULL",
                (str(job_id),),
            ).fetchone()
        )
        return None if row[0] is None else float(row[0])

    async def freeze(
        self, purpose: str, receipts: Sequence[StoredReceipt], root: bytes
    ) -> StoredClaim:
        """Bind receipts (in increasing sequence order, of one job) to a claim, once and for all.

        Called again with the same purpose it returns the claim as it was frozen the first time.
        """
        return await self._db.run(lambda connection: _freeze(connection, purpose, receipts, root))

    async def name_claim(self, purpose: str, claim_id: int) -> None:
        """Note the id under which the chain knows a claim."""
        await self._db.run(
            lambda connection: connection.execute(
                "UPDATE claims SET claim_id = ? WHERE purpose = ?", (claim_id, purpose)
            )
        )

    async def close_claim(self, purpose: str) -> list[bytes]:
        """Mark a claim final and drop its receipts; returns the blob hashes nobody needs now."""
        return await self._db.run(lambda connection: _close(connection, purpose))

    async def blobs(self) -> set[bytes]:
        """The hashes of every source and rendition that a kept receipt names."""
        rows = await self._db.run(
            lambda connection: connection.execute(
                "SELECT data_hash, renditions FROM receipts"
            ).fetchall()
        )
        return {blob for data_hash, joined in rows for blob in (data_hash, *_split(joined))}

    async def claims(self, *, open_only: bool = True) -> list[StoredClaim]:
        """The claims made so far, oldest first."""
        rows = await self._db.run(
            lambda connection: connection.execute(
                "SELECT purpose, job_id, claim_id, first_sequence, last_sequence, segments, root, "
                "closed FROM claims WHERE closed IS NULL OR NOT ? ORDER BY created, purpose",
                (open_only,),
            ).fetchall()
        )
        return [_claim(row) for row in rows]

    async def _select(self, condition: str, *values: object) -> list[StoredReceipt]:
        rows = await self._db.run(
            lambda connection: connection.execute(
                f"SELECT {_COLUMNS} FROM receipts WHERE {condition} ORDER BY job_id, sequence",  # noqa: S608
                values,
            ).fetchall()
        )
        return [_receipt(row) for row in rows]


def _add(connection: sqlite3.Connection, receipt: StoredReceipt) -> StoredReceipt:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM receipts WHERE job_id = ? AND sequence = ?",  # noqa: S608
        (str(receipt.job_id), receipt.sequence),
    ).fetchone()
    if row is not None:
        standing = _receipt(row)
        if standing.leaf != receipt.leaf:
            raise ReceiptConflict(
                f"segment {receipt.sequence} of job {receipt.job_id} has a receipt already, "
                "for other bytes; a second one would be a slashable double claim"
            )
        return standing
    (claimed,) = connection.execute(
        "SELECT coalesce(max(last_sequence), -1) FROM claims WHERE job_id = ?",
        (str(receipt.job_id),),
    ).fetchone()
    if receipt.sequence <= claimed:
        raise ReceiptConflict(
            f"segment {receipt.sequence} of job {receipt.job_id} comes too late: "
            f"everything up to {claimed} has been claimed"
        )
    connection.execute(
        f"INSERT INTO receipts ({_COLUMNS}, created) VALUES (?,?,?,?,?,?,?,?,?,?,NULL,?)",  # noqa: S608
        (
            str(receipt.job_id),
            receipt.sequence,
            receipt.duration_ms,
            receipt.data_hash,
            receipt.rendition_root,
            b"".join(receipt.renditions),
            receipt.pixels,
            receipt.broadcaster_sig,
            receipt.receipt_sig,
            receipt.leaf,
            time.time(),
        ),
    )
    return receipt


def _freeze(
    connection: sqlite3.Connection, purpose: str, receipts: Sequence[StoredReceipt], root: bytes
) -> StoredClaim:
    row = connection.execute(
        "SELECT purpose, job_id, claim_id, first_sequence, last_sequence, segments, root, closed "
        "FROM claims WHERE purpose = ?",
        (purpose,),
    ).fetchone()
    if row is not None:
        return _claim(row)
    first, last = receipts[0], receipts[-1]
    for receipt in receipts:
        changed = connection.execute(
            "UPDATE receipts SET claim_purpose = ? "
            "WHERE job_id = ? AND sequence = ? AND leaf = ? AND claim_purpose IS NULL",
            (purpose, str(receipt.job_id), receipt.sequence, receipt.leaf),
        ).rowcount
        if changed != 1:
            raise ReceiptConflict(
                f"segment {receipt.sequence} of job {receipt.job_id} is in another claim already"
            )
    connection.execute(
        "INSERT INTO claims VALUES (?, ?, NULL, ?, ?, ?, ?, ?, NULL)",
        (
            purpose,
            str(first.job_id),
            first.sequence,
            last.sequence,
            len(receipts),
            root,
            time.time(),
        ),
    )
    return StoredClaim(
        purpose, first.job_id, None, first.sequence, last.sequence, len(receipts), root, False
    )


def _close(connection: sqlite3.Connection, purpose: str) -> list[bytes]:
    rows = connection.execute(
        "SELECT data_hash, renditions FROM receipts WHERE claim_purpose = ?", (purpose,)
    ).fetchall()
    connection.execute("DELETE FROM receipts WHERE claim_purpose = ?", (purpose,))
    connection.execute("UPDATE claims SET closed = ? WHERE purpose = ?", (time.time(), purpose))
    # The same source may back another job's receipt (main and standby of one stream).
    free = {blob for data_hash, joined in rows for blob in (data_hash, *_split(joined))}
    for data_hash, joined in connection.execute("SELECT data_hash, renditions FROM receipts"):
        free.discard(data_hash)
        free.difference_update(_split(joined))
    return sorted(free)


def _split(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[start : start + 32] for start in range(0, len(joined), 32))


def _receipt(row: tuple[object, ...]) -> StoredReceipt:
    values = dict(zip((name.strip() for name in _COLUMNS.split(",")), row, strict=True))
    values["job_id"] = int(str(values["job_id"]))
    joined = values["renditions"]
    values["renditions"] = _split(joined if isinstance(joined, bytes) else b"")
    return StoredReceipt(**values)  # type: ignore[arg-type]


def _claim(row: tuple[object, ...]) -> StoredClaim:
    purpose, job_id, claim_id, first, last, segments, root, closed = row
    return StoredClaim(
        str(purpose), int(str(job_id)), claim_id, first, last, segments, root, closed is not None  # type: ignore[arg-type]
    )  # fmt: skip
