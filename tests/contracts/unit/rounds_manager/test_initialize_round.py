"""initializeRound, the hashes it keeps and for how long."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Chain, Contract, Protocol, Reverted, reverts

lenient = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
HISTORY = 64


def test_initialize_round__by_anyone__starts_the_round_and_emits(
    rounds: Contract, chain: Chain, stranger: str
) -> None:
    assert not rounds.currentRoundInitialized()

    receipt = rounds.initializeRound(sender=stranger)

    assert rounds.currentRoundInitialized()
    assert rounds.lastInitializedRound() == 10
    (event,) = receipt.named("NewRound")
    assert event.round == 10
    assert event.blockHash == rounds.blockHash(chain.block - 1) == rounds.blockHashForRound(10)


def test_initialize_round__twice__reverts(rounds: Contract, chain: Chain) -> None:
    rounds.initializeRound()
    chain.mine(49)

    with reverts("round already initialized"):
        rounds.initializeRound()
    chain.mine(1)
    rounds.initializeRound()

    assert rounds.lastInitializedRound() == 11


def test_initialize_round__while_paused__reverts(rounds: Contract, protocol: Protocol) -> None:
    protocol.Controller.pause()

    with reverts("system is paused"):
        rounds.initializeRound()


def test_initialize_round__past_the_word_of_a_round__reverts(
    adjustable: Contract, owner: str
) -> None:
    adjustable.setRoundLength(1, sender=owner)
    adjustable.setBlockNum(2**32, sender=owner)

    with reverts("round is too large"):
        adjustable.initializeRound()


@pytest.mark.parametrize("name", ["BondingManager", "Minter"])
def test_initialize_round__refused_by_a_collaborator__reverts_whole(
    rounds: Contract, protocol: Protocol, chain: Chain, name: str
) -> None:
    refusing = chain.account("refusing", balance=0)
    chain.set_code(refusing, bytes.fromhex("5f5ffd"))
    protocol.register(name, refusing)

    with pytest.raises(Reverted):
        rounds.initializeRound()

    assert not rounds.currentRoundInitialized()


@lenient
@given(st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_block_hash_for_round__of_the_last_64_rounds_initialised_and_zero_otherwise(
    adjustable: Contract, protocol: Protocol, owner: str, gaps: list[int]
) -> None:
    with protocol.chain.isolate():
        # An odd length sets the bit that follows the history in its word.
        adjustable.setRoundLength(51, sender=owner)
        hashes: dict[int, bytes] = {}
        last = 0
        for gap in gaps:
            last += gap
            adjustable.setBlockNum(last * 51, sender=owner)
            hashes[last] = keccak(last.to_bytes(32))
            adjustable.setBlockHash(hashes[last], sender=owner)
            adjustable.initializeRound()

        for number in range(max(0, last - 200), last + 3):
            kept = number > last - HISTORY
            expected = hashes.get(number, bytes(32)) if kept else bytes(32)
            assert adjustable.blockHashForRound(number) == expected, number


def test_block_hash_for_round__of_rounds_far_apart__is_zero(rounds: Contract) -> None:
    rounds.initializeRound()

    for number in (0, 9, 11, 10 + HISTORY, 2**255):
        assert rounds.blockHashForRound(number) == bytes(32)


def test_block_hash__of_the_last_256_blocks_only(rounds: Contract, chain: Chain) -> None:
    current = chain.block

    assert rounds.blockNum() == current
    assert rounds.blockHash(current - 256) != bytes(32)
    assert rounds.blockHash(current - 1) != bytes(32)
    with reverts("can only retrieve hashes for last 256 blocks"):
        rounds.blockHash(current - 257)
    with reverts("can only retrieve past block hashes"):
        rounds.blockHash(current)


def test_adjustable__moves_its_block_by_hand(adjustable: Contract, owner: str) -> None:
    adjustable.setBlockNum(120, sender=owner)
    adjustable.mineBlocks(31, sender=owner)
    adjustable.setBlockHash(b"\x07" * 32, sender=owner)

    assert (adjustable.num(), adjustable.blockNum(), adjustable.currentRound()) == (151, 151, 3)
    assert adjustable.hash() == adjustable.blockHash(5) == b"\x07" * 32


@pytest.mark.parametrize("function", ["setBlockNum", "mineBlocks", "setBlockHash"])
def test_adjustable__by_a_stranger__reverts(
    adjustable: Contract, stranger: str, function: str
) -> None:
    value = bytes(32) if function == "setBlockHash" else 1

    with reverts("caller must be Controller owner"):
        getattr(adjustable, function)(value, sender=stranger)
