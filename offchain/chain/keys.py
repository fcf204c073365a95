"""Keys: encrypted keystore files, and the `Signer` that everything else asks for signatures.

Passwords come from a file or an open descriptor, never from argv or the environment, where other
users of the machine can read them.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import rlp  # type: ignore[import-untyped]
from coincurve import PrivateKey
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from eth_utils.crypto import keccak

from offchain.chain.client import checksum
from offchain.chain.errors import BadKey

if TYPE_CHECKING:
    from offchain.chain.transactions import Transaction

SCRYPT_N = 1 << 18


class Signer(Protocol):
    """Whoever holds a key: a local keystore, or a remote signer behind the same two calls."""

    @property
    def address(self) -> str:
        """The key's checksum address."""
        ...

    async def sign_digest(self, digest: bytes) -> bytes:
        """r || s || v (27 or 28) over 32 bytes."""
        ...

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """The raw signed transaction."""
        ...


class LocalSigner:
    """A key in memory. Its `repr` names only the address."""

    def __init__(self, private_key: bytes) -> None:
        try:
            self._key = PrivateKey(private_key)
        except ValueError as error:
            raise BadKey("that is not a secp256k1 private key") from error
        public = self._key.public_key.format(compressed=False)[1:]
        self.address = checksum("0x" + keccak(public)[12:].hex())

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    @property
    def private_key(self) -> bytes:
        """The 32 secret bytes, for code that signs many receipts without awaiting."""
        secret: bytes = self._key.secret
        return secret

    async def sign_digest(self, digest: bytes) -> bytes:
        """r || s || v (27 or 28) over 32 bytes; s is low."""
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """The raw signed transaction."""
        fields = transaction.fields()
        signature = self._key.sign_recoverable(keccak(b"\x02" + rlp.encode(fields)), hasher=None)
        numbers = (
            signature[64],
            *(int.from_bytes(signature[at : at + 32], "big") for at in (0, 32)),
        )
        return b"\x02" + bytes(rlp.encode([*fields, *numbers]))


def load_keystore(path: Path | str, password: str) -> LocalSigner:
    """The key in a keystore v3 file; raises `BadKey` with what is wrong."""
    path = Path(path)
    try:
        stored = json.loads(path.read_text())
    except OSError as error:
        raise BadKey(f"keystore {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadKey(f"{path} is not a keystore file") from error
    try:
        secret = decode_keyfile_json(stored, password)
    except ValueError as error:
        raise BadKey(f"wrong password for keystore {path}") from error
    except (KeyError, TypeError, NotImplementedError) as error:
        raise BadKey(f"{path} is not a version 3 keystore file") from error
    signer = LocalSigner(bytes(secret))
    named = stored.get("address")
    if named and checksum("0x" + named.lower().removeprefix("0x")) != signer.address:
        raise BadKey(f"keystore {path} names {named} but holds the key of {signer.address}")
    return signer


def create_keystore(
    path: Path | str, password: str, *, secret: bytes | None = None, scrypt_n: int = SCRYPT_N
) -> LocalSigner:
    """Write a new keystore file (mode 0600), of a fresh key unless `secret` is given.

    `scrypt_n` below 2^18 is for throw-away development keys only.
    """
    path = Path(path)
    signer = LocalSigner(secret if secret is not None else secrets.token_bytes(32))
    stored = create_keyfile_json(signer.private_key, password, iterations=scrypt_n, kdf="scrypt")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise BadKey(f"{path} exists already; a keystore is never overwritten") from None
    except OSError as error:
        raise BadKey(f"keystore {path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        json.dump(stored, file)
        file.flush()
        os.fsync(file.fileno())
    return signer


def read_password(source: Path | str | int) -> str:
    """The password in a file, or on an open descriptor; the line's end is not part of it."""
    try:
        if isinstance(source, int):
            with os.fdopen(source, closefd=False) as stream:
                text = stream.readline()
        else:
            path = Path(source)
            if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
                raise BadKey(f"password file {path} can be read by others: chmod 600 {path}")
            text = path.read_text().partition("\n")[0]
    except OSError as error:
        raise BadKey(f"the password cannot be read from {source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadKey(f"the password in {source} is not text") from error
    return text.rstrip("\r\n")
