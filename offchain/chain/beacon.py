"""A block's RLP header, rebuilt from what the node says about it, for RandaoBeacon.

The contract believes a header only if it hashes to a block hash the chain knows, so the one here
is checked against the block's hash before anybody pays gas for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

from offchain.chain.errors import BadHeader

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HEADER = 1024  # bytes the beacon accepts

# Every fork since London appended fields and never changed the earlier ones.
_FIELDS: tuple[tuple[str, bool], ...] = (
    ("parentHash", False),
    ("sha3Uncles", False),
    ("miner", False),
    ("stateRoot", False),
    ("transactionsRoot", False),
    ("receiptsRoot", False),
    ("logsBloom", False),
    ("difficulty", True),
    ("number", True),
    ("gasLimit", True),
    ("gasUsed", True),
    ("timestamp", True),
    ("extraData", False),
    ("mixHash", False),
    ("nonce", False),
    ("baseFeePerGas", True),  # London
    ("withdrawalsRoot", False),  # Shanghai
    ("blobGasUsed", True),  # Cancun
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),  # Prague
    ("blockAccessListHash", False),  # Amsterdam
    ("slotNumber", True),
)
_OPTIONAL_FROM = 15


def header_rlp(block: Mapping[str, Any]) -> bytes:
    """The RLP header of a block given as raw JSON; raises `BadHeader` if it is not the block's.

    Nodes differ in which of the newer forks' fields they name, so the shortest header first, one
    field more at a time, until one hashes to the block's hash.
    """
    try:
        wanted = bytes.fromhex(block["hash"][2:])
        items = [_item(block[name], number) for name, number in _FIELDS[:_OPTIONAL_FROM]]
    except (KeyError, TypeError, ValueError) as error:
        raise BadHeader(f"the node's answer is no whole block: {error!r}") from error
    rest = [(name, number) for name, number in _FIELDS[_OPTIONAL_FROM:] if block.get(name)]
    for name, number in (*rest, ("", False)):
        header = bytes(rlp.encode(items))
        if keccak(header) == wanted:
            if len(header) > MAX_HEADER:
                raise BadHeader(f"block {block['number']} has a header of {len(header)} bytes")
            return header
        if name:
            items.append(_item(block[name], number))
    raise BadHeader(
        f"block {int(block['number'], 16)}: no header rebuilt from the node's answer hashes to "
        f"{block['hash']}; the chain has a fork this program does not know"
    )


def _item(text: str, number: bool) -> bytes:
    if not number:
        return bytes.fromhex(text[2:])
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
