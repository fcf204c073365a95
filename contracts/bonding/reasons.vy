# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Why a call is refused
@license MIT
@notice One place that reverts with a reason: inline asserts would take twice the bytes.
"""


@internal
@pure
def fail(_reason: String[96]):
    raw_revert(abi_encode(_reason, method_id=method_id("Error(string)")))
