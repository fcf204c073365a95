"""ape run bond 100 0x…: stake LPT on a transcoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import ADDRESS, LPT, ZERO, lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("amount", type=LPT)
@click.argument("transcoder", type=ADDRESS)
def cli(session: Session, amount: int, transcoder: str) -> None:
    """Bond AMOUNT LPT to TRANSCODER, which you then share rewards and fees with.

    Bond to your own address to become a transcoder. All you have bonded goes to one transcoder:
    bonding to another one moves it there. The stake counts from the next round on, and comes back
    by `unbond` and, after the unbonding period, `withdraw-stake`.
    """
    bond(session, amount, transcoder)


def bond(session: Session, amount: int, transcoder: str) -> None:
    """Approve what is missing, and bond."""
    me = session.sender
    balance = session.read("LivepeerToken", "balanceOf", me)
    if balance < amount:
        raise click.ClickException(f"{me} has {lpt(balance)}, less than {lpt(amount)}")
    registered = session.read("BondingManager", "isRegisteredTranscoder", transcoder)
    if not registered and transcoder != me:
        click.echo(f"Note: {transcoder} is not registered as a transcoder and earns nothing yet.")
    before = staking.delegator(session, me)
    manager = session.contract("BondingManager").address
    if session.read("LivepeerToken", "allowance", me, manager) < amount:
        session.send(
            f"let the BondingManager take {lpt(amount)}",
            "LivepeerToken",
            "approve",
            manager,
            amount,
        )
    moved, left_hint = 0, staking.NO_HINT
    if before.delegate not in (ZERO, transcoder):
        moved = before.bonded
        left_hint = staking.hint_after(session, before.delegate, -moved)
    joined_hint = staking.hint_after(session, transcoder, amount + moved)
    what = f"bond {lpt(amount)} to {transcoder}"
    if moved:
        what += f" and move {lpt(moved)} there from {before.delegate}"
    session.send(
        what,
        "BondingManager",
        "bondWithHint",
        amount,
        transcoder,
        *left_hint,
        *joined_hint,
    )
