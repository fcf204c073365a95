"""permit: an approval by EIP-712 signature, once, in time, by the owner and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from coincurve import PrivateKey
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from tests.contracts.harness import Chain, Contract, reverts
from tests.contracts.harness.chain import CHAIN_ID

KEY = PrivateKey(keccak(text="holder"))
HOLDER = to_checksum_address(keccak(KEY.public_key.format(compressed=False)[1:])[12:])
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def domain_separator(token: Contract) -> bytes:
    """EIP-712, written out."""
    fields = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=fields), keccak(text="Livepeer Token"), keccak(text="1"), CHAIN_ID]
            + [token.address],
        )
    )


def signed(
    token: Contract, spender: str, *, amount: int = 7, nonce: int = 0, deadline: int
) -> tuple[Any, ...]:
    """Arguments of permit, signed by the holder."""
    kind = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    struct = encode(
        ["bytes32", "address", "address", "uint256", "uint256", "uint256"],
        [keccak(text=kind), HOLDER, spender, amount, nonce, deadline],
    )
    digest = keccak(b"\x19\x01" + domain_separator(token) + keccak(struct))
    raw = KEY.sign_recoverable(digest, hasher=None)
    return HOLDER, spender, amount, deadline, raw[64] + 27, raw[:32], raw[32:64]


@pytest.fixture
def deadline(chain: Chain) -> int:
    """A deadline an hour away."""
    return chain.timestamp + 3_600


def test_domain__is_the_standards(token: Contract) -> None:
    assert token.DOMAIN_SEPARATOR() == domain_separator(token)
    assert token.eip712Domain() == (
        b"\x0f",
        "Livepeer Token",
        "1",
        CHAIN_ID,
        token.address,
        bytes(32),
        [],
    )


def test_permit__approves_and_uses_the_nonce_up(
    token: Contract, spender: str, deadline: int
) -> None:
    permission = signed(token, spender, deadline=deadline)

    receipt = token.permit(*permission)

    assert token.allowance(HOLDER, spender) == 7
    assert token.nonces(HOLDER) == 1
    (event,) = receipt.named("Approval")
    assert (event.owner, event.spender, event.value) == (HOLDER, spender, 7)
    with reverts("ERC20Permit: invalid signature"):
        token.permit(*permission)


def test_permit__in_its_last_second_and_after(
    token: Contract, chain: Chain, spender: str, deadline: int
) -> None:
    permission = signed(token, spender, deadline=deadline)
    later = signed(token, spender, nonce=1, deadline=deadline)

    chain.mine(seconds=3_600)
    token.permit(*permission)
    chain.mine(seconds=1)

    with reverts("ERC20Permit: expired deadline"):
        token.permit(*later)


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_permit__with_a_field_changed__reverts(
    token: Contract, stranger: str, spender: str, deadline: int, index: int
) -> None:
    permission = list(signed(token, spender, deadline=deadline))
    permission[index] = stranger if index < 2 else permission[index] + 1

    with reverts("ERC20Permit: invalid signature"):
        token.permit(*permission)


def test_permit__of_another_token__reverts(
    token: Contract, chain: Chain, spender: str, deadline: int
) -> None:
    other = chain.deploy("LivepeerToken")

    with reverts("ERC20Permit: invalid signature"):
        other.permit(*signed(token, spender, deadline=deadline))


def test_permit__in_the_high_form_of_its_signature__reverts(
    token: Contract, spender: str, deadline: int
) -> None:
    *fields, v, r, s = signed(token, spender, deadline=deadline)
    high = (ORDER - int.from_bytes(s)).to_bytes(32)

    with reverts("ECDSA: invalid signature 's' value"):
        token.permit(*fields, 55 - v, r, high)


@pytest.mark.parametrize("v", [0, 1, 26, 29])
def test_permit__with_a_strange_recovery_id__reverts(
    token: Contract, spender: str, deadline: int, v: int
) -> None:
    *fields, _, r, s = signed(token, spender, deadline=deadline)

    with reverts("ECDSA: invalid signature"):
        token.permit(*fields, v, r, s)


def test_permit__for_the_owner_zero_with_no_signature__reverts(
    token: Contract, spender: str, deadline: int
) -> None:
    with reverts("ECDSA: invalid signature"):
        token.permit("0x" + "00" * 20, spender, 1, deadline, 27, bytes(32), bytes(32))
