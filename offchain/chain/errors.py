"""What can go wrong between a node and the chain.

ChainError
├── RpcUnavailable   no endpoint answered; worth trying again later
├── RpcError         an endpoint answered with an error
│   └── Reverted     the contract refused; `reason` says why in words
├── WrongChain       the endpoint serves another chain or other contracts
├── BadHeader        a block header does not hash to its block's hash
├── BadKey           a keystore file or its password is no good
└── OutboxError      an intent contradicts one stored before
"""

from __future__ import annotations


class ChainError(Exception):
    """Something between node and chain failed; the message is one clear sentence."""


class RpcUnavailable(ChainError):
    """No endpoint answered."""


class RpcError(ChainError):
    """An endpoint answered with a JSON-RPC error."""

    def __init__(self, method: str, code: int, message: str, data: bytes = b"") -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class Reverted(RpcError):
    """A call was refused by a contract; `reason` is its reason in words."""

    def __init__(self, method: str, reason: str, data: bytes = b"") -> None:
        super().__init__(method, 3, f"reverted: {reason}", data)
        self.reason = reason


class WrongChain(ChainError):
    """The endpoint serves another chain, or other code, than the deployment names."""


class BadHeader(ChainError):
    """A header as rebuilt from the node's answer does not hash to the block's hash."""


class BadKey(ChainError):
    """A keystore file or its password is no good."""


class OutboxError(ChainError):
    """An intent contradicts one stored under the same purpose."""
