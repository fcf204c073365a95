# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Dead bands
@license MIT
@notice How far seats' scores may lie apart. A word of scores has nine signed fields of 28 bits; a word of bands has for
        each field the largest distance from the median that is still agreement.
@dev Seats are compared by distance, never by equality: other machines and builds of the same libraries measure a
     little differently.
"""

FIELDS: constant(uint256) = 9
BITS: constant(uint256) = 28
FIELD: constant(uint256) = 2**28 - 1
# The sign bits of all fields: turned over, signed fields compare as unsigned ones.
SIGNS: constant(uint256) = (
    3618502802146104490778727249020661049864681323583241865818009043810744532992
)


@internal
@pure
def medians(_scores: DynArray[uint256, 33]) -> uint256:
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
    for field: uint256 in range(FIELDS):
        at: uint256 = field * BITS
        values: DynArray[uint256, 33] = []
        for word: uint256 in _scores:
            values.append(((word ^ SIGNS) >> at) & FIELD)
            for i: uint256 in range(33):
                place: uint256 = len(values) - 1 - i
                if place == 0 or values[place - 1] <= values[place]:
                    break
                higher: uint256 = values[place - 1]
                values[place - 1] = values[place]
                values[place] = higher
        medians |= values[(len(values) - 1) >> 1] << at
    return medians ^ SIGNS


@internal
@pure
def agree(_one: uint256, _other: uint256, _bands: uint256) -> bool:
    """
    @dev Whether no field of the two words lies further apart than its band.
    """
    if _one == _other:
        return True

    one: uint256 = _one ^ SIGNS
    other: uint256 = _other ^ SIGNS
    for field: uint256 in range(FIELDS):
        at: uint256 = field * BITS
        a: uint256 = (one >> at) & FIELD
        b: uint256 = (other >> at) & FIELD
        if max(a, b) - min(a, b) > (_bands >> at) & FIELD:
            return False
    return True
