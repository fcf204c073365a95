"""ape run withdraw-stake: take LPT out whose unbonding is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("locks", nargs=-1, type=click.IntRange(min=0))
def cli(session: Session, locks: tuple[int, ...]) -> None:
    """Pay the LPT of LOCKS out to you: of all whose time has come, if none is named."""
    me = session.sender
    now = staking.current_round(session)
    mine = staking.locks(session, me, staking.delegator(session, me).next_lock)
    if not mine:
        raise click.ClickException(f"{me} has nothing unbonding; `unbond` comes first")
    unknown = set(locks) - {each.number for each in mine}
    if unknown:
        raise click.ClickException(f"{me} has no lock {min(unknown)}")
    chosen = [each for each in mine if each.number in locks] if locks else mine
    ready = [each for each in chosen if each.withdraw_round <= now]
    if not ready:
        first = min(chosen, key=lambda each: each.withdraw_round)
        raise click.ClickException(
            f"lock {first.number} opens in round {first.withdraw_round}; this is round {now}"
        )
    for lock in ready:
        session.send(
            f"withdraw the {lpt(lock.amount)} of lock {lock.number}",
            "BondingManager",
            "withdrawStake",
            lock.number,
        )
