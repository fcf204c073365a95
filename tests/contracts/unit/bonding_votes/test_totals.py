"""checkpointTotalActiveStake: active stake of every round, initialised or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import reverts
from tests.contracts.unit.bonding_votes.test_checkpoints import fails

if TYPE_CHECKING:
    from tests.contracts.harness import Chain, Contract, Protocol

NEXT_STAKE = 4_242


def foresee(protocol: Protocol, chain: Chain) -> None:
    """Puts a contract in BondingManager's place that says 4,242 wei will be active next."""
    address = chain.account("says 4242")
    chain.set_code(address, b"\x61" + NEXT_STAKE.to_bytes(2) + bytes.fromhex("5f5260205ff3"))
    protocol.register("BondingManager", address)


def test_totals__are_found_again(
    protocol: Protocol, votes: Contract, chain: Chain, manager: str
) -> None:
    noted: dict[int, int] = {}
    for number in range(9):
        current = protocol.next_round(3 if number % 4 == 2 else 1, initialize=False)
        noted[current] = 0 if number == 4 else 100 + number
        votes.checkpointTotalActiveStake(noted[current], current, sender=manager)

    foresee(protocol, chain)

    first, last = min(noted), max(noted)
    for round_ in range(first - 1, last + 1):
        later = [known for known in noted if known >= round_]
        expected = 0 if round_ < first else noted[min(later)]
        assert votes.getTotalActiveStakeAt(round_) == expected, round_
    assert votes.getTotalActiveStakeAt(last + 1) == NEXT_STAKE == votes.totalSupply()
    assert votes.getPastTotalSupply(last - 1) == noted[last]


def test_totals__noted_twice__are_replaced(
    protocol: Protocol, votes: Contract, manager: str
) -> None:
    start = votes.clock()
    for number in range(4):
        current = protocol.next_round(initialize=False)
        votes.checkpointTotalActiveStake(7, current, sender=manager)
        votes.checkpointTotalActiveStake(100 + number, current, sender=manager)

    found = [votes.getTotalActiveStakeAt(start + 1 + number) for number in range(4)]
    assert found == [100, 101, 102, 103]


def test_totals__of_another_round__revert(
    protocol: Protocol, votes: Contract, manager: str
) -> None:
    current = votes.clock()
    for round_ in (current - 1, current + 1):
        with fails("InvalidTotalStakeCheckpointRound(uint256,uint256)", round_, current):
            votes.checkpointTotalActiveStake(1, round_, sender=manager)


def test_totals__when_rounds_went_back__revert(
    protocol: Protocol, votes: Contract, manager: str, chain: Chain
) -> None:
    current = protocol.next_round(initialize=False)
    votes.checkpointTotalActiveStake(1, current, sender=manager)
    chain.mine_to(chain.block - protocol.RoundsManager.roundLength())

    with fails("DecreasingValues(uint256,uint256)", current - 1, current):
        votes.checkpointTotalActiveStake(1, current - 1, sender=manager)


def test_totals__that_no_word_holds__revert(
    protocol: Protocol, votes: Contract, manager: str, chain: Chain
) -> None:
    with reverts("stake is too large"):
        votes.checkpointTotalActiveStake(2**96, votes.clock(), sender=manager)
    length = protocol.RoundsManager.roundLength()
    chain.mine_to(length * 2**24)
    with reverts("round is too large"):
        votes.checkpointTotalActiveStake(1, votes.clock(), sender=manager)
