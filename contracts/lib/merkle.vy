# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Index-addressed Merkle trees
@license MIT
@notice Proves many leaves of one tree at once. Leaves and inner nodes are hashed under different tags, so
        neither can pass for the other; an odd last node moves up unchanged; the number of leaves fixes the
        shape, so an index names exactly one place.
@dev offchain/proof/merkle.py is the same code; tests/vectors/merkle.json runs on both.
"""

from . import reasons


# Leaves in one proof.
MAX_LEAVES: constant(uint256) = 20
# Levels above the leaves: trees hold up to 2^20 leaves.
MAX_LEVELS: constant(uint256) = 20
MAX_PROOF: constant(uint256) = MAX_LEAVES * MAX_LEVELS
LEAF_TAG: constant(bytes1) = 0x00
NODE_TAG: constant(bytes1) = 0x01


@internal
@pure
def leaf(_content: bytes32) -> bytes32:
    return keccak256(concat(LEAF_TAG, _content))


@internal
@pure
def root(
    _count: uint256,
    _indices: DynArray[uint256, MAX_LEAVES],
    _leaves: DynArray[bytes32, MAX_LEAVES],
    _proof: DynArray[bytes32, MAX_PROOF],
) -> bytes32:
    """
    @dev The root of the tree of `_count` leaves that holds `_leaves` at the strictly increasing `_indices`,
         the missing siblings being taken from `_proof` level by level from the leaves, left to right.
         Both lists must have the same length; the caller builds them together.
    """
    known: uint256 = len(_leaves)
    if known == 0:
        reasons.fail("proof needs a leaf")

    indices: DynArray[uint256, MAX_LEAVES] = _indices
    nodes: DynArray[bytes32, MAX_LEAVES] = _leaves
    previous: uint256 = indices[0]
    for i: uint256 in range(1, known, bound=MAX_LEAVES):
        index: uint256 = indices[i]
        if index <= previous:
            reasons.fail("leaf indices must increase")
        previous = index
    if previous >= _count:
        reasons.fail("leaf index out of range")

    # Walks in place: parents are written where their children have been read.
    width: uint256 = _count
    size: uint256 = len(_proof)
    used: uint256 = 0
    for level: uint256 in range(MAX_LEVELS):
        if width == 1:
            break

        position: uint256 = 0
        parents: uint256 = 0
        for i: uint256 in range(MAX_LEAVES):
            if position == known:
                break

            index: uint256 = indices[position]
            current: bytes32 = nodes[position]
            position = unsafe_add(position, 1)
            right: uint256 = index | 1
            if index == right:
                if used == size:
                    reasons.fail("proof too short")
                current = keccak256(concat(NODE_TAG, _proof[used], current))
                used = unsafe_add(used, 1)
            elif right != width:
                if position != known and indices[position] == right:
                    current = keccak256(concat(NODE_TAG, current, nodes[position]))
                    position = unsafe_add(position, 1)
                else:
                    if used == size:
                        reasons.fail("proof too short")
                    current = keccak256(concat(NODE_TAG, current, _proof[used]))
                    used = unsafe_add(used, 1)
            indices[parents] = index >> 1
            nodes[parents] = current
            parents = unsafe_add(parents, 1)

        known = parents
        width = (unsafe_add(width, 1)) >> 1

    if width != 1:
        reasons.fail("tree too large")
    if used != size:
        reasons.fail("proof too long")

    return nodes[0]
