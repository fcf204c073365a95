"""Which round it is, when it began, when it is locked, through every change of length."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Contract, Protocol, reverts

lenient = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
MILLION = 1_000_000


class Schedule:
    """Rounds written down naively: the list of spans since the length last changed."""

    def __init__(self, length: int) -> None:
        self.length, self.base_round, self.base_block = length, 0, 0

    def round_at(self, block: int) -> tuple[int, int]:
        """Number and first block of the round a block lies in."""
        number, start = self.base_round, self.base_block
        while start + self.length <= block:
            number, start = number + 1, start + self.length
        return number, start

    def change(self, length: int, block: int) -> None:
        """The running round keeps its number and its first block."""
        self.base_round, self.base_block = self.round_at(block)
        self.length = length


@lenient
@given(
    st.lists(st.tuples(st.integers(0, 300), st.none() | st.integers(1, 120)), max_size=10),
    st.integers(0, MILLION),
)
def test_rounds__agree_with_counting_them(
    protocol: Protocol, owner: str, moves: list[tuple[int, int | None]], lock: int
) -> None:
    rounds, chain = protocol.RoundsManager, protocol.chain
    with chain.isolate():
        rounds.setRoundLockAmount(lock, sender=owner)
        schedule = Schedule(protocol.config.round_length)
        for blocks, length in moves:
            chain.mine(blocks)
            if length is not None:
                rounds.setRoundLength(length, sender=owner)
                schedule.change(length, chain.block)

            number, start = schedule.round_at(chain.block)
            locked = chain.block - start >= schedule.length - schedule.length * lock // MILLION
            assert rounds.roundState() == (number, number == 0, locked, start)
            assert rounds.currentRound() == number
            assert rounds.currentRoundStartBlock() == start
            assert rounds.currentRoundLocked() == locked
            assert rounds.currentRoundInitialized() == (number == 0)
            assert rounds.roundLength() == schedule.length
            assert rounds.roundLockAmount() == lock
            assert rounds.lastRoundLengthUpdateRound() == schedule.base_round
            assert rounds.lastRoundLengthUpdateStartBlock() == schedule.base_block


def test_set_round_length__emits(rounds: Contract, owner: str) -> None:
    receipt = rounds.setRoundLength(77, sender=owner)

    assert [event.param for event in receipt.named("ParameterUpdate")] == ["roundLength"]


def test_set_round_length__keeps_what_was_initialised(
    rounds: Contract, protocol: Protocol, owner: str
) -> None:
    rounds.initializeRound()
    block_hash = rounds.blockHashForRound(10)

    rounds.setRoundLength(77, sender=owner)
    rounds.setRoundLockAmount(5, sender=owner)

    assert rounds.lastInitializedRound() == 10
    assert rounds.currentRoundInitialized()
    assert rounds.blockHashForRound(10) == block_hash != bytes(32)


@pytest.mark.parametrize(
    ("length", "reason"),
    [(0, "round length cannot be 0"), (2**32, "round length is too large")],
)
def test_set_round_length__of_nonsense__reverts(
    rounds: Contract, owner: str, length: int, reason: str
) -> None:
    with reverts(reason):
        rounds.setRoundLength(length, sender=owner)


def test_set_round_length__with_numbers_past_its_word__reverts(
    adjustable: Contract, owner: str
) -> None:
    adjustable.setRoundLength(1, sender=owner)
    adjustable.setBlockNum(2**32, sender=owner)

    with reverts("round is too large"):
        adjustable.setRoundLength(50, sender=owner)


def test_set_round_lock_amount__emits_and_takes_up_to_the_whole(
    rounds: Contract, owner: str
) -> None:
    receipt = rounds.setRoundLockAmount(MILLION, sender=owner)

    assert rounds.currentRoundLocked()
    assert [event.param for event in receipt.named("ParameterUpdate")] == ["roundLockAmount"]
    with reverts("round lock amount must be a valid percentage"):
        rounds.setRoundLockAmount(MILLION + 1, sender=owner)


def test_set_lip_upgrade_round__once(rounds: Contract, owner: str) -> None:
    rounds.setLIPUpgradeRound(36, 12, sender=owner)

    assert rounds.lipUpgradeRound(36) == 12
    with reverts("LIP upgrade round already set"):
        rounds.setLIPUpgradeRound(36, 13, sender=owner)


@pytest.mark.parametrize(
    ("function", "args"),
    [("setRoundLength", (1,)), ("setRoundLockAmount", (1,)), ("setLIPUpgradeRound", (1, 1))],
)
def test_setters__by_a_stranger__revert(
    rounds: Contract, stranger: str, function: str, args: tuple[int, ...]
) -> None:
    with reverts("caller must be Controller owner"):
        getattr(rounds, function)(*args, sender=stranger)
