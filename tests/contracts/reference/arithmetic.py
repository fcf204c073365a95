"""The protocol's integer formulas: three scales of percentage, every division rounds down."""

from __future__ import annotations

PERC = 10**6
"""Scale of reward cut, fee share, round lock and slash fractions: one million is 100 %."""

MINT = 10**9
"""Scale of inflation, its change, the target bonding rate and a transcoder's share of a round."""

PRECISE = 10**27
"""Scale of the cumulative factors and of the treasury's cut."""

NEVER = 2**256 - 1
"""The deactivation round of a transcoder that sits in the pool."""

LARGEST_FACTOR = 2**128 / 10**27
"""A cumulative factor grows no further than this: about 3.4e11."""


def percentage(amount: int, parts: int, scale: int = PERC) -> int:
    """``parts`` of ``scale`` of ``amount``, rounded down."""
    return amount * parts // scale


def share(amount: int, part: int, whole: int, scale: int) -> int:
    """``amount * part / whole`` through a ratio of the given scale: rounded down twice."""
    return amount * (part * scale // whole) // scale
