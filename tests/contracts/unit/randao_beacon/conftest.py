"""A beacon on a chain whose history contract says what the test wants."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

from tests.contracts.harness import Chain, Contract, Protocol

HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935"


@pytest.fixture
def beacon(protocol: Protocol) -> Contract:
    """The protocol's own beacon."""
    return protocol.RandaoBeacon


@pytest.fixture
def history(chain: Chain) -> Callable[[int, bytes], None]:
    """Sets the hash that the EIP-2935 contract answers for a block."""
    # Answers the storage word at the number it is called with.
    chain.set_code(HISTORY, bytes.fromhex("5f35545f5260205ff3"))
    chain.mine(1_000)

    def remember(number: int, block_hash: bytes) -> None:
        chain.set_storage(HISTORY, number, int.from_bytes(block_hash, "big"))

    return remember


def header(number: int, parent: bytes = bytes(32), mix: bytes | None = None) -> bytes:
    """A header as a Cancun block has it."""
    seed = keccak(text=f"mix {number}") if mix is None else mix
    items = [parent, bytes(32), bytes(20), bytes(32), bytes(32), bytes(32), bytes(256), b""]
    items += [number.to_bytes(8, "big").lstrip(b"\0"), b"\x01", b"\x01", b"\x01", b"", seed]
    items += [bytes(8), b"\x07", bytes(32), b"", b"", bytes(32)]
    return bytes(rlp.encode(items))
