# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title BondingControl
@license MIT
@notice What steers staking and is called rarely: parameters, transcoders' rates, the start of a round, slashes.
@dev The second half of BondingManager, which would not fit into one contract: BondingManager delegatecalls these
     functions, each by its name, and both halves use the same modules in the same order, hence the same storage.
     Called directly it has no Controller and refuses everything.
@custom:pause as for BondingManager.
"""

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
from ..interfaces import IBondingManager
from ..lib import names
from . import reasons


interface Committee:
    def openSeats(_verifier: address) -> uint256: view


interface RoundsManager:
    def currentRoundLocked() -> bool: view


interface Minter:
    def trustedBurnTokens(_amount: uint256): nonpayable
    def trustedWithdrawETH(_to: address, _amount: uint256): nonpayable


# Parts per million.
PERC_DIVISOR: constant(uint256) = 1_000_000


@deploy
def __init__(_controller: address):
    """
    @param _controller Not used: the Controller is BondingManager's.
    """
    manager.__init__(empty(address))


@external
def setUnbondingPeriod(_unbondingPeriod: uint64):
    """
    @notice Sets how long stake takes to leave, and how long a conviction bars. Only the Controller's owner may.
    @param _unbondingPeriod Rounds.
    """
    manager.only_controller_owner()

    transcoder_pool.set_unbonding_period(convert(_unbondingPeriod, uint256))

    manager.parameter_updated("unbondingPeriod")


@external
def setTreasuryRewardCutRate(_cutRate: uint256):
    """
    @notice Sets the treasury's part of newly minted LPT, from the next round on. Only the Controller's owner may.
    @param _cutRate Of 10^27.
    """
    manager.only_controller_owner()

    issuance.set_next_cut_rate(_cutRate)


@external
def setTreasuryBalanceCeiling(_ceiling: uint256):
    """
    @notice Sets the balance at which the treasury gets no more. Only the Controller's owner may.
    @param _ceiling Wei of LPT; 0 for none.
    """
    manager.only_controller_owner()

    common.treasuryBalanceCeiling = _ceiling

    manager.parameter_updated("treasuryBalanceCeiling")


@external
def setNumActiveTranscoders(_numActiveTranscoders: uint256):
    """
    @notice Makes room for more transcoders in the pool. Only the Controller's owner may.
    @param _numActiveTranscoders More than before, 256 at most.
    """
    manager.only_controller_owner()

    transcoder_pool.set_max_size(_numActiveTranscoders)

    manager.parameter_updated("numActiveTranscoders")


@external
def setMinSelfStake(_minSelfStake: uint256):
    """
    @notice Sets how much of its own a transcoder must have bonded to join the pool, and to stay in it when it unbonds,
            is rewarded or penalised. Only the Controller's owner may.
    @param _minSelfStake Wei of LPT.
    """
    manager.only_controller_owner()

    transcoder_pool.set_min_self_stake(_minSelfStake)

    manager.parameter_updated("minSelfStake")


@external
def setWorkWeight(_weight: uint256):
    """
    @notice Sets which part of a round's new LPT goes by work instead of stake, from the next round on. Only the
            Controller's owner may.
    @param _weight Parts per million; 0 to pay stake alone.
    """
    manager.only_controller_owner()

    issuance.set_next_work_weight(_weight)


@external
def setWorkRebate(_rebate: uint256):
    """
    @notice Sets the most that work is paid in LPT, from the next round on. Only the Controller's owner may.
    @param _rebate Wei of LPT per ETH of protocol fee.
    """
    manager.only_controller_owner()

    issuance.set_next_work_rebate(_rebate)


@external
def transcoder(_rewardCut: uint256, _feeShare: uint256):
    """
    @notice Sets the caller's rates from the next round on, and joins the pool if there is a place.
    @param _rewardCut The transcoder's part of rewards, in parts per million.
    @param _feeShare The delegators' part of fees, in parts per million.
    """
    self._transcoder(_rewardCut, _feeShare, empty(address), empty(address))


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
    self._transcoder(_rewardCut, _feeShare, _newPosPrev, _newPosNext)


@external
def beginRound(_previous: uint256):
    """
    @notice Applies what was set for the round that begins, and writes its active set down. BondingManager's
            `setCurrentRoundTotalActiveStake` ends with this.
    @param _previous The last round that was initialised before.
    """
    if msg.sender != manager.contract_at(names.ROUNDS_MANAGER):
        reasons.fail("caller must be RoundsManager")

    issuance.start_round(_previous)
    active_set.write(transcoder_pool.last_round())


@external
def mintReward(_stake: uint256) -> uint256:
    """
    @notice Mints the caller's reward where the treasury or work has a part. BondingManager's `reward` begins with this,
            once it has made sure that the caller may.
    @param _stake Stake behind the caller when the round began, in wei of LPT.
    @return What is left for the caller and its delegators, in wei of LPT.
    """
    # Called directly, this contract knows no Controller.
    if manager.controller == empty(address):
        reasons.fail("caller must be BondingManager")

    return issuance.mint(_stake)


@external
def giveUpFees(_fees: uint256):
    """
    @notice Gives fees nobody can be paid to the treasury, if there is one. BondingManager's `updateTranscoderWithFees` ends
            with this where the transcoder has left, once it has made sure who calls.
    @param _fees Wei of ETH.
    """
    treasury: address = manager.contract_at(names.TREASURY)
    if _fees != 0 and treasury != empty(address):
        extcall Minter(common.minter()).trustedWithdrawETH(treasury, _fees)


@external
def refuseBacked(_owner: address, _free: uint256):
    """
    @notice Fails where an account's stake backs unsettled work. BondingManager asks before stake moves.
    @param _owner The account.
    @param _free 0 if it would give stake to another, which it may not do with open seats on committees either.
    """
    if ledger.backed_until(_owner) > manager.protocol_clock():
        reasons.fail("stake backs unsettled work")
    if _free == 0:
        committee: address = manager.contract_at(names.VERIFIER_COMMITTEE)
        if committee.is_contract:
            if staticcall Committee(committee).openSeats(_owner) != 0:
                reasons.fail("stake backs unsettled work")
            # It may have looked at this stake in this round, and must not count on it any longer.
            looked: bool = raw_call(
                committee,
                abi_encode(_owner, method_id=method_id("lookAgain(address)")),
                revert_on_failure=False,
            )


@external
def roundLengthChanged():
    """
    @notice Makes this contract note anew when the current round ends. Only RoundsManager may.
    """
    if msg.sender != manager.contract_at(names.ROUNDS_MANAGER):
        reasons.fail("caller must be RoundsManager")

    round: uint256 = 0
    ends: uint256 = 0
    round, ends = common.round_and_end(msg.sender)
    if round != transcoder_pool.last_round():
        ends = 0
    transcoder_pool.set_round_end(msg.sender, ends)


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
    manager.when_system_not_paused()
    if msg.sender != manager.contract_at(names.VERIFIER):
        reasons.fail("caller must be Verifier")

    round: uint256 = common.current_round()
    snapshot: uint256 = transcoder_pool.last_round()
    if _slashAmount >= PERC_DIVISOR:
        # Nothing will be left to claim with.
        earnings.settle(_transcoder, snapshot)
    slashing.bar(_transcoder, snapshot, round + transcoder_pool.unbonding_period())
    penalty: uint256 = self._take(
        _transcoder, max_value(uint256), min(_slashAmount, PERC_DIVISOR), snapshot, round
    )

    finder_reward: uint256 = 0
    minter: address = common.minter()
    if _finder != empty(address):
        finder_reward = min(penalty * _finderFee // PERC_DIVISOR, penalty // 2)
        common.pay(minter, _finder, finder_reward)
    if penalty != 0:
        extcall Minter(minter).trustedBurnTokens(penalty - finder_reward)

    log IBondingManager.TranscoderSlashed(
        transcoder=_transcoder, finder=_finder, penalty=penalty, finderReward=finder_reward
    )


@external
def penalizeSeat(_transcoder: address, _amount: uint256) -> uint256:
    """
    @notice Takes stake of its own from a transcoder who sat on a committee badly. Only VerifierCommittee may, and gets
            the LPT.
    @param _transcoder The seat's owner.
    @param _amount Wei of LPT.
    @return What was taken, in wei of LPT; less than asked for where there was less.
    """
    manager.when_system_not_paused()
    if msg.sender != manager.contract_at(names.VERIFIER_COMMITTEE):
        reasons.fail("caller must be VerifierCommittee")

    snapshot: uint256 = transcoder_pool.last_round()
    if _amount >= ledger.bonded(_transcoder):
        # Nothing will be left to claim with.
        earnings.settle(_transcoder, snapshot)
    taken: uint256 = self._take(
        _transcoder, _amount, PERC_DIVISOR, snapshot, common.current_round()
    )
    common.pay(common.minter(), msg.sender, taken)

    log IBondingManager.SeatPenalized(transcoder=_transcoder, amount=taken)
    return taken


@external
def backWork(_transcoder: address, _untilClock: uint256):
    """
    @notice Keeps a transcoder's own stake where a slash can reach it. Only JobsManager may.
    @param _transcoder Whose stake.
    @param _untilClock Block of the protocol's clock, pauses not counted.
    """
    if msg.sender != manager.contract_at(names.JOBS_MANAGER):
        reasons.fail("caller must be JobsManager")

    slashing.back_work(_transcoder, _untilClock)


@internal
def _transcoder(_cut: uint256, _share: uint256, _previous: address, _next: address):
    round: uint256 = common.begin()
    if staticcall RoundsManager(common.rounds()).currentRoundLocked():
        reasons.fail("can't update transcoder params, current round is locked")
    if _cut > PERC_DIVISOR:
        reasons.fail("invalid rewardCut percentage")
    if _share > PERC_DIVISOR:
        reasons.fail("invalid feeShare percentage")
    if not ledger.is_registered(msg.sender):
        reasons.fail("transcoder must be registered")
    if ledger.is_active(msg.sender, round) and ledger.reward_round(msg.sender) != round:
        reasons.fail(
            "caller can't be active or must have already called reward for the current round"
        )

    earnings.set_rates(msg.sender, _cut, _share, round)
    if ledger.seat(msg.sender) == 0:
        transcoder_pool.join(msg.sender, round, _previous, _next)

    log IBondingManager.TranscoderUpdate(transcoder=msg.sender, rewardCut=_cut, feeShare=_share)


@internal
def _take(
    _transcoder: address, _most: uint256, _fraction: uint256, _snapshot: uint256, _round: uint256
) -> uint256:
    delegate: address = ledger.delegate(_transcoder)
    clock: uint256 = ledger.ONCE_IN_POOL
    if ledger.backed_until(_transcoder) != clock:
        # No lock backs work where the stake never has.
        clock = manager.protocol_clock()
    taken: uint256 = slashing.take(_transcoder, _most, _fraction, _snapshot, _round, clock)
    common.checkpoint_pair(_transcoder, delegate, _round)
    return taken
