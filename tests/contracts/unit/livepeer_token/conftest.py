"""A token of its own: the owner mints and burns, and holds 1,000 LPT wei."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import Chain, Contract

MINTER_ROLE = keccak(text="MINTER_ROLE")
BURNER_ROLE = keccak(text="BURNER_ROLE")


@pytest.fixture
def token(chain: Chain, owner: str) -> Contract:
    """LPT with the owner in every role."""
    token = chain.deploy("LivepeerToken", sender=owner)
    token.grantRole(MINTER_ROLE, owner, sender=owner)
    token.grantRole(BURNER_ROLE, owner, sender=owner)
    token.mint(owner, 1_000, sender=owner)
    return token


@pytest.fixture
def spender(chain: Chain) -> str:
    """Whoever is approved."""
    return chain.account("spender")
