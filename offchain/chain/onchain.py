"""What duties and seats need of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contracts
    from offchain.chain.follower import Follower
    from offchain.chain.keys import Signer
    from offchain.chain.outbox import Outbox


class OnChain(Protocol):
    """A node's way to the chain: what it reads, what it hears, what it does, and who it is."""

    @property
    def client(self) -> ChainClient:
        """JSON-RPC."""
        ...

    @property
    def contracts(self) -> Contracts:
        """The deployment's contracts."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Where transactions are handed in."""
        ...

    @property
    def follower(self) -> Follower:
        """Where events come from."""
        ...

    @property
    def signer(self) -> Signer:
        """The key."""
        ...

    @property
    def address(self) -> str:
        """The key's checksum address."""
        ...
