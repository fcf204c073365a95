"""What the page shows, composed from the chain's events, the books and the nodes' own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offchain.web.stories_jobs import VERDICTS
from offchain.web.words import count, eth, joined, lpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.node.demo.crew import Crew
    from offchain.node.demo.ledger import Account, Ledger
    from offchain.node.demo.people import People
    from offchain.node.demo.progress import Progress

MASTER = "/live/index.m3u8"


class Board:
    """Holds the latest figures; `refresh` composes the state that the page polls."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._state: dict[str, Any] = {"phase": "Starting…", "live": False}
        self.crew: Crew | None = None
        self.phase = "Starting…"
        self.waiting = "Starting a chain and eight people on it…"
        self.playing = False
        self.over = False

    def state(self) -> Mapping[str, Any]:
        """The state as of the last refresh, with the current phase."""
        return {**self._state, "phase": self.phase, "waiting": self.waiting, "live": self.live}

    @property
    def live(self) -> bool:
        """Whether segments are coming."""
        return self.playing and not self.over

    def stream_base(self) -> str | None:
        """Where the broadcaster serves the stream."""
        return self.crew.stream_base if self.crew else None

    def refresh(self, block: int, round_number: int, progress: Progress, ledger: Ledger) -> None:
        """Composes the state anew."""
        self._state = {
            "block": block,
            "round": round_number,
            "playlist": MASTER if self.playing else None,
            "journey": journey(progress, ledger),
            "people": self._people_rows(progress, ledger),
            "money": money(ledger),
        }

    def _people_rows(self, progress: Progress, ledger: Ledger) -> list[dict[str, Any]]:
        fees = _by_who(ledger.escrow, "fees")
        for row in ledger.checking:
            fees[row.who] = fees.get(row.who, 0) + row.amount
        minted = _by_who(ledger.mint, "minted")
        lost = {row.who: row.amount for row in ledger.losers}
        rows = []
        for person in self._people.transcoders:
            node = self.crew.workers.get(person.name) if self.crew else None
            status = node.status if node else {}
            role, state = progress.role(person.address)
            if person.name in lost:
                role += f", lost {lpt(lost[person.name])}"
            if node is not None and not node.child.alive:
                role, state = "lost, restarting", "lost"
            done = progress.transcoded(status)
            speed = progress.speed(status)
            rows.append(
                {
                    "name": person.name,
                    "address": person.address,
                    "role": role,
                    "state": state,
                    "segments": str(done) if done else "",
                    "speed": f"{speed:.1f}×" if speed else "",
                    "paid": str(fees.get(person.name, 0)),
                    "minted": str(minted.get(person.name, 0)),
                }
            )
        delegator, first = self._people.delegator, self._people.transcoders[0]
        rows.append(
            {
                "name": delegator.name,
                "address": delegator.address,
                "role": f"stakes behind {first.name}",
                "state": "",
                "segments": "",
                "speed": "",
                "paid": str(fees.get(delegator.name, 0)),
                "minted": str(minted.get(delegator.name, 0)),
            }
        )
        return rows


def _by_who(account: Account, what: str) -> dict[str, int]:
    return {row.who: row.amount for row in account.rows if row.what == what}


def _sum(account: Account, *whats: str) -> int:
    return sum(row.amount for row in account.rows if row.what in whats)


def money(ledger: Ledger) -> dict[str, Any]:
    """The escrow and where it is, and the LPT minted; amounts as decimal strings."""
    escrow, mint = ledger.escrow, ledger.mint
    parts = (
        ("paid to transcoders and delegators", _sum(escrow, "fees", "rounding")),
        ("protocol fee", _sum(escrow, "protocol fee")),
        ("back to the broadcaster", _sum(escrow, "refund")),
        ("still held for the work to come", _sum(escrow, "held")),
    )
    return {
        "escrow": str(escrow.total),
        "parts": [{"label": label, "wei": str(wei)} for label, wei in parts],
        "balanced": escrow.balanced,
        "balancedText": escrow.verdict("the escrow") if escrow.total else "",
        "minted": str(mint.total),
        "mintedBalanced": mint.balanced,
        "mintedText": mint.verdict("the change of total supply") if mint.total else "",
    }


def journey(progress: Progress, ledger: Ledger) -> list[dict[str, Any]]:
    """The seven steps from picture to payment, each with what has happened so far."""
    paid = _sum(ledger.escrow, "fees", "rounding")
    minted = ledger.mint.total
    names = progress.accepted_by
    verdicts = progress.verdicts
    told = ", ".join(f"{number} {VERDICTS.get(v, '?')}" for v, number in verdicts.items())
    steps = (
        ("Accepted", f"by {joined(names)}" if names else "not yet", bool(names)),
        ("Transcoded", count(progress.segments_out, "segment"), progress.segments_out > 0),
        ("Claimed", count(progress.claimed, "segment"), progress.claimed > 0),
        ("Drawn", count(progress.opened, "segment"), progress.opened > 0),
        ("Checked", told or "not yet", bool(verdicts)),
        ("Paid", eth(paid), paid > 0),
        ("Rewarded", lpt(minted), minted > 0),
    )
    return [{"label": label, "value": value, "done": done} for label, value, done in steps]
