"""checkpointBondingState: what was noted is found again, for every round."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import ZERO, Reverted, reverts
from tests.contracts.unit.bonding_votes.conftest import LPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contracts.harness import Chain, Contract, Protocol
    from tests.contracts.unit.bonding_votes.conftest import Checkpoint


@contextmanager
def fails(error: str, *values: int | str) -> Iterator[None]:
    """Passes if the block reverts with this custom error and these words."""
    data = keccak(text=error)[:4]
    for value in values:
        data += (int(value, 16) if isinstance(value, str) else value).to_bytes(32)
    with pytest.raises(Reverted) as caught:
        yield
    assert caught.value.data == data


def test_checkpoint__counts_from_the_next_round(
    protocol: Protocol, votes: Contract, checkpoint: Checkpoint, stranger: str
) -> None:
    current = protocol.RoundsManager.currentRound()
    assert not votes.hasCheckpoint(stranger)

    checkpoint(stranger, 5 * LPT, stranger, 7 * LPT)

    assert votes.hasCheckpoint(stranger)
    assert votes.getVotesAndDelegateAtRoundStart(stranger, current) == (0, ZERO)
    assert votes.getVotesAndDelegateAtRoundStart(stranger, current + 1) == (7 * LPT, stranger)
    assert votes.getVotes(stranger) == 7 * LPT
    assert votes.delegates(stranger) == stranger


def test_checkpoint__of_the_same_round__replaces(
    votes: Contract, checkpoint: Checkpoint, stranger: str, owner: str
) -> None:
    checkpoint(stranger, 5, stranger, 7)

    checkpoint(stranger, 6, owner, 0)

    assert votes.delegates(stranger) == owner
    assert votes.getVotes(stranger) == 0


def test_checkpoint__every_round_is_found_again(
    protocol: Protocol, votes: Contract, checkpoint: Checkpoint, stranger: str, owner: str
) -> None:
    # Noted in some rounds and not in others; the delegate changes now and then.
    expected: dict[int, tuple[int, str]] = {}
    state = (0, ZERO)
    for number in range(20):
        current = protocol.next_round(initialize=False)
        expected[current] = state
        if number % 3 != 1:
            delegate = stranger if number % 5 < 3 else owner
            checkpoint(stranger, number + 1, delegate, 100 + number)
            state = (100 + number if delegate == stranger else 0, delegate)
    last = protocol.next_round(initialize=False)

    for round_, (amount, delegate) in expected.items():
        assert votes.getVotesAndDelegateAtRoundStart(stranger, round_) == (amount, delegate)
        assert votes.getPastVotes(stranger, round_ - 1) == amount
        assert votes.delegatedAt(stranger, round_ - 1) == delegate
    assert votes.getVotesAndDelegateAtRoundStart(stranger, last) == state


def test_checkpoint__tells_what_changed(
    protocol: Protocol, votes: Contract, checkpoint: Checkpoint, stranger: str, owner: str
) -> None:
    current = protocol.RoundsManager.currentRound()

    first = checkpoint(stranger, 5, stranger, 7)
    same = checkpoint(stranger, 5, stranger, 7)
    left = checkpoint(stranger, 4, owner, 7)

    assert [(event.name, dict(event.args)) for event in first.events] == [
        (
            "DelegateChanged",
            {"delegator": stranger, "fromDelegate": ZERO, "toDelegate": stranger},
        ),
        ("DelegateVotesChanged", {"delegate": stranger, "previousBalance": 0, "newBalance": 7}),
        (
            "DelegatorBondedAmountChanged",
            {
                "delegate": stranger,
                "previousBondedAmount": 0,
                "previousLastClaimRound": 0,
                "newBondedAmount": 5,
                "newLastClaimRound": current,
            },
        ),
    ]
    assert same.events == []
    assert left.named("DelegateVotesChanged")[0].newBalance == 0
    assert left.named("DelegatorBondedAmountChanged")[0].previousBondedAmount == 5


def test_checkpoint__of_the_wrong_round__reverts(
    protocol: Protocol, votes: Contract, manager: str, stranger: str
) -> None:
    current = protocol.RoundsManager.currentRound()
    for round_ in (current, current + 2):
        with fails("InvalidStartRound(uint256,uint256)", round_, current + 1):
            votes.checkpointBondingState(stranger, round_, 1, ZERO, 0, 0, 0, sender=manager)
    with fails("FutureLastClaimRound(uint256,uint256)", current + 1, current):
        votes.checkpointBondingState(
            stranger, current + 1, 1, ZERO, 0, current + 1, 0, sender=manager
        )


def test_checkpoint__when_rounds_went_back__reverts(
    protocol: Protocol, votes: Contract, checkpoint: Checkpoint, chain: Chain, stranger: str
) -> None:
    current = protocol.next_round(initialize=False)
    checkpoint(stranger, 1, stranger)
    chain.mine_to(chain.block - protocol.RoundsManager.roundLength())

    with fails("DecreasingValues(uint256,uint256)", current, current + 1):
        checkpoint(stranger, 1, stranger)


def test_checkpoint__of_what_no_word_holds__reverts(
    votes: Contract, checkpoint: Checkpoint, stranger: str
) -> None:
    with reverts("stake is too large"):
        checkpoint(stranger, 2**92, stranger)
    with reverts("stake is too large"):
        checkpoint(stranger, 1, stranger, 2**92)
    with reverts("round is too large"):
        checkpoint(stranger, 1, stranger, 1, rewarded=2**24)
    checkpoint(stranger, 2**92 - 1, stranger, 2**92 - 1, rewarded=2**24 - 1)
    assert votes.getVotes(stranger) == 2**92 - 1


def test_checkpoint__by_a_stranger__reverts(
    protocol: Protocol, votes: Contract, stranger: str
) -> None:
    required = protocol.BondingManager.address
    with fails("InvalidCaller(address,address)", stranger, required):
        votes.checkpointBondingState(stranger, 0, 0, ZERO, 0, 0, 0, sender=stranger)
    with fails("InvalidCaller(address,address)", stranger, required):
        votes.checkpointTotalActiveStake(0, 0, sender=stranger)


def test_lookup__of_the_future__reverts(protocol: Protocol, votes: Contract, stranger: str) -> None:
    current = protocol.RoundsManager.currentRound()
    with fails("FutureLookup(uint256,uint256)", current + 2, current + 1):
        votes.getVotesAndDelegateAtRoundStart(stranger, current + 2)
    with fails("FutureLookup(uint256,uint256)", current + 2, current + 1):
        votes.getTotalActiveStakeAt(current + 2)
    for lookup in (votes.getPastVotes, votes.delegatedAt):
        with fails("FutureLookup(uint256,uint256)", current, current - 1):
            lookup(stranger, current)
    with fails("FutureLookup(uint256,uint256)", current, current - 1):
        votes.getPastTotalSupply(current)
