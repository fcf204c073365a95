"""ape run unbond 50: take LPT out of stake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import EVERYTHING, LPT_OR_ALL, lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("amount", type=LPT_OR_ALL)
def cli(session: Session, amount: int) -> None:
    """Unbond AMOUNT LPT, or `all` of it.

    It earns nothing from now on and lies in a lock until the unbonding period is over; then
    `withdraw-stake` pays it out. `rebond` takes it back into stake before that.
    """
    me = session.sender
    stake = staking.pending_stake(session, me)
    amount = stake if amount == EVERYTHING else amount
    if not stake:
        raise click.ClickException(f"{me} has nothing bonded")
    if amount > stake:
        raise click.ClickException(f"{me} has {lpt(stake)} bonded, less than {lpt(amount)}")
    staking.refuse_pending(session, me)
    staking.warn_of_forgone_reward(session, me)
    who = staking.delegator(session, me)
    place = staking.hint_after(session, who.delegate, -amount)
    session.send(
        f"unbond {lpt(amount)} of {lpt(stake)} from {who.delegate}",
        "BondingManager",
        "unbondWithHint",
        amount,
        *place,
    )
