"""Fast calls into pyrevm: calldata in words, reasons of reverts in plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from eth_utils import keccak
from pyrevm import BlockEnv

if TYPE_CHECKING:
    from pyrevm import EVM

GAS_LIMIT = 12_000_000
"""No call of the protocol may need more gas than this, whatever the size of its data."""

_REVERT = re.compile(r"output: 0x([0-9a-f]*)")
_HALT = re.compile(r"reason: (\w+)|Halt \{ reason: (\w+)")
_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


@cache
def selector(signature: str) -> bytes:
    """First four bytes of the hash of ``name(types)``."""
    return keccak(text=signature)[:4]


def word(value: int | str | bool | bytes) -> bytes:
    """One ABI word: a number, a flag, or an address as 0x-text."""
    if isinstance(value, bytes):
        return value.ljust(32, b"\0")
    if isinstance(value, str):
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    return int(value).to_bytes(32, "big")


def calldata(signature: str, *arguments: int | str | bool | bytes) -> bytes:
    """Calldata of a function all of whose arguments are single words."""
    return selector(signature) + b"".join(map(word, arguments))


def address(value: int) -> str:
    """An address out of a returned word, in lower case; empty text for zero."""
    return f"0x{value:040x}" if value else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came back with. ``reason`` is the text of the revert, empty on success."""

    output: bytes
    reason: str
    gas: int

    @property
    def ok(self) -> bool:
        """Whether the call went through."""
        return not self.reason

    def words(self) -> list[int]:
        """The returned bytes as numbers of 32 bytes each."""
        out = self.output
        return [int.from_bytes(out[i : i + 32], "big") for i in range(0, len(out), 32)]


def revert_reason(error: str) -> str:
    """The reason inside pyrevm's error text: the revert string, a panic, or the kind of halt."""
    found = _REVERT.search(error)
    if not found:
        return f"halt: {error[:120]}"
    data = bytes.fromhex(found[1])
    if data[:4] == _ERROR:
        length = int.from_bytes(data[36:68], "big")
        return data[68 : 68 + length].decode(errors="replace") or "empty reason"
    if data[:4] == _PANIC:
        return f"panic {int.from_bytes(data[4:36], 'big'):#x}"
    return f"revert 0x{data.hex()}" if data else "revert without a reason"


class Chain:
    """One EVM whose block number the test moves by hand."""

    def __init__(self, evm: EVM) -> None:
        self.evm = evm
        self.calls = 0
        self.most_gas: dict[str, int] = {}

    @property
    def block(self) -> int:
        """Number of the block the next call runs in."""
        return int(self.evm.env.block.number)

    def move_to(self, block: int) -> None:
        """Sets the block number the next call runs in."""
        self.evm.set_block_env(
            BlockEnv(number=block, timestamp=1_700_000_000 + 12 * block, gas_limit=30_000_000)
        )

    def send(
        self, sender: str, to: str, signature: str, *arguments: int | str | bool, value: int = 0
    ) -> Answer:
        """Calls a function and keeps what it changed."""
        return self.raw(sender, to, calldata(signature, *arguments), value)

    def raw(self, sender: str, to: str, data: bytes, value: int = 0) -> Answer:
        """Sends calldata as a transaction of its own: transient storage starts empty."""
        self.calls += 1
        self.evm.reset_transient_storage()
        try:
            output = self.evm.message_call(sender, to, data, value=value, gas=GAS_LIMIT)
        except RuntimeError as error:
            return Answer(b"", revert_reason(str(error)), 0)
        return Answer(bytes(output), "", 0)

    def look(self, to: str, data: bytes) -> list[int]:
        """Calls a view and returns its words; a view that reverts is a failure of the test."""
        try:
            output = self.evm.message_call(ZERO, to, data, is_static=True)
        except RuntimeError as error:
            raise AssertionError(f"a view reverted: {revert_reason(str(error))}") from error
        return Answer(bytes(output), "", 0).words()

    def read(self, to: str, signature: str, *arguments: int | str | bool) -> int:
        """The first word a view returns."""
        return self.look(to, calldata(signature, *arguments))[0]


ZERO = "0x" + "00" * 20
