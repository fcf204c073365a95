"""The follower's rows: how far the chain has been read, on which blocks, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.chain.events import ChainEvent, args_from_json, args_to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

_EVENT = "contract, event, args, block_number, block_hash, tx_hash, log_index"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to and including this block has been read."""

    number: int
    hash: bytes


def load(connection: sqlite3.Connection, name: str) -> Cursor | None:
    """How far the chain has been read."""
    row = connection.execute("SELECT number, hash FROM cursors WHERE name = ?", (name,)).fetchone()
    return Cursor(*row) if row else None


def before(connection: sqlite3.Connection, name: str, number: int) -> Cursor | None:
    """The newest remembered block below `number`."""
    row = connection.execute(
        "SELECT number, hash FROM blocks WHERE name = ? AND number < ? ORDER BY number DESC",
        (name, number),
    ).fetchone()
    return Cursor(*row) if row else None


def insert(connection: sqlite3.Connection, name: str, event: ChainEvent) -> bool:
    """Store an event; False if it was there already."""
    return (
        connection.execute(
            "INSERT OR IGNORE INTO events (name, tx_hash, log_index, block_number, block_hash, "
            "contract, event, args) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                name,
                event.tx_hash,
                event.log_index,
                event.block_number,
                event.block_hash,
                event.contract,
                event.name,
                args_to_json(event.args),
            ),
        ).rowcount
        == 1
    )


def advance(
    connection: sqlite3.Connection,
    name: str,
    reached: Cursor,
    found: Sequence[ChainEvent],
    keep: int,
) -> None:
    """Move the cursor; remember the block, and those of the events, to find the way back."""
    last_index = max(
        (each.log_index for each in found if each.block_number == reached.number), default=-1
    )
    connection.execute(
        "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)",
        (name, reached.number, reached.hash, last_index),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)",
        {(name, reached.number, reached.hash)}
        | {(name, each.block_number, each.block_hash) for each in found},
    )
    # The oldest remembered block stays: it is where a reorganisation deeper than `keep` ends.
    connection.execute(
        "DELETE FROM blocks WHERE name = ?1 AND number < ?2 - ?3 "
        "AND number > (SELECT min(number) FROM blocks WHERE name = ?1)",
        (name, reached.number, keep),
    )


def after(connection: sqlite3.Connection, name: str, number: int) -> list[ChainEvent]:
    """Events above block `number`, newest first."""
    rows = connection.execute(
        f"SELECT {_EVENT} FROM events WHERE name = ? AND block_number > ? "  # noqa: S608
        "ORDER BY block_number DESC, log_index DESC",
        (name, number),
    )
    return [_event(row) for row in rows]


def events(
    connection: sqlite3.Connection,
    name: str,
    contract: str | None,
    event: str | None,
    where: Mapping[str, int | str],
) -> list[ChainEvent]:
    """Events in chain order, of one contract and kind and with such arguments, if given."""
    condition = "".join(" AND json_extract(args, ?) = ?" for _ in where)
    values = [value for field, wanted in where.items() for value in (f'$."{field}"', wanted)]
    rows = connection.execute(
        f"SELECT {_EVENT} FROM events WHERE name = ? "  # noqa: S608 - fixed text
        "AND (? IS NULL OR contract = ?) AND (? IS NULL OR event = ?)"
        f"{condition} ORDER BY block_number, log_index",
        (name, contract, contract, event, event, *values),
    )
    return [_event(row) for row in rows]


def rewind(connection: sqlite3.Connection, name: str, ancestor: Cursor | None) -> None:
    """Forget everything above `ancestor`, or everything."""
    floor = -1 if ancestor is None else ancestor.number
    connection.execute("DELETE FROM events WHERE name = ? AND block_number > ?", (name, floor))
    connection.execute("DELETE FROM blocks WHERE name = ? AND number > ?", (name, floor))
    if ancestor is None:
        connection.execute("DELETE FROM cursors WHERE name = ?", (name,))
    else:
        connection.execute(
            "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, -1)",
            (name, ancestor.number, ancestor.hash),
        )


def _event(row: tuple[object, ...]) -> ChainEvent:
    contract, event, args, block_number, block_hash, tx_hash, log_index = row
    return ChainEvent(
        contract=str(contract),
        name=str(event),
        args=args_from_json(str(args)),
        block_number=block_number,  # type: ignore[arg-type]
        block_hash=block_hash,  # type: ignore[arg-type]
        tx_hash=tx_hash,  # type: ignore[arg-type]
        log_index=log_index,  # type: ignore[arg-type]
    )
