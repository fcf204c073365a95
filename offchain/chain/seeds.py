"""Proving the seed of a block, which fixes what a claim must open and who is elected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.chain.beacon import header_rlp

if TYPE_CHECKING:
    from offchain.chain.acts import Acts
    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contracts


async def ensure_seed(
    client: ChainClient, contracts: Contracts, acts: Acts, head: int, number: int
) -> bool:
    """Whether the seed of block `number` is proven; if it is not and can be, see to it."""
    beacon = contracts.RandaoBeacon
    if await beacon.call("provenAt", number):
        return True
    # A block's hash is only known to the blocks after it.
    if head <= number:
        return False
    block = await client.block(number)
    if block is None:
        return False
    # The hash is part of the purpose: after a reorganisation it is another header to prove.
    purpose = f"seed:{number}:{block['hash'][2:10]}"
    await acts.ensure(head, purpose, beacon, "prove", header_rlp(block))
    return False
