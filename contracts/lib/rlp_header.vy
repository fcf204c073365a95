# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Block headers in RLP
@license MIT
@notice Reads parent hash, number and mixHash of a header by position and refuses anything that is not
        canonical RLP of 15 to 32 items. Whose header it is, its hash must say.
@dev Later forks append items, so only the first 15 are taken for granted.
"""

MAX_HEADER: constant(uint256) = 1024
MIN_ITEMS: constant(uint256) = 15
MAX_ITEMS: constant(uint256) = 32
PARENT_HASH: constant(uint256) = 0
NUMBER: constant(uint256) = 8
MIX_HASH: constant(uint256) = 13

# RLP prefixes: strings start at 0x80, lists at 0xc0; 0xf9 is a list with a two-byte length.
STRING: constant(uint256) = 128
LISTS: constant(uint256) = 192
LONG_LIST: constant(uint256) = 249


@internal
@pure
def read(_header: Bytes[MAX_HEADER]) -> (bytes32, uint256, bytes32):
    """
    @dev (parent hash, number, mixHash). The fixed items alone are above 500 bytes, so the list always
         has a two-byte length.
    """
    end: uint256 = len(_header)
    assert end > 258, "header too short"
    assert self._byte(_header, 0) == LONG_LIST, "header must be a list"
    assert self._uint(_header, 1, 2) == end - 3, "header length does not match"

    parent_hash: bytes32 = empty(bytes32)
    number: uint256 = 0
    mix_hash: bytes32 = empty(bytes32)
    items: uint256 = 0
    position: uint256 = 3
    for i: uint256 in range(MAX_ITEMS):
        if position == end:
            break

        start: uint256 = 0
        length: uint256 = 0
        start, length = self._item(_header, position, end)
        if i == PARENT_HASH:
            assert length == 32, "parent hash must be 32 bytes"
            parent_hash = extract32(_header, start)
        elif i == NUMBER:
            assert 0 < length and length <= 8, "block number must be 1 to 8 bytes"
            number = self._uint(_header, start, length)
            assert number >> (8 * (length - 1)) != 0, "block number has a leading zero"
        elif i == MIX_HASH:
            assert length == 32, "mix hash must be 32 bytes"
            mix_hash = extract32(_header, start)

        position = start + length
        items += 1

    assert position == end, "header has too many items"
    assert items >= MIN_ITEMS, "header has too few items"

    return parent_hash, number, mix_hash


@internal
@pure
def _item(_header: Bytes[MAX_HEADER], _position: uint256, _end: uint256) -> (uint256, uint256):
    """
    @dev Where the payload of the string at `_position` starts, and its length.
    """
    prefix: uint256 = self._byte(_header, _position)
    assert prefix < LISTS, "header item must be a string"
    if prefix < STRING:
        return _position, 1

    start: uint256 = _position + 1
    length: uint256 = prefix - STRING
    if length > 55:
        # Long form: the low bits count the bytes of the length.
        size: uint256 = length - 55
        assert size <= 2 and start + size <= _end, "header item too long"
        length = self._uint(_header, start, size)
        start += size
        assert length > 55 and length >> (8 * (size - 1)) != 0, "header item not canonical"
    assert start + length <= _end, "header item too long"
    if length == 1:
        assert self._byte(_header, start) >= STRING, "header item not canonical"

    return start, length


@internal
@pure
def _byte(_header: Bytes[MAX_HEADER], _position: uint256) -> uint256:
    return convert(slice(_header, _position, 1), uint256)


@internal
@pure
def _uint(_header: Bytes[MAX_HEADER], _position: uint256, _size: uint256) -> uint256:
    """
    @dev The big-endian number of `_size` bytes at `_position`.
    """
    value: uint256 = 0
    for i: uint256 in range(_size, bound=8):
        value = (value << 8) | self._byte(_header, _position + i)
    return value
