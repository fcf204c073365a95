"""Two contracts of a few dozen instructions each, written by hand because thousands of calls a
second go through them."""

from __future__ import annotations

OPCODES = {
    "STOP": 0x00,
    "ADD": 0x01,
    "SUB": 0x03,
    "GT": 0x11,
    "EQ": 0x14,
    "ISZERO": 0x15,
    "AND": 0x16,
    "SHR": 0x1C,
    "CALLVALUE": 0x34,
    "CALLDATALOAD": 0x35,
    "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37,
    "RETURNDATASIZE": 0x3D,
    "RETURNDATACOPY": 0x3E,
    "POP": 0x50,
    "MSTORE": 0x52,
    "SLOAD": 0x54,
    "SSTORE": 0x55,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "GAS": 0x5A,
    "PUSH0": 0x5F,
    "CALL": 0xF1,
    "RETURN": 0xF3,
    "STATICCALL": 0xFA,
    "REVERT": 0xFD,
    **{f"DUP{n}": 0x7F + n for n in range(1, 17)},
    **{f"SWAP{n}": 0x8F + n for n in range(1, 17)},
}

# In: for each call 20 bytes of address, 2 of length, then that much calldata.
# Out: for each call one word with the length of its answer, then the answer.
# The stack holds [where to write, where to read]; a call's input is put where its output will go.
_LENS = """
PUSH0 PUSH0
loop:
DUP1 CALLDATASIZE GT @more JUMPI
POP PUSH0 RETURN
more:
DUP1 CALLDATALOAD DUP1 #50 SHR #ffff AND SWAP1 #60 SHR
DUP2 DUP4 #16 ADD DUP6 CALLDATACOPY
PUSH0 PUSH0 DUP4 DUP7 DUP5 GAS STATICCALL @fine JUMPI
RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY RETURNDATASIZE PUSH0 REVERT
fine:
POP ADD #16 ADD SWAP1
RETURNDATASIZE DUP2 MSTORE #20 ADD
RETURNDATASIZE PUSH0 DUP3 RETURNDATACOPY
RETURNDATASIZE ADD SWAP1 @loop JUMP
"""

# A wallet: without calldata it receives ETH unless told not to, one byte tells it (1: refuse),
# 20 bytes of address and calldata make it call with the value it was sent.
_WALLET = """
CALLDATASIZE ISZERO @receive JUMPI
CALLDATASIZE #01 EQ @tell JUMPI
PUSH0 PUSH0 #14 CALLDATASIZE SUB
DUP1 #14 PUSH0 CALLDATACOPY
PUSH0 CALLVALUE PUSH0 CALLDATALOAD #60 SHR GAS CALL
RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY
@good JUMPI
RETURNDATASIZE PUSH0 REVERT
good:
RETURNDATASIZE PUSH0 RETURN
receive:
PUSH0 SLOAD @refuse JUMPI
STOP
refuse:
PUSH0 PUSH0 REVERT
tell:
PUSH0 CALLDATALOAD #f8 SHR PUSH0 SSTORE STOP
"""


def assemble(source: str) -> bytes:
    """Initcode of a contract: `name:` marks a place, `@name` pushes it, `#hex` pushes a number."""
    places: dict[str, int] = {}
    code = bytearray()
    holes: list[tuple[int, str]] = []
    for token in source.split():
        if token.endswith(":"):
            places[token[:-1]] = len(code)
            code.append(0x5B)
        elif token.startswith("@"):
            holes.append((len(code) + 1, token[1:]))
            code += bytes([0x60, 0])
        elif token.startswith("#"):
            number = bytes.fromhex(token[1:])
            code += bytes([0x5F + len(number)]) + number
        else:
            code.append(OPCODES[token])
    for at, name in holes:
        code[at] = places[name]
    # PUSH1 size, PUSH1 10, PUSH0, CODECOPY, PUSH1 size, PUSH0, RETURN: 10 bytes before the code.
    size = len(code)
    head = bytes([0x60, size, 0x60, 10, 0x5F, 0x39, 0x60, size, 0x5F, 0xF3])
    return head + bytes(code)


LENS = assemble(_LENS)
WALLET = assemble(_WALLET)


def query(to: bytes, data: bytes) -> bytes:
    """One call for the lens."""
    return to + len(data).to_bytes(2, "big") + data


def answers(output: bytes) -> list[list[int]]:
    """The words of each answer of the lens."""
    found = []
    at = 0
    while at < len(output):
        size = int.from_bytes(output[at : at + 32], "big")
        at += 32
        found.append([int.from_bytes(output[i : i + 32], "big") for i in range(at, at + size, 32)])
        at += size
    return found
