"""Work pays: a part of a round's LPT goes by the fees that were settled in the round before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.harness import Reverted, reverts
from tests.contracts.stateful.evm import calldata, word
from tests.contracts.stateful.protocol import helper_code
from tests.contracts.unit.bonding_manager.conftest import ETH, LPT

if TYPE_CHECKING:
    from tests.contracts.unit.bonding_manager.conftest import Staking

MILLION = 10**6
BILLION = 10**9
FIFTH = 200_000
REBATE = 300 * LPT


class Book:
    """A book of settled work in JobsManager's place."""

    def __init__(self, staking: Staking) -> None:
        self._staking = staking
        self._chain = staking.protocol.chain
        code = helper_code("WorkBook") + word(str(staking.manager.address))
        self.address = self._chain.create(code)
        staking.protocol.register("JobsManager", self.address)

    def record(self, transcoder: str, fees: int, protocol_fee: int) -> None:
        """Work of a transcoder is settled now."""
        signature = "record(uint256,address,uint256,uint256)"
        data = calldata(signature, self._staking.round, transcoder, fees, protocol_fee)
        self._chain.send(self.address, data)


@pytest.fixture
def book(staking: Staking) -> Book:
    """Work is paid a fifth of a round's LPT, at most 300 LPT per ETH of protocol fee."""
    deployer = staking.protocol.deployer
    staking.manager.setWorkWeight(FIFTH, sender=deployer)
    staking.manager.setWorkRebate(REBATE, sender=deployer)
    return Book(staking)


def minted(staking: Staking, transcoder: str) -> int:
    """What a transcoder's reward mints, in wei."""
    before = staking.protocol.Minter.currentMintedTokens()
    staking.manager.reward(sender=transcoder)
    return int(staking.protocol.Minter.currentMintedTokens() - before)


def rounded(amount: int, mintable: int) -> int:
    """An amount in whole parts of 10^9 of the round, as the Minter mints."""
    return mintable * (amount * BILLION // mintable) // BILLION


def test_reward__is_the_stakes_part_and_the_works(staking: Staking, book: Book) -> None:
    book.record(staking.transcoder, 3 * ETH, ETH // 10_000)
    book.record(staking.second, ETH, ETH * MILLION)
    staking.protocol.next_round()
    mintable = staking.protocol.Minter.currentMintableTokens()
    by_stake = [mintable * 4 * stake // (5 * 20_000) for stake in (11_000, 9_000)]

    capped, shared = minted(staking, staking.transcoder), minted(staking, staking.second)

    assert capped == rounded(by_stake[0] + REBATE // 10_000, mintable)
    assert shared == rounded(by_stake[1] + mintable // 5 // 4, mintable)


def test_reward__says_what_work_has_earned(staking: Staking, book: Book) -> None:
    book.record(staking.transcoder, ETH, ETH // 10_000)
    round_ = staking.round
    staking.protocol.next_round()

    receipt = staking.manager.reward(sender=staking.transcoder)

    (event,) = receipt.named("WorkReward")
    assert (event.transcoder, event.round) == (staking.transcoder, round_)
    assert event.amount == REBATE // 10_000


def test_work__is_paid_once_and_in_the_next_round_alone(staking: Staking, book: Book) -> None:
    staking.protocol.next_round()
    book.record(staking.transcoder, ETH, ETH * MILLION)
    at_once = minted(staking, staking.transcoder)
    staking.protocol.next_round()
    in_the_next = minted(staking, staking.transcoder)
    staking.protocol.next_round()
    later = minted(staking, staking.transcoder)

    assert in_the_next > at_once * 5 // 4
    assert later < in_the_next * 4 // 5


def test_work__before_rounds_nobody_started__is_still_paid(staking: Staking, book: Book) -> None:
    book.record(staking.transcoder, ETH, ETH * MILLION)
    staking.protocol.next_round(3)
    mintable = staking.protocol.Minter.currentMintableTokens()

    reward = minted(staking, staking.transcoder)

    assert reward == rounded(mintable * 4 * 11 // (5 * 20) + mintable // 5, mintable)


def test_weight__holds_from_the_next_round_on(staking: Staking) -> None:
    staking.protocol.next_round()
    staking.manager.setWorkWeight(MILLION, sender=staking.protocol.deployer)

    assert minted(staking, staking.transcoder) > 0

    staking.protocol.next_round()
    assert minted(staking, staking.transcoder) == 0


def test_weight__of_nothing_again__is_mainnets_rule_again(staking: Staking, book: Book) -> None:
    staking.manager.setWorkWeight(0, sender=staking.protocol.deployer)
    book.record(staking.transcoder, ETH, ETH * MILLION)
    staking.protocol.next_round()
    mintable = staking.protocol.Minter.currentMintableTokens()

    share = 11_000 * BILLION // 20_000

    assert minted(staking, staking.transcoder) == mintable * share // BILLION


@pytest.mark.parametrize("code", ["", "5f5ffd", "5f5f5260205ff3"])
def test_reward__without_a_jobs_manager_that_can_say__is_the_stakes_part(
    staking: Staking, book: Book, code: str
) -> None:
    """Nobody there, one that fails, and one that answers with a single word."""
    chain = staking.protocol.chain
    silent = chain.account("silent", balance=0)
    chain.set_code(silent, bytes.fromhex(code))
    staking.protocol.register("JobsManager", silent)
    staking.protocol.next_round()
    mintable = staking.protocol.Minter.currentMintableTokens()

    reward = minted(staking, staking.transcoder)

    assert reward == rounded(mintable * 4 * 11 // (5 * 20), mintable)


def test_reward__of_a_round_that_mints_nothing__is_nothing(staking: Staking, book: Book) -> None:
    protocol = staking.protocol
    owner = protocol.deployer
    protocol.Minter.setTargetBondingRate(0, sender=owner)
    protocol.Minter.setInflationChange(BILLION, sender=owner)
    book.record(staking.transcoder, ETH, ETH)
    protocol.next_round()
    assert protocol.Minter.currentMintableTokens() == 0

    assert minted(staking, staking.transcoder) == 0


def test_mint_reward__called_directly__reverts(staking: Staking) -> None:
    companion = staking.protocol.contracts["BondingControl"]
    with reverts("caller must be BondingManager"):
        companion.mintReward(1, sender=staking.transcoder)


def test_mint_reward__is_no_function_of_the_bonding_manager(staking: Staking) -> None:
    chain = staking.protocol.chain
    for function in ("mintReward(uint256)", "beginRound(uint256)", "giveUpFees(uint256)"):
        with pytest.raises(Reverted):
            chain.send(staking.manager.address, calldata(function, 1), sender=staking.transcoder)
