# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
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

initializes: slashing[earnings := earnings, exits := exits, ledger := ledger, transcoder_pool := transcoder_pool]

from . import active_set

initializes: active_set[ledger := ledger, transcoder_pool := transcoder_pool]

from ..lib import names
from . import reasons

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    common.treasuryBalanceCeiling,
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


event SeatPenalized:
    transcoder: indexed(address)
    amount: uint256


event WorkBacked:
    transcoder: indexed(address)
    untilClock: uint256


interface Minter:
    def createReward(_fracNum: uint256, _fracDenom: uint256) -> uint256: nonpayable
    def trustedBurnTokens(_amount: uint256): nonpayable
    def trustedWithdrawETH(_to: address, _amount: uint256): nonpayable


interface Token:
    def balanceOf(_owner: address) -> uint256: view
    def transferFrom(_from: address, _to: address, _amount: uint256) -> bool: nonpayable


# Parts per million.
PERC_DIVISOR: constant(uint256) = 1_000_000

# delegatorStatus
PENDING: constant(uint8) = 0
BONDED: constant(uint8) = 1
UNBONDED: constant(uint8) = 2

L2_MIGRATOR: constant(bytes32) = keccak256("L2Migrator")


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller this contract finds its collaborators through.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------
# PARAMETERS
# ---------------------------------------------------------------


@external
def setUnbondingPeriod(_unbondingPeriod: uint64):
    """
    @notice Sets how long stake takes to leave, and how long a conviction bars. Only the Controller's owner may.
    @param _unbondingPeriod Rounds.
    """
    self._control_call()


@external
def setTreasuryRewardCutRate(_cutRate: uint256):
    """
    @notice Sets the treasury's part of newly minted LPT, from the next round on. Only the Controller's owner may.
    @param _cutRate Of 10^27.
    """
    self._control_call()


@external
def setTreasuryBalanceCeiling(_ceiling: uint256):
    """
    @notice Sets the balance at which the treasury gets no more. Only the Controller's owner may.
    @param _ceiling Wei of LPT; 0 for none.
    """
    self._control_call()


@external
def setNumActiveTranscoders(_numActiveTranscoders: uint256):
    """
    @notice Makes room for more transcoders in the pool. Only the Controller's owner may.
    @param _numActiveTranscoders More than before, 256 at most.
    """
    self._control_call()


@external
def setMinSelfStake(_minSelfStake: uint256):
    """
    @notice Sets how much of its own a transcoder must have bonded to join the pool, or to stay when it unbonds, is
            rewarded or penalised. Only the Controller's owner may.
    @param _minSelfStake Wei of LPT.
    """
    self._control_call()


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
    self._refuse_backed(msg.sender)
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


# ---------------------------------------------------------------
# TRANSCODERS
# ---------------------------------------------------------------


@external
def transcoder(_rewardCut: uint256, _feeShare: uint256):
    """
    @notice Sets the caller's rates from the next round on, and joins the pool if there is a place.
    @param _rewardCut The transcoder's part of rewards, in parts per million.
    @param _feeShare The delegators' part of fees, in parts per million.
    """
    self._control_call()


@external
def transcoderWithHint(
    _rewardCut: uint256, _feeShare: uint256, _newPosPrev: address, _newPosNext: address
):
    """
    @notice Sets the caller's rates from the next round on, with hints where it will stand in the pool.
    @param _rewardCut The transcoder's part of rewards, in parts per million.
    @param _feeShare The delegators' part of fees, in parts per million.
    @param _newPosPrev Who will stand before the caller; zero if unknown.
    @param _newPosNext Who will stand behind the caller; zero if unknown.
    """
    self._control_call()


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


# ---------------------------------------------------------------
# OTHER CONTRACTS OF THE PROTOCOL
# ---------------------------------------------------------------


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
    own: uint256 = _fees - shared
    if ledger.is_registered(_transcoder):
        earnings.add_fees(_transcoder, own, shared, transcoder_pool.last_round())
        return

    ledger.set_fees(_transcoder, ledger.fees(_transcoder) + own)
    treasury: address = manager.contract_at(names.TREASURY)
    if shared != 0 and treasury != empty(address):
        extcall Minter(common.minter()).trustedWithdrawETH(treasury, shared)


@external
def setCurrentRoundTotalActiveStake():
    """
    @notice Fixes the active set and its stake for the round that begins. Only RoundsManager may.
    """
    self._control_call()


@external
def slashTranscoder(
    _transcoder: address, _finder: address, _slashAmount: uint256, _finderFee: uint256
):
    """
    @notice Takes a part of a transcoder's own stake and bars it for one unbonding period. Only the Verifier may.
    @param _transcoder The convicted.
    @param _finder Who found it out; zero if nobody.
    @param _slashAmount Parts per million of its own stake, bonded or still unbonding.
    @param _finderFee Parts per million of the penalty for the finder, half at most; the rest is burned.
    """
    self._control_call()


@external
def penalizeSeat(_transcoder: address, _amount: uint256) -> uint256:
    """
    @notice Takes stake of its own from a transcoder who sat on a committee badly. Only VerifierCommittee may, and gets
            the LPT.
    @param _transcoder The seat's owner.
    @param _amount Wei of LPT.
    @return What was taken, in wei of LPT; less than asked for where there was less.
    """
    return convert(self._control_answer(), uint256)


@external
def backWork(_transcoder: address, _untilClock: uint256):
    """
    @notice Keeps a transcoder's own stake where a slash can reach it. Only JobsManager may.
    @param _transcoder Whose stake.
    @param _untilClock Block of the protocol's clock, pauses not counted.
    """
    self._control_call()


# ---------------------------------------------------------------
# VIEWS
# ---------------------------------------------------------------


@external
@view
def unbondingPeriod() -> uint64:
    """
    @notice How long stake takes to leave.
    @return Rounds.
    """
    return convert(transcoder_pool.unbonding_period(), uint64)


@external
@view
def treasuryRewardCutRate() -> uint256:
    """
    @notice The treasury's part of newly minted LPT in this round.
    @return Of 10^27.
    """
    return common.cut_rate()


@external
@view
def nextRoundTreasuryRewardCutRate() -> uint256:
    """
    @notice The treasury's part of newly minted LPT in the next round.
    @return Of 10^27.
    """
    return common.next_cut_rate()


@external
@view
def minSelfStake() -> uint256:
    """
    @notice How much of its own a transcoder must have bonded to be active.
    @return Wei of LPT.
    """
    return transcoder_pool.min_self_stake()


@external
@view
def currentRoundTotalActiveStake() -> uint256:
    """
    @notice Stake behind all transcoders active in the current round, as it was when the round began.
    @return Wei of LPT.
    """
    return transcoder_pool.current_total()


@external
@view
def getTotalBonded() -> uint256:
    """
    @notice The same as `currentRoundTotalActiveStake`.
    @return Wei of LPT.
    """
    return transcoder_pool.current_total()


@external
@view
def nextRoundTotalActiveStake() -> uint256:
    """
    @notice Stake behind all transcoders in the pool.
    @return Wei of LPT.
    """
    return transcoder_pool.next_total()


@external
@view
def lastSnapshotRound() -> uint256:
    """
    @notice The last round that was initialised.
    @return Its number.
    """
    return transcoder_pool.last_round()


@external
@view
def activeSetPointer(_round: uint256) -> address:
    """
    @notice Where the active set of a round is written down, as contract code: a zero byte, then 32 bytes for each
            transcoder, in the order of the pool: its address (20) and the stake of all up to and with it (12).
    @param _round The round.
    @return The contract; zero if the round had no active set or lies more than 63 rounds back.
    """
    return active_set.pointer(_round)


@external
@view
def getTranscoderPoolMaxSize() -> uint256:
    """
    @notice How many transcoders the pool takes.
    @return Their number.
    """
    return transcoder_pool.max_size()


@external
@view
def getTranscoderPoolSize() -> uint256:
    """
    @notice How many transcoders are in the pool.
    @return Their number.
    """
    return transcoder_pool.size()


@external
@view
def getFirstTranscoderInPool() -> address:
    """
    @notice The transcoder with the most stake in the pool.
    @return Its address; zero if the pool is empty.
    """
    return transcoder_pool.first()


@external
@view
def getNextTranscoderInPool(_transcoder: address) -> address:
    """
    @notice The transcoder behind another in the pool.
    @param _transcoder The other.
    @return Its address; zero behind the last and if the other is not in the pool.
    """
    return transcoder_pool.after(_transcoder)


@external
@view
def isActiveTranscoder(_transcoder: address) -> bool:
    """
    @notice Whether a transcoder works in the current round.
    @param _transcoder The transcoder.
    @return True if it was in the pool when the round began, and has not been convicted since.
    """
    return ledger.is_active(_transcoder, common.current_round())


@external
@view
def isRegisteredTranscoder(_transcoder: address) -> bool:
    """
    @notice Whether an account has bonded to itself.
    @param _transcoder The account.
    @return True if it has.
    """
    return ledger.is_registered(_transcoder)


@external
@view
def transcoderStatus(_transcoder: address) -> uint8:
    """
    @notice Whether an account has bonded to itself, as a number.
    @param _transcoder The account.
    @return 1 if it has, else 0.
    """
    return convert(ledger.is_registered(_transcoder), uint8)


@external
@view
def transcoderTotalStake(_transcoder: address) -> uint256:
    """
    @notice Stake behind a delegate.
    @param _transcoder The delegate.
    @return Wei of LPT.
    """
    return ledger.total(_transcoder)


@external
@view
def isBarred(_transcoder: address) -> bool:
    """
    @notice Whether a conviction keeps a transcoder out.
    @param _transcoder The transcoder.
    @return True if it does, as of the last round that was initialised.
    """
    return ledger.barred_until(_transcoder) > transcoder_pool.last_round()


@external
@view
def barredUntil(_transcoder: address) -> uint256:
    """
    @notice Until when a conviction keeps a transcoder out.
    @param _transcoder The transcoder.
    @return The first round in which it may join again; 0 if it was never convicted.
    """
    return ledger.barred_until(_transcoder)


@external
@view
def slashableStake(_transcoder: address) -> uint256:
    """
    @notice What a slash could take from a transcoder now: its own bonded stake, and its locks not yet withdrawable.
    @param _transcoder The transcoder.
    @return Wei of LPT.
    """
    return slashing.within_reach(_transcoder, common.current_round(), manager.protocol_clock())


@external
@view
def delegatorStatus(_delegator: address) -> uint8:
    """
    @notice How far an account's bond has come.
    @param _delegator The account.
    @return 0 pending until the next round, 1 bonded, 2 unbonded.
    """
    if ledger.bonded(_delegator) == 0:
        return UNBONDED
    if ledger.start_round(_delegator) > common.current_round():
        return PENDING
    return BONDED


@external
@view
def pendingStake(_delegator: address, _endRound: uint256) -> uint256:
    """
    @notice The stake an account would have if it claimed now.
    @param _delegator The account.
    @param _endRound Not used: always the current round.
    @return Wei of LPT.
    """
    return earnings.pending(_delegator, common.current_round())[0]


@external
@view
def pendingFees(_delegator: address, _endRound: uint256) -> uint256:
    """
    @notice The fees an account would have if it claimed now.
    @param _delegator The account.
    @param _endRound Not used: always the current round.
    @return Wei of ETH.
    """
    return earnings.pending(_delegator, common.current_round())[1]


@external
@view
def getTranscoder(
    _transcoder: address,
) -> (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256):
    """
    @notice What is known of a transcoder.
    @param _transcoder The transcoder.
    @return lastRewardRound, rewardCut, feeShare (parts per million), lastActiveStakeUpdateRound, activationRound,
            deactivationRound (2^256 - 1 while in the pool), activeCumulativeRewards, cumulativeRewards (wei of LPT),
            cumulativeFees (wei of ETH), lastFeeRound.
    """
    rates: uint256 = ledger.rates(_transcoder)
    deactivation: uint256 = ledger.deactivation(_transcoder)
    if deactivation == ledger.NEVER:
        deactivation = max_value(uint256)
    return (
        ledger.reward_round(_transcoder),
        rates & (2**20 - 1),
        (rates >> 20) & (2**20 - 1),
        ledger.total_changed(_transcoder),
        ledger.activation(_transcoder),
        deactivation,
        ledger.active_commission(_transcoder),
        ledger.commission(_transcoder),
        ledger.commission_fees(_transcoder),
        ledger.fee_round(_transcoder),
    )


@external
@view
def getTranscoderEarningsPoolForRound(
    _transcoder: address, _round: uint256
) -> (uint256, uint256, uint256, uint256, uint256):
    """
    @notice What a transcoder's earnings in a round are reckoned with.
    @param _transcoder The transcoder.
    @param _round The round.
    @return Stake behind it when the round began, for rounds it was active in (not more than 63 rounds ago) and the next;
            reward cut and fee share of the round, in parts per million; its reward and fee factors, of 10^27, where they
            were noted in that round, else 0.
    """
    stake: uint256 = 0
    if _round == transcoder_pool.last_round() + 1:
        stake = ledger.total(_transcoder)
    else:
        stake = active_set.stake_of(_transcoder, _round)
    cut: uint256 = 0
    share: uint256 = 0
    cut, share = earnings.rates(_transcoder, _round)
    factors: uint256 = earnings.factors(_transcoder, _round)
    return stake, cut, share, factors & (2**128 - 1), factors >> 128


@external
@view
def getDelegator(
    _delegator: address,
) -> (uint256, uint256, address, uint256, uint256, uint256, uint256):
    """
    @notice What is known of a delegator, as of its last claim.
    @param _delegator The delegator.
    @return bondedAmount (wei of LPT), fees (wei of ETH), delegateAddress, delegatedAmount (wei of LPT bonded to it),
            startRound, lastClaimRound, nextUnbondingLockId.
    """
    return (
        ledger.bonded(_delegator),
        ledger.fees(_delegator),
        ledger.delegate(_delegator),
        ledger.total(_delegator),
        ledger.start_round(_delegator),
        ledger.last_claim(_delegator),
        ledger.next_lock(_delegator),
    )


@external
@view
def getDelegatorUnbondingLock(_delegator: address, _unbondingLockId: uint256) -> (uint256, uint256):
    """
    @notice An unbonding lock.
    @param _delegator Its owner.
    @param _unbondingLockId Its number.
    @return What it pays after slashes, in wei of LPT, and the round from which on; zeros if there is none.
    """
    return (
        exits.worth(_delegator, _unbondingLockId),
        exits.withdraw_round(_delegator, _unbondingLockId),
    )


@external
@view
def isValidUnbondingLock(_delegator: address, _unbondingLockId: uint256) -> bool:
    """
    @notice Whether an unbonding lock is still there.
    @param _delegator Its owner.
    @param _unbondingLockId Its number.
    @return True if it is.
    """
    return exits.withdraw_round(_delegator, _unbondingLockId) != 0


# ---------------------------------------------------------------
# INTERNAL
# ---------------------------------------------------------------


@internal
@view
def _refuse_backed(_owner: address):
    """
    @dev Refuses moves that would carry stake out of a slash's reach.
    """
    until: uint256 = ledger.backed_until(_owner)
    if until != 0 and until > manager.protocol_clock():
        reasons.fail("stake backs unsettled work")


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
def _claim():
    round: uint256 = common.begin()
    if earnings.settle(msg.sender, round):
        common.checkpoint(common.votes(), msg.sender, round)


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
            reasons.fail("INVALID_DELEGATE")
    if _to == empty(address):
        reasons.fail("INVALID_DELEGATE")

    if bonded != 0:
        if old_delegate == _to:
            start_round = ledger.start_round(_owner)
        else:
            if old_delegate == _owner:
                reasons.fail("registered transcoders can't delegate towards other addresses")
            self._refuse_backed(_owner)
            moved += bonded
            transcoder_pool.remove_stake(old_delegate, bonded, round, _old_previous, _old_next)
            common.checkpoint(common.votes(), old_delegate, round)
    if moved == 0:
        reasons.fail("delegation amount must be greater than 0")

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
    if _amount == 0:
        # All of the lock was slashed.
        reasons.fail("delegation amount must be greater than 0")
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
    self._refuse_backed(msg.sender)
    amount: uint256 = exits.close(msg.sender, _id)[0]
    if _to == empty(address):
        reasons.fail("INVALID_DELEGATE")

    earnings.note(_to, round)
    ledger.set_delegate(msg.sender, _to, round + 1)
    self._credit(msg.sender, _id, amount, round, _previous, _next)


@internal
def _reward(_previous: address, _next: address):
    round: uint256 = common.begin()
    if not ledger.is_active(msg.sender, round):
        reasons.fail("caller must be an active transcoder")
    if ledger.reward_round(msg.sender) == round:
        reasons.fail("caller has already called reward for the current round")

    stake: uint256 = ledger.total_at_start(msg.sender, round)
    minter: address = common.minter()
    rewards: uint256 = extcall Minter(minter).createReward(stake, transcoder_pool.current_total())
    rewards -= self._pay_treasury(minter, rewards)
    left_over: uint256 = earnings.add_rewards(msg.sender, rewards, stake, round)
    if left_over != 0:
        rewards -= left_over
        extcall Minter(minter).trustedBurnTokens(left_over)
    slashing.expel_if_light(msg.sender, round + 1)
    transcoder_pool.add_stake(msg.sender, rewards, round, _previous, _next)

    log IBondingManager.Reward(transcoder=msg.sender, amount=rewards)

    common.checkpoint(common.votes(), msg.sender, round)


@internal
def _pay_treasury(_minter: address, _rewards: uint256) -> uint256:
    """
    @dev Pays the treasury its part of what was minted, and returns it. Where there is no treasury, it has no part.
    """
    rate: uint256 = common.cut_rate()
    next_rate: uint256 = common.next_cut_rate()
    if rate == 0 and next_rate == 0:
        return 0
    treasury: address = manager.contract_at(names.TREASURY)
    if treasury == empty(address):
        return 0

    ceiling: uint256 = common.treasuryBalanceCeiling
    if ceiling != 0 and next_rate != 0:
        token: address = manager.contract_at(names.LIVEPEER_TOKEN)
        if staticcall Token(token).balanceOf(treasury) >= ceiling:
            common.set_next_cut_rate(0)

    part: uint256 = _rewards * rate // common.PRECISE_PERC_DIVISOR
    if part != 0:
        common.pay(_minter, treasury, part)

        log IBondingManager.TreasuryReward(transcoder=msg.sender, treasury=treasury, amount=part)
    return part


@internal
def _control_call():
    """
    @dev Runs this call by BondingControl's code on this contract's state. Failures pass through unchanged.
    """
    raw_call(self._control(), msg.data, is_delegate_call=True)


@internal
def _control_answer() -> Bytes[32]:
    return raw_call(self._control(), msg.data, max_outsize=32, is_delegate_call=True)


@internal
@view
def _control() -> address:
    control: address = manager.contract_at(names.BONDING_CONTROL)
    # A delegatecall to an address without code succeeds and does nothing.
    if not control.is_contract:
        reasons.fail("BondingControl must be registered")
    return control
