"""The moves of the in-process harness on anvil: real blocks, real headers, real receipts.

`Protocol(AnvilChain(url))` deploys by the plan of every deployment; each transaction is a block.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from offchain.chain.beacon import header_rlp
from tests.conftest import find_anvil
from tests.contracts.harness.chain import CHAIN_ID, RICH, Chain, Receipt
from tests.contracts.harness.codec import LIBRARY, Reverted
from tests.contracts.market import Market

START_SECONDS = 15
GAS = 16_000_000


@contextmanager
def running_anvil(*options: str) -> Iterator[AnvilChain]:
    """A chain of its own on a free port, stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(find_anvil()), "--port", str(port), "--auto-impersonate", "--silent"]
    # States of blocks gone by would fill the disk.
    command += ["--prune-history"]
    command += ["--chain-id", str(CHAIN_ID), "--gas-limit", str(2 * GAS), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    chain: AnvilChain | None = None
    try:
        chain = AnvilChain(port)
        yield chain
    finally:
        if chain is not None:
            chain.close()
        process.terminate()
        process.wait()


class AnvilChain(Chain):
    """A `Chain` over JSON-RPC."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.rpc("eth_chainId")
                break
            except OSError:
                self._connection.close()
                if time.monotonic() > deadline:
                    raise
        self._contracts = {}
        self._undo = []
        # Fields that every transaction has, such as a gas price.
        self.terms: dict[str, str] = {}
        self.accounts = [self.account(f"account {index}") for index in range(20)]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def rpc(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call; raises Reverted for a revert."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        error = answer.get("error")
        if error is None:
            return answer["result"]
        data = error.get("data")
        if isinstance(data, str) and data.startswith("0x"):
            raw = bytes.fromhex(data[2:])
            raise Reverted(LIBRARY.reason(raw), raw)
        raise Reverted(str(error.get("message")), b"")

    @property
    def block(self) -> int:  # type: ignore[override]
        """The block in which the next transaction lands."""
        return int(self.rpc("eth_blockNumber"), 16) + 1

    def create(self, initcode: bytes, *, sender: Any = None, value: int = 0) -> str:
        receipt = self._transact({"data": _hex(initcode)}, sender, value)
        return str(to_checksum_address(receipt["contractAddress"]))

    def read(self, to: str, data: bytes, *, sender: Any = None) -> bytes:
        call = {"from": self._sender(sender), "to": to, "data": _hex(data)}
        return bytes.fromhex(self.rpc("eth_call", call, "latest")[2:])

    def send(self, to: str, data: bytes = b"", *, sender: Any = None, value: int = 0) -> Receipt:
        where = getattr(to, "address", to)
        call = {
            "from": self._sender(sender),
            "to": where,
            "data": _hex(data),
            "value": hex(value),
            "gas": hex(GAS),
        }
        output = bytes.fromhex(self.rpc("eth_call", call, "pending")[2:])
        receipt = self._transact({"to": where, "data": _hex(data)}, sender, value)
        logs = [
            (
                to_checksum_address(log["address"]),
                [bytes.fromhex(topic[2:]) for topic in log["topics"]],
                bytes.fromhex(log["data"][2:]),
            )
            for log in receipt["logs"]
        ]
        return Receipt(output, int(receipt["gasUsed"], 16), logs, self)

    def mine(self, blocks: int = 1, seconds: int | None = None) -> None:
        if blocks > 0:
            self.rpc("anvil_mine", hex(blocks), hex(1 if seconds is None else seconds))

    def balance(self, account: Any) -> int:
        return int(self.rpc("eth_getBalance", self._sender(account), "latest"), 16)

    def set_balance(self, account: Any, wei: int) -> None:
        self.rpc("anvil_setBalance", self._sender(account), hex(wei))

    def code(self, address: Any) -> bytes:
        return bytes.fromhex(self.rpc("eth_getCode", self._sender(address), "latest")[2:])

    def account(self, label: str, balance: int = RICH) -> str:
        address = str(to_checksum_address(keccak(text=f"harness {label}")[12:]))
        self.set_balance(address, balance)
        return address

    def header(self, number: int) -> bytes:
        """A block's header, as the beacon takes it."""
        return header_rlp(self.rpc("eth_getBlockByNumber", hex(number), False))

    def _transact(self, fields: dict[str, Any], sender: Any, value: int) -> dict[str, Any]:
        call = {"from": self._sender(sender), "value": hex(value), "gas": hex(GAS)}
        call |= self.terms | fields
        tx_hash = self.rpc("eth_sendTransaction", call)
        receipt: dict[str, Any] | None = None
        while receipt is None:
            # Mined at once, but announced before.
            receipt = self.rpc("eth_getTransactionReceipt", tx_hash)
        if int(receipt["status"], 16) != 1:
            raise Reverted("transaction failed", b"")
        return receipt


class AnvilMarket(Market):
    """A market whose seeds are proven from the chain's own headers."""

    def plug_in_beacon(self) -> None:
        """The protocol's own beacon stays."""

    def tell_seed(self, block: int, seed: bytes = b"") -> Receipt:
        header = self.chain.header(block)  # type: ignore[attr-defined]
        receipt: Receipt = self.protocol.RandaoBeacon.prove(header)
        return receipt


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
