"""EIP-1559 transactions and what to offer for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.chain.errors import RpcError

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei per gas: the most paid in all, and the part of it that is a tip."""

    max_fee: int
    priority_fee: int

    def bumped(self, percent: int = 10) -> Fees:
        """At least `percent` more on both, rounded up: what nodes ask of a replacement."""
        return Fees(_raise(self.max_fee, percent), _raise(self.priority_fee, percent))

    def at_least(self, other: Fees) -> Fees:
        """The larger of each."""
        return Fees(max(self.max_fee, other.max_fee), max(self.priority_fee, other.priority_fee))


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much a node offers, and how it raises the offer.

    `ceiling` is the most it ever pays, in wei per gas; an intent's offer never exceeds
    `cap_factor` times what was suggested when it is raised, either.
    """

    ceiling: int = 500 * 10**9
    cap_factor: int = 5
    bump_percent: int = 12
    bump_after: float = 45.0
    minimum_tip: int = 1
    usual_tip: int = 10**9

    async def suggest(self, client: ChainClient) -> Fees:
        """Room for the base fee to double, and the node's idea of a tip."""
        block = await client.block("latest")
        base = int((block or {}).get("baseFeePerGas", "0x0"), 16)
        try:
            tip = max(await client.priority_fee(), self.minimum_tip)
        except RpcError:  # not every node has an opinion
            tip = max(self.usual_tip, self.minimum_tip)
        return Fees(min(2 * base + tip, self.ceiling), min(tip, self.ceiling))

    def replace(self, last: Fees, suggested: Fees) -> Fees | None:
        """The next offer after `last`, or None once it would exceed the caps."""
        offer = last.bumped(self.bump_percent).at_least(suggested)
        cap = min(self.ceiling, self.cap_factor * max(suggested.max_fee, 1))
        if offer.max_fee > cap:
            return None
        return Fees(offer.max_fee, min(offer.priority_fee, offer.max_fee))


@dataclass(frozen=True, slots=True)
class Transaction:
    """An unsigned EIP-1559 transaction; `value` in wei."""

    chain_id: int
    nonce: int
    fees: Fees
    gas: int
    to: str
    value: int
    data: bytes

    def fields(self) -> list[Any]:
        """The nine fields that are signed, in RLP order."""
        return [
            self.chain_id,
            self.nonce,
            self.fees.priority_fee,
            self.fees.max_fee,
            self.gas,
            bytes.fromhex(self.to[2:]),
            self.value,
            self.data,
            [],
        ]


def _raise(fee: int, percent: int) -> int:
    return max(fee + 1, -(-fee * (100 + percent) // 100))
