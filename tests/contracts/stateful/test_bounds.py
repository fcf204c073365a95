"""No call needs more than twelve million gas, however large what it works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.stateful.evm import GAS_LIMIT
from tests.contracts.stateful.protocol import EACH_HAS, ROUND_LENGTH, STRANGER, VERIFIER, deploy

if TYPE_CHECKING:
    from tests.contracts.stateful.protocol import Protocol

LARGEST_POOL = 256
LPT = 10**18


@pytest.fixture(scope="module")
def full() -> Protocol:
    """A pool as large as it may be, the first with most stake; the last has nothing yet."""
    protocol = deploy(pool_size=LARGEST_POOL, accounts=LARGEST_POOL + 1)
    next_round(protocol)
    for number, name in enumerate(protocol.accounts[:-1]):
        send(protocol, name, "bond(uint256,address)", (2 * LARGEST_POOL - number) * LPT, name)
    next_round(protocol)
    return protocol


def send(
    protocol: Protocol, name: str, signature: str, *args: int | str, to: str = "BondingManager"
) -> None:
    """A call that goes through within the limit."""
    answer = protocol.chain.send(name, protocol[to], signature, *args)
    assert answer.ok, f"{signature}: {answer.reason}"


def next_round(protocol: Protocol) -> None:
    """Starts a later round."""
    protocol.chain.move_to(protocol.chain.block + ROUND_LENGTH)
    send(protocol, STRANGER, "initializeRound()", to="RoundsManager")


def test_largest_pool__every_call_stays_within_the_limit(full: Protocol) -> None:
    first, last, newcomer = full.accounts[0], full.accounts[-2], full.accounts[-1]

    assert full.chain.read(full["BondingManager"], "getTranscoderPoolSize()") == LARGEST_POOL
    # The longest walks there are, without hints: to the head, back to the tail, and pushing out.
    send(full, last, "bond(uint256,address)", EACH_HAS // 2, last)
    send(full, last, "unbond(uint256)", 1)
    send(full, first, "reward()")
    next_round(full)
    send(full, newcomer, "bond(uint256,address)", EACH_HAS, newcomer)
    send(full, VERIFIER, "slashTranscoder(address,address,uint256,uint256)", last, first, 10**6, 0)
    next_round(full)


def test_limit__is_really_enforced(full: Protocol) -> None:
    assert GAS_LIMIT == 12_000_000
    # JUMPDEST PUSH0 JUMP: a contract that loops until its gas is gone.
    looping = full.chain.evm.deploy(STRANGER, bytes.fromhex("60038060093d393df35b5f56"))

    assert "OutOfGas" in full.chain.raw(STRANGER, looping, b"").reason
