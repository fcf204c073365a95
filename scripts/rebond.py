"""ape run rebond 3: take an unbonding lock back into stake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import ADDRESS, lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("lock", type=click.IntRange(min=0))
@click.option(
    "--transcoder", type=ADDRESS, help="Whom to bond to, if nothing else of yours is bonded."
)
def cli(session: Session, lock: int, transcoder: str | None) -> None:
    """Bond the LPT of unbonding LOCK again. `status` lists your locks."""
    me = session.sender
    who = staking.delegator(session, me)
    amount = next(
        (each.amount for each in staking.locks(session, me, who.next_lock) if each.number == lock),
        0,
    )
    if not amount:
        raise click.ClickException(f"{me} has no lock {lock}")
    if who.bonded:
        if transcoder not in (None, who.delegate):
            raise click.ClickException(
                f"your stake is with {who.delegate}, and a lock joins it; leave --transcoder out"
            )
        staking.warn_of_forgone_reward(session, me)
        place = staking.hint_after(session, who.delegate, amount)
        session.send(
            f"bond the {lpt(amount)} of lock {lock} to {who.delegate} again",
            "BondingManager",
            "rebondWithHint",
            lock,
            *place,
        )
        return
    if transcoder is None:
        raise click.ClickException("nothing of yours is bonded: --transcoder says to whom")
    place = staking.hint_after(session, transcoder, amount)
    session.send(
        f"bond the {lpt(amount)} of lock {lock} to {transcoder}",
        "BondingManager",
        "rebondFromUnbondedWithHint",
        transcoder,
        lock,
        *place,
    )
