"""Content hashes: parts by SHA-256, segments and renditions by a Merkle tree over their parts.

Parts are the unit of proof: SHA-256 is native in browsers and a precompile on chain, and hashes
1,800 MB a second. A segment of one part and one of many are addressed in the same way.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from offchain.proof.keccak import keccak
from offchain.proof.merkle import merkle_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEAF = b"\x00"

__all__ = ["data_hash", "data_hash_of", "keccak", "leaf_hash", "part_hash", "rendition_root"]


def leaf_hash(content: bytes) -> bytes:
    """keccak256(0x00 || content): what stands at the bottom of every tree."""
    return keccak(_LEAF + content)


def part_hash(part: bytes | memoryview) -> bytes:
    """SHA-256 of one part."""
    return hashlib.sha256(part).digest()


def data_hash(parts: Sequence[bytes]) -> bytes:
    """The hash by which a segment, or a rendition of one, is signed, claimed and fetched."""
    return data_hash_of(part_hash(part) for part in parts)


def data_hash_of(part_hashes: Iterable[bytes]) -> bytes:
    """As `data_hash`, from the SHA-256 of each part."""
    return merkle_root([leaf_hash(digest) for digest in part_hashes])


def rendition_root(hashes: Sequence[bytes]) -> bytes:
    """The root over the rungs' hashes, in rung order."""
    return merkle_root([leaf_hash(digest) for digest in hashes])
