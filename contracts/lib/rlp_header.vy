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
    start_word: uint256 = extract32(_header, 0, output_type=uint256)
    assert start_word >> 248 == LONG_LIST, "header must be a list"
    assert (start_word >> 232) & (2**16 - 1) == end - 3, "header length does not match"

    # Past the first item every byte is the last of a word that begins inside the header.
    parent_hash: bytes32 = empty(bytes32)
    number: uint256 = 0
    mix_hash: bytes32 = empty(bytes32)
    items: uint256 = 0
    position: uint256 = 3
    prefix: uint256 = (start_word >> 224) & 255
    for i: uint256 in range(MAX_ITEMS):
        if position == end:
            break

        if i != PARENT_HASH:
            prefix = extract32(_header, position - 31, output_type=uint256) & 255
        assert prefix < LISTS, "header item must be a string"
        start: uint256 = position
        length: uint256 = 1
        if prefix >= STRING:
            start += 1
            length = prefix - STRING
            if length > 55:
                # Long form: the low bits count the bytes of the length.
                size: uint256 = length - 55
                assert i != PARENT_HASH, "parent hash must be 32 bytes"
                assert size <= 2 and start + size <= end, "header item too long"
                length = extract32(_header, start + size - 32, output_type=uint256) & (
                    (1 << (8 * size)) - 1
                )
                start += size
                canonical: bool = length > 55 and length >> (8 * (size - 1)) != 0
                assert canonical, "header item not canonical"
            assert start + length <= end, "header item too long"
        if i == PARENT_HASH:
            assert length == 32, "parent hash must be 32 bytes"
            parent_hash = extract32(_header, start)
        elif i == NUMBER:
            assert 0 < length and length <= 8, "block number must be 1 to 8 bytes"
            number = extract32(_header, start + length - 32, output_type=uint256) & (
                (1 << (8 * length)) - 1
            )
            assert number >> (8 * (length - 1)) != 0, "block number has a leading zero"
        elif i == MIX_HASH:
            assert length == 32, "mix hash must be 32 bytes"
            mix_hash = extract32(_header, start)
        if length == 1 and start != position:
            prefix = extract32(_header, start - 31, output_type=uint256) & 255
            assert prefix >= STRING, "header item not canonical"

        position = start + length
        items += 1

    assert position == end, "header has too many items"
    assert items >= MIN_ITEMS, "header has too few items"

    return parent_hash, number, mix_hash
