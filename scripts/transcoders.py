"""ape run transcoders: list the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts._lib.options import reading
from scripts._lib.tables import show_pool

if TYPE_CHECKING:
    from scripts._lib.session import Session


@reading
def cli(session: Session) -> None:
    """List the transcoders with their stake and rates, the largest first."""
    show_pool(session)
