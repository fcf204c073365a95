"""penalizeSeat: a fixed amount of a verifier's own stake goes to the committee."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import reverts
from tests.contracts.unit.bonding_manager.conftest import ETH, LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def penalize(staking: Staking, amount: int) -> int:
    receipt = staking.manager.penalizeSeat(staking.transcoder, amount, sender=staking.committee)
    (event,) = receipt.named("SeatPenalized")
    assert event.args == {"transcoder": staking.transcoder, "amount": receipt.value}
    return int(receipt.value)


def test_penalize_seat__takes_what_was_asked_for(staking: Staking) -> None:
    assert penalize(staking, 100 * LPT) == 100 * LPT

    assert staking.protocol.LivepeerToken.balanceOf(staking.committee) == 100 * LPT
    assert staking.pending(staking.transcoder) == 9_900 * LPT
    assert staking.total(staking.transcoder) == 10_900 * LPT
    assert staking.manager.isActiveTranscoder(staking.transcoder)
    assert staking.transcoder in staking.pool()


def test_penalize_seat__takes_no_more_than_there_is(staking: Staking) -> None:
    staking.manager.unbond(4_000 * LPT, sender=staking.transcoder)

    assert penalize(staking, 50_000 * LPT) == 10_000 * LPT

    assert staking.pending(staking.transcoder) == 0
    assert staking.transcoder not in staking.pool()
    assert staking.pending(staking.delegator) == 1_000 * LPT
    assert penalize(staking, 1) == 0


def test_penalize_seat__takes_from_locks_in_proportion(staking: Staking) -> None:
    staking.manager.unbond(4_000 * LPT, sender=staking.transcoder)

    penalize(staking, 100 * LPT)

    assert staking.pending(staking.transcoder) == 5_940 * LPT
    assert staking.manager.getDelegatorUnbondingLock(staking.transcoder, 0)[0] == 3_960 * LPT


def test_penalize_seat__costs_no_reward_and_no_fees(staking: Staking) -> None:
    manager, transcoder, chain = staking.manager, staking.transcoder, staking.protocol.chain
    staking.protocol.next_round()
    staking.pay_fees(transcoder, ETH)

    def end(amount: int) -> tuple[int, int]:
        with chain.isolate():
            penalize(staking, amount)
            manager.reward(sender=transcoder)
            return staking.pending(transcoder), int(manager.pendingFees(transcoder, 0))

    stake, fees = end(0)
    left_stake, left_fees = end(5_000 * LPT)
    earned = stake - 10_000 * LPT

    assert fees - 2 <= left_fees <= fees
    # Half the stake is gone; what its share of the round earns is not half of nothing.
    assert left_stake >= 5_000 * LPT + earned // 2 - 2


def test_penalize_seat__below_the_minimum__leaves_the_pool(staking: Staking) -> None:
    staking.manager.setMinSelfStake(9_950 * LPT, sender=staking.protocol.deployer)

    penalize(staking, 100 * LPT)

    assert staking.transcoder not in staking.pool()
    assert staking.manager.isActiveTranscoder(staking.transcoder)


def test_penalize_seat__by_a_stranger_or_while_paused__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    with reverts("caller must be VerifierCommittee"):
        staking.manager.penalizeSeat(staking.transcoder, 1, sender=staking.verifier)
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.penalizeSeat(staking.transcoder, 1, sender=staking.committee)
