# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title The round schedule
@license MIT
@notice Rounds are counted in blocks. Everything but the hashes lives in one word, so any question costs one read.
@dev Functions take the block number to reckon with, which lets a test chain move it by hand.
"""

from ..interfaces import IRoundsManager
from ..governance import manager
from ..lib import names

uses: manager


# Parts per million.
PERC_DIVISOR: constant(uint256) = 1_000_000

# Rounds whose block hash is kept.
HISTORY: constant(uint256) = 64

# The schedule, low bit first:
#   lastInitializedRound            32
#   initialised history             64   bit i: round lastInitializedRound - i was initialised
#   roundLength                     32   blocks
#   roundLockAmount                 24   parts per million of roundLength
#   lastRoundLengthUpdateRound      32
#   lastRoundLengthUpdateStartBlock 64
HISTORY_AT: constant(uint256) = 32
LENGTH_AT: constant(uint256) = 96
LOCK_AT: constant(uint256) = 128
UPDATE_ROUND_AT: constant(uint256) = 152
UPDATE_BLOCK_AT: constant(uint256) = 184

MASK_24: constant(uint256) = 2**24 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_64: constant(uint256) = 2**64 - 1

_schedule: uint256

# Hash of the block before round r was initialised, at r % 64; the history says whose round it is.
_round_hashes: bytes32[64]

# Round in which a LIP takes effect.
lipUpgradeRound: public(HashMap[uint256, uint256])


@external
def setRoundLockAmount(_roundLockAmount: uint256):
    """
    @notice Sets the part at the end of a round in which rates cannot change. Only the Controller's owner may.
    @param _roundLockAmount Parts per million of the round's length.
    """
    manager.only_controller_owner()
    assert _roundLockAmount <= PERC_DIVISOR, "round lock amount must be a valid percentage"

    schedule: uint256 = self._schedule
    self._schedule = schedule ^ ((self.lock_amount(schedule) ^ _roundLockAmount) << LOCK_AT)

    manager.parameter_updated("roundLockAmount")


@external
def setLIPUpgradeRound(_lip: uint256, _round: uint256):
    """
    @notice Records, once, the round in which a LIP takes effect. Only the Controller's owner may.
    @param _lip Number of the LIP.
    @param _round The round.
    """
    manager.only_controller_owner()
    assert self.lipUpgradeRound[_lip] == 0, "LIP upgrade round already set"

    self.lipUpgradeRound[_lip] = _round


@external
@view
def roundLength() -> uint256:
    """
    @notice Length of a round.
    @return Blocks.
    """
    return self.length(self._schedule)


@external
@view
def roundLockAmount() -> uint256:
    """
    @notice Part at the end of a round in which rates cannot change.
    @return Parts per million of the round's length.
    """
    return self.lock_amount(self._schedule)


@external
@view
def lastInitializedRound() -> uint256:
    """
    @notice The last round that was initialised.
    @return Its number.
    """
    return self.last_initialized(self._schedule)


@external
@view
def lastRoundLengthUpdateRound() -> uint256:
    """
    @notice The round in which the round length last changed.
    @return Its number.
    """
    return self.update_round(self._schedule)


@external
@view
def lastRoundLengthUpdateStartBlock() -> uint256:
    """
    @notice First block of the round in which the round length last changed.
    @return Its number.
    """
    return self.update_block(self._schedule)


@external
@view
def blockHashForRound(_round: uint256) -> bytes32:
    """
    @notice Hash of the block before the one in which a round was initialised.
    @param _round The round.
    @return The hash; zero if the round was not initialised or lies more than 63 rounds before the last that was.
    """
    schedule: uint256 = self._schedule
    last: uint256 = self.last_initialized(schedule)
    if _round > last or last - _round >= HISTORY:
        return empty(bytes32)
    if (schedule >> (HISTORY_AT + last - _round)) & 1 == 0:
        return empty(bytes32)
    return self._round_hashes[_round % HISTORY]


@internal
@view
def load() -> uint256:
    return self._schedule


@internal
def set_length(_round_length: uint256, _block: uint256):
    """
    @dev Rounds before keep their numbers: counting goes on from the first block of the round now running.
    """
    assert _round_length > 0, "round length cannot be 0"
    assert _round_length <= MASK_32, "round length is too large"

    schedule: uint256 = self._schedule
    if self.length(schedule) == 0:
        schedule |= _round_length << LENGTH_AT
    round: uint256 = self.current_round(schedule, _block)
    start: uint256 = self.start_block(schedule, _block)
    assert round <= MASK_32 and start <= MASK_64, "round is too large"

    kept: uint256 = schedule & ((1 << LENGTH_AT) - 1)
    self._schedule = (
        kept
        | (_round_length << LENGTH_AT)
        | (self.lock_amount(schedule) << LOCK_AT)
        | (round << UPDATE_ROUND_AT)
        | (start << UPDATE_BLOCK_AT)
    )

    manager.parameter_updated("roundLength")


@internal
def tell_length_changed():
    """
    @dev The BondingManager remembers when the current round ends. One that does not, as Livepeer's, has no such function.
    """
    bonding_manager: address = manager.contract_at(names.BONDING_MANAGER)
    told: bool = raw_call(
        bonding_manager, method_id("roundLengthChanged()"), revert_on_failure=False
    )


@internal
def initialize_round(_block: uint256, _hash: bytes32) -> uint256:
    """
    @dev Returns the round now initialised.
    """
    schedule: uint256 = self._schedule
    last: uint256 = self.last_initialized(schedule)
    round: uint256 = self.current_round(schedule, _block)
    assert last < round, "round already initialized"
    assert round <= MASK_32, "round is too large"

    # The shift drops rounds that leave the history; shifting by 256 or more gives 0.
    history: uint256 = ((schedule >> HISTORY_AT) & MASK_64) << (round - last)
    history = (history & MASK_64) | 1
    kept: uint256 = (schedule >> LENGTH_AT) << LENGTH_AT
    self._schedule = kept | (history << HISTORY_AT) | round
    self._round_hashes[round % HISTORY] = _hash

    return round


@internal
@pure
def current_round(_schedule: uint256, _block: uint256) -> uint256:
    passed: uint256 = _block - self.update_block(_schedule)
    return self.update_round(_schedule) + passed // self.length(_schedule)


@internal
@pure
def start_block(_schedule: uint256, _block: uint256) -> uint256:
    passed: uint256 = _block - self.update_block(_schedule)
    return _block - passed % self.length(_schedule)


@internal
@pure
def is_initialized(_schedule: uint256, _block: uint256) -> bool:
    return self.last_initialized(_schedule) == self.current_round(_schedule, _block)


@internal
@pure
def is_locked(_schedule: uint256, _block: uint256) -> bool:
    length: uint256 = self.length(_schedule)
    # Rounded down: the lock is never longer than its share of the round.
    locked: uint256 = length * self.lock_amount(_schedule) // PERC_DIVISOR
    return _block - self.start_block(_schedule, _block) >= length - locked


@internal
@pure
def last_initialized(_schedule: uint256) -> uint256:
    return _schedule & MASK_32


@internal
@pure
def length(_schedule: uint256) -> uint256:
    return (_schedule >> LENGTH_AT) & MASK_32


@internal
@pure
def lock_amount(_schedule: uint256) -> uint256:
    return (_schedule >> LOCK_AT) & MASK_24


@internal
@pure
def update_round(_schedule: uint256) -> uint256:
    return (_schedule >> UPDATE_ROUND_AT) & MASK_32


@internal
@pure
def update_block(_schedule: uint256) -> uint256:
    return (_schedule >> UPDATE_BLOCK_AT) & MASK_64
