# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Dead bands
@license MIT
@notice How far seats' scores may lie apart. A word of scores is made of signed fields of one width, from its low end; a word of bands has for
        each field the largest distance from the median that is still agreement.
@dev Seats are compared by distance, never by equality: other machines and builds of the same libraries measure a
     little differently.
"""

# Narrower fields would be more.
MAX_FIELDS: constant(uint256) = 16


@internal
@pure
def medians(_scores: DynArray[uint256, 33], _bits: uint256) -> uint256:
    """
    @dev The lower median of each field, in a word like theirs.
    """
    first: uint256 = _scores[0]
    same: bool = True
    for word: uint256 in _scores:
        if word != first:
            same = False
            break
    if same:
        return first

    medians: uint256 = 0
    sign: uint256 = 1 << (_bits - 1)
    mask: uint256 = (1 << _bits) - 1
    for field: uint256 in range(256 // _bits, bound=MAX_FIELDS):
        at: uint256 = field * _bits
        values: DynArray[uint256, 33] = []
        for word: uint256 in _scores:
            # With its sign turned over, a field compares like a number without one.
            values.append(((word >> at) & mask) ^ sign)
            for i: uint256 in range(33):
                place: uint256 = len(values) - 1 - i
                if place == 0 or values[place - 1] <= values[place]:
                    break
                higher: uint256 = values[place - 1]
                values[place - 1] = values[place]
                values[place] = higher
        medians |= (values[(len(values) - 1) >> 1] ^ sign) << at
    return medians


@internal
@pure
def agree(_one: uint256, _other: uint256, _bands: uint256, _bits: uint256) -> bool:
    """
    @dev Whether no field of the two words lies further apart than its band.
    """
    if _one == _other:
        return True

    sign: uint256 = 1 << (_bits - 1)
    mask: uint256 = (1 << _bits) - 1
    for field: uint256 in range(256 // _bits, bound=MAX_FIELDS):
        at: uint256 = field * _bits
        a: uint256 = ((_one >> at) & mask) ^ sign
        b: uint256 = ((_other >> at) & mask) ^ sign
        if max(a, b) - min(a, b) > (_bands >> at) & mask:
            return False
    return True
