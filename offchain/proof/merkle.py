"""The index-addressed Merkle tree of claims and of segments.

A node is keccak256(0x01 || left || right). The last node of an odd level moves up unchanged, so a
tree of n leaves has exactly n - 1 inner nodes and every leaf has one place: its index. Leaves are
32-byte hashes that already carry the leaf domain (0x00), so no inner node can be passed off as one.
The same walk runs on chain; `tests/vectors/merkle.json` holds both to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING, overload

from offchain.proof.keccak import keccak, keccak_each

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NODE = b"\x01"
# Trees are built by blocks of so many levels, which the processor's cache holds.
_BLOCK_LEVELS = 12


class Nodes(Sequence[bytes]):
    """The 32-byte nodes of one level, side by side in one buffer: an object each would weigh
    almost three times as much."""

    __slots__ = ("_width", "buffer")

    def __init__(self, width: int) -> None:
        self._width = width
        self.buffer = bytearray(32 * width)

    def __len__(self) -> int:
        return self._width

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        places = range(self._width)[index]
        if isinstance(places, range):
            return [bytes(self.buffer[32 * place : 32 * place + 32]) for place in places]
        return bytes(self.buffer[32 * places : 32 * places + 32])


class MerkleTree:
    """All levels of a tree over 32-byte leaves, so that any set of them can be proven."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = _levels(leaves)

    def __len__(self) -> int:
        """How many leaves the tree has."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1][0]

    @property
    def leaves(self) -> Sequence[bytes]:
        """The leaves, in index order."""
        return self._levels[0]

    def multiproof(self, indices: Iterable[int]) -> list[bytes]:
        """What proves the leaves at `indices` (strictly increasing), in walking order."""
        known = list(indices)
        _check_indices(known, len(self))
        proof: list[bytes] = []
        for level in self._levels[:-1]:
            width = len(level)
            parents: list[int] = []
            position = 0
            while position < len(known):
                index = known[position]
                position += 1
                parents.append(index // 2)
                if index % 2 == 0 and index == width - 1:
                    continue
                if index % 2 == 0 and position < len(known) and known[position] == index + 1:
                    position += 1
                    continue
                proof.append(level[index ^ 1])
            known = parents
        return proof


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root alone."""
    return _levels(leaves)[-1][0]


def verify_multiproof(
    root: bytes, count: int, leaves: Mapping[int, bytes], proof: Sequence[bytes]
) -> bool:
    """Whether `leaves` (index to leaf) all stand in the tree of `count` leaves under `root`.

    Every proof element must be used; indices outside the tree, and no leaves at all, prove nothing.
    """
    indices = sorted(leaves)
    if not indices or indices[0] < 0 or indices[-1] >= count:
        return False
    if any(len(node) != 32 for node in (*leaves.values(), *proof)):
        return False
    known = [(index, leaves[index]) for index in indices]
    supply = iter(proof)
    width = count
    while width > 1:
        parents: list[tuple[int, bytes]] = []
        position = 0
        while position < len(known):
            index, node = known[position]
            position += 1
            if index % 2 == 0 and index == width - 1:
                parents.append((index // 2, node))
                continue
            if index % 2 == 0 and position < len(known) and known[position][0] == index + 1:
                sibling: bytes | None = known[position][1]
                position += 1
            else:
                sibling = next(supply, None)
            if sibling is None:
                return False
            left, right = (node, sibling) if index % 2 == 0 else (sibling, node)
            parents.append((index // 2, keccak(_NODE + left + right)))
        known = parents
        width = (width + 1) // 2
    return known[0][1] == root and next(supply, None) is None


def _levels(leaves: Sequence[bytes]) -> list[Nodes]:
    """All levels. A block's nodes are hashed and put in place while they are at hand: going
    through a million of them again costs a tenth of hashing them."""
    if not leaves:
        raise ValueError("a Merkle tree needs at least one leaf")
    levels = [Nodes(len(leaves))]
    while len(levels[-1]) > 1:
        levels.append(Nodes((len(levels[-1]) + 1) // 2))
    low = levels[: _BLOCK_LEVELS + 1]
    size = 1 << (len(low) - 1)
    for start in range(0, len(leaves), size):
        nodes = leaves[start : start + size]
        if set(map(len, nodes)) != {32}:
            raise ValueError("a Merkle leaf is 32 bytes")
        _fill(low, start, nodes)
    _fill(levels[len(low) - 1 :], 0, low[-1])
    return levels


def _fill(levels: Sequence[Nodes], start: int, nodes: Sequence[bytes]) -> None:
    """Put nodes in the lowest of `levels` from index `start` on, and what they lead to above."""
    levels[0].buffer[32 * start : 32 * (start + len(nodes))] = b"".join(nodes)
    for level in levels[1:]:
        nodes = _above(nodes)
        start //= 2
        level.buffer[32 * start : 32 * (start + len(nodes))] = b"".join(nodes)


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The level above. The last node of an odd one moves up as it is."""
    nodes = iter(level)
    # zip takes two nodes a turn, and drops one without a second.
    pairs = zip(repeat(_NODE), nodes, nodes, strict=False)
    above = list(keccak_each(map(b"".join, pairs)))
    if len(level) % 2:
        above.append(level[-1])
    return above


def _check_indices(indices: Sequence[int], count: int) -> None:
    if not indices:
        raise ValueError("a multiproof proves at least one leaf")
    if any(later <= earlier for earlier, later in zip(indices, indices[1:], strict=False)):
        raise ValueError("the indices of a multiproof are strictly increasing")
    if indices[0] < 0 or indices[-1] >= count:
        raise ValueError(f"a leaf index lies outside the tree of {count} leaves")
