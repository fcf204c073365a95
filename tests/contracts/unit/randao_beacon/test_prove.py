"""Proofs of seeds: whose header is believed, once; a pause neither stops nor dates them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import Chain, Contract, Protocol, reverts
from tests.contracts.unit.randao_beacon.conftest import HISTORY, header

Remember = Callable[[int, bytes], None]


def test_prove__known_block__writes_the_seed(
    beacon: Contract, chain: Chain, history: Remember
) -> None:
    proof = header(500)
    history(500, keccak(proof))

    receipt = beacon.prove(proof)

    assert receipt.value == 500
    assert beacon.seed(500) == keccak(text="mix 500")
    assert beacon.provenAt(500) == chain.block
    assert beacon.proven(500) == (keccak(text="mix 500"), chain.block)
    (event,) = receipt.named("SeedProven")
    assert (event.blockNumber, event.seed, event.clock) == (500, beacon.seed(500), chain.block)


def test_prove__again__reverts(beacon: Contract, chain: Chain, history: Remember) -> None:
    proof = header(500)
    history(500, keccak(proof))
    beacon.prove(proof)
    chain.mine(10)

    with reverts("seed is already proven"):
        beacon.prove(proof)


def test_prove__another_header_of_that_number__reverts(beacon: Contract, history: Remember) -> None:
    """One bit of mixHash is another hash."""
    history(500, keccak(header(500)))

    with reverts("header is not of a known block"):
        beacon.prove(header(500, mix=bytes(31) + b"\x01"))


def test_prove__forgotten_block__reverts(beacon: Contract, chain: Chain, history: Remember) -> None:
    """A history contract that answers nothing, refuses, or is not there, knows no block."""
    for code in ("", "5ffd", "5f5ff3"):
        chain.set_code(HISTORY, bytes.fromhex(code))
        with reverts("header is not of a known block"):
            beacon.prove(header(500))


def test_prove__block_to_come__reverts(beacon: Contract, chain: Chain, history: Remember) -> None:
    for number in (chain.block, chain.block + 1):
        proof = header(number)
        history(number, keccak(proof))
        with reverts("header is not of a known block"):
            beacon.prove(proof)


def test_prove__recent_block__trusts_blockhash_only(
    beacon: Contract, chain: Chain, history: Remember
) -> None:
    proof = header(chain.block - 256)
    history(chain.block - 256, keccak(proof))

    with reverts("header is not of a known block"):
        beacon.prove(proof)

    chain.mine()
    assert beacon.prove(proof).value == chain.block - 257


def test_prove__no_seed__reverts(beacon: Contract, history: Remember) -> None:
    proof = header(500, mix=bytes(32))
    history(500, keccak(proof))

    with reverts("header carries no seed"):
        beacon.prove(proof)


def test_prove__while_paused__is_dated_by_the_protocol_clock(
    beacon: Contract, protocol: Protocol, chain: Chain, owner: str, history: Remember
) -> None:
    """Seeds could expire in a pause otherwise; and the time spent paused counts for nobody."""
    proof = header(500)
    history(500, keccak(proof))
    paused_at = chain.block
    protocol.Controller.pause(sender=owner)
    chain.mine(300)

    beacon.prove(proof)

    assert beacon.provenAt(500) == paused_at


class TestProveByChild:
    def test_child_known__proves_the_parent(self, beacon: Contract, history: Remember) -> None:
        parent = header(499)
        child = header(500, parent=keccak(parent))
        history(500, keccak(child))

        assert beacon.proveByChild(parent, child).value == 499

        assert beacon.seed(499) == keccak(text="mix 499")
        assert beacon.seed(500) == bytes(32)

    def test_child_proven_before__proves_the_parent_for_ever(
        self, beacon: Contract, history: Remember
    ) -> None:
        """Backwards from a proven header, long after the chain has forgotten them all."""
        oldest = header(498)
        parent = header(499, parent=keccak(oldest))
        child = header(500, parent=keccak(parent))
        history(500, keccak(child))
        beacon.prove(child)
        history(500, bytes(32))

        beacon.proveByChild(parent, child)
        beacon.proveByChild(oldest, parent)

        assert beacon.seed(498) == keccak(text="mix 498")

    def test_child_unknown__reverts(self, beacon: Contract, history: Remember) -> None:
        parent = header(499)

        with reverts("child is not of a known block"):
            beacon.proveByChild(parent, header(500, parent=keccak(parent)))

    def test_not_its_parent__reverts(self, beacon: Contract, history: Remember) -> None:
        child = header(500, parent=keccak(header(499)))
        history(500, keccak(child))

        with reverts("header is not the child's parent"):
            beacon.proveByChild(header(499, mix=keccak(text="other")), child)

    def test_parent_proven__reverts(self, beacon: Contract, history: Remember) -> None:
        parent = header(499)
        child = header(500, parent=keccak(parent))
        history(499, keccak(parent))
        history(500, keccak(child))
        beacon.prove(parent)

        with reverts("seed is already proven"):
            beacon.proveByChild(parent, child)


@pytest.mark.parametrize("number", [0, 7])
def test_seed__unproven__is_zero(beacon: Contract, number: int) -> None:
    assert beacon.proven(number) == (bytes(32), 0)
