"""ape run status 0x…: everything an account has in the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib.amounts import ADDRESS
from scripts._lib.options import reading
from scripts._lib.tables import show_position

if TYPE_CHECKING:
    from scripts._lib.session import Session


@reading
@click.argument("account", type=ADDRESS)
def cli(session: Session, account: str) -> None:
    """Show ACCOUNT's whole position: balances, stake, earnings, locks, work as a transcoder."""
    show_position(session, account)
