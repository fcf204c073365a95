"""EIP-712 messages against an independent encoder, and signatures against an independent signer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from offchain.proof.signatures import (
    BadSignature,
    address_of,
    checksum_address,
    recover,
    sign,
)
from offchain.proof.typed import Domain, Lease, Receipt, Segment, Verdict
from offchain.proof.vectors import typed_vectors

VECTORS = Path(__file__).parents[2] / "vectors" / "typed.json"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

words = st.integers(0, 2**256 - 1)
hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(checksum_address)
domains = st.builds(Domain, st.integers(1, 2**64), addresses)
messages = st.one_of(
    st.builds(Segment, words, words, words, hashes),
    st.builds(Lease, words, words, words, words),
    st.builds(Receipt, words, words, words, hashes, hashes, words, hashes),
    st.builds(Verdict, words, words, addresses, st.integers(0, 255), hashes, hashes),
)
keys = st.integers(1, ORDER - 1).map(lambda n: n.to_bytes(32, "big"))


def members(type_string: str) -> list[tuple[str, str]]:
    inner = type_string[type_string.index("(") + 1 : -1]
    return [(part.split()[0], part.split()[1]) for part in inner.split(",")]


@given(messages, domains)
def test_digest__equals_eth_accounts(
    message: Segment | Lease | Receipt | Verdict, domain: Domain
) -> None:
    name = type(message).__name__
    values = [getattr(message, slot) for slot in message.__slots__]
    layout = members(message.TYPE)
    signable = encode_typed_data(
        {
            "name": "Livepeer",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        {name: [{"name": member, "type": kind} for kind, member in layout]},
        {member: value for (_, member), value in zip(layout, values, strict=True)},
    )
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
    assert message.digest(domain) == expected
    assert message.words() == encode([kind for kind, _ in layout], values)


def test_digest__other_chain_or_contract__differs() -> None:
    lease = Lease(1, 2, 3, 4)
    here = Domain(1, checksum_address(bytes(20)))
    elsewhere = [Domain(2, here.verifying_contract), Domain(1, checksum_address(b"\1" * 20))]
    assert len({lease.digest(domain) for domain in [here, *elsewhere]}) == 3


def test_receipt_leaf__is_a_double_hash() -> None:
    receipt = Receipt(1, 2, 3, b"\1" * 32, b"\2" * 32, 4, b"\3" * 32)
    assert receipt.leaf() == keccak(b"\0" + keccak(receipt.words()))


@pytest.mark.parametrize(
    "message",
    [
        Lease(-1, 0, 0, 0),
        Lease(2**256, 0, 0, 0),
        Segment(1, 1, 1, b"short"),
        Verdict(1, 1, "0x00", 1, bytes(32), bytes(32)),
        Verdict(1, 1, "0x" + "00" * 20, 256, bytes(32), bytes(32)),
    ],
)
def test_digest__value_does_not_fit__says_so(message: Lease | Segment | Verdict) -> None:
    with pytest.raises(ValueError, match="does not fit|is not a"):
        message.digest(Domain(1, checksum_address(bytes(20))))


@given(hashes, keys)
def test_sign__recovers_as_eth_account_says(digest: bytes, key: bytes) -> None:
    signature = sign(digest, key)
    account = Account.from_key(key)
    assert recover(digest, signature) == account.address == address_of(key)
    assert signature[64] in (27, 28)
    assert int.from_bytes(signature[32:64], "big") <= ORDER // 2
    assert signature == account.unsafe_sign_hash(digest).signature


@given(hashes, keys)
def test_recover__malleated__is_refused(digest: bytes, key: bytes) -> None:
    r, s, v = (signature := sign(digest, key))[:32], signature[32:64], signature[64]
    high = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    for twin, words_ in [
        (r + high + bytes([55 - v]), "s is high"),
        (r + s + bytes([v - 27]), "v is"),
        (r + s + bytes([v]) + b"\0", "65 bytes"),
        (signature[:64], "65 bytes"),
        (bytes(32) + s + bytes([v]), "out of range"),
        (r + bytes(32) + bytes([v]), "out of range"),
        (ORDER.to_bytes(32, "big") + s + bytes([v]), "out of range"),
    ]:
        with pytest.raises(BadSignature, match=words_):
            recover(digest, twin)


def test_recover__r_not_on_the_curve__is_refused() -> None:
    # x = 5 has no point on secp256k1.
    with pytest.raises(BadSignature, match="no key"):
        recover(bytes(31) + b"\1", (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b")


@given(st.binary(min_size=20, max_size=20))
def test_checksum_address__equals_eth_utils(raw: bytes) -> None:
    assert checksum_address(raw) == to_checksum_address(raw)


def test_vectors__are_fresh() -> None:
    assert json.loads(VECTORS.read_text()) == json.loads(json.dumps(typed_vectors()))
