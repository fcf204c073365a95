"""A claim's tree of a million leaves: building it, keeping it, proving from it."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections import deque
from random import Random
from typing import TYPE_CHECKING

from bench.report import Row, write
from offchain.proof.keccak import keccak_each
from offchain.proof.merkle import MerkleTree, verify_multiproof

if TYPE_CHECKING:
    from collections.abc import Callable

LEAVES = 1_000_000
RUNS = 9
PROOFS = 200
# Most leaves one claim can be asked for.
DRAWS = 64

TEXT = (
    f"The tree over the receipts of a claim (`offchain/proof/merkle.py`), {LEAVES:,} leaves. "
    "Building is compared with bare keccak: the same hasher, by the same C loop, over the very "
    f"{LEAVES - 1:,} inputs of 65 bytes that the tree hashes, made beforehand, its results "
    f"dropped. Both by processor time, in turns, {RUNS} times; the median of the ratios. Memory "
    "is what the tree holds, and the most that Python held while building it, the caller's "
    "leaves apart."
)


def measure() -> None:
    """Measure, and write the rows of area `merkle`."""
    leaves = list(keccak_each(index.to_bytes(32, "big") for index in range(LEAVES)))
    tree = MerkleTree(leaves)
    bare, built = _beside_bare(leaves, _inputs(tree))
    held, most = _memory(leaves)
    rows = [
        Row("merkle", "build", built, bare, 1.3, "s", "beside bare keccak of the same nodes"),
        Row("merkle", "memory held", held, unit="MB", note="every level, to prove from"),
        Row("merkle", "memory while building", most, unit="MB"),
    ]
    for count in (1, DRAWS):
        proving, verifying, size = _proofs(tree, count)
        name = "one leaf" if count == 1 else f"{count} leaves"
        rows += [
            Row("merkle", f"prove {name}", proving, unit="us", note=f"{size} nodes"),
            Row("merkle", f"verify {name}", verifying, unit="us", note="off chain"),
        ]
    write("merkle", rows, TEXT)


def _inputs(tree: MerkleTree) -> list[bytes]:
    """What is hashed to build a tree: every pair of neighbours, by level."""
    inputs: list[bytes] = []
    level = list(tree.leaves)
    while len(level) > 1:
        nodes = [
            b"\x01" + left + right for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        inputs += nodes
        level = [*keccak_each(nodes), *level[len(level) // 2 * 2 :]]
    if level != [tree.root] or len(inputs) != len(tree) - 1:
        raise RuntimeError("the inputs do not build the tree")
    return inputs


def _beside_bare(leaves: list[bytes], inputs: list[bytes]) -> tuple[float, float]:
    """Seconds of bare keccak, and of building at the median ratio of runs in turns."""
    bare, ratios = [], []
    for _ in range(RUNS):
        bare.append(_seconds(lambda: deque(keccak_each(inputs), maxlen=0)))
        ratios.append(_seconds(lambda: MerkleTree(leaves)) / bare[-1])
    middle = statistics.median(bare)
    return middle, middle * statistics.median(ratios)


def _memory(leaves: list[bytes]) -> tuple[float, float]:
    """Megabytes held by a tree, and at most while it was built."""
    tracemalloc.start()
    tree = MerkleTree(leaves)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del tree
    return round(held / 1e6, 1), round(most / 1e6, 1)


def _proofs(tree: MerkleTree, count: int) -> tuple[float, float, int]:
    """Microseconds to prove and to verify `count` leaves drawn at random, and the mean length."""
    choose = Random(count)
    openings = [sorted(choose.sample(range(len(tree)), count)) for _ in range(PROOFS)]
    opened = [{index: tree.leaves[index] for index in opening} for opening in openings]
    proofs = [tree.multiproof(opening) for opening in openings]

    proving = _seconds(lambda: deque(map(tree.multiproof, openings), maxlen=0))
    verdicts: list[bool] = []
    verifying = _seconds(
        lambda: verdicts.extend(
            verify_multiproof(tree.root, len(tree), leaves, proof)
            for leaves, proof in zip(opened, proofs, strict=True)
        )
    )
    if not all(verdicts):
        raise RuntimeError("a proof of the tree does not verify")
    size = round(sum(map(len, proofs)) / PROOFS)
    return round(proving / PROOFS * 1e6, 1), round(verifying / PROOFS * 1e6, 1), size


def _seconds(call: Callable[[], object]) -> float:
    """Processor time: others may be using the machine."""
    start = time.process_time()
    call()
    return time.process_time() - start
