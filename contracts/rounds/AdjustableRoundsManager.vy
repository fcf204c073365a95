# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title AdjustableRoundsManager
@license MIT
@notice The RoundsManager for test chains: its block number and hash are set by hand.
@dev Runs behind a ManagerProxy. Initialising a round is open to everybody and settles, in this order, the stake
     that counts in it and the LPT that may be minted in it.
@custom:pause initializeRound stops while the Controller is paused; round numbers go on with the blocks.
"""

from ..interfaces import IRoundsManager

implements: IRoundsManager

from ..governance import manager

initializes: manager

from ..lib import names
from . import rounds

initializes: rounds[manager := manager]

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    rounds.blockHashForRound,
    rounds.lastInitializedRound,
    rounds.lastRoundLengthUpdateRound,
    rounds.lastRoundLengthUpdateStartBlock,
    rounds.lipUpgradeRound,
    rounds.roundLength,
    rounds.roundLockAmount,
    rounds.setLIPUpgradeRound,
    rounds.setRoundLockAmount,
)


interface BondingManager:
    def setCurrentRoundTotalActiveStake(): nonpayable


interface Minter:
    def setCurrentRewardTokens(): nonpayable


# Hash given for every block, and the block number rounds are reckoned at.
hash: public(bytes32)
num: public(uint256)


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller this contract finds its collaborators through.
    """
    manager.__init__(_controller)


@external
def setBlockNum(_num: uint256):
    """
    @notice Sets the block number. Only the Controller's owner may.
    @param _num The number.
    """
    manager.only_controller_owner()

    self.num = _num


@external
def setBlockHash(_hash: bytes32):
    """
    @notice Sets the hash given for every block. Only the Controller's owner may.
    @param _hash The hash.
    """
    manager.only_controller_owner()

    self.hash = _hash


@external
def mineBlocks(_blocks: uint256):
    """
    @notice Moves the block number on. Only the Controller's owner may.
    @param _blocks By how many blocks.
    """
    manager.only_controller_owner()

    self.num += _blocks


@external
def setRoundLength(_roundLength: uint256):
    """
    @notice Sets the length of rounds, from the running one on. Only the Controller's owner may.
    @param _roundLength Blocks.
    """
    manager.only_controller_owner()

    rounds.set_length(_roundLength, self._block_num())
    rounds.tell_length_changed()


@external
def initializeRound():
    """
    @notice Starts the current round, once.
    """
    manager.when_system_not_paused()

    block_hash: bytes32 = self.hash
    round: uint256 = rounds.initialize_round(self._block_num(), block_hash)

    bonding_manager: address = manager.contract_at(names.BONDING_MANAGER)
    extcall BondingManager(bonding_manager).setCurrentRoundTotalActiveStake()
    minter: address = manager.contract_at(names.MINTER)
    extcall Minter(minter).setCurrentRewardTokens()

    log IRoundsManager.NewRound(round=round, blockHash=block_hash)


@external
@view
def blockNum() -> uint256:
    """
    @notice The block rounds are reckoned at, as set by hand.
    @return Its number.
    """
    return self._block_num()


@external
@view
def blockHash(_block: uint256) -> bytes32:
    """
    @notice The hash set by hand, whatever the block.
    @param _block Number of the block.
    @return Its hash.
    """
    return self.hash


@external
@view
def currentRound() -> uint256:
    """
    @notice The round the current block lies in.
    @return Its number.
    """
    return rounds.current_round(rounds.load(), self._block_num())


@external
@view
def currentRoundStartBlock() -> uint256:
    """
    @notice First block of the current round.
    @return Its number.
    """
    return rounds.start_block(rounds.load(), self._block_num())


@external
@view
def currentRoundInitialized() -> bool:
    """
    @notice Whether the current round has been initialised.
    @return True if it has.
    """
    return rounds.is_initialized(rounds.load(), self._block_num())


@external
@view
def currentRoundLocked() -> bool:
    """
    @notice Whether the current round is in its lock, in which rates cannot change.
    @return True if it is.
    """
    return rounds.is_locked(rounds.load(), self._block_num())


@external
@view
def currentRoundAndEnd() -> (uint256, uint256):
    """
    @notice The current round, and the block before which it runs; 0 here, since blocks do not tell.
    @return Their numbers.
    """
    schedule: uint256 = rounds.load()
    num: uint256 = self._block_num()
    return rounds.current_round(schedule, num), 0


@external
@view
def roundState() -> (uint256, bool, bool, uint256):
    """
    @notice What most callers ask of a round, in one call.
    @return The current round, whether it is initialised, whether it is locked, and its first block.
    """
    schedule: uint256 = rounds.load()
    num: uint256 = self._block_num()
    return (
        rounds.current_round(schedule, num),
        rounds.is_initialized(schedule, num),
        rounds.is_locked(schedule, num),
        rounds.start_block(schedule, num),
    )


@internal
@view
def _block_num() -> uint256:
    return self.num
