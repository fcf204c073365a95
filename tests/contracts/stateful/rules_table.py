"""All rules with their weights; importing the modules is what enters them."""

from __future__ import annotations

from tests.contracts.stateful import powers
from tests.contracts.stateful.rules import RULES

__all__ = ["RULES", "powers"]
