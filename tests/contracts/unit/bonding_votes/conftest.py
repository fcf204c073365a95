"""BondingVotes with an account in BondingManager's place, and with the real one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.harness import Chain, Contract, Protocol, Receipt

LPT = 10**18
Checkpoint = Callable[..., Receipt]


@pytest.fixture
def votes(protocol: Protocol) -> Contract:
    """The protocol's BondingVotes, in the second round."""
    protocol.next_round()
    return protocol.BondingVotes


@pytest.fixture
def manager(protocol: Protocol, chain: Chain) -> str:
    """An account with BondingManager's rights."""
    account = chain.account("bonding manager")
    protocol.register("BondingManager", account)
    return account


@pytest.fixture
def checkpoint(protocol: Protocol, votes: Contract, manager: str) -> Checkpoint:
    """Notes the stake of an account: bonded, delegate, delegated, last claim, last reward."""

    def note(
        account: str,
        bonded: int,
        delegate: str,
        delegated: int = 0,
        claimed: int | None = None,
        rewarded: int = 0,
    ) -> Receipt:
        current = protocol.RoundsManager.currentRound()
        receipt: Receipt = votes.checkpointBondingState(
            account,
            current + 1,
            bonded,
            delegate,
            delegated,
            current if claimed is None else claimed,
            rewarded,
            sender=manager,
        )
        return receipt

    return note
