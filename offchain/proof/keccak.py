"""Keccak-256 by the fastest implementation at hand.

`sha3` (safe-pysha3) hashes 65 bytes in 0.7 us, pycryptodome in 3.7: a tree of a million leaves is
that many such hashes, so the choice decides between one second and four.
"""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _Digest(Protocol):
    def digest(self) -> bytes: ...


_digest: Callable[[_Digest], bytes]
try:
    from sha3 import keccak_256 as _keccak_256  # type: ignore[import-untyped]

    _digest = _keccak_256.digest
except ImportError:  # the slower one is always installed with web3
    from Crypto.Hash import keccak as _pycryptodome

    _digest = methodcaller("digest")

    def _keccak_256(data: bytes = b"") -> _Digest:
        return _pycryptodome.new(digest_bits=256, data=data)


def keccak(data: bytes) -> bytes:
    """The 32-byte Keccak-256 of `data` (Ethereum's, not FIPS 202's)."""
    digest: bytes = _keccak_256(data).digest()
    return digest


def keccak_each(messages: Iterable[bytes]) -> Iterator[bytes]:
    """The Keccak-256 of each message, in order: nothing runs between two hashes but C."""
    return map(_digest, map(_keccak_256, messages))
