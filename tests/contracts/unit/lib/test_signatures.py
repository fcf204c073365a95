"""Recovery: one signature per message, and nothing else."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from offchain.proof.signatures import address_of, sign
from tests.contracts.harness import Contract, reverts

KEY = keccak(text="signer")
DIGEST = keccak(text="message")
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_recover__signed_by_a_node__returns_the_signer(lib: Contract) -> None:
    for number in range(8):
        digest = keccak(number.to_bytes(32, "big"))

        assert lib.recover(digest, sign(digest, KEY)) == address_of(KEY)


def test_recover__mirrored__reverts(lib: Contract) -> None:
    """(v', r, n - s) recovers to the same signer; taking both would give every message two."""
    signature = sign(DIGEST, KEY)
    s = int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - signature[64]])

    with reverts("signature s too high"):
        lib.recover(DIGEST, mirrored)


@pytest.mark.parametrize("length", [0, 64])
def test_recover__short__reverts(lib: Contract, length: int) -> None:
    with reverts("signature must be 65 bytes"):
        lib.recover(DIGEST, sign(DIGEST, KEY)[:length])


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_recover__other_v__reverts(lib: Contract, v: int) -> None:
    with reverts("signature v must be 27 or 28"):
        lib.recover(DIGEST, sign(DIGEST, KEY)[:64] + bytes([v]))


def test_recover__no_point__reverts(lib: Contract) -> None:
    """r = 0 is on no curve; ecrecover answers zero, which must not pass for an address."""
    with reverts("signature has no signer"):
        lib.recover(DIGEST, bytes(32) + (1).to_bytes(32, "big") + b"\x1b")
