"""JSON-RPC to one chain through several endpoints.

The client keeps to one endpoint while it answers and moves on when it does not: connection
errors, time-outs, HTTP errors and answers that are not JSON-RPC count as not answering; a
JSON-RPC error (a revert, a nonce too low) is an answer and is raised. Nothing is retried behind
the caller's back beyond trying each endpoint once: what has to survive is in the outbox.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Self, cast

import aiohttp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from offchain.chain.errors import Reverted, RpcError, RpcUnavailable, WrongChain
from offchain.chain.reverts import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from web3 import AsyncWeb3

logger = logging.getLogger(__name__)

_MAX_ANSWER = 256 * 1024 * 1024  # bytes; a log range that is larger must be halved
_RATE_LIMITED = (-32005, -32097, 429)
Block = str | int
Json = dict[str, Any]


class ChainClient:
    """`async with ChainClient(urls) as client`; refuses endpoints of another chain than `chain_id`.

    `timeout` is in seconds, per request and endpoint.
    """

    def __init__(
        self, urls: Sequence[str], *, chain_id: int | None = None, timeout: float = 10.0
    ) -> None:
        if not urls:
            raise ValueError("a chain client needs at least one RPC URL")
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"{url} is not an http:// or https:// RPC URL")
        self.urls = tuple(urls)
        self._chain_id = chain_id
        self._timeout = timeout
        self._current = 0
        self._failed_at: dict[int, float] = {}
        self._vouched: set[int] = set()
        self._ids = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None
        self._w3: AsyncWeb3[Any] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout), raise_for_status=False
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def w3(self) -> AsyncWeb3[Any]:
        """web3's own interface, speaking through this client's endpoints and without retries."""
        if self._w3 is None:
            # Imported here: it takes a second that a node's start can do without.
            from offchain.chain.web3_provider import through

            self._w3 = through(self)
        return self._w3

    @property
    def chain_id(self) -> int:
        """The chain's id, once an endpoint has answered."""
        if self._chain_id is None:
            raise WrongChain("the chain id is not known before the first answer")
        return self._chain_id

    async def check_code(self, code_hashes: Mapping[str, bytes]) -> None:
        """Refuse to go on unless each address holds code of the given keccak256."""
        for address, expected in code_hashes.items():
            code = await self.code(address)
            if not code:
                raise WrongChain(f"there is no contract at {address} on chain {self.chain_id}")
            if keccak(code) != expected:
                raise WrongChain(
                    f"the code at {address} on chain {self.chain_id} is not the deployment's"
                )

    async def request(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of one JSON-RPC call, raw JSON; raises `RpcError` or `RpcUnavailable`."""
        answer = await self.answer(method, params)
        if "error" in answer:
            raise _error(method, answer["error"])
        return answer.get("result")

    async def block_number(self) -> int:
        """The number of the newest block."""
        return int(await self.request("eth_blockNumber"), 16)

    async def block(self, block: Block | bytes) -> Json | None:
        """A block's header as raw JSON, by number, tag or hash; None if the node has none."""
        if isinstance(block, bytes):
            return cast(
                "Json | None", await self.request("eth_getBlockByHash", [_hex(block), False])
            )
        return cast("Json | None", await self.request("eth_getBlockByNumber", [_tag(block), False]))

    async def logs(
        self,
        addresses: Sequence[str],
        *,
        first: int | None = None,
        last: int | None = None,
        block_hash: bytes | None = None,
        topics: Sequence[Any] = (),
    ) -> list[Json]:
        """Raw logs of a range of blocks, both ends included, or of the one block of a hash."""
        criteria: Json = {"address": list(addresses)}
        if topics:
            criteria["topics"] = list(topics)
        if block_hash is not None:
            criteria["blockHash"] = _hex(block_hash)
        else:
            criteria["fromBlock"] = _tag(first if first is not None else "earliest")
            criteria["toBlock"] = _tag(last if last is not None else "latest")
        return cast("list[Json]", await self.request("eth_getLogs", [criteria]))

    async def call(
        self,
        to: str,
        data: bytes,
        *,
        block: Block = "latest",
        sender: str | None = None,
        value: int = 0,
    ) -> bytes:
        """What a call would return; raises `Reverted`."""
        return _bytes(
            await self.request("eth_call", [_transaction(to, data, sender, value), _tag(block)])
        )

    async def estimate_gas(
        self, to: str, data: bytes, *, sender: str, value: int = 0, block: Block = "latest"
    ) -> int:
        """Gas a transaction would use; raises `Reverted`."""
        transaction = _transaction(to, data, sender, value)
        return int(await self.request("eth_estimateGas", [transaction, _tag(block)]), 16)

    async def code(self, address: str, block: Block = "latest") -> bytes:
        """The runtime code at an address."""
        return _bytes(await self.request("eth_getCode", [address, _tag(block)]))

    async def balance(self, address: str, block: Block = "latest") -> int:
        """ETH balance in wei."""
        return int(await self.request("eth_getBalance", [address, _tag(block)]), 16)

    async def nonce(self, address: str, block: Block = "latest") -> int:
        """How many transactions of the address are in the chain up to a block."""
        return int(await self.request("eth_getTransactionCount", [address, _tag(block)]), 16)

    async def transaction(self, tx_hash: bytes) -> Json | None:
        """A transaction the node knows, mined or not."""
        return cast("Json | None", await self.request("eth_getTransactionByHash", [_hex(tx_hash)]))

    async def receipt(self, tx_hash: bytes) -> Json | None:
        """The receipt of a mined transaction."""
        return cast("Json | None", await self.request("eth_getTransactionReceipt", [_hex(tx_hash)]))

    async def priority_fee(self) -> int:
        """The tip, in wei per gas, that the node suggests."""
        return int(await self.request("eth_maxPriorityFeePerGas"), 16)

    async def send_raw(self, raw: bytes) -> bytes:
        """Hand in a signed transaction; one that the node knows already counts as handed in."""
        tx_hash = keccak(raw)
        try:
            await self.request("eth_sendRawTransaction", [_hex(raw)])
        except RpcError as error:
            message = error.message.lower()
            if "already known" not in message and "already imported" not in message:
                raise
        return tx_hash

    async def answer(self, method: str, params: Sequence[Any]) -> Json:
        """The whole JSON-RPC answer of the first endpoint that gives one, errors included."""
        troubles: list[str] = []
        start = self._current
        for step in range(len(self.urls)):
            index = (start + step) % len(self.urls)
            try:
                await self._vouch(index)
                answer = await self._post(self.urls[index], method, params)
            except _NoAnswer as trouble:
                troubles.append(f"{_shown(self.urls[index])}: {trouble}")
                self._failed_at[index] = time.monotonic()
                logger.warning("RPC endpoint %s", troubles[-1])
                continue
            if index != self._current:
                logger.warning("using RPC endpoint %s", _shown(self.urls[index]))
                self._current = index
            return answer
        raise RpcUnavailable(f"no RPC endpoint answered {method}: " + "; ".join(troubles))

    async def _vouch(self, index: int) -> None:
        """Once per endpoint: it must serve the chain that the node is on."""
        if index in self._vouched:
            return
        answer = await self._post(self.urls[index], "eth_chainId", ())
        try:
            served = int(answer["result"], 16)
        except (KeyError, TypeError, ValueError) as error:
            raise _NoAnswer("no chain id in its answer") from error
        if self._chain_id is None:
            self._chain_id = served
        if served != self._chain_id:
            raise WrongChain(
                f"{_shown(self.urls[index])} serves chain {served}, not chain {self._chain_id}"
            )
        self._vouched.add(index)

    async def _post(self, url: str, method: str, params: Sequence[Any]) -> Json:
        if self._session is None:
            raise RpcUnavailable("the chain client is closed")
        question = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            async with self._session.post(url, json=question) as response:
                if response.content_length is not None and response.content_length > _MAX_ANSWER:
                    raise _NoAnswer("its answer is too large")
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _NoAnswer(str(error) or type(error).__name__) from error
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
            raise _NoAnswer(f"HTTP {response.status}, and no JSON-RPC answer")
        if (
            "error" in answer
            and answer["error"].get("code") in _RATE_LIMITED
            and len(self.urls) > 1
        ):
            # -32005 also means "range too large": with one endpoint the caller must see it.
            if method != "eth_getLogs":
                raise _NoAnswer("it limits our rate")
        return answer


class _NoAnswer(Exception):
    """An endpoint did not answer; try the next."""


def _error(method: str, error: Any) -> RpcError:
    error = error if isinstance(error, dict) else {"message": str(error)}
    message = str(error.get("message", "no message"))
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    payload = b""
    if isinstance(data, str) and data.startswith("0x"):
        try:
            payload = bytes.fromhex(data[2:])
        except ValueError:
            payload = b""
    code = error.get("code")
    if code == 3 or payload or "revert" in message.lower():
        reason = reason_in_words(payload)
        if not payload and ":" in message:
            reason = message.split(":", 1)[1].strip()
        return Reverted(method, reason, payload)
    return RpcError(method, code if isinstance(code, int) else 0, message, payload)


def _transaction(to: str, data: bytes, sender: str | None, value: int) -> Json:
    transaction: Json = {"to": to, "data": _hex(data)}
    if sender is not None:
        transaction["from"] = sender
    if value:
        transaction["value"] = hex(value)
    return transaction


def _tag(block: Block) -> str:
    return hex(block) if isinstance(block, int) else block


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _shown(url: str) -> str:
    """A URL without its path, where providers put the access key."""
    return "/".join(url.split("/")[:3]).rpartition("@")[2]


def checksum(address: str | bytes) -> str:
    """EIP-55 spelling of an address."""
    return to_checksum_address(address)
