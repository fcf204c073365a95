"""Positions, the pool and parameters as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from scripts._lib import staking
from scripts._lib.amounts import eth, lpt, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts._lib.session import Session

STATUS = ("pending: counts from the next round", "bonded", "unbonded")
WIDEST = 140
FOREVER = 2**256 - 1


def show(title: str, rows: Iterable[tuple[str, ...]], header: tuple[str, ...] = ()) -> None:
    """Print a table; without a header, its first column names the second."""
    table = Table(show_header=bool(header))
    for name in header or ("", ""):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # Never so narrow that an address could not be copied.
    console = Console()
    console.width = max(console.width, WIDEST)
    console.print(title, highlight=False)
    console.print(table)


def show_position(session: Session, account: str) -> None:
    """Balances, stake, earnings and locks of an account, and what it does as a transcoder."""
    now = staking.current_round(session)
    delegator = staking.delegator(session, account)
    status = session.read("BondingManager", "delegatorStatus", account)
    stake = staking.pending_stake(session, account)
    rows = [
        ("balance", eth(session.backend.balance(account))),
        ("", lpt(session.read("LivepeerToken", "balanceOf", account))),
        ("round", str(now)),
        ("status", STATUS[status]),
    ]
    if delegator.bonded:
        rows += [
            ("transcoder", "itself" if delegator.delegate == account else delegator.delegate),
            ("stake", lpt(stake)),
            ("  of it rewards not claimed yet", lpt(stake - delegator.bonded)),
            ("claimed up to round", str(delegator.last_claim_round)),
        ]
    rows.append(("fees to withdraw", eth(staking.pending_fees(session, account))))
    show(f"{account} in {session.deployment.name}", rows)
    locks = staking.locks(session, account, delegator.next_lock)
    if locks:
        show(
            "Unbonding",
            (
                (
                    str(lock.number),
                    lpt(lock.amount),
                    "now" if lock.withdraw_round <= now else f"from round {lock.withdraw_round}",
                )
                for lock in locks
            ),
            ("lock", "amount", "to withdraw"),
        )
    if session.read("BondingManager", "transcoderStatus", account):
        show("As transcoder", transcoder_rows(session, account, now))


def transcoder_rows(session: Session, account: str, now: int) -> list[tuple[str, str]]:
    """What an account does as a transcoder."""
    info = session.read("BondingManager", "getTranscoder", account)
    last_reward, reward_cut, fee_share, _, activation, deactivation, *_ = info
    active = session.read("BondingManager", "isActiveTranscoder", account)
    total = session.read("BondingManager", "transcoderTotalStake", account)
    rows = [
        ("active", "yes" if active else f"no (from round {activation})"),
        ("stake behind it", lpt(total)),
        ("keeps of rewards", percent(reward_cut)),
        ("gives delegators of fees", percent(fee_share)),
        ("last called reward in round", f"{last_reward} (now {now})"),
    ]
    if deactivation != FOREVER:
        rows.append(("leaves from round", str(deactivation)))
    if session.read("BondingManager", "isBarred", account):
        until = session.read("BondingManager", "barredUntil", account)
        rows.append(("barred until round", str(until)))
    return rows


def show_pool(session: Session) -> None:
    """All transcoders, by stake."""
    now = staking.current_round(session)
    rows = []
    for place, (transcoder, stake) in enumerate(staking.pool(session), start=1):
        info = session.read("BondingManager", "getTranscoder", transcoder)
        active = session.read("BondingManager", "isActiveTranscoder", transcoder)
        own = staking.delegator(session, transcoder).bonded
        rows.append(
            (
                str(place),
                transcoder,
                lpt(stake),
                lpt(own),
                percent(info[1]),
                percent(info[2]),
                "yes" if active else "no",
                "this round" if info[0] == now else f"round {info[0]}" if info[0] else "never",
            )
        )
    limit = session.read("BondingManager", "getTranscoderPoolMaxSize")
    show(
        f"Transcoders in {session.deployment.name}, round {now} ({len(rows)} of {limit} places)",
        rows,
        ("", "transcoder", "stake", "own", "reward cut", "fee share", "active", "reward called"),
    )
