# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Why a call is refused
@license MIT
@notice Reverts with a reason, as `assert` does, from one place: a reason given inline takes twice the bytes.
"""


@internal
@pure
def fail(_reason: String[64]):
    raw_revert(abi_encode(_reason, method_id=method_id("Error(string)")))
