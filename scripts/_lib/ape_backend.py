"""A chain reached through ape: its provider for reading, its accounts or a keystore for signing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import click
from ape.exceptions import ApeException

from offchain.chain.errors import Reverted
from offchain.chain.keys import LocalSigner
from offchain.chain.reverts import reason_in_words
from offchain.chain.transactions import Fees, Transaction
from scripts._lib.session import Mined

# How long to wait for a transaction signed here.
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.2


class ApeBackend:
    """What `Session` asks of a chain, over an ape provider; signs by ape account or keystore."""

    def __init__(self, provider: Any, account: Any = None) -> None:
        self._provider = provider
        self._account = account
        self.sender: str = account.address if account is not None else ""
        self.chain_id: int = provider.chain_id

    def block_number(self) -> int:
        """Number of the newest block."""
        return int(self._request("eth_blockNumber"), 16)

    def balance(self, address: str) -> int:
        """Wei."""
        return int(self._request("eth_getBalance", address, "latest"), 16)

    def code(self, address: str) -> bytes:
        """Runtime code."""
        return bytes.fromhex(self._request("eth_getCode", address, "latest")[2:])

    def gas_price(self) -> int:
        """Wei per gas."""
        return int(self._request("eth_gasPrice"), 16)

    def call(self, to: str, data: bytes, value: int = 0) -> bytes:
        """What a call returns."""
        return bytes.fromhex(
            self._request("eth_call", self._transaction(to, data, value), "latest")[2:]
        )

    def estimate_gas(self, to: str, data: bytes, value: int = 0) -> int:
        """Gas of a transaction."""
        return int(self._request("eth_estimateGas", self._transaction(to, data, value)), 16)

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Sign, send and wait."""
        # A fifth more than the node reckons: what a call costs changes with what comes before it.
        gas = self.estimate_gas(to, data, value) * 6 // 5 + 10_000
        if isinstance(self._account, LocalSigner):
            raw = self._send_signed(to, data, value, gas)
        else:
            raw = self._send_by_ape(to, data, value, gas)
        return Mined(
            block=int(raw["blockNumber"], 16),
            gas_used=int(raw["gasUsed"], 16),
            fee=int(raw["gasUsed"], 16) * int(raw.get("effectiveGasPrice", "0x0"), 16),
            logs=raw["logs"],
            created=raw.get("contractAddress") or "",
        )

    def _send_by_ape(self, to: str, data: bytes, value: int, gas: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"data": data, "value": value, "gas_limit": gas}
        if to:
            fields["receiver"] = to
        try:
            receipt = self._account.call(
                self._provider.network.ecosystem.create_transaction(**fields)
            )
        except ApeException as error:
            raise click.ClickException(f"the transaction did not go through: {error}") from error
        raw: dict[str, Any] = self._request("eth_getTransactionReceipt", receipt.txn_hash)
        return raw

    def _send_signed(self, to: str, data: bytes, value: int, gas: int) -> dict[str, Any]:
        price = self.gas_price()
        transaction = Transaction(
            chain_id=self.chain_id,
            nonce=int(self._request("eth_getTransactionCount", self.sender, "pending"), 16),
            fees=Fees(max_fee=2 * price, priority_fee=price // 10),
            gas=gas,
            to=to or "0x",
            value=value,
            data=data,
        )
        signed = asyncio.run(self._account.sign_transaction(transaction))
        tx_hash = self._request("eth_sendRawTransaction", "0x" + signed.hex())
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            raw: dict[str, Any] | None = self._request("eth_getTransactionReceipt", tx_hash)
            if raw is not None:
                if int(raw["status"], 16) != 1:
                    raise click.ClickException(f"transaction {tx_hash} failed")
                return raw
            time.sleep(POLL_SECONDS)
        raise click.ClickException(f"transaction {tx_hash} is not mined yet; look for it later")

    def logs(self, address: str, topic: bytes, first_block: int) -> list[dict[str, Any]]:
        """Raw logs from a block on."""
        criteria = {
            "address": address,
            "topics": ["0x" + topic.hex()],
            "fromBlock": hex(first_block),
            "toBlock": "latest",
        }
        found: list[dict[str, Any]] = self._request("eth_getLogs", criteria)
        return found

    def _transaction(self, to: str, data: bytes, value: int) -> dict[str, str]:
        fields = {"data": "0x" + data.hex()}
        if to:
            fields["to"] = to
        if self.sender:
            fields["from"] = self.sender
        if value:
            fields["value"] = hex(value)
        return fields

    def _request(self, method: str, *params: Any) -> Any:
        answer = self._provider.web3.provider.make_request(method, list(params))
        error = answer.get("error")
        if error is None:
            return answer["result"]
        data = error.get("data")
        if isinstance(data, str) and data.startswith("0x"):
            raw = bytes.fromhex(data[2:])
            raise Reverted(method, reason_in_words(raw), raw)
        raise click.ClickException(f"the node answered {method} with: {error.get('message')}")
