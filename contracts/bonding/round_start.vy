# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title The start of a round
@license MIT
@notice Fixes the stake that counts in the round that begins. BondingManager exports this function.
"""

from ..governance import manager
from ..lib import names
from . import common
from . import entrances
from . import reasons
from . import transcoder_pool

uses: common
uses: entrances
uses: manager
uses: transcoder_pool


interface BondingVotes:
    def checkpointTotalActiveStake(_totalStake: uint256, _round: uint256): nonpayable


@external
def setCurrentRoundTotalActiveStake():
    """
    @notice Fixes the active set and its stake for the round that begins. Only RoundsManager may.
    """
    if msg.sender != manager.contract_at(names.ROUNDS_MANAGER):
        reasons.fail("caller must be RoundsManager")

    round: uint256 = 0
    ends: uint256 = 0
    round, ends = common.round_and_end(msg.sender)
    previous: uint256 = transcoder_pool.last_round()
    total: uint256 = transcoder_pool.start_round(round, msg.sender, ends)
    if total != 0 or transcoder_pool.changes_next():
        entrances.control(abi_encode(previous, method_id=method_id("beginRound(uint256)")))

    extcall BondingVotes(common.votes()).checkpointTotalActiveStake(total, round)
