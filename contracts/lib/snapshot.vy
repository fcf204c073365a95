# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Active-set snapshots
@license MIT
@notice Reads the set of active transcoders and their stake as it was when a round started, kept as contract
        code: a zero byte, then per transcoder, in pool order, 20 bytes of address and 12 bytes of stake in wei
        summed up to and including it. A draw by stake is a binary search over it.
"""

STAKE: constant(uint256) = 2**96 - 1
# More entries than code can hold: 24,576 // 32.
MAX_STEPS: constant(uint256) = 10


@internal
@view
def size(_pointer: address) -> uint256:
    """
    @dev How many transcoders; an address without code is an empty set.
    """
    return _pointer.codesize >> 5


@internal
@view
def entry(_pointer: address, _index: uint256) -> (address, uint256):
    """
    @dev The transcoder at `_index` and the stake of all up to and including it.
    """
    word: uint256 = convert(slice(_pointer.code, unsafe_add(_index << 5, 1), 32), uint256)
    return convert(word >> 96, address), word & STAKE


@internal
@view
def find(_pointer: address, _size: uint256, _point: uint256) -> uint256:
    """
    @dev The index of the transcoder whose stake covers `_point`, which must be below the total.
    """
    low: uint256 = 0
    high: uint256 = _size - 1
    for step: uint256 in range(MAX_STEPS):
        if low == high:
            break

        middle: uint256 = (low + high) >> 1
        holder: address = empty(address)
        cumulative: uint256 = 0
        holder, cumulative = self.entry(_pointer, middle)
        if _point < cumulative:
            high = middle
        else:
            low = middle + 1
    return low
