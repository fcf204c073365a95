"""A node's transactions for its operator: listed, explained, cancelled.

The same answers come from a running node over its control socket and from the file of one that is
not running; only a running node can cancel what has been sent.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from offchain.chain import intents as rows
from offchain.chain.errors import OutboxError
from offchain.chain.intents import OPEN, State
from offchain.node.errors import NodeError

if TYPE_CHECKING:
    import sqlite3

    from offchain.chain.intents import Attempt, Intent
    from offchain.chain.outbox import Outbox
    from offchain.store import Database


async def list_intents(db: Database, *, everything: bool) -> list[dict[str, Any]]:
    """Open intents, or all of them, oldest first."""
    states = tuple(State) if everything else OPEN
    found = await db.run(lambda connection: rows.in_states(connection, None, states))
    return [intent_json(intent) for intent in found]


async def explain_intent(db: Database, purpose: str) -> dict[str, Any]:
    """One intent with every transaction signed for it, and what it waits for in words."""

    def look(connection: sqlite3.Connection) -> tuple[Intent | None, list[Attempt]]:
        intent = rows.by_purpose(connection, purpose)
        return intent, [] if intent is None else rows.attempts_of(connection, intent.id)

    intent, attempts = await db.run(look)
    if intent is None:
        raise NodeError(f"this node has no transaction for the purpose {purpose!r}")
    return {
        **intent_json(intent),
        "words": in_words(intent, len(attempts)),
        "attempts": [
            {
                "hash": "0x" + attempt.tx_hash.hex(),
                "nonce": attempt.nonce,
                "maxFee": str(attempt.fees.max_fee),
                "priorityFee": str(attempt.fees.priority_fee),
                "cancels": attempt.cancels,
                "sent": attempt.sent,
            }
            for attempt in attempts
        ],
    }


async def cancel_intent(outbox: Outbox, purpose: str) -> dict[str, Any]:
    """Withdraw an intent of a running node."""
    try:
        return intent_json(await outbox.cancel(purpose))
    except OutboxError as exc:
        raise NodeError(str(exc)) from exc


async def cancel_unsent(db: Database, purpose: str) -> dict[str, Any]:
    """Withdraw an intent of a node that is not running; refuses what has been signed."""

    def work(connection: sqlite3.Connection) -> Intent | None:
        intent = rows.by_purpose(connection, purpose)
        if intent is not None and intent.state is State.NEW:
            rows.mark_dead(connection, intent.id, State.CANCELLED, "cancelled by the operator")
            return rows.by_purpose(connection, purpose)
        return intent

    intent = await db.run(work)
    if intent is None:
        raise NodeError(f"this node has no transaction for the purpose {purpose!r}")
    if intent.state is not State.CANCELLED:
        raise NodeError(
            f"{purpose} is {intent.state}; only the running node can cancel what it has signed"
        )
    return intent_json(intent)


def in_words(intent: Intent, attempts: int) -> str:
    """What has become of an intent, in a sentence or two."""
    why = f" ({intent.reason})" if intent.reason else ""
    if intent.state is State.NEW:
        return f"It is stored and not signed yet{why}."
    if intent.state is State.SIGNED:
        return f"It is signed with nonce {intent.nonce} and not handed in yet{why}."
    if intent.state is State.SENT:
        waited = int(time.time() - intent.updated)
        return (
            f"It was handed in with nonce {intent.nonce} as {attempts} transaction(s), the last "
            f"change {waited} s ago, and is in no block yet{why}."
        )
    if intent.state in (State.MINED, State.FINAL):
        depth = "for good" if intent.state is State.FINAL else "not deep enough to be final yet"
        what = "It did what it was meant to do" if intent.ok else f"It failed{why}"
        if intent.cancelled == rows.CANCEL_MINED:
            what = "It was cancelled by an empty transaction"
        return f"{what}: block {intent.block_number}, {depth}."
    return f"It was never signed: {str(intent.state).lower()}{why}."


def intent_json(intent: Intent) -> dict[str, Any]:
    """An intent as `livepeer tx list` shows it; wei as text."""
    return {
        "purpose": intent.purpose,
        "state": str(intent.state),
        "ok": intent.ok,
        "to": intent.target,
        "valueWei": str(intent.value),
        "nonce": intent.nonce,
        "hash": None if intent.tx_hash is None else "0x" + intent.tx_hash.hex(),
        "block": intent.block_number,
        "reason": intent.reason,
        "tries": intent.tries,
        "created": intent.created,
    }
