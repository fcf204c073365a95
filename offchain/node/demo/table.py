"""The table at the end: segments, claims, verdicts, who was paid and for whom LPT was minted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from offchain.web.stories_jobs import VERDICTS
from offchain.web.words import UNIT, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from offchain.node.demo.justice import Fine, Slash
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
        ("challenged", True),
        ("votes", False),
        ("verdict", False),
        ("paid (wei)", True),
    )
    for claim in claims:
        verdict = "open" if claim.verdict is None else VERDICTS.get(claim.verdict, "?")
        paid = "nothing" if claim.paid is None and claim.ended else f"{claim.paid or 0:,}"
        job = f"job {claim.job} by election" if claim.elected else f"job {claim.job}"
        name = f"{job}, claim {claim.claim}"
        votes = ", then ".join(map(str, claim.votes)) or "none"
        numbers = (str(claim.segments), str(claim.drawn), str(claim.challenged), votes)
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


def justice_table(slashes: Sequence[Slash], fines: Sequence[Fine]) -> Table:
    """Who lost LPT and why, each slash beside the fraction it has to be."""
    table = _table("LPT lost", ("who", False), ("why", False), ("LPT", True), ("10^-18 LPT", True))
    for fine in fines:
        why = f"{fine.why}, request {fine.request}, stage {fine.stage}"
        table.add_row(fine.who, why, decimals(fine.amount), f"{fine.amount:,}")
    for slash in slashes:
        why = f"{slash.why}, job {slash.job}, claim {slash.claim}"
        table.add_row(slash.who, why, decimals(slash.taken), f"{slash.taken:,}")
        share = f"{percent(slash.fraction)} of its own stake of"
        table.add_row("", share, decimals(slash.own_stake), f"{slash.own_stake:,}")
        for name, (before, after) in slash.delegators.items():
            whole = slash.untouched(before, after)
            said = "stake behind it, untouched" if whole else "stake behind it, BEFORE"
            table.add_row(name, said, decimals(before), f"{before:,}")
            if not whole:
                table.add_row(name, "stake behind it, AFTER", decimals(after), f"{after:,}")
    return table


def justice_verdict(slashes: Sequence[Slash]) -> Text:
    """Whether every slash took exactly its fraction, and nothing from delegators."""
    wrong = [slash for slash in slashes if not slash.exact]
    if wrong:
        who = wrong[0]
        words = f"NOT EXACT: {who.taken:,} was taken from {who.who}, {who.due:,} was due."
        return Text(words, style="bold red")
    return Text("Exactly the fraction, and nothing from delegators.", style="green")


def final_table(
    stream: Sequence[tuple[str, str]],
    claims: Sequence[ClaimRecord],
    ledger: Ledger,
    slashes: Sequence[Slash] = (),
    fines: Sequence[Fine] = (),
) -> Group:
    """Everything, ready to print."""
    parts: list[RenderableType] = [stream_table(stream), "", claims_table(claims), ""]
    parts.append(account_table("ETH", ledger.escrow, "ETH", "wei", "the escrow"))
    parts.append("")
    if ledger.checking:
        parts += [checking_table(ledger), ""]
    whole = "the change of total supply"
    if any(row.what == "burned" and row.amount for row in ledger.taken.rows):
        whole = "the change of total supply and what was burned"
    parts.append(account_table("LPT minted", ledger.mint, "LPT", "10^-18 LPT", whole))
    if ledger.losers:
        parts += ["", justice_table(slashes, fines)]
        if slashes:
            parts.append(justice_verdict(slashes))
        whole = "what was lost"
        parts += ["", account_table("Where it went", ledger.taken, "LPT", "10^-18 LPT", whole)]
    return Group(*parts)
