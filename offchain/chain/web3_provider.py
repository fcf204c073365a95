"""web3's interface on top of the client's endpoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from web3 import AsyncWeb3
from web3.providers.async_base import AsyncJSONBaseProvider

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

    from offchain.chain.client import ChainClient


class ClientProvider(AsyncJSONBaseProvider):
    """Hands web3's requests to the client. web3's HTTP provider would send a raw transaction up to
    five times by itself; this one never repeats a request."""

    def __init__(self, client: ChainClient) -> None:
        super().__init__()
        self._client = client

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request; errors come back as JSON-RPC errors."""
        plain = json.loads(self.encode_rpc_request(method, params))["params"]
        return cast("RPCResponse", await self._client.answer(method, plain))


def through(client: ChainClient) -> AsyncWeb3[Any]:
    """A web3 object over a client."""
    return AsyncWeb3(ClientProvider(client))
