"""ape run initialize-round: start the current round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Start the current round, which anyone may; staking and rewards need it."""
    number, initialized, _, _ = session.read("RoundsManager", "roundState")
    if initialized:
        raise click.ClickException(f"round {number} has started already")
    session.send(f"start round {number}", "RoundsManager", "initializeRound")
