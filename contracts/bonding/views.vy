# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What BondingManager shows
@license MIT
@notice Everything that can be asked about staking. BondingManager exports these functions; they change nothing.
"""

from ..governance import manager
from . import active_set
from . import common
from . import earnings
from . import exits
from . import issuance
from . import ledger
from . import slashing
from . import transcoder_pool

uses: active_set
uses: common
uses: earnings
uses: exits
uses: issuance
uses: ledger
uses: manager
uses: slashing
uses: transcoder_pool


# delegatorStatus
PENDING: constant(uint8) = 0
BONDED: constant(uint8) = 1
UNBONDED: constant(uint8) = 2


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
def workWeight() -> uint256:
    """
    @notice Which part of a round's new LPT goes by work, as set for the next round.
    @return Parts per million.
    """
    return issuance.next_work_weight()


@external
@view
def workRebate() -> uint256:
    """
    @notice The most that work is paid in LPT, as set for the next round.
    @return Wei of LPT per ETH of protocol fee.
    """
    return issuance.next_work_rebate()


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
