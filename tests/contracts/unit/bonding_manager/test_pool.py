"""The pool: sorted, never over-full, and the same whatever the hints say."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def fill(staking: Staking, count: int) -> list[str]:
    """More transcoders with 1, 2, 3, ... LPT of their own; returned in this order."""
    members = [staking.protocol.chain.account(f"member {number}") for number in range(count)]
    for number, member in enumerate(members, 1):
        staking.protocol.bond(member, number * LPT, member)
    return members


def test_pool__is_sorted_by_stake(staking: Staking) -> None:
    members = fill(staking, 5)

    assert staking.pool() == [staking.transcoder, staking.second, *reversed(members)]
    assert staking.manager.getTranscoderPoolSize() == 7
    assert staking.manager.getNextTranscoderInPool(members[0]) == ZERO
    assert staking.manager.getNextTranscoderInPool(staking.newcomer) == ZERO


def test_pool__puts_equals_before_equals(staking: Staking) -> None:
    chain = staking.protocol.chain
    first, then = chain.account("first equal"), chain.account("second equal")
    staking.protocol.bond(first, LPT, first)
    staking.protocol.bond(then, LPT, then)

    assert staking.pool()[-2:] == [then, first]


def test_pool__when_full__evicts_the_last_for_more_stake_only(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    members = fill(staking, manager.getTranscoderPoolMaxSize() - 2)
    total = manager.nextRoundTotalActiveStake()
    protocol.bond(staking.newcomer, LPT, staking.newcomer)
    assert staking.newcomer not in staking.pool()
    assert manager.nextRoundTotalActiveStake() == total

    receipt = protocol.bond(staking.newcomer, 1, staking.newcomer)

    assert staking.pool()[-1] == staking.newcomer
    assert members[0] not in staking.pool()
    assert receipt.named("TranscoderDeactivated")[0].transcoder == members[0]
    assert manager.nextRoundTotalActiveStake() == total + 1
    assert manager.getTranscoder(members[0])[5] == staking.round + 1


def test_pool__of_one_who_was_evicted_and_returns__still_is_active(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    members = fill(staking, manager.getTranscoderPoolMaxSize() - 2)
    protocol.next_round()
    protocol.bond(staking.newcomer, LPT + 1, staking.newcomer)
    protocol.bond(members[0], 2, members[0])

    assert manager.isActiveTranscoder(members[0])
    assert manager.getTranscoder(members[0])[5] == 2**256 - 1
    manager.reward(sender=members[0])


@pytest.mark.parametrize("seed", range(6))
def test_pool__hints_change_nothing(staking: Staking, seed: int) -> None:
    members = [*fill(staking, 8), staking.transcoder, staking.second]
    choose = random.Random(seed)
    hints = [*members, staking.newcomer, ZERO]
    manager, chain, protocol = staking.manager, staking.protocol.chain, staking.protocol
    moves = [
        (choose.choice(members), choose.randint(1, 12) * LPT, choose.choices(hints, k=4))
        for _ in range(12)
    ]

    def play(*, hinted: bool) -> list[str]:
        with chain.isolate():
            for to, amount, (before, behind, old_before, old_behind) in moves:
                protocol.fund(staking.newcomer, amount)
                protocol.LivepeerToken.approve(manager, amount, sender=staking.newcomer)
                places = (old_before, old_behind, before, behind) if hinted else (ZERO,) * 4
                manager.bondWithHint(amount, to, *places, sender=staking.newcomer)
            return staking.pool()

    assert play(hinted=True) == play(hinted=False)


def test_pool__from_tail_to_head_by_the_hint_before_the_first(staking: Staking) -> None:
    members = fill(staking, 10)
    protocol, manager = staking.protocol, staking.manager
    protocol.fund(staking.newcomer, 20_000 * LPT)
    protocol.LivepeerToken.approve(manager, 20_000 * LPT, sender=staking.newcomer)

    def gas(behind: str) -> int:
        with protocol.chain.isolate():
            arguments = (20_000 * LPT, members[0], ZERO, ZERO, ZERO, behind)
            receipt = manager.bondWithHint(*arguments, sender=staking.newcomer)
            assert staking.pool()[0] == members[0]
            return receipt.gas_used

    assert gas(staking.transcoder) < gas(ZERO)


def test_pool__cannot_be_made_smaller_or_too_large(staking: Staking) -> None:
    manager, owner = staking.manager, staking.protocol.deployer
    with reverts("new max size must be greater than old max size"):
        manager.setNumActiveTranscoders(manager.getTranscoderPoolMaxSize(), sender=owner)
    with reverts("pool size is too large"):
        manager.setNumActiveTranscoders(257, sender=owner)
    manager.setNumActiveTranscoders(256, sender=owner)
    assert manager.getTranscoderPoolMaxSize() == 256
