"""Keystore files and passwords."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from eth_account import Account

from offchain.chain.errors import BadKey
from offchain.chain.keys import LocalSigner, create_keystore, load_keystore, read_password
from offchain.proof.signatures import recover

if TYPE_CHECKING:
    from pathlib import Path

FAST = 2**4  # scrypt cost of throw-away keys


def test_create_keystore__others_can_open_it_and_so_can_we(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hot.json"
    made = create_keystore(path, "correct horse", scrypt_n=FAST)
    assert load_keystore(path, "correct horse").address == made.address
    assert bytes(Account.decrypt(path.read_text(), "correct horse")) == made.private_key
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadKey, match="exists already"):
        create_keystore(path, "correct horse", scrypt_n=FAST)


def test_load_keystore__each_fault_in_words(tmp_path: Path) -> None:
    path = tmp_path / "hot.json"
    create_keystore(path, "right", scrypt_n=FAST)
    with pytest.raises(BadKey, match="wrong password"):
        load_keystore(path, "wrong")
    with pytest.raises(BadKey, match="cannot be read"):
        load_keystore(tmp_path / "missing.json", "right")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "address": "11" * 20}))
    with pytest.raises(BadKey, match="holds the key of"):
        load_keystore(path, "right")
    path.write_text("{}")
    with pytest.raises(BadKey, match="not a version 3 keystore"):
        load_keystore(path, "right")
    path.write_text("hello")
    with pytest.raises(BadKey, match="not a keystore file"):
        load_keystore(path, "right")


def test_read_password__from_file_and_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("se cret \n")
    path.chmod(0o600)
    assert read_password(path) == "se cret "
    read_end, write_end = os.pipe()
    os.write(write_end, b"piped\n")
    os.close(write_end)
    assert read_password(read_end) == "piped"
    os.close(read_end)
    path.chmod(0o644)
    with pytest.raises(BadKey, match="can be read by others"):
        read_password(path)
    with pytest.raises(BadKey, match="cannot be read from"):
        read_password(tmp_path / "missing")


async def test_local_signer__signs_what_recovers_and_hides_its_secret() -> None:
    secret = b"\x07" * 32
    signer = LocalSigner(secret)
    digest = b"\x55" * 32
    assert recover(digest, await signer.sign_digest(digest)) == signer.address
    assert secret.hex() not in repr(signer)
    with pytest.raises(BadKey):
        LocalSigner(b"\x00" * 32)
