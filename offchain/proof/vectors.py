"""Golden vectors that hold the chain's proofs and signatures to this package's.

`python -m offchain.proof.vectors [FOLDER]` writes `merkle.json` and `typed.json` (tests/vectors by
default). Leaf i of a tree is keccak256(0x00 || uint256(i)).
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from typing import Any

from offchain.proof.hashes import data_hash, leaf_hash, rendition_root
from offchain.proof.keccak import keccak
from offchain.proof.merkle import MerkleTree
from offchain.proof.signatures import address_of, sign
from offchain.proof.typed import Domain, Lease, Receipt, Segment, Verdict

_KEY = keccak(b"livepeer test vector")


def merkle_vectors() -> list[dict[str, Any]]:
    """Trees of 1 to 17 leaves and some large ones, each with single and multiple openings."""
    choose = random.Random(1)
    cases: list[dict[str, Any]] = []
    for count in [*range(1, 18), 63, 64, 65, 1000, 4097, 100_003]:
        tree = MerkleTree([vector_leaf(index) for index in range(count)])
        if count <= 4:
            openings = [c for size in range(1, count + 1) for c in combinations(range(count), size)]
        else:
            openings = [(0,), (count - 1,), (0, count - 1), (count - 2, count - 1)]
            openings += [(choose.randrange(count),) for _ in range(2)]
            openings += [
                tuple(sorted(choose.sample(range(count), min(count, size)))) for size in (3, 8, 64)
            ]
        cases += [_merkle_case(tree, opening) for opening in dict.fromkeys(openings)]
    return cases


def vector_leaf(index: int) -> bytes:
    """Leaf `index` of every tree in the vectors."""
    return leaf_hash(index.to_bytes(32, "big"))


def typed_vectors() -> list[dict[str, Any]]:
    """One of each signed message, with words, digest and signature; and the receipt's leaf."""
    domain = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
    segment = Segment(7, 3, 2000, data_hash([b"part one", b"part two"]))
    renditions = [data_hash([b"rung one"]), data_hash([b"rung", b"two"])]
    receipt = Receipt(
        7, 3, 2000, segment.data_hash, rendition_root(renditions), 48 * 640 * 360,
        keccak(sign(segment.digest(domain), _KEY)),
    )  # fmt: skip
    lease = Lease(7, 3, 4_000_000, 1_800_000_000)
    verdict = Verdict(5, 1, address_of(_KEY), 2, keccak(b"measurements"), keccak(b"salt"))
    return [_typed_case(message, domain) for message in (segment, lease, receipt, verdict)]


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, cases in (("merkle", merkle_vectors()), ("typed", typed_vectors())):
        lines = ",\n".join(json.dumps(case) for case in cases)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def _merkle_case(tree: MerkleTree, opening: tuple[int, ...]) -> dict[str, Any]:
    return {
        "count": len(tree),
        "root": _hex(tree.root),
        "indices": list(opening),
        "leaves": [_hex(tree.leaves[index]) for index in opening],
        "proof": [_hex(node) for node in tree.multiproof(opening)],
    }


def _typed_case(message: Segment | Lease | Receipt | Verdict, domain: Domain) -> dict[str, Any]:
    values = (getattr(message, field.name) for field in fields(message))
    digest = message.digest(domain)
    return {
        "type": message.TYPE,
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
        "values": [_hex(value) if isinstance(value, bytes) else value for value in values],
        "words": _hex(message.words()),
        "leaf": _hex(message.leaf()) if isinstance(message, Receipt) else None,
        "digest": _hex(digest),
        "privateKey": _hex(_KEY),
        "signer": address_of(_KEY),
        "signature": _hex(sign(digest, _KEY)),
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "tests/vectors"))
