# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What transcoders and their delegators are paid
@license MIT
@notice Rewards, which transcoders call for, and fees, which TicketBroker and JobsManager bring. BondingManager exports
        these functions.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..lib import names
from . import common
from . import earnings
from . import entrances
from . import ledger
from . import reasons
from . import slashing
from . import transcoder_pool

uses: common
uses: earnings
uses: entrances
uses: ledger
uses: manager
uses: slashing
uses: transcoder_pool


interface Minter:
    def createReward(_fracNum: uint256, _fracDenom: uint256) -> uint256: nonpayable
    def trustedBurnTokens(_amount: uint256): nonpayable


# Parts per million.
PERC_DIVISOR: constant(uint256) = 1_000_000


@external
def reward():
    """
    @notice Mints the round's LPT for the caller, an active transcoder, and its delegators. Once a round.
    """
    self._reward(empty(address), empty(address))


@external
def rewardWithHint(_newPosPrev: address, _newPosNext: address):
    """
    @notice Mints the round's LPT for the caller, with hints where it will stand in the pool.
    @param _newPosPrev Who will stand before the caller; zero if unknown.
    @param _newPosNext Who will stand behind the caller; zero if unknown.
    """
    self._reward(_newPosPrev, _newPosNext)


@external
def updateTranscoderWithFees(_transcoder: address, _fees: uint256, _round: uint256):
    """
    @notice Shares fees among a transcoder and its delegators. Only TicketBroker and JobsManager may.
    @param _transcoder Who worked.
    @param _fees Wei of ETH, already in the Minter.
    @param _round The round of the work, whose rates hold.
    """
    manager.when_system_not_paused()
    if msg.sender != manager.contract_at(names.TICKET_BROKER):
        if msg.sender != manager.contract_at(names.JOBS_MANAGER):
            reasons.fail("caller must be TicketBroker")
    shared: uint256 = _fees * earnings.rates(_transcoder, _round)[1] // PERC_DIVISOR
    if ledger.is_registered(_transcoder):
        earnings.add_fees(_transcoder, _fees - shared, shared, transcoder_pool.last_round())
        return

    ledger.set_fees(_transcoder, ledger.fees(_transcoder) + _fees - shared)
    entrances.control(abi_encode(shared, method_id=method_id("giveUpFees(uint256)")))


@internal
def _reward(_previous: address, _next: address):
    round: uint256 = common.begin()
    if not ledger.is_active(msg.sender, round):
        reasons.fail("caller must be an active transcoder")
    if ledger.reward_round(msg.sender) == round:
        reasons.fail("caller has already called reward for the current round")

    stake: uint256 = ledger.total_at_start(msg.sender, round)
    minter: address = common.minter()
    rewards: uint256 = 0
    if transcoder_pool.has_extras():
        rewards = entrances.control(abi_encode(stake, method_id=method_id("mintReward(uint256)")))
    else:
        rewards = extcall Minter(minter).createReward(stake, transcoder_pool.current_total())
    left_over: uint256 = earnings.add_rewards(msg.sender, rewards, stake, round)
    if left_over != 0:
        rewards -= left_over
        extcall Minter(minter).trustedBurnTokens(left_over)
    slashing.expel_if_light(msg.sender, round + 1)
    transcoder_pool.add_stake(msg.sender, rewards, round, _previous, _next)

    log IBondingManager.Reward(transcoder=msg.sender, amount=rewards)

    common.checkpoint(common.votes(), msg.sender, round)
