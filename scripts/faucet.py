"""ape run faucet: get test LPT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts._lib.amounts import lpt
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Ask the faucet of a test deployment for LPT."""
    amount = session.read("LivepeerTokenFaucet", "requestAmount")
    session.send(f"ask the faucet for {lpt(amount)}", "LivepeerTokenFaucet", "request")
