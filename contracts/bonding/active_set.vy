# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title The active set of each round, written down
@license MIT
@notice When a round begins, the pool is written as the code of a contract of its own: 200 gas a byte once, instead of
        22,100 for each 32 bytes of storage, and a draw by stake reads only what it looks at.
@dev Code: a zero byte (STOP), then for each transcoder, in the order of the pool, its address (20 bytes) and the stake
     of all up to and with it (12 bytes, wei).
"""

from . import ledger
from . import transcoder_pool

uses: ledger
uses: transcoder_pool

MAX_POOL: constant(uint256) = 256

# Rounds whose active set can be found.
HISTORY: constant(uint256) = 64

M96: constant(uint256) = 2**96 - 1
M160: constant(uint256) = 2**160 - 1

# Contract 160 | round 32, at round % 64.
_pointers: uint256[HISTORY]


@internal
@view
def pointer(_round: uint256) -> address:
    word: uint256 = self._pointers[_round % HISTORY]
    if word >> 160 != _round:
        return empty(address)
    return convert(word & M160, address)


@internal
def write(_round: uint256):
    entries: DynArray[uint256, MAX_POOL] = []
    cumulative: uint256 = 0
    seat: uint256 = 0
    transcoder: address = empty(address)
    for _: uint256 in range(MAX_POOL):
        seat, transcoder = transcoder_pool.following(seat)
        if seat == 0:
            break
        cumulative += ledger.total(transcoder)
        entries.append((convert(transcoder, uint256) << 96) | cumulative)
    if len(entries) == 0:
        return
    # The code that puts it there skips the 64 bytes of offset and length before the entries:
    # PUSH2 size, PUSH1 77, PUSH1 1, CODECOPY, PUSH2 size + 1, PUSH0, RETURN.
    size: uint256 = 32 * len(entries)
    created: address = raw_create(
        concat(
            x"61",
            slice(convert(size, bytes32), 30, 2),
            x"604d60013961",
            slice(convert(size + 1, bytes32), 30, 2),
            x"5ff3",
            abi_encode(entries),
        )
    )
    self._pointers[_round % HISTORY] = convert(created, uint256) | (_round << 160)


@internal
@view
def stake_of(_transcoder: address, _round: uint256) -> uint256:
    """
    @dev Stake behind a transcoder when a round began; 0 if it was not active in it.
    """
    written: address = self.pointer(_round)
    before: uint256 = 0
    at: uint256 = 1
    for _: uint256 in range(MAX_POOL):
        if at >= written.codesize:
            break
        entry: uint256 = convert(slice(written.code, at, 32), uint256)
        if entry >> 96 == convert(_transcoder, uint256):
            # In the low 96 bits, cumulative stakes; what the addresses above them leave does not matter.
            return unsafe_sub(entry, before) & M96
        before = entry
        at = unsafe_add(at, 32)
    return 0
