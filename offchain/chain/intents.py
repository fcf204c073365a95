"""The outbox's rows: what the node wants done on chain, and every transaction signed for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from offchain.chain.errors import OutboxError
from offchain.chain.transactions import Fees

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


class State(StrEnum):
    """Where an intent stands. NEW → SIGNED → SENT → MINED → FINAL; the others are dead ends."""

    NEW = "NEW"
    SIGNED = "SIGNED"
    SENT = "SENT"
    MINED = "MINED"
    FINAL = "FINAL"
    FAILED = "FAILED"  # refused before it was signed
    CANCELLED = "CANCELLED"  # withdrawn before it was signed


IN_FLIGHT = (State.SIGNED, State.SENT)
OPEN = (State.NEW, State.SIGNED, State.SENT, State.MINED)
NOT_CANCELLED, CANCEL_ASKED, CANCEL_MINED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing to be done on chain exactly once; `value` in wei, times in Unix seconds."""

    id: int
    purpose: str
    sender: str
    target: str
    data: bytes
    value: int
    gas: int | None
    nonce: int | None
    state: State
    status: int | None
    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    reason: str | None
    tries: int
    cancelled: int
    created: float
    updated: float

    @property
    def ok(self) -> bool:
        """Whether it is in the chain and did what it was meant to do."""
        return (
            self.state in (State.MINED, State.FINAL)
            and self.status == 1
            and self.cancelled != CANCEL_MINED
        )

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in (State.FINAL, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of an intent; `sent` is when it was last handed in."""

    tx_hash: bytes
    intent: int
    nonce: int
    raw: bytes
    fees: Fees
    cancels: bool
    sent: float | None


def store(
    connection: sqlite3.Connection, purpose: str, sender: str, target: str, data: bytes, value: int
) -> Intent:
    """Store a new intent, or return the one of that purpose if it wants the same."""
    now = time.time()
    connection.execute(
        "INSERT OR IGNORE INTO intents "
        "(purpose, sender, target, data, value, state, created, updated) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (purpose, sender, target, data, str(value), State.NEW, now, now),
    )
    intent = by_purpose(connection, purpose)
    if intent is None or (intent.target, intent.data, intent.value) != (target, data, value):
        raise OutboxError(f"another transaction is stored already for the purpose {purpose}")
    return intent


def by_purpose(connection: sqlite3.Connection, purpose: str) -> Intent | None:
    """The intent of a purpose."""
    rows = connection.execute("SELECT * FROM intents WHERE purpose = ?", (purpose,)).fetchall()
    return _intent(rows[0]) if rows else None


def unfinished(connection: sqlite3.Connection, prefix: str) -> list[Intent]:
    """Intents whose purpose begins with `prefix`, less those that succeeded for good."""
    rows = connection.execute(
        "SELECT * FROM intents WHERE purpose >= ? AND purpose < ? "
        "AND NOT (state = 'FINAL' AND status = 1 AND cancelled < 2) ORDER BY id",
        (prefix, prefix + "\U0010ffff"),
    )
    return [_intent(row) for row in rows]


def in_states(
    connection: sqlite3.Connection, sender: str | None, states: Sequence[State]
) -> list[Intent]:
    """Intents in any of `states`, oldest first; of every key if `sender` is None."""
    marks = ",".join("?" * len(states))
    rows = connection.execute(
        "SELECT * FROM intents WHERE (sender = ? OR ? IS NULL) "  # noqa: S608 - only marks
        f"AND state IN ({marks}) ORDER BY id",
        (sender, sender, *states),
    )
    return [_intent(row) for row in rows]


def mined_from(connection: sqlite3.Connection, sender: str, nonce: int) -> list[Intent]:
    """Intents held to be mined with a nonce of at least `nonce`."""
    rows = connection.execute(
        "SELECT * FROM intents WHERE sender = ? AND nonce >= ? AND state IN ('MINED', 'FINAL') "
        "ORDER BY nonce",
        (sender, nonce),
    )
    return [_intent(row) for row in rows]


def attempts_of(connection: sqlite3.Connection, intent: int) -> list[Attempt]:
    """Every transaction signed for an intent, the highest offer first."""
    rows = connection.execute(
        "SELECT tx_hash, intent, nonce, raw, max_fee, priority_fee, cancels, sent "
        "FROM attempts WHERE intent = ?",
        (intent,),
    )
    attempts = [
        Attempt(tx_hash, owner, nonce, raw, Fees(int(most), int(tip)), bool(cancels), sent)
        for tx_hash, owner, nonce, raw, most, tip, cancels, sent in rows
    ]
    return sorted(attempts, key=lambda each: each.fees.max_fee, reverse=True)


def highest_nonce(connection: sqlite3.Connection, sender: str) -> int | None:
    """The highest nonce any intent of the key owns."""
    (nonce,) = connection.execute(
        "SELECT max(nonce) FROM intents WHERE sender = ?", (sender,)
    ).fetchone()
    return None if nonce is None else int(nonce)


def add_attempt(connection: sqlite3.Connection, attempt: Attempt, *, gas: int) -> None:
    """Store a signed transaction before it is sent; its intent owns the nonce from here on."""
    connection.execute(
        "INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            attempt.tx_hash,
            attempt.intent,
            attempt.nonce,
            attempt.raw,
            str(attempt.fees.max_fee),
            str(attempt.fees.priority_fee),
            attempt.cancels,
        ),
    )
    connection.execute(
        "UPDATE intents SET nonce = ?, gas = ?, tries = tries + 1, reason = NULL, updated = ?, "
        "state = CASE state WHEN 'NEW' THEN 'SIGNED' ELSE state END WHERE id = ?",
        (attempt.nonce, gas, time.time(), attempt.intent),
    )


def mark_sent(connection: sqlite3.Connection, attempt: Attempt, now: float) -> None:
    """The transaction has been handed in."""
    connection.execute("UPDATE attempts SET sent = ? WHERE tx_hash = ?", (now, attempt.tx_hash))
    connection.execute(
        "UPDATE intents SET state = 'SENT', updated = ? WHERE id = ? AND state = 'SIGNED'",
        (now, attempt.intent),
    )


def mark_mined(
    connection: sqlite3.Connection,
    intent: int,
    attempt: Attempt,
    *,
    status: int,
    block_number: int,
    block_hash: bytes,
    reason: str | None,
) -> None:
    """One of the intent's transactions is in a block."""
    connection.execute(
        "UPDATE intents SET state = 'MINED', status = ?, tx_hash = ?, block_number = ?, "
        "block_hash = ?, reason = ?, updated = ?, "
        "cancelled = CASE WHEN ? THEN 2 WHEN cancelled = 2 THEN 1 ELSE cancelled END WHERE id = ?",
        (
            status,
            attempt.tx_hash,
            block_number,
            block_hash,
            reason,
            time.time(),
            attempt.cancels,
            intent,
        ),
    )


def mark_final(connection: sqlite3.Connection, intent: int) -> None:
    """Its block is as deep as the node asks for."""
    connection.execute(
        "UPDATE intents SET state = 'FINAL', updated = ? WHERE id = ?", (time.time(), intent)
    )


def mark_unmined(connection: sqlite3.Connection, intent: int) -> None:
    """A reorganisation took its block away: watch and send again."""
    connection.execute(
        "UPDATE intents SET state = 'SENT', status = NULL, tx_hash = NULL, block_number = NULL, "
        "block_hash = NULL, reason = 'its block was reorganised away', updated = ?, "
        "cancelled = CASE cancelled WHEN 2 THEN 1 ELSE cancelled END WHERE id = ?",
        (time.time(), intent),
    )
    connection.execute("UPDATE attempts SET sent = NULL WHERE intent = ?", (intent,))


def mark_dead(connection: sqlite3.Connection, intent: int, state: State, reason: str) -> None:
    """It will not be sent: FAILED or CANCELLED before it was signed."""
    connection.execute(
        "UPDATE intents SET state = ?, reason = ?, updated = ? WHERE id = ? AND state = 'NEW'",
        (state, reason, time.time(), intent),
    )


def note(connection: sqlite3.Connection, intent: int, reason: str) -> None:
    """Why it is not moving, for the operator."""
    connection.execute(
        "UPDATE intents SET reason = ?, updated = ? WHERE id = ?", (reason, time.time(), intent)
    )


def ask_cancel(connection: sqlite3.Connection, intent: int) -> None:
    """From now on its replacement is an empty transfer to oneself."""
    connection.execute("UPDATE intents SET cancelled = 1 WHERE id = ?", (intent,))


def start_over(
    connection: sqlite3.Connection, intent: int, reason: str, data: bytes, value: int
) -> None:
    """Back to NEW with no nonce. Only for intents whose earlier transactions can never be mined."""
    connection.execute("DELETE FROM attempts WHERE intent = ?", (intent,))
    connection.execute(
        "UPDATE intents SET state = 'NEW', nonce = NULL, status = NULL, tx_hash = NULL, "
        "block_number = NULL, block_hash = NULL, cancelled = 0, reason = ?, data = ?, value = ?, "
        "updated = ? WHERE id = ?",
        (reason, data, str(value), time.time(), intent),
    )


def _intent(row: tuple[object, ...]) -> Intent:
    values = list(row)
    values[5] = int(str(values[5]))
    values[8] = State(str(values[8]))
    return Intent(*values)  # type: ignore[arg-type]
