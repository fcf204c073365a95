"""ape run transcoder --reward-cut 10 --fee-share 80: set your rates as a transcoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import PERCENT, percent
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.option("--reward-cut", type=PERCENT, required=True, help="Percent of rewards you keep.")
@click.option(
    "--fee-share", type=PERCENT, required=True, help="Percent of fees your delegators get."
)
def cli(session: Session, reward_cut: int, fee_share: int) -> None:
    """Set your rates as a transcoder, from the next round on.

    Bond to your own address first: that is what registers you. Rates cannot change at the end of
    a round, while it is locked.
    """
    me = session.sender
    if staking.delegator(session, me).delegate != me:
        raise click.ClickException(f"bond to yourself first: ape run bond AMOUNT {me}")
    place = staking.hint_after(session, me, 0)
    session.send(
        f"keep {percent(reward_cut)} of rewards and give delegators {percent(fee_share)} of fees",
        "BondingManager",
        "transcoderWithHint",
        reward_cut,
        fee_share,
        *place,
    )
