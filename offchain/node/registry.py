"""Where transcoders say on chain that they are: the first peers of every relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offchain.node.base import Node

MOST_SEEDS = 32


class Registry:
    """The ServiceRegistry's latest entries, as followed so far."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._urls: dict[str, str] = {}

    async def seeds(self) -> list[str]:
        """The URLs registered last, each account's newest; our own is left out."""
        for event in await self._node.follower.events("ServiceRegistry", "ServiceURIUpdate"):
            account = event.args["addr"]
            self._urls.pop(account, None)
            self._urls[account] = event.args["serviceURI"]
        others = [url for account, url in self._urls.items() if account != self._node.address]
        return [url for url in others if url.startswith(("http://", "https://"))][-MOST_SEEDS:]

    def staker(self, account: str) -> str:
        """Whose stake is behind a node's account: its own where it is registered, else nobody's."""
        return account if account in self._urls else ""
