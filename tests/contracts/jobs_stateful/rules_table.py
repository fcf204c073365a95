"""All rules with their weights; importing the modules is what enters them."""

from __future__ import annotations

from tests.contracts.jobs_stateful import (
    claim_rules,
    court_rules,
    fault_rules,
    market_rules,
    stake_rules,
    vote_rules,
)
from tests.contracts.jobs_stateful.rulebook import RULES

__all__ = [
    "RULES",
    "claim_rules",
    "court_rules",
    "fault_rules",
    "market_rules",
    "stake_rules",
    "vote_rules",
]
