"""What contract tests stand on: a chain in this process, contracts on it, the protocol deployed.

    chain = Chain()
    token = chain.deploy("LivepeerToken", sender=owner)
    with reverts("AccessControl: caller is missing role"):
        token.mint(owner, 1, sender=stranger)

`chain` and `protocol` are fixtures of tests/contracts/conftest.py; each test undoes what it did.
"""

from __future__ import annotations

from tests.contracts.harness.chain import ZERO, Chain, Contract, Receipt, reverts
from tests.contracts.harness.codec import Event, Reverted
from tests.contracts.harness.protocol import UNGOVERNED, Protocol

__all__ = [
    "UNGOVERNED",
    "ZERO",
    "Chain",
    "Contract",
    "Event",
    "Protocol",
    "Receipt",
    "Reverted",
    "reverts",
]
