"""Revert data turned into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "a value is no member of its enum",
    0x31: "pop from an empty array",
    0x32: "array index out of bounds",
    0x41: "out of memory",
}


def reason_in_words(
    data: bytes, custom: Mapping[bytes, tuple[str, list[str]]] | None = None
) -> str:
    """What revert data says: the reason string, the panic, or the custom error with arguments.

    `custom` maps a 4-byte selector to the error's name and its argument types.
    """
    if not data:
        return "no reason given (an assertion without one, or out of gas)"
    selector, rest = data[:4], data[4:]
    try:
        if selector == _ERROR:
            return str(decode(["string"], rest)[0])
        if selector == _PANIC:
            code = decode(["uint256"], rest)[0]
            return _PANICS.get(code, f"panic {code:#x}")
        if custom is not None and selector in custom:
            name, types = custom[selector]
            return f"{name}({', '.join(_shown(value) for value in decode(types, rest))})"
    except (DecodingError, UnicodeDecodeError):
        pass
    return f"unknown error 0x{data[:36].hex()}"


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
