# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Stake on its way out
@license MIT
@notice Unbonding locks. A transcoder's own locks stay within reach of a slash until they can be withdrawn.
@dev However many locks a transcoder makes, those of one withdraw round are shares of one tranche, and a slash takes
     from tranches. Tranches form a chain, newest first, in falling order of withdraw round, so that the open ones are
     the first few: at most one per round of the unbonding period and per slash in it.
"""

from . import ledger
from . import reasons

uses: ledger

M32: constant(uint256) = 2**32 - 1
M64: constant(uint256) = 2**64 - 1
M96: constant(uint256) = 2**96 - 1

# Withdraw rounds beyond this share one tranche.
MAX_TRANCHE: constant(uint256) = 2**31

# Bounds the walk over open tranches; more rounds than any unbonding period that makes sense.
MAX_OPEN: constant(uint256) = 512

# As many of each as there can be. A long array costs one hash to find an entry, a map in a map two.
MAX_NUMBER: constant(uint256) = 2**32

# amount 96 | withdrawRound 64 | matures 32 (block of the protocol's clock) | tranche 32 (0: no slash can reach it)
_locks: HashMap[address, uint256[MAX_NUMBER]]

# A transcoder's own locks of one withdraw round: shares 96 | worth 96 | older tranche 32 | matures 32
_tranches: HashMap[address, uint256[MAX_NUMBER]]


@internal
@view
def withdraw_round(_owner: address, _id: uint256) -> uint256:
    return (self._locks[_owner][_id] >> 96) & M64


@internal
@view
def worth(_owner: address, _id: uint256) -> uint256:
    """
    @dev What a lock pays after slashes, in wei of LPT.
    """
    return self._worth(_owner, self._locks[_owner][_id])


@internal
def open(
    _owner: address, _id: uint256, _amount: uint256, _withdraw_round: uint256, _reachable: bool
):
    """
    @dev Makes a lock; `_reachable` if a slash may take from it.
    """
    lock: uint256 = _amount | (min(_withdraw_round, M64) << 96)
    if _reachable:
        newest: uint256 = ledger.newest_tranche(_owner)
        # Never below the newest, should the unbonding period have become shorter.
        id: uint256 = max(min(_withdraw_round, MAX_TRANCHE), newest)
        tranche: uint256 = self._tranches[_owner][id]
        if tranche & M96 != (tranche >> 96) & M96:
            # It has been slashed; what unbonds from now on was not.
            id += 1
            tranche = 0
        if id != newest:
            tranche = newest << 192
            ledger.set_newest_tranche(_owner, id)
        matures: uint256 = ledger.backed_until(_owner)
        lock |= (matures << 160) | (id << 192)
        tranche += _amount | (_amount << 96)
        if matures > tranche >> 224:
            tranche = (tranche & (2**224 - 1)) | (matures << 224)
        self._tranches[_owner][id] = tranche
    self._locks[_owner][_id] = lock


@internal
def close(_owner: address, _id: uint256) -> (uint256, uint256, uint256):
    """
    @dev Takes a lock away. Returns what it pays, in wei of LPT, its withdraw round, and when it matures.
    """
    lock: uint256 = self._locks[_owner][_id]
    if lock == 0:
        reasons.fail("invalid unbonding lock ID")
    self._locks[_owner][_id] = 0
    amount: uint256 = self._worth(_owner, lock)
    if lock >> 192 != 0:
        self._tranches[_owner][lock >> 192] -= (lock & M96) | (amount << 96)
    return amount, (lock >> 96) & M64, (lock >> 160) & M32


@internal
@view
def reachable(_owner: address, _round: uint256, _clock: uint256) -> uint256:
    """
    @dev Stake in locks of a transcoder that could not be withdrawn yet, in wei of LPT.
    """
    total: uint256 = 0
    id: uint256 = ledger.newest_tranche(_owner)
    for _: uint256 in range(MAX_OPEN):
        if id == 0:
            break
        tranche: uint256 = self._tranches[_owner][id]
        if id <= _round and tranche >> 224 <= _clock:
            break
        total += (tranche >> 96) & M96
        id = (tranche >> 192) & M32
    return total


@internal
def take(
    _owner: address, _part: uint256, _whole: uint256, _round: uint256, _clock: uint256
) -> uint256:
    """
    @dev Takes `_part / _whole` of each open tranche, rounded down. Returns the sum.
    """
    total: uint256 = 0
    id: uint256 = ledger.newest_tranche(_owner)
    for _: uint256 in range(MAX_OPEN):
        if id == 0:
            break
        tranche: uint256 = self._tranches[_owner][id]
        if id <= _round and tranche >> 224 <= _clock:
            break
        taken: uint256 = ((tranche >> 96) & M96) * _part // _whole
        self._tranches[_owner][id] = tranche - (taken << 96)
        total += taken
        id = (tranche >> 192) & M32
    return total


@internal
@view
def _worth(_owner: address, _lock: uint256) -> uint256:
    amount: uint256 = _lock & M96
    if _lock >> 192 != 0:
        tranche: uint256 = self._tranches[_owner][_lock >> 192]
        amount = amount * ((tranche >> 96) & M96) // (tranche & M96)
    return amount
