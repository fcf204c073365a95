"""ape run unpause: unpause the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts._lib.governing import propose
from scripts._lib.options import sending

if TYPE_CHECKING:
    from scripts._lib.session import Session


@sending
def cli(session: Session) -> None:
    """Let a paused protocol go on. Only governance may."""
    propose(session, "unpause the protocol", [("Controller", "unpause", ())], delay=0)
