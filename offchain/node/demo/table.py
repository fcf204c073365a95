"""The table at the end: segments, claims, verdicts, who was paid and for whom LPT was minted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from offchain.web.stories_jobs import VERDICTS
from offchain.web.words import UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from offchain.node.demo.ledger import Account, Ledger
    from offchain.node.demo.progress import ClaimRecord


def _table(title: str, *columns: tuple[str, bool]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, number in columns:
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def decimals(amount: int) -> str:
    """Whole coins with six decimals, cut, so that a column lines up; the exact figure is beside."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), UNIT)
    return f"{sign}{whole:,}.{rest // 10**12:06d}"


def stream_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Segments in and out, speed, times."""
    table = _table("The stream", ("", False), ("", True))
    table.show_header = False
    for name, value in rows:
        table.add_row(name, value)
    return table


def claims_table(claims: Sequence[ClaimRecord]) -> Table:
    """One row per claim."""
    table = _table(
        "Claims",
        ("claim", False),
        ("by", False),
        ("segments", True),
        ("drawn", True),
        ("votes", True),
        ("verdict", False),
        ("paid (wei)", True),
    )
    for claim in claims:
        verdict = "open" if claim.verdict is None else VERDICTS.get(claim.verdict, "?")
        paid = "nothing" if claim.paid is None and claim.ended else f"{claim.paid or 0:,}"
        name = f"job {claim.job}, claim {claim.claim}"
        numbers = (str(claim.segments), str(claim.drawn), str(claim.votes))
        table.add_row(name, claim.who, *numbers, verdict, paid)
    return table


def account_table(title: str, account: Account, coin: str, unit: str, whole: str) -> Group:
    """Every row to the last unit, their sum, what it has to be, and whether it is."""
    table = _table(title, ("", False), ("", False), (coin, True), (unit, True))
    for row in account.rows:
        table.add_row(row.what, row.who, decimals(row.amount), f"{row.amount:,}")
    sums = (("sum", account.explained), (whole, account.total))
    for name, amount in sums:
        table.add_row(name, "", decimals(amount), f"{amount:,}", style="bold")
    style = "green" if account.balanced else "bold red"
    return Group(table, Text(account.verdict(whole), style=style))


def checking_table(ledger: Ledger) -> Table:
    """What committee seats earned; claimants pay it, so it is no part of the escrow."""
    table = _table("Earned by checking others", ("", False), ("ETH", True), ("wei", True))
    for row in ledger.checking:
        table.add_row(row.who, decimals(row.amount), f"{row.amount:,}")
    return table


def final_table(
    stream: Sequence[tuple[str, str]], claims: Sequence[ClaimRecord], ledger: Ledger
) -> Group:
    """Everything, ready to print."""
    parts: list[RenderableType] = [stream_table(stream), "", claims_table(claims), ""]
    parts.append(account_table("ETH", ledger.escrow, "ETH", "wei", "the escrow"))
    parts.append("")
    if ledger.checking:
        parts += [checking_table(ledger), ""]
    whole = "the change of total supply"
    parts.append(account_table("LPT minted", ledger.mint, "LPT", "10^-18 LPT", whole))
    return Group(*parts)
