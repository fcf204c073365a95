"""ape run claim: settle what your stake has earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import eth, lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Settle your earnings up to this round: rewards join your stake, fees can be withdrawn.

    Nobody needs to: every change to your stake settles it first, and waiting costs nothing.
    """
    me = session.sender
    who = staking.delegator(session, me)
    now = staking.current_round(session)
    if not who.bonded:
        raise click.ClickException(f"{me} has nothing bonded")
    if who.last_claim_round >= now:
        raise click.ClickException(f"earnings of {me} are settled up to this round, {now}")
    staking.warn_of_forgone_reward(session, me)
    rewards = staking.pending_stake(session, me) - who.bonded
    fees = staking.pending_fees(session, me) - who.fees
    session.send(
        f"settle rounds {who.last_claim_round + 1} to {now}: {lpt(rewards)} and {eth(fees)}",
        "BondingManager",
        "claimEarnings",
        now,
    )
