"""The same figures as the table, for programs: amounts as decimal strings of the smallest unit."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from offchain.node.demo.justice import Justice, Slash
    from offchain.node.demo.ledger import Account, Ledger
    from offchain.node.demo.progress import ClaimRecord


def _account(account: Account) -> dict[str, Any]:
    return {
        "total": str(account.total),
        "rows": [
            {"what": row.what, "who": row.who, "amount": str(row.amount)} for row in account.rows
        ],
        "balanced": account.balanced,
    }


def _slash(slash: Slash) -> dict[str, Any]:
    return {
        "who": slash.who,
        "why": slash.why,
        "job": slash.job,
        "claim": slash.claim,
        "fraction": slash.fraction,
        "ownStake": str(slash.own_stake),
        "taken": str(slash.taken),
        "finder": slash.finder,
        "finderReward": str(slash.finder_reward),
        "delegators": {
            name: [str(before), str(after)] for name, (before, after) in slash.delegators.items()
        },
        "rewarded": slash.rewarded,
        "exact": slash.exact,
    }


def write_report(
    path: Path,
    stream: Mapping[str, int | float | None],
    phases: Sequence[tuple[str, float]],
    claims: Sequence[ClaimRecord],
    ledger: Ledger,
    justice: Justice,
    caught: Sequence[str],
) -> None:
    """Writes JSON to `path`. Phases in seconds, in the order in which they ended."""
    document = {
        "stream": dict(stream),
        "phases": [{"name": name, "seconds": round(seconds, 3)} for name, seconds in phases],
        "claims": [
            {**asdict(claim), "paid": None if claim.paid is None else str(claim.paid)}
            for claim in claims
        ],
        "escrow": _account(ledger.escrow),
        "mint": _account(ledger.mint),
        "taken": _account(ledger.taken),
        "slashes": [_slash(slash) for slash in justice.slashes],
        "fines": [{**asdict(fine), "amount": str(fine.amount)} for fine in justice.fines()],
        "caught": list(caught),
        "checking": [{"who": row.who, "amount": str(row.amount)} for row in ledger.checking],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
