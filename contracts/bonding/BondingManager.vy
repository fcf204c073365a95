# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title BondingManager
@license MIT
@notice Bonds LPT to transcoders, keeps the pool of those who work, and shares what they earn with who stands behind
        them. Stake of a convicted transcoder is slashed here.
@dev Runs behind a ManagerProxy. What a round pays, samples and seats from is fixed when it begins; no call in a round
     changes it. Collaborators are found through the Controller and trusted; calls that may reach strangers come last.
@custom:pause everything but views stops while the Controller is paused; unbonding periods go on in rounds.
"""

from ..interfaces import IBondingManager

implements: IBondingManager

from ..governance import manager

initializes: manager

from . import ledger

initializes: ledger

from . import transcoder_pool

initializes: transcoder_pool[ledger := ledger]

from . import common

initializes: common[manager := manager, ledger := ledger, transcoder_pool := transcoder_pool]

from . import earnings

initializes: earnings[ledger := ledger]

from . import exits

initializes: exits[ledger := ledger]

from . import slashing

initializes: slashing[
    earnings := earnings, exits := exits, ledger := ledger, transcoder_pool := transcoder_pool
]

from . import active_set

initializes: active_set[ledger := ledger, transcoder_pool := transcoder_pool]

from . import issuance
# fmt: off
initializes: issuance[
    common := common, manager := manager, transcoder_pool := transcoder_pool
]
# fmt: on
from . import entrances

initializes: entrances[manager := manager]

from . import round_start
# fmt: off
initializes: round_start[
    common := common, entrances := entrances, manager := manager, transcoder_pool := transcoder_pool
]
# fmt: on
from . import payments
# fmt: off
initializes: payments[
    common := common, earnings := earnings, entrances := entrances, ledger := ledger,
    manager := manager, slashing := slashing, transcoder_pool := transcoder_pool
]
# fmt: on
from . import withdrawals
# fmt: off
initializes: withdrawals[
    common := common, earnings := earnings, exits := exits, ledger := ledger, manager := manager
]
# fmt: on
from . import views
# fmt: off
initializes: views[
    active_set := active_set, common := common, earnings := earnings, exits := exits,
    issuance := issuance, ledger := ledger, manager := manager, slashing := slashing,
    transcoder_pool := transcoder_pool
]
# fmt: on
from ..lib import names
from . import reasons

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    common.treasuryBalanceCeiling,
    entrances.setUnbondingPeriod,
    entrances.setTreasuryRewardCutRate,
    entrances.setTreasuryBalanceCeiling,
    entrances.setNumActiveTranscoders,
    entrances.setMinSelfStake,
    entrances.setWorkWeight,
    entrances.setWorkRebate,
    entrances.transcoder,
    entrances.transcoderWithHint,
    round_start.setCurrentRoundTotalActiveStake,
    entrances.roundLengthChanged,
    entrances.slashTranscoder,
    entrances.penalizeSeat,
    entrances.backWork,
    payments.reward,
    payments.rewardWithHint,
    payments.updateTranscoderWithFees,
    withdrawals.checkpointBondingState,
    withdrawals.claimEarnings,
    withdrawals.withdrawFees,
    withdrawals.withdrawStake,
    views.unbondingPeriod,
    views.treasuryRewardCutRate,
    views.nextRoundTreasuryRewardCutRate,
    views.minSelfStake,
    views.workWeight,
    views.workRebate,
    views.currentRoundTotalActiveStake,
    views.getTotalBonded,
    views.nextRoundTotalActiveStake,
    views.lastSnapshotRound,
    views.activeSetPointer,
    views.getTranscoderPoolMaxSize,
    views.getTranscoderPoolSize,
    views.getFirstTranscoderInPool,
    views.getNextTranscoderInPool,
    views.isActiveTranscoder,
    views.isRegisteredTranscoder,
    views.transcoderStatus,
    views.transcoderTotalStake,
    views.isBarred,
    views.barredUntil,
    views.slashableStake,
    views.delegatorStatus,
    views.pendingStake,
    views.pendingFees,
    views.getTranscoder,
    views.getTranscoderEarningsPoolForRound,
    views.getDelegator,
    views.getDelegatorUnbondingLock,
    views.isValidUnbondingLock,
)


# Logged here by BondingControl's code, and therefore part of this contract's ABI too.


event TranscoderUpdate:
    transcoder: indexed(address)
    rewardCut: uint256
    feeShare: uint256


event TranscoderSlashed:
    transcoder: indexed(address)
    finder: address
    penalty: uint256
    finderReward: uint256


event ParameterUpdate:
    param: String[64]


event TreasuryReward:
    transcoder: indexed(address)
    treasury: address
    amount: uint256


event WorkReward:
    transcoder: indexed(address)
    round: indexed(uint256)
    amount: uint256


event SeatPenalized:
    transcoder: indexed(address)
    amount: uint256


event WorkBacked:
    transcoder: indexed(address)
    untilClock: uint256


interface Token:
    def transferFrom(_from: address, _to: address, _amount: uint256) -> bool: nonpayable


L2_MIGRATOR: constant(bytes32) = keccak256("L2Migrator")


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller this contract finds its collaborators through.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------
# DELEGATORS
# ---------------------------------------------------------------


@external
def bond(_amount: uint256, _to: address):
    """
    @notice Bonds LPT to a delegate, or moves the whole bond to another.
    @param _amount Wei of LPT to add; may be 0 when the delegate changes.
    @param _to The delegate; oneself to be a transcoder.
    """
    no_hint: address = empty(address)
    self._bond(_amount, msg.sender, _to, no_hint, no_hint, no_hint, no_hint)


@external
def bondWithHint(
    _amount: uint256,
    _to: address,
    _oldDelegateNewPosPrev: address,
    _oldDelegateNewPosNext: address,
    _currDelegateNewPosPrev: address,
    _currDelegateNewPosNext: address,
):
    """
    @notice Bonds LPT to a delegate, with hints where delegates will stand in the pool.
    @param _amount Wei of LPT to add; may be 0 when the delegate changes.
    @param _to The delegate; oneself to be a transcoder.
    @param _oldDelegateNewPosPrev Who will stand before the old delegate; zero if unknown.
    @param _oldDelegateNewPosNext Who will stand behind the old delegate; zero if unknown.
    @param _currDelegateNewPosPrev Who will stand before the new delegate; zero if unknown.
    @param _currDelegateNewPosNext Who will stand behind the new delegate; zero if unknown.
    """
    self._bond(
        _amount,
        msg.sender,
        _to,
        _oldDelegateNewPosPrev,
        _oldDelegateNewPosNext,
        _currDelegateNewPosPrev,
        _currDelegateNewPosNext,
    )


@external
def bondForWithHint(
    _amount: uint256,
    _owner: address,
    _to: address,
    _oldDelegateNewPosPrev: address,
    _oldDelegateNewPosNext: address,
    _currDelegateNewPosPrev: address,
    _currDelegateNewPosNext: address,
):
    """
    @notice Bonds LPT of the caller on behalf of another, who becomes its owner.
    @param _amount Wei of LPT to add.
    @param _owner Whose bond it will be.
    @param _to The delegate: the owner's, if it has one.
    @param _oldDelegateNewPosPrev Who will stand before the old delegate; zero if unknown.
    @param _oldDelegateNewPosNext Who will stand behind the old delegate; zero if unknown.
    @param _currDelegateNewPosPrev Who will stand before the new delegate; zero if unknown.
    @param _currDelegateNewPosNext Who will stand behind the new delegate; zero if unknown.
    """
    self._bond(
        _amount,
        _owner,
        _to,
        _oldDelegateNewPosPrev,
        _oldDelegateNewPosNext,
        _currDelegateNewPosPrev,
        _currDelegateNewPosNext,
    )


@external
def unbond(_amount: uint256):
    """
    @notice Starts to take stake out; it can be withdrawn after the unbonding period.
    @param _amount Wei of LPT.
    """
    self._unbond_to_lock(_amount, empty(address), empty(address))


@external
def unbondWithHint(_amount: uint256, _newPosPrev: address, _newPosNext: address):
    """
    @notice Starts to take stake out, with hints where the delegate will stand in the pool.
    @param _amount Wei of LPT.
    @param _newPosPrev Who will stand before the delegate; zero if unknown.
    @param _newPosNext Who will stand behind the delegate; zero if unknown.
    """
    self._unbond_to_lock(_amount, _newPosPrev, _newPosNext)


@external
def rebond(_unbondingLockId: uint256):
    """
    @notice Bonds stake that is on its way out again, to the current delegate.
    @param _unbondingLockId The lock.
    """
    self._rebond(_unbondingLockId, empty(address), empty(address))


@external
def rebondWithHint(_unbondingLockId: uint256, _newPosPrev: address, _newPosNext: address):
    """
    @notice Bonds stake that is on its way out again, with hints where the delegate will stand in the pool.
    @param _unbondingLockId The lock.
    @param _newPosPrev Who will stand before the delegate; zero if unknown.
    @param _newPosNext Who will stand behind the delegate; zero if unknown.
    """
    self._rebond(_unbondingLockId, _newPosPrev, _newPosNext)


@external
def rebondFromUnbonded(_to: address, _unbondingLockId: uint256):
    """
    @notice Bonds stake that is on its way out to a delegate, when the caller has no other bond.
    @param _to The delegate.
    @param _unbondingLockId The lock.
    """
    self._rebond_from_unbonded(_to, _unbondingLockId, empty(address), empty(address))


@external
def rebondFromUnbondedWithHint(
    _to: address, _unbondingLockId: uint256, _newPosPrev: address, _newPosNext: address
):
    """
    @notice Bonds stake that is on its way out to a delegate, with hints where it will stand in the pool.
    @param _to The delegate.
    @param _unbondingLockId The lock.
    @param _newPosPrev Who will stand before the delegate; zero if unknown.
    @param _newPosNext Who will stand behind the delegate; zero if unknown.
    """
    self._rebond_from_unbonded(_to, _unbondingLockId, _newPosPrev, _newPosNext)


@external
def transferBond(
    _delegator: address,
    _amount: uint256,
    _oldDelegateNewPosPrev: address,
    _oldDelegateNewPosNext: address,
    _newDelegateNewPosPrev: address,
    _newDelegateNewPosNext: address,
):
    """
    @notice Gives bonded stake to another, who keeps its delegate or, without one, gets the caller's.
    @param _delegator The receiver.
    @param _amount Wei of LPT.
    @param _oldDelegateNewPosPrev Who will stand before the caller's delegate; zero if unknown.
    @param _oldDelegateNewPosNext Who will stand behind the caller's delegate; zero if unknown.
    @param _newDelegateNewPosPrev Who will stand before the receiver's delegate; zero if unknown.
    @param _newDelegateNewPosNext Who will stand behind the receiver's delegate; zero if unknown.
    """
    round: uint256 = common.begin()
    self._authorize_claim(_delegator, round)
    self._refuse_backed(msg.sender, 0)
    old_delegate: address = ledger.delegate(msg.sender)
    # No lock is kept: ids are counted, and what leaves one bond goes into the other at once.
    old_lock: uint256 = self._unbond(_amount, round, _oldDelegateNewPosPrev, _oldDelegateNewPosNext)

    earnings.settle(_delegator, round)
    if ledger.bonded(_delegator) == 0:
        if _delegator == old_delegate or _delegator == empty(address):
            reasons.fail("INVALID_DELEGATOR")
        ledger.set_delegate(_delegator, old_delegate, round + 1)
    new_lock: uint256 = ledger.use_lock_id(_delegator)

    log IBondingManager.TransferBond(
        oldDelegator=msg.sender,
        newDelegator=_delegator,
        oldUnbondingLockId=old_lock,
        newUnbondingLockId=new_lock,
        amount=_amount,
    )

    self._credit(
        _delegator, new_lock, _amount, round, _newDelegateNewPosPrev, _newDelegateNewPosNext
    )
    if _delegator != msg.sender:
        common.checkpoint_pair(msg.sender, old_delegate, round)


# ---------------------------------------------------------------
# INTERNAL
# ---------------------------------------------------------------


@internal
def _refuse_backed(_owner: address, _free: uint256):
    """
    @dev Refuses moves that would carry stake out of a slash's reach. BondingControl looks closer at who has backed work
         or, where `_free` is 0 since stake is given away, at who may have seats to answer for.
    """
    if ledger.backed_until(_owner) > _free:
        entrances.control(
            abi_encode(_owner, _free, method_id=method_id("refuseBacked(address,uint256)"))
        )


@internal
@view
def _authorize_claim(_owner: address, _round: uint256):
    """
    @dev Others may make an account claim only when it loses nothing by it: its delegate has called reward in this
         round or is not active, or the account has claimed already.
    """
    if msg.sender == _owner or ledger.bonded(_owner) == 0 or ledger.last_claim(_owner) == _round:
        return
    delegate: address = ledger.delegate(_owner)
    if ledger.reward_round(delegate) == _round or not ledger.is_active(delegate, _round):
        return
    if msg.sender != manager.contract_at(L2_MIGRATOR):
        reasons.fail("ILLEGAL_CLAIM_EARNINGS")


@internal
@pure
def _require_amount(_amount: uint256):
    if _amount == 0:
        reasons.fail("delegation amount must be greater than 0")


@internal
@pure
def _require_delegate(_delegate: address):
    if _delegate == empty(address):
        reasons.fail("INVALID_DELEGATE")


@internal
def _bond(
    _amount: uint256,
    _owner: address,
    _to: address,
    _old_previous: address,
    _old_next: address,
    _new_previous: address,
    _new_next: address,
):
    round: uint256 = common.begin()
    self._authorize_claim(_owner, round)
    earnings.settle(_owner, round)
    old_delegate: address = ledger.delegate(_owner)
    bonded: uint256 = ledger.bonded(_owner)
    moved: uint256 = _amount
    start_round: uint256 = round + 1

    if msg.sender != _owner and msg.sender != manager.contract_at(L2_MIGRATOR):
        if _owner == empty(address):
            reasons.fail("INVALID_DELEGATOR")
        if bonded != 0 and old_delegate != _to:
            reasons.fail("INVALID_DELEGATE_CHANGE")
        if bonded == 0 and _to == _owner:
            # Nobody makes another a transcoder.
            self._require_delegate(empty(address))
    self._require_delegate(_to)

    if bonded != 0:
        if old_delegate == _to:
            start_round = ledger.start_round(_owner)
        else:
            if old_delegate == _owner:
                reasons.fail("registered transcoders can't delegate towards other addresses")
            self._refuse_backed(_owner, ledger.ONCE_IN_POOL)
            moved += bonded
            transcoder_pool.remove_stake(old_delegate, bonded, round, _old_previous, _old_next)
            common.checkpoint(common.votes(), old_delegate, round)
    self._require_amount(moved)

    earnings.note(_to, round)
    bonded += _amount
    ledger.set_delegate(_owner, _to, start_round)
    ledger.set_bonded(_owner, bonded)
    transcoder_pool.add_stake(_to, moved, round, _new_previous, _new_next)

    if _amount != 0:
        token: address = manager.contract_at(names.LIVEPEER_TOKEN)
        minter: address = common.minter()
        if not extcall Token(token).transferFrom(msg.sender, minter, _amount):
            reasons.fail("token transfer failed")
    log IBondingManager.Bond(
        newDelegate=_to,
        oldDelegate=old_delegate,
        delegator=_owner,
        additionalAmount=_amount,
        bondedAmount=bonded,
    )

    common.checkpoint_pair(_owner, _to, round)


@internal
def _unbond(_amount: uint256, _round: uint256, _previous: address, _next: address) -> uint256:
    """
    @dev Takes stake of the caller from its delegate and returns the id of a lock, which is up to the caller to make.
    """
    earnings.settle(msg.sender, _round)
    bonded: uint256 = ledger.bonded(msg.sender)
    delegate: address = ledger.delegate(msg.sender)
    if bonded == 0 or ledger.start_round(msg.sender) > _round:
        reasons.fail("caller must be bonded")
    if _amount == 0:
        reasons.fail("unbond amount must be greater than 0")
    if _amount > bonded:
        reasons.fail("amount is greater than bonded amount")

    id: uint256 = ledger.use_lock_id(msg.sender)
    ledger.set_bonded(msg.sender, bonded - _amount)
    if bonded == _amount:
        ledger.set_delegate(msg.sender, empty(address), 0)
    if delegate == msg.sender:
        slashing.expel_if_light(delegate, _round + 1)
    transcoder_pool.remove_stake(delegate, _amount, _round, _previous, _next)

    log IBondingManager.Unbond(
        delegate=delegate,
        delegator=msg.sender,
        unbondingLockId=id,
        amount=_amount,
        withdrawRound=_round + transcoder_pool.unbonding_period(),
    )
    return id


@internal
def _unbond_to_lock(_amount: uint256, _previous: address, _next: address):
    round: uint256 = common.begin()
    delegate: address = ledger.delegate(msg.sender)
    id: uint256 = self._unbond(_amount, round, _previous, _next)
    exits.open(
        msg.sender,
        id,
        _amount,
        round + transcoder_pool.unbonding_period(),
        delegate == msg.sender or ledger.backed_until(msg.sender) != 0,
    )
    common.checkpoint_pair(msg.sender, delegate, round)


@internal
def _credit(
    _owner: address,
    _id: uint256,
    _amount: uint256,
    _round: uint256,
    _previous: address,
    _next: address,
):
    """
    @dev Puts what was unbonding behind an account's delegate again.
    """
    # 0 where all of a lock was slashed.
    self._require_amount(_amount)
    delegate: address = ledger.delegate(_owner)
    ledger.set_bonded(_owner, ledger.bonded(_owner) + _amount)
    transcoder_pool.add_stake(delegate, _amount, _round, _previous, _next)

    log IBondingManager.Rebond(
        delegate=delegate, delegator=_owner, unbondingLockId=_id, amount=_amount
    )

    common.checkpoint_pair(_owner, delegate, _round)


@internal
def _rebond(_id: uint256, _previous: address, _next: address):
    round: uint256 = common.begin()
    earnings.settle(msg.sender, round)
    if ledger.bonded(msg.sender) == 0:
        reasons.fail("caller must be bonded")

    amount: uint256 = exits.close(msg.sender, _id)[0]
    self._credit(msg.sender, _id, amount, round, _previous, _next)


@internal
def _rebond_from_unbonded(_to: address, _id: uint256, _previous: address, _next: address):
    round: uint256 = common.begin()
    earnings.settle(msg.sender, round)
    if ledger.bonded(msg.sender) != 0:
        reasons.fail("caller must be unbonded")
    self._refuse_backed(msg.sender, ledger.ONCE_IN_POOL)
    amount: uint256 = exits.close(msg.sender, _id)[0]
    self._require_delegate(_to)

    earnings.note(_to, round)
    ledger.set_delegate(msg.sender, _to, round + 1)
    self._credit(msg.sender, _id, amount, round, _previous, _next)
