"""ape run transfer-bond 0x… 20: give stake to another account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import ADDRESS, EVERYTHING, LPT_OR_ALL, ZERO, lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("receiver", type=ADDRESS)
@click.argument("amount", type=LPT_OR_ALL)
def cli(session: Session, receiver: str, amount: int) -> None:
    """Make AMOUNT LPT of your stake (or `all`) RECEIVER's, without unbonding it.

    It stays with your transcoder if RECEIVER has no stake, and joins RECEIVER's stake otherwise.
    """
    me = session.sender
    stake = staking.pending_stake(session, me)
    amount = stake if amount == EVERYTHING else amount
    if amount > stake or not stake:
        raise click.ClickException(f"{me} has {lpt(stake)} bonded, less than {lpt(amount)}")
    staking.refuse_pending(session, me)
    staking.warn_of_forgone_reward(session, me)
    mine, theirs = staking.delegator(session, me), staking.delegator(session, receiver)
    target = theirs.delegate if theirs.bonded else mine.delegate
    moves = target not in (ZERO, mine.delegate)
    left = staking.hint_after(session, mine.delegate, -amount if moves else 0)
    joined = staking.hint_after(session, target, amount if moves else 0)
    session.send(
        f"give {lpt(amount)} of your {lpt(stake)} to {receiver}, bonded to {target}",
        "BondingManager",
        "transferBond",
        receiver,
        amount,
        *left,
        *joined,
    )
