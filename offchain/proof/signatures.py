"""Signing and recovering over 32-byte digests with libsecp256k1 (0.1 ms a signature)."""

from __future__ import annotations

from functools import lru_cache

from coincurve import PrivateKey, PublicKey

from offchain.proof.keccak import keccak

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class BadSignature(ValueError):
    """The 65 bytes are no signature that the contracts would accept."""


def sign(digest: bytes, private_key: bytes) -> bytes:
    """r || s || v over a 32-byte digest: v is 27 or 28 and s is low, as the contracts demand."""
    if len(digest) != 32:
        raise ValueError("a digest is 32 bytes")
    signature: bytes = _key(private_key).sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def recover(digest: bytes, signature: bytes) -> str:
    """The checksum address that signed `digest`; raises `BadSignature` when nobody can have."""
    if len(digest) != 32:
        raise ValueError("a digest is 32 bytes")
    if len(signature) != 65:
        raise BadSignature(f"a signature is 65 bytes, not {len(signature)}")
    if signature[64] not in (27, 28):
        raise BadSignature(f"the signature's v is {signature[64]}, not 27 or 28")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise BadSignature("the signature's r or s is out of range")
    # With both s and order - s accepted, anyone could make a second valid signature of another's.
    if s > _ORDER // 2:
        raise BadSignature("the signature's s is high")
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:
        raise BadSignature("the signature recovers to no key") from error
    return _address(key)


def address_of(private_key: bytes) -> str:
    """The checksum address of a 32-byte private key."""
    return _address(_key(private_key).public_key)


def checksum_address(raw: bytes) -> str:
    """EIP-55 spelling of a 20-byte address."""
    if len(raw) != 20:
        raise ValueError("an address is 20 bytes")
    text = raw.hex()
    nibbles = keccak(text.encode()).hex()
    return "0x" + "".join(
        letter.upper() if nibble >= "8" else letter
        for letter, nibble in zip(text, nibbles, strict=False)
    )


@lru_cache(maxsize=16)
def _key(private_key: bytes) -> PrivateKey:
    if len(private_key) != 32:
        raise ValueError("a private key is 32 bytes")
    return PrivateKey(private_key)


def _address(key: PublicKey) -> str:
    return checksum_address(keccak(key.format(compressed=False)[1:])[12:])
