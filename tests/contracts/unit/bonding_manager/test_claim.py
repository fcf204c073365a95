"""claimEarnings and withdrawFees: what is owed arrives, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.harness import ZERO, reverts
from tests.contracts.unit.bonding_manager.conftest import ETH

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking


def test_claim_earnings__turns_pending_into_stake(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.reward(sender=staking.transcoder)
    owed = staking.pending(delegator)
    before = staking.bonded(delegator)

    receipt = manager.claimEarnings(0, sender=delegator)

    assert staking.bonded(delegator) == owed > before
    assert receipt.named("EarningsClaimed")[0].args == {
        "delegate": staking.transcoder,
        "delegator": delegator,
        "rewards": owed - before,
        "fees": 0,
        "startRound": staking.round,
        "endRound": staking.round,
    }


def test_claim_earnings__twice_in_a_round__does_nothing_more(staking: Staking) -> None:
    staking.manager.claimEarnings(0, sender=staking.delegator)

    assert staking.manager.claimEarnings(0, sender=staking.delegator).events == []


def test_claim_earnings__before_the_reward__forgoes_the_round(staking: Staking) -> None:
    manager, delegator = staking.manager, staking.delegator
    manager.claimEarnings(0, sender=delegator)
    manager.reward(sender=staking.transcoder)
    staking.protocol.next_round()

    manager.claimEarnings(0, sender=delegator)

    assert staking.bonded(delegator) == 1_000 * ETH


def test_claim_earnings__after_rewards_at_any_rounds__agree(staking: Staking) -> None:
    protocol, manager, delegator = staking.protocol, staking.manager, staking.delegator

    def stake_after(claims: set[int]) -> int:
        with protocol.chain.isolate():
            for number in range(4):
                manager.reward(sender=staking.transcoder)
                if number in claims:
                    manager.claimEarnings(0, sender=delegator)
                protocol.next_round()
            return staking.pending(delegator)

    once = stake_after(set())

    assert once > 1_000 * ETH
    for claims in ({0}, {1, 3}, {0, 1, 2, 3}):
        assert once - len(claims) <= stake_after(claims) <= once


def test_claim_earnings__while_paused_or_before_the_round__reverts(staking: Staking) -> None:
    protocol = staking.protocol
    protocol.Controller.pause(sender=protocol.deployer)
    with reverts("system is paused"):
        staking.manager.claimEarnings(0, sender=staking.delegator)
    protocol.Controller.unpause(sender=protocol.deployer)
    protocol.next_round(initialize=False)
    with reverts("current round is not initialized"):
        staking.manager.claimEarnings(0, sender=staking.delegator)


def test_withdraw_fees__claims_and_pays(staking: Staking) -> None:
    chain, manager, delegator = staking.protocol.chain, staking.manager, staking.delegator
    staking.pay_fees(staking.transcoder, ETH)
    owed = manager.pendingFees(delegator, 0)
    recipient = chain.account("recipient of fees", balance=0)

    receipt = manager.withdrawFees(recipient, owed - 1, sender=delegator)

    assert chain.balance(recipient) == owed - 1
    assert manager.getDelegator(delegator)[1] == 1
    assert receipt.named("WithdrawFees")[0].args == {
        "delegator": delegator,
        "recipient": recipient,
        "amount": owed - 1,
    }
    with reverts("insufficient fees to withdraw"):
        manager.withdrawFees(recipient, 2, sender=delegator)


def test_withdraw_fees__to_nobody__reverts(staking: Staking) -> None:
    with reverts("invalid recipient"):
        staking.manager.withdrawFees(ZERO, 0, sender=staking.delegator)
