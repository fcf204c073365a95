# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title BondingVotes
@license MIT
@notice Remembers what everybody's stake was at the start of each round, and answers as a token of votes (ERC-5805)
        with the round as its clock (ERC-6372). Votes are delegated by bonding, through BondingManager.
@dev Runs behind a ManagerProxy. A registered transcoder votes with all the stake behind it; its delegators may
     override it with their own, which then counts against it; nobody else votes.
@custom:pause nothing to stop: only BondingManager writes, and it is paused with the Controller.
"""

from ..interfaces import IBondingVotes

implements: IBondingVotes

from ..governance import manager

initializes: manager

from . import checkpoints

initializes: checkpoints

from ..lib import names

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
)


# Nothing here has a parameter; the event belongs to the ABI of everything the Controller manages.
event ParameterUpdate:
    param: String[64]


interface BondingManager:
    def nextRoundTotalActiveStake() -> uint256: view
    def getTranscoderEarningsPoolForRound(_transcoder: address, _round: uint256) -> (
        uint256, uint256, uint256, uint256, uint256
    ): view


interface RoundsManager:
    def currentRound() -> uint256: view


# What a reward factor starts from.
ONE: constant(uint256) = 10**27

# The current round plus one, once it was asked for in this transaction.
_next_round: transient(uint256)


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller this contract finds its collaborators through.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------
# EXTERNAL
# ---------------------------------------------------------------


@external
def checkpointBondingState(
    _account: address,
    _startRound: uint256,
    _bondedAmount: uint256,
    _delegateAddress: address,
    _delegatedAmount: uint256,
    _lastClaimRound: uint256,
    _lastRewardRound: uint256,
):
    """
    @notice Notes an account's stake as it counts from the next round on. Only BondingManager may.
    @param _account The account.
    @param _startRound The next round.
    @param _bondedAmount Its own stake as of its last claim, in wei of LPT.
    @param _delegateAddress Whom it backs; itself if it is a transcoder.
    @param _delegatedAmount Stake behind it, in wei of LPT.
    @param _lastClaimRound The round of its last claim.
    @param _lastRewardRound The last round for which it called reward as a transcoder.
    """
    self._only_bonding_manager()
    # After the newest round with a total comes the next one; the clock is asked only where that is not what was given.
    next_round: uint256 = checkpoints.newest_total_round() + 1
    if _startRound != next_round:
        next_round = self._cached_next_round()
    if _startRound != next_round:
        raw_revert(
            abi_encode(
                _startRound, next_round, method_id=method_id("InvalidStartRound(uint256,uint256)")
            )
        )
    if _lastClaimRound >= _startRound:
        raw_revert(
            abi_encode(
                _lastClaimRound,
                _startRound - 1,
                method_id=method_id("FutureLastClaimRound(uint256,uint256)"),
            )
        )

    previous: uint256 = 0
    previous_delegate: address = empty(address)
    previous, previous_delegate = checkpoints.push(
        _account,
        _startRound,
        _bondedAmount,
        _delegateAddress,
        _delegatedAmount,
        _lastClaimRound,
        _lastRewardRound,
    )

    if previous_delegate != _delegateAddress:
        log IBondingVotes.DelegateChanged(
            delegator=_account, fromDelegate=previous_delegate, toDelegate=_delegateAddress
        )
    previous_bonded: uint256 = checkpoints.bonded(previous)
    previous_votes: uint256 = 0
    if previous_delegate == _account and previous_bonded != 0:
        previous_votes = checkpoints.delegated(previous)
    votes: uint256 = 0
    if _delegateAddress == _account and _bondedAmount != 0:
        votes = _delegatedAmount
    if previous_votes != votes:
        log IBondingVotes.DelegateVotesChanged(
            delegate=_account, previousBalance=previous_votes, newBalance=votes
        )
    previous_claim: uint256 = checkpoints.last_claim(previous)
    if previous_bonded != _bondedAmount or previous_claim != _lastClaimRound:
        log IBondingVotes.DelegatorBondedAmountChanged(
            delegate=_account,
            previousBondedAmount=previous_bonded,
            previousLastClaimRound=previous_claim,
            newBondedAmount=_bondedAmount,
            newLastClaimRound=_lastClaimRound,
        )


@external
def checkpointTotalActiveStake(_totalStake: uint256, _round: uint256):
    """
    @notice Notes the active stake of the round that begins. Only BondingManager may.
    @param _totalStake Wei of LPT.
    @param _round The current round.
    """
    self._only_bonding_manager()
    current: uint256 = self._cached_next_round() - 1
    if _round != current:
        raw_revert(
            abi_encode(
                _round,
                current,
                method_id=method_id("InvalidTotalStakeCheckpointRound(uint256,uint256)"),
            )
        )

    checkpoints.push_total(_totalStake, _round)


@external
@pure
def delegate(_delegatee: address):
    """
    @notice Not offered here: votes are delegated by bonding.
    @param _delegatee Not used.
    """
    self._must_call_bonding_manager("bond")


@external
@pure
def delegateBySig(
    _delegatee: address, _nonce: uint256, _expiry: uint256, _v: uint8, _r: bytes32, _s: bytes32
):
    """
    @notice Not offered here: votes are delegated by bonding.
    @param _delegatee Not used.
    @param _nonce Not used.
    @param _expiry Not used.
    @param _v Not used.
    @param _r Not used.
    @param _s Not used.
    """
    self._must_call_bonding_manager("bondFor")


# ---------------------------------------------------------------
# VIEWS
# ---------------------------------------------------------------


@external
@pure
def name() -> String[21]:
    """
    @notice Name of the votes as a token.
    @return The name.
    """
    return "Livepeer Voting Power"


@external
@pure
def symbol() -> String[4]:
    """
    @notice Symbol of the votes as a token.
    @return The symbol.
    """
    return "vLPT"


@external
@pure
def decimals() -> uint8:
    """
    @notice Decimals of the votes as a token: those of LPT.
    @return 18.
    """
    return 18


@external
@view
def clock() -> uint48:
    """
    @notice What votes are counted by: the round.
    @return The current round.
    """
    return convert(self._clock(), uint48)


@external
@pure
def CLOCK_MODE() -> String[19]:
    """
    @notice What votes are counted by, in the words of ERC-6372.
    @return The mode.
    """
    return "mode=livepeer_round"


@external
@view
def hasCheckpoint(_account: address) -> bool:
    """
    @notice Whether anything was ever noted of an account.
    @param _account The account.
    @return True if so.
    """
    return checkpoints.count(_account) != 0


@external
@view
def getVotes(_account: address) -> uint256:
    """
    @notice Votes of an account as they are now.
    @param _account The account.
    @return Wei of LPT.
    """
    return self._state_at(_account, self._clock() + 1)[0]


@external
@view
def getPastVotes(_account: address, _round: uint256) -> uint256:
    """
    @notice Votes of an account at the end of a past round.
    @param _account The account.
    @param _round The round.
    @return Wei of LPT.
    """
    self._only_past(_round)
    return self._state_at(_account, _round + 1)[0]


@external
@view
def delegates(_account: address) -> address:
    """
    @notice Whom an account backs now.
    @param _account The account.
    @return Its delegate.
    """
    return self._state_at(_account, self._clock() + 1)[1]


@external
@view
def delegatedAt(_account: address, _round: uint256) -> address:
    """
    @notice Whom an account backed at the end of a past round.
    @param _account The account.
    @param _round The round.
    @return Its delegate then.
    """
    self._only_past(_round)
    return self._state_at(_account, _round + 1)[1]


@external
@view
def getVotesAndDelegateAtRoundStart(_account: address, _round: uint256) -> (uint256, address):
    """
    @notice Votes and delegate of an account at the start of a round.
    @param _account The account.
    @param _round The round; the next one at most.
    @return Votes in wei of LPT, and the delegate.
    """
    return self._state_at(_account, _round)


@external
@view
def totalSupply() -> uint256:
    """
    @notice All votes there are now: the stake behind the transcoders in the pool.
    @return Wei of LPT.
    """
    return self._total_at(self._clock() + 1)


@external
@view
def getPastTotalSupply(_round: uint256) -> uint256:
    """
    @notice All votes there were at the end of a past round.
    @param _round The round.
    @return Wei of LPT.
    """
    self._only_past(_round)
    return self._total_at(_round + 1)


@external
@view
def getTotalActiveStakeAt(_round: uint256) -> uint256:
    """
    @notice Active stake at the start of a round.
    @param _round The round; the next one at most.
    @return Wei of LPT. Of a round that was never initialised, what the next one that was began with.
    """
    return self._total_at(_round)


# ---------------------------------------------------------------
# INTERNAL
# ---------------------------------------------------------------


@internal
@view
def _clock() -> uint256:
    rounds: address = manager.contract_at(names.ROUNDS_MANAGER)
    return staticcall RoundsManager(rounds).currentRound()


@internal
def _cached_next_round() -> uint256:
    if self._next_round == 0:
        self._next_round = self._clock() + 1
    return self._next_round


@internal
@view
def _bonding_manager() -> address:
    return manager.contract_at(names.BONDING_MANAGER)


@internal
@view
def _only_bonding_manager():
    required: address = self._bonding_manager()
    if msg.sender != required:
        raw_revert(
            abi_encode(msg.sender, required, method_id=method_id("InvalidCaller(address,address)"))
        )


@internal
@view
def _only_past(_round: uint256):
    current: uint256 = self._clock()
    if _round >= current:
        self._future_lookup(_round, max(current, 1) - 1)


@internal
@pure
def _future_lookup(_round: uint256, _most: uint256):
    raw_revert(abi_encode(_round, _most, method_id=method_id("FutureLookup(uint256,uint256)")))


@internal
@pure
def _must_call_bonding_manager(_function: String[7]):
    raw_revert(abi_encode(_function, method_id=method_id("MustCallBondingManager(string)")))


@internal
@view
def _total_at(_round: uint256) -> uint256:
    next_round: uint256 = self._clock() + 1
    if _round > next_round:
        self._future_lookup(_round, next_round)

    number: uint256 = 0
    stake: uint256 = 0
    round: uint256 = 0
    number, stake, round = checkpoints.total_from(_round)
    if number < checkpoints.totals():
        # Before the first there was nothing to vote with.
        return 0 if number == 0 and round != _round else stake
    if number == 0:
        return 0
    return staticcall BondingManager(self._bonding_manager()).nextRoundTotalActiveStake()


@internal
@view
def _state_at(_account: address, _round: uint256) -> (uint256, address):
    next_round: uint256 = self._clock() + 1
    if _round > next_round:
        self._future_lookup(_round, next_round)

    checkpoint: uint256 = 0
    delegate: address = empty(address)
    checkpoint, delegate = checkpoints.at(_account, _round)
    bonded: uint256 = checkpoints.bonded(checkpoint)
    if bonded == 0:
        return 0, delegate
    if delegate == _account:
        return checkpoints.delegated(checkpoint), delegate

    transcoder: uint256 = 0
    its_delegate: address = empty(address)
    transcoder, its_delegate = checkpoints.at(delegate, _round)
    if its_delegate != delegate or checkpoints.bonded(transcoder) == 0:
        # Who backs somebody that is no transcoder has no votes.
        return 0, delegate
    last_reward: uint256 = checkpoints.last_reward(transcoder)
    last_claim: uint256 = checkpoints.last_claim(checkpoint)
    if last_reward < last_claim or last_reward == 0:
        return bonded, delegate

    end: uint256 = self._reward_factor(delegate, last_reward)
    if end == 0:
        raw_revert(
            abi_encode(
                delegate, last_reward, method_id=method_id("MissingEarningsPool(address,uint256)")
            )
        )
    start: uint256 = self._reward_factor(delegate, last_claim)
    if start == 0:
        start = ONE
    return bonded * end // start, delegate


@internal
@view
def _reward_factor(_transcoder: address, _round: uint256) -> uint256:
    manager_: address = self._bonding_manager()
    return (
        staticcall BondingManager(manager_).getTranscoderEarningsPoolForRound(_transcoder, _round)
    )[3]
