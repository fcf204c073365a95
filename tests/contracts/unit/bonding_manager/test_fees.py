"""updateTranscoderWithFees: fees go by the rates of the round of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import reverts
from tests.contracts.unit.bonding_manager.conftest import ETH, LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def fees_of(staking: Staking, account: str) -> int:
    return int(staking.manager.pendingFees(account, 0))


def test_fees__are_shared_by_stake_at_the_start_of_the_round(staking: Staking) -> None:
    staking.protocol.bond(staking.newcomer, 5_000 * LPT, staking.transcoder)

    staking.pay_fees(staking.transcoder, 11 * ETH)

    # Half goes by stake, 10,000 and 1,000 LPT; the other half is the transcoder's own.
    share = 11 * ETH // 2 * 1_000 // 11_000
    assert share - 1 <= fees_of(staking, staking.delegator) <= share
    assert 11 * ETH - share - 2 <= fees_of(staking, staking.transcoder) <= 11 * ETH - share
    assert fees_of(staking, staking.newcomer) == 0


def test_fees__before_and_after_the_reward__are_shared_alike(staking: Staking) -> None:
    before_reward = fees_of(staking, staking.delegator)
    staking.pay_fees(staking.transcoder, ETH)
    first = fees_of(staking, staking.delegator) - before_reward
    staking.manager.reward(sender=staking.transcoder)

    staking.pay_fees(staking.transcoder, ETH)

    second = fees_of(staking, staking.delegator) - first
    assert abs(first - second) <= 2


def test_fees__go_by_the_rates_of_the_round_of_the_work(staking: Staking) -> None:
    manager, transcoder = staking.manager, staking.transcoder
    worked = staking.round
    for share in (1_000_000, 0, 250_000):
        manager.reward(sender=transcoder)
        # A claim, so that commission has no part in the fees.
        manager.claimEarnings(0, sender=transcoder)
        manager.transcoder(0, share, sender=transcoder)
        if share != 250_000:
            staking.protocol.next_round()

    def own_part(round_: int) -> int:
        with staking.protocol.chain.isolate():
            staking.pay_fees(transcoder, 10**6, round_)
            return 10**6 - int(manager.getTranscoder(transcoder)[8])

    assert own_part(worked - 2) == 0
    assert own_part(worked) == 500_000
    assert own_part(worked + 1) == 1_000_000
    assert own_part(worked + 2) == 0
    assert own_part(worked + 3) == 250_000


def test_fees__with_nobody_behind_at_the_start__are_the_transcoders(staking: Staking) -> None:
    staking.protocol.bond(staking.newcomer, LPT, staking.newcomer)
    staking.manager.transcoder(0, 1_000_000, sender=staking.newcomer)

    staking.pay_fees(staking.newcomer, ETH, staking.round + 1)

    assert staking.manager.getTranscoder(staking.newcomer)[8] == ETH


def test_fees__that_do_not_fit_the_factor__are_the_transcoders(staking: Staking) -> None:
    protocol, manager = staking.protocol, staking.manager
    protocol.bond(staking.newcomer, 1, staking.newcomer)
    manager.transcoder(0, 1_000_000, sender=staking.newcomer)
    protocol.next_round()

    staking.pay_fees(staking.newcomer, ETH)

    owed = fees_of(staking, staking.newcomer)
    assert ETH - 2 <= owed <= ETH
    protocol.next_round()
    manager.withdrawFees(staking.newcomer, owed, sender=staking.newcomer)


def test_fees__of_one_who_left__are_its_own_part_and_the_treasurys(staking: Staking) -> None:
    protocol, manager, transcoder = staking.protocol, staking.manager, staking.transcoder
    treasury = protocol.chain.account("treasury", balance=0)
    protocol.register("Treasury", treasury)
    manager.unbond(10_000 * LPT, sender=transcoder)

    staking.pay_fees(transcoder, ETH)

    assert manager.getDelegator(transcoder)[1] == ETH // 2
    assert protocol.chain.balance(treasury) == ETH // 2
    manager.withdrawFees(transcoder, ETH // 2, sender=transcoder)


def test_fees__of_one_who_left_without_a_treasury__stay_in_the_minter(staking: Staking) -> None:
    chain, manager, transcoder = staking.protocol.chain, staking.manager, staking.transcoder
    manager.unbond(10_000 * LPT, sender=transcoder)
    before = chain.balance(staking.protocol.Minter)

    staking.pay_fees(transcoder, ETH)

    assert manager.getDelegator(transcoder)[1] == ETH // 2
    assert chain.balance(staking.protocol.Minter) == before + ETH


def test_fees__in_a_round_nobody_has_started__count_for_the_last(staking: Staking) -> None:
    last = staking.round
    staking.protocol.next_round(initialize=False)

    staking.pay_fees(staking.transcoder, ETH, last)

    assert staking.manager.getTranscoder(staking.transcoder)[9] == last
    staking.protocol.RoundsManager.initializeRound()
    assert fees_of(staking, staking.delegator) > 0


def test_fees__by_a_stranger_or_while_paused__revert(staking: Staking) -> None:
    protocol = staking.protocol
    arguments = (staking.transcoder, 1, staking.round)
    with reverts("caller must be TicketBroker"):
        staking.manager.updateTranscoderWithFees(*arguments, sender=staking.newcomer)
    staking.manager.updateTranscoderWithFees(*arguments, sender=staking.jobs)
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.updateTranscoderWithFees(*arguments, sender=staking.broker)
