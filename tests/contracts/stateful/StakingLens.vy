# pragma version 0.4.3
#pragma evm-version cancun
"""
@title Everything staking shows, in one call
@license MIT
@notice Reads the public views of the staking contracts for a list of accounts, so that a test can compare the
        whole state with its model after every step.
@dev For tests only. Words come back in the order of the reads below; see view.py beside this file.
"""

MAX_ACCOUNTS: constant(uint256) = 32
MAX_LOCKS: constant(uint256) = 128
MAX_POOL: constant(uint256) = 128
MAX_WORDS: constant(uint256) = 1024


interface BondingManager:
    def getDelegator(_delegator: address) -> (uint256, uint256, address, uint256, uint256, uint256, uint256): view
    def getDelegatorUnbondingLock(_delegator: address, _id: uint256) -> (uint256, uint256): view
    def pendingStake(_delegator: address, _endRound: uint256) -> uint256: view
    def pendingFees(_delegator: address, _endRound: uint256) -> uint256: view
    def delegatorStatus(_delegator: address) -> uint8: view
    def isRegisteredTranscoder(_transcoder: address) -> bool: view
    def isActiveTranscoder(_transcoder: address) -> bool: view
    def slashableStake(_transcoder: address) -> uint256: view
    def barredUntil(_transcoder: address) -> uint256: view
    def transcoderTotalStake(_transcoder: address) -> uint256: view
    def getTranscoder(_transcoder: address) -> (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256): view
    def getFirstTranscoderInPool() -> address: view
    def getNextTranscoderInPool(_transcoder: address) -> address: view
    def getTranscoderPoolSize() -> uint256: view
    def currentRoundTotalActiveStake() -> uint256: view
    def nextRoundTotalActiveStake() -> uint256: view


interface BondingVotes:
    def getVotesAndDelegateAtRoundStart(_account: address, _round: uint256) -> (uint256, address): view
    def getPastVotes(_account: address, _round: uint256) -> uint256: view
    def getTotalActiveStakeAt(_round: uint256) -> uint256: view


interface RoundsManager:
    def currentRound() -> uint256: view
    def currentRoundInitialized() -> bool: view
    def currentRoundLocked() -> bool: view


interface Token:
    def totalSupply() -> uint256: view
    def balanceOf(_account: address) -> uint256: view


interface Minter:
    def currentMintableTokens() -> uint256: view
    def currentMintedTokens() -> uint256: view
    def inflation() -> uint256: view


BONDING: immutable(BondingManager)
VOTES: immutable(BondingVotes)
ROUNDS: immutable(RoundsManager)
TOKEN: immutable(Token)
MINTER: immutable(Minter)


@deploy
def __init__(_bonding: address, _votes: address, _rounds: address, _token: address, _minter: address):
    BONDING = BondingManager(_bonding)
    VOTES = BondingVotes(_votes)
    ROUNDS = RoundsManager(_rounds)
    TOKEN = Token(_token)
    MINTER = Minter(_minter)


@external
@view
def look(
    _accounts: DynArray[address, MAX_ACCOUNTS],
    _holders: DynArray[address, MAX_ACCOUNTS],
    _locks: DynArray[uint256, MAX_LOCKS],
    _derived: bool,
) -> DynArray[uint256, MAX_WORDS]:
    """
    @notice The state of the protocol, of each account, of each lock, and the pool from first to last.
    @param _accounts The accounts.
    @param _holders Accounts of which only the balance is of interest.
    @param _locks Locks, each as index of the account << 64 | id.
    @param _derived Whether to ask the views whose answers follow from the others' too.
    @return Words: 12 of the protocol, 19 of each account, 1 of each holder, 2 of each lock, then the pool's addresses.
    """
    words: DynArray[uint256, MAX_WORDS] = []
    round: uint256 = staticcall ROUNDS.currentRound()

    words.append(round)
    words.append(convert(staticcall ROUNDS.currentRoundInitialized(), uint256))
    words.append(convert(staticcall ROUNDS.currentRoundLocked(), uint256))
    words.append(staticcall BONDING.currentRoundTotalActiveStake())
    words.append(staticcall BONDING.nextRoundTotalActiveStake())
    words.append(staticcall TOKEN.totalSupply())
    words.append(staticcall TOKEN.balanceOf(MINTER.address))
    words.append(MINTER.address.balance)
    words.append(staticcall MINTER.currentMintableTokens())
    words.append(staticcall MINTER.currentMintedTokens())
    words.append(staticcall MINTER.inflation())
    words.append(staticcall BONDING.getTranscoderPoolSize())

    for account: address in _accounts:
        bonded: uint256 = 0
        fees: uint256 = 0
        delegate: address = empty(address)
        delegated: uint256 = 0
        start: uint256 = 0
        last_claim: uint256 = 0
        next_lock: uint256 = 0
        bonded, fees, delegate, delegated, start, last_claim, next_lock = staticcall BONDING.getDelegator(account)
        words.append(bonded)
        words.append(fees)
        words.append(convert(delegate, uint256))
        words.append(delegated)
        words.append(start)
        words.append(last_claim)
        words.append(next_lock)
        words.append(staticcall BONDING.pendingStake(account, round))
        words.append(staticcall BONDING.pendingFees(account, round))
        words.append(convert(staticcall BONDING.isActiveTranscoder(account), uint256))
        words.append(staticcall TOKEN.balanceOf(account))
        last_reward: uint256 = 0
        cut: uint256 = 0
        share: uint256 = 0
        a: uint256 = 0
        b: uint256 = 0
        c: uint256 = 0
        d: uint256 = 0
        e: uint256 = 0
        f: uint256 = 0
        g: uint256 = 0
        last_reward, cut, share, a, b, c, d, e, f, g = staticcall BONDING.getTranscoder(account)
        words.append(last_reward)
        words.append(cut)
        words.append(share)
        if not _derived:
            for _: uint256 in range(5):
                words.append(0)
            continue
        words.append(convert(staticcall BONDING.delegatorStatus(account), uint256))
        words.append(convert(staticcall BONDING.isRegisteredTranscoder(account), uint256))
        words.append(staticcall BONDING.transcoderTotalStake(account))
        words.append(staticcall BONDING.slashableStake(account))
        words.append(staticcall BONDING.barredUntil(account))

    for holder: address in _holders:
        words.append(staticcall TOKEN.balanceOf(holder))

    for lock: uint256 in _locks:
        amount: uint256 = 0
        withdraw_round: uint256 = 0
        amount, withdraw_round = staticcall BONDING.getDelegatorUnbondingLock(_accounts[lock >> 64], lock & (2**64 - 1))
        words.append(amount)
        words.append(withdraw_round)

    transcoder: address = staticcall BONDING.getFirstTranscoderInPool()
    for i: uint256 in range(MAX_POOL):
        if transcoder == empty(address):
            break
        words.append(convert(transcoder, uint256))
        transcoder = staticcall BONDING.getNextTranscoderInPool(transcoder)

    return words


@external
@view
def votes(_accounts: DynArray[address, MAX_ACCOUNTS], _round: uint256) -> DynArray[uint256, MAX_WORDS]:
    """
    @notice Votes and delegates at the start of a round.
    @param _accounts The accounts.
    @param _round The round, at most the one after the current.
    @return The total active stake of the round, then votes and delegate of each account.
    """
    words: DynArray[uint256, MAX_WORDS] = [staticcall VOTES.getTotalActiveStakeAt(_round)]
    for account: address in _accounts:
        votes: uint256 = 0
        delegate: address = empty(address)
        votes, delegate = staticcall VOTES.getVotesAndDelegateAtRoundStart(account, _round)
        words.append(votes)
        words.append(convert(delegate, uint256))
    return words
