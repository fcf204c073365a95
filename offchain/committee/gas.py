"""Gas that cannot be estimated: what a vote costs depends on who votes in the same block."""

from __future__ import annotations

REVEAL = "reveal"
CONCLUDING = 400_000
"""Gas to allow for each reveal, which concludes its request if it turns out to be the last one."""


def spare_gas(purpose: str) -> int:
    """What to allow beyond the estimate; unused gas is not paid for."""
    kind, _, items = purpose.partition(":")
    return CONCLUDING * len(items.split(",")) if kind == REVEAL else 0
