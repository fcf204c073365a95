"""Merkle trees: every opening proves, nothing else does, and the vectors are fresh."""

from __future__ import annotations

import json
import time
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.proof.hashes import data_hash, data_hash_of, leaf_hash, part_hash, rendition_root
from offchain.proof.keccak import keccak, keccak_each
from offchain.proof.merkle import MerkleTree, merkle_root, verify_multiproof
from offchain.proof.vectors import merkle_vectors, vector_leaf

VECTORS = Path(__file__).parents[2] / "vectors" / "merkle.json"


MOST = 4_100
# Leaves of all trees here: hashing them again for each example would take most of the time.
LEAVES = [vector_leaf(index) for index in range(MOST)]


@st.composite
def openings(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A width, often beside a power of two, where odd nodes move up level after level; and leaves
    in it: scattered, or side by side, or near the right edge."""
    near_power = st.builds(lambda power, by: 2**power + by, st.integers(1, 12), st.integers(-1, 3))
    count = draw(st.one_of(st.integers(1, 40), near_power, st.integers(1, MOST)))
    first = draw(st.one_of(st.just(0), st.just(max(0, count - 12)), st.integers(0, count - 1)))
    block = st.sets(st.integers(first, min(first + 11, count - 1)), min_size=1)
    scattered = st.sets(st.integers(0, count - 1), min_size=1, max_size=64)
    return count, sorted(draw(st.one_of(block, scattered, st.builds(set.union, block, scattered))))


def recursive_root(leaves: list[bytes]) -> bytes:
    """The root by another road: split at the largest power of two below the width."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return keccak(b"\x01" + recursive_root(leaves[:half]) + recursive_root(leaves[half:]))


def unknown_subtrees(leaves: list[bytes], indices: list[int]) -> list[bytes]:
    """The fewest nodes that prove `indices`: roots of the largest subtrees without any of them."""
    if not indices:
        return [recursive_root(leaves)]
    if len(leaves) == 1:
        return []
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    left = [index for index in indices if index < half]
    right = [index - half for index in indices if index >= half]
    return unknown_subtrees(leaves[:half], left) + unknown_subtrees(leaves[half:], right)


@given(openings())
def test_multiproof__proves_its_leaves_with_the_fewest_nodes(
    opening: tuple[int, list[int]],
) -> None:
    count, indices = opening
    leaves = LEAVES[:count]
    tree = MerkleTree(leaves)
    proof = tree.multiproof(indices)

    assert tree.root == recursive_root(leaves) == merkle_root(leaves)
    assert sorted(proof) == sorted(unknown_subtrees(leaves, indices))
    assert verify_multiproof(tree.root, count, {i: leaves[i] for i in indices}, proof)


@given(openings(), st.data())
def test_verify_multiproof__anything_altered__fails(
    opening: tuple[int, list[int]], data: st.DataObject
) -> None:
    """A bit of a leaf or of the proof, an element lost, added, doubled or moved, another place."""
    count, indices = opening
    tree = MerkleTree(LEAVES[:count])
    proof = tree.multiproof(indices)
    leaves = {i: LEAVES[i] for i in indices}
    bit = data.draw(st.integers(0, 255))
    changed = data.draw(st.sampled_from(indices))
    spot = data.draw(st.integers(0, max(0, len(proof) - 1)))
    other = data.draw(st.integers(0, count + 3).filter(lambda index: index not in leaves))
    forged = [
        ({**leaves, changed: flipped(leaves[changed], bit)}, proof),
        ({(other if i == changed else i): leaf for i, leaf in leaves.items()}, proof),
        (leaves, [*proof, bytes(32)]),
    ]
    if other < count:
        forged.append(({**leaves, other: LEAVES[changed]}, proof))
    if len(leaves) > 1:
        forged.append(({i: leaf for i, leaf in leaves.items() if i != changed}, proof))
    if proof:
        forged += [
            (leaves, [*proof[:spot], flipped(proof[spot], bit), *proof[spot + 1 :]]),
            (leaves, [*proof[:spot], *proof[spot + 1 :]]),
            (leaves, [*proof[:spot], proof[spot], *proof[spot:]]),
            (leaves, [*proof[:spot], proof[spot][:31], *proof[spot + 1 :]]),
        ]
    if len(proof) > 1:
        forged.append((leaves, [*proof[1:], proof[0]]))

    for opened, nodes in forged:
        assert not verify_multiproof(tree.root, count, opened, nodes)
    assert not verify_multiproof(flipped(tree.root, bit), count, leaves, proof)


def flipped(word: bytes, bit: int) -> bytes:
    """A word with one bit changed."""
    return (int.from_bytes(word, "big") ^ 1 << bit).to_bytes(32, "big")


def test_verify_multiproof__inner_node_passed_as_leaf__fails() -> None:
    tree = MerkleTree([vector_leaf(index) for index in range(4)])
    inner = keccak(b"\x01" + tree.leaves[0] + tree.leaves[1])
    right = keccak(b"\x01" + tree.leaves[2] + tree.leaves[3])
    # Under a count of 2 the walk is consistent; the count is part of the claim, so it is not 2.
    assert verify_multiproof(tree.root, 2, {0: inner}, [right])
    assert not verify_multiproof(tree.root, 4, {0: inner}, [right])


@pytest.mark.parametrize(
    ("leaves", "indices", "words"),
    [
        ([], [0], "at least one leaf"),
        ([b"short"], [0], "32 bytes"),
        ([bytes(32)], [], "at least one"),
        ([bytes(32)], [1], "outside the tree"),
        ([bytes(32)] * 3, [1, 1], "strictly increasing"),
        ([bytes(32)] * 3, [-1, 1], "outside the tree"),
    ],
)
def test_tree__bad_input__says_so(leaves: list[bytes], indices: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MerkleTree(leaves).multiproof(indices)
    assert not verify_multiproof(bytes(32), len(leaves), dict.fromkeys(indices, b""), [])


def test_vectors__are_fresh_and_verify() -> None:
    written = json.loads(VECTORS.read_text())
    assert written == json.loads(json.dumps(merkle_vectors()))
    for case in written:
        leaves = [bytes.fromhex(leaf[2:]) for leaf in case["leaves"]]
        proof = [bytes.fromhex(node[2:]) for node in case["proof"]]
        opened = dict(zip(case["indices"], leaves, strict=True))
        assert verify_multiproof(bytes.fromhex(case["root"][2:]), case["count"], opened, proof)


def test_tree__costs_little_more_than_its_hashes() -> None:
    """Of 100,000 leaves; `make bench` measures a million."""
    count = 100_000
    leaves = list(keccak_each(index.to_bytes(32, "big") for index in range(count)))
    nodes = [b"\x01" + leaf + leaf for leaf in leaves[1:]]

    def bare() -> None:
        deque(keccak_each(nodes), maxlen=0)

    # The ratio, best of interleaved runs: the machine may be busy with other things.
    ratio = min(_seconds(lambda: MerkleTree(leaves)) / _seconds(bare) for _ in range(5))
    assert ratio < 1.3


def test_leaves__read_as_they_were_given() -> None:
    tree = MerkleTree(LEAVES[:11])
    assert list(tree.leaves) == LEAVES[:11]
    assert tree.leaves[-1] == LEAVES[10]
    assert tree.leaves[2:8:3] == LEAVES[2:8:3]
    with pytest.raises(IndexError):
        tree.leaves[11]


def _seconds(call: object) -> float:
    assert callable(call)
    start = time.process_time()
    call()
    return time.process_time() - start


def test_data_hash__is_a_tree_over_part_hashes() -> None:
    parts = [b"one", b"two", b"three"]
    leaves = [leaf_hash(part_hash(part)) for part in parts]
    assert data_hash(parts) == recursive_root(leaves)
    assert data_hash(parts) == data_hash_of([part_hash(part) for part in parts])
    assert data_hash([b"one"]) == leaf_hash(part_hash(b"one"))
    assert data_hash(parts) != data_hash([b"".join(parts)])
    hashes = [data_hash([part]) for part in parts]
    assert rendition_root(hashes) == recursive_root([leaf_hash(h) for h in hashes])
    assert rendition_root(hashes) != rendition_root(hashes[::-1])
