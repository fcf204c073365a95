"""The index-addressed Merkle tree of claims and of segments.

A node is keccak256(0x01 || left || right). The last node of an odd level moves up unchanged, so a
tree of n leaves has exactly n - 1 inner nodes and every leaf has one place: its index. Leaves are
32-byte hashes that already carry the leaf domain (0x00), so no inner node can be passed off as one.
The same walk runs on chain; `tests/vectors/merkle.json` holds both to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.proof.keccak import new_keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NODE = b"\x01"


class MerkleTree:
    """All levels of a tree over 32-byte leaves, so that any set of them can be proven."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise ValueError("a Merkle tree needs at least one leaf")
        if any(len(leaf) != 32 for leaf in leaves):
            raise ValueError("a Merkle leaf is 32 bytes")
        self._levels = _levels(list(leaves))

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
    return MerkleTree(leaves).root


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
            parents.append((index // 2, new_keccak(_NODE + left + right).digest()))
        known = parents
        width = (width + 1) // 2
    return known[0][1] == root and next(supply, None) is None


def _levels(level: list[bytes]) -> list[list[bytes]]:
    levels = [level]
    new = new_keccak
    while len(level) > 1:
        # zip drops an unpaired last node; it moves up as it is.
        above = [
            new(_NODE + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
        levels.append(level)
    return levels


def _check_indices(indices: Sequence[int], count: int) -> None:
    if not indices:
        raise ValueError("a multiproof proves at least one leaf")
    if any(later <= earlier for earlier, later in zip(indices, indices[1:], strict=False)):
        raise ValueError("the indices of a multiproof are strictly increasing")
    if indices[0] < 0 or indices[-1] >= count:
        raise ValueError(f"a leaf index lies outside the tree of {count} leaves")
