"""ape run reward: mint your reward of the round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import staking
from scripts._lib.amounts import lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Mint this round's LPT for you and your delegators. A round not called for is lost."""
    me = session.sender
    now = staking.current_round(session)
    if not session.read("BondingManager", "isActiveTranscoder", me):
        raise click.ClickException(f"{me} is no active transcoder in round {now}")
    if session.read("BondingManager", "getTranscoder", me)[0] == now:
        raise click.ClickException(f"{me} has called reward in round {now}")
    mintable = session.read("Minter", "currentMintableTokens")
    active = session.read("BondingManager", "currentRoundTotalActiveStake")
    stake = session.read("BondingManager", "transcoderTotalStake", me)
    expected = mintable * stake // active if active else 0
    place = staking.hint_after(session, me, expected)
    session.send(
        f"mint about {lpt(expected)} for you and your delegators",
        "BondingManager",
        "rewardWithHint",
        *place,
    )
