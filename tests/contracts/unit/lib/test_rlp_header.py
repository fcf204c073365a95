"""Headers: what the forks write, and everything that is no canonical header."""

from __future__ import annotations

import pytest
import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

from tests.contracts.harness import Contract, reverts

PARENT, MIX = keccak(text="parent"), keccak(text="mix")


def header_items(number: int = 1_000, count: int = 21) -> list[bytes]:
    """Items of a header as Prague writes it, cut or lengthened to `count`."""
    hashes = [keccak(text=f"item {index}") for index in range(count)]
    items = [PARENT, *hashes[1:2], bytes(20), *hashes[3:6], bytes(256), b""]
    items += [
        number.to_bytes((number.bit_length() + 7) // 8, "big"),
        b"\x01\xc9\xc3\x80",
        b"\x52\x08",
    ]
    items += [b"\x65\x00\x00\x00", b"extra", MIX, bytes(8), b"\x07", *hashes[16:]]
    return items[:count]


def encoded(items: list[bytes]) -> bytes:
    return bytes(rlp.encode(items))


def wrapped(payload: bytes) -> bytes:
    return b"\xf9" + len(payload).to_bytes(2, "big") + payload


@pytest.mark.parametrize("count", [15, 16, 17, 20, 21, 23, 32])
def test_read__any_fork__returns_parent_number_and_mix(lib: Contract, count: int) -> None:
    items = header_items(count=min(count, 23)) + [b"\x01"] * (count - min(count, 23))

    assert lib.readHeader(encoded(items)) == (PARENT, 1_000, MIX)


@pytest.mark.parametrize("number", [1, 127, 128, 255, 256, 2**40, 2**64 - 1])
def test_read__any_number__is_read(lib: Contract, number: int) -> None:
    assert lib.readHeader(encoded(header_items(number)))[1] == number


def _replaced(index: int, item: bytes) -> bytes:
    items = header_items()
    items[index] = item
    return encoded(items)


def _payload() -> bytes:
    return encoded(header_items())[3:]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "header too short"),
        (wrapped(bytes(255)), "header too short"),
        (b"\xf8" + encoded(header_items())[1:], "header must be a list"),
        (encoded(header_items())[:-1], "header length does not match"),
        (encoded(header_items()) + b"\x00", "header length does not match"),
        (_replaced(0, bytes(31)), "parent hash must be 32 bytes"),
        (_replaced(8, b""), "block number must be 1 to 8 bytes"),
        (_replaced(8, b"\x01" * 9), "block number must be 1 to 8 bytes"),
        (_replaced(8, b"\x00\x07"), "block number has a leading zero"),
        (_replaced(13, bytes(33)), "mix hash must be 32 bytes"),
        (encoded(header_items(count=14)), "header has too few items"),
        (encoded([*header_items(), *[b"\x01"] * 12]), "header has too many items"),
        # An item that is a list; one that reaches past the end; lengths written longer than needed.
        (wrapped(_payload() + b"\xc0"), "header item must be a string"),
        (wrapped(_payload() + b"\x82\x01"), "header item too long"),
        (wrapped(_payload() + b"\xb9\x01"), "header item too long"),
        (wrapped(_payload() + b"\xba\x00\x00\x01"), "header item too long"),
        (wrapped(_payload() + b"\x81\x05"), "header item not canonical"),
        (wrapped(_payload() + b"\xb8\x05" + b"\x01" * 5), "header item not canonical"),
        (wrapped(_payload() + b"\xb9\x00\x40" + b"\x01" * 64), "header item not canonical"),
    ],
)
def test_read__malformed__reverts(lib: Contract, header: bytes, reason: str) -> None:
    with reverts(reason):
        lib.readHeader(header)
