"""ape run pause: pause the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts._lib.governing import propose
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Stop the protocol: staking, jobs and payments refuse every call until `unpause`.

    Deadlines stand still meanwhile, so nobody loses a right. Only governance may."""
    propose(session, "pause the protocol", [("Controller", "pause", ())], delay=0)
