"""Merkle trees: every opening proves, nothing else does, and the vectors are fresh."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.proof.hashes import data_hash, data_hash_of, leaf_hash, part_hash, rendition_root
from offchain.proof.keccak import keccak, new_keccak
from offchain.proof.merkle import MerkleTree, merkle_root, verify_multiproof
from offchain.proof.vectors import merkle_vectors, vector_leaf

VECTORS = Path(__file__).parents[2] / "vectors" / "merkle.json"


@st.composite
def openings(draw: st.DrawFn) -> tuple[int, list[int]]:
    count = draw(st.integers(1, 200))
    indices = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=20))
    return count, sorted(indices)


def recursive_root(leaves: list[bytes]) -> bytes:
    """The root by another road: split at the largest power of two below the width."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return keccak(b"\x01" + recursive_root(leaves[:half]) + recursive_root(leaves[half:]))


@given(openings())
def test_multiproof__proves_its_leaves_and_uses_the_fewest_nodes(
    opening: tuple[int, list[int]],
) -> None:
    count, indices = opening
    tree = MerkleTree([vector_leaf(index) for index in range(count)])
    assert tree.root == recursive_root(list(tree.leaves))
    proof = tree.multiproof(indices)
    assert verify_multiproof(tree.root, count, {i: tree.leaves[i] for i in indices}, proof)
    assert len(proof) <= len(indices) * max(0, (count - 1).bit_length())


@given(openings(), st.data())
def test_verify_multiproof__anything_altered__fails(
    opening: tuple[int, list[int]], data: st.DataObject
) -> None:
    count, indices = opening
    tree = MerkleTree([vector_leaf(index) for index in range(count)])
    proof = tree.multiproof(indices)
    leaves = {i: tree.leaves[i] for i in indices}
    flip = data.draw(st.sampled_from(indices))
    assert not verify_multiproof(tree.root, count, {**leaves, flip: keccak(leaves[flip])}, proof)
    assert not verify_multiproof(tree.root, count, leaves, [*proof, bytes(32)])
    if proof:
        spot = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_multiproof(tree.root, count, leaves, proof[:spot] + proof[spot + 1 :])
        swapped = [*proof]
        swapped[spot] = keccak(swapped[spot])
        assert not verify_multiproof(tree.root, count, leaves, swapped)
    other = data.draw(st.integers(0, count + 3).filter(lambda i: i not in leaves))
    moved = {(other if i == flip else i): leaf for i, leaf in leaves.items()}
    assert not verify_multiproof(tree.root, count, moved, proof)


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
    count = 100_000
    leaves = [vector_leaf(index) for index in range(count)]
    node = b"\x01" + bytes(64)

    def bare() -> None:
        for _ in range(count - 1):
            new_keccak(node).digest()

    # The ratio, best of interleaved runs: the machine may be busy with other things.
    ratio = min(_seconds(lambda: merkle_root(leaves)) / _seconds(bare) for _ in range(5))
    assert ratio < 1.5


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
