"""ape run upgrade BondingManager: replace the code behind a proxy, with notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scripts._lib import upgrading
from scripts._lib.governing import default_delay
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
@click.argument("contract")
@click.option("--delay", type=click.IntRange(min=0), help="Blocks of notice.")
@click.option("--execute", is_flag=True, help="Execute the upgrade staged before.")
@click.option("--rollback", is_flag=True, help="Go back to the code that ran before.")
def cli(session: Session, contract: str, delay: int | None, execute: bool, rollback: bool) -> None:
    """Upgrade CONTRACT to the code its sources make now.

    Compiles it, refuses code whose storage layout does not continue the deployed one, deploys it,
    and stages it in the Governor. When the notice is over, run it again with --execute, which
    verifies that the new code is in place. --rollback stages the code that ran before, and goes
    into force by --execute --rollback.
    """
    notice = default_delay(session.deployment) if delay is None else delay
    if execute:
        upgrading.execute(session, contract, rollback=rollback)
    elif rollback:
        upgrading.roll_back(session, contract, notice)
    else:
        compiled = upgrading.compile_now(contract)
        upgrading.refuse_other_layouts(session, contract, compiled)
        upgrading.stage(session, contract, compiled, notice)
