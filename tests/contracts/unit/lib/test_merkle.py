"""Multiproofs: the vectors the nodes are held to, and what must not pass for a proof."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.proof.merkle import MerkleTree
from offchain.proof.vectors import vector_leaf
from tests.contracts.harness import Contract, Reverted, reverts

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "merkle.json").read_text())
MOST_LEAVES = 20


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_root__shared_vectors__agree(lib: Contract) -> None:
    cases = [case for case in VECTORS if len(case["indices"]) <= MOST_LEAVES]
    assert len(cases) > 100
    for case in cases:
        leaves = [vector_leaf(index) for index in case["indices"]]
        proof = [_bytes(each) for each in case["proof"]]

        root = lib.root(case["count"], case["indices"], leaves, proof)

        assert root == _bytes(case["root"]), (case["count"], case["indices"])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_root__any_tree_and_leaves__agrees_with_the_nodes(
    lib: Contract, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 300))
    chosen = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=MOST_LEAVES)))
    tree = MerkleTree([vector_leaf(index) for index in range(count)])
    leaves = [tree.leaves[index] for index in chosen]

    assert lib.root(count, chosen, leaves, tree.multiproof(chosen)) == tree.root


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_root__a_tampered_proof__leads_elsewhere(lib: Contract, data: st.DataObject) -> None:
    """Other leaf, other place, other width: none may lead to the root of the honest tree."""
    count = data.draw(st.integers(2, 64))
    index = data.draw(st.integers(0, count - 1))
    tree = MerkleTree([vector_leaf(each) for each in range(count)])
    proof = tree.multiproof([index])
    leaf = tree.leaves[index]
    other = data.draw(st.integers(0, count - 1).filter(lambda each: each != index))
    claims = [
        (count, [index], [keccak(leaf)], proof),
        (count, [other], [leaf], proof),
        (count, [index], [leaf], [keccak(each) for each in proof]),
    ]
    for claim in claims:
        try:
            assert lib.root(*claim) != tree.root
        except Reverted as error:
            assert error.reason in ("proof too short", "proof too long")


def test_root__inner_node_as_leaf__leads_elsewhere(lib: Contract) -> None:
    """Four leaves look like two when their parents pass for leaves; the count forbids it."""
    tree = MerkleTree([vector_leaf(index) for index in range(4)])
    left = keccak(b"\x01" + tree.leaves[0] + tree.leaves[1])
    right = keccak(b"\x01" + tree.leaves[2] + tree.leaves[3])
    assert lib.root(2, [0], [left], [right]) == tree.root

    with reverts("proof too short"):
        lib.root(4, [0], [left], [right])


@pytest.mark.parametrize(
    ("count", "indices", "proof", "reason"),
    [
        (4, [], [], "proof needs a leaf"),
        (4, [1, 1], [], "leaf indices must increase"),
        (4, [2, 1], [], "leaf indices must increase"),
        (4, [4], [], "leaf index out of range"),
        (0, [0], [], "leaf index out of range"),
        (4, [1], [bytes(32)], "proof too short"),
        (4, [0], [], "proof too short"),
        (4, [1], [bytes(32)] * 3, "proof too long"),
        (1, [0], [bytes(32)], "proof too long"),
        (2**20 + 1, [2**20], [bytes(32)], "tree too large"),
    ],
)
def test_root__malformed__reverts(
    lib: Contract, count: int, indices: list[int], proof: list[bytes], reason: str
) -> None:
    with reverts(reason):
        lib.root(count, indices, [vector_leaf(index) for index in indices], proof)


def test_root__largest_tree__is_provable(lib: Contract) -> None:
    """2^20 leaves: the last one, all of whose siblings are on its left."""
    leaf = vector_leaf(2**20 - 1)
    proof = [keccak(text=f"level {level}") for level in range(20)]
    expected = leaf
    for sibling in proof:
        expected = keccak(b"\x01" + sibling + expected)

    assert lib.root(2**20, [2**20 - 1], [leaf], proof) == expected
