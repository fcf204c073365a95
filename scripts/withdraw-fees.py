"""ape run withdraw-fees: take out the ETH you earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import ADDRESS, ETH_OR_ALL, EVERYTHING, eth
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("amount", type=ETH_OR_ALL, default="all")
@click.option("--to", type=ADDRESS, help="Who receives it; you, if left out.")
def cli(session: Session, amount: int, to: str | None) -> None:
    """Pay AMOUNT ETH of your fees out, or all of them."""
    me = session.sender
    fees = staking.pending_fees(session, me)
    amount = fees if amount == EVERYTHING else amount
    if not fees:
        raise click.ClickException(f"{me} has no fees to withdraw")
    if amount > fees:
        raise click.ClickException(f"{me} has {eth(fees)} of fees, less than {eth(amount)}")
    staking.warn_of_forgone_reward(session, me)
    session.send(
        f"withdraw {eth(amount)} of {eth(fees)} in fees to {to or 'you'}",
        "BondingManager",
        "withdrawFees",
        to or me,
        amount,
    )
