# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Claims and withdrawals
@license MIT
@notice How what was earned becomes stake and fees, and how stake and fees leave. BondingManager exports these functions.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from . import common
from . import earnings
from . import exits
from . import ledger
from . import reasons

uses: common
uses: earnings
uses: exits
uses: ledger
uses: manager


interface Minter:
    def trustedWithdrawETH(_to: address, _amount: uint256): nonpayable


@external
def withdrawStake(_unbondingLockId: uint256):
    """
    @notice Pays out stake whose unbonding period has passed.
    @param _unbondingLockId The lock.
    """
    round: uint256 = common.begin()
    amount: uint256 = 0
    withdraw_round: uint256 = 0
    matures: uint256 = 0
    amount, withdraw_round, matures = exits.close(msg.sender, _unbondingLockId)
    if withdraw_round > round:
        reasons.fail("withdraw round must be before or equal to the current round")
    if matures != 0 and matures > manager.protocol_clock():
        reasons.fail("stake backs unsettled work")

    common.pay(common.minter(), msg.sender, amount)

    log IBondingManager.WithdrawStake(
        delegator=msg.sender,
        unbondingLockId=_unbondingLockId,
        amount=amount,
        withdrawRound=withdraw_round,
    )


@external
def withdrawFees(_recipient: address, _amount: uint256):
    """
    @notice Pays out fees the caller has earned.
    @param _recipient Where to.
    @param _amount Wei of ETH.
    """
    self._claim()
    if _recipient == empty(address):
        reasons.fail("invalid recipient")
    fees: uint256 = ledger.fees(msg.sender)
    if fees < _amount:
        reasons.fail("insufficient fees to withdraw")

    ledger.set_fees(msg.sender, fees - _amount)

    log IBondingManager.WithdrawFees(delegator=msg.sender, recipient=_recipient, amount=_amount)

    extcall Minter(common.minter()).trustedWithdrawETH(_recipient, _amount)


@external
def claimEarnings(_endRound: uint256):
    """
    @notice Turns what the caller earned up to the current round into stake and fees.
    @param _endRound Not used: always the current round.
    """
    self._claim()


@external
def checkpointBondingState(_account: address):
    """
    @notice Writes an account's stake down in BondingVotes as it is now.
    @param _account The account.
    """
    common.checkpoint(common.votes(), _account, common.current_round())


@internal
def _claim():
    round: uint256 = common.begin()
    if earnings.settle(msg.sender, round):
        common.checkpoint(common.votes(), msg.sender, round)
