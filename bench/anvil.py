"""A chain of our own for measuring: anvil under cancun rules, one block per transaction."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils import keccak

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.deployment import Call, Deploy, Done, drive, plan

if TYPE_CHECKING:
    from types import TracebackType

    from offchain.chain.deployment import Deployment, ProtocolConfig, Step

ROOT = Path(__file__).resolve().parent.parent
LOCAL_ANVIL = ROOT / "node_modules" / ".bin" / "anvil"
START_SECONDS = 20
BLOCK_GAS = 30_000_000


class ChainFailed(RuntimeError):
    """A call to the chain came back with an error; the message says which and why."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Anvil:
    """A running anvil; every transaction gets a block, any account may send."""

    def __init__(self) -> None:
        self._port = free_port()
        program = str(LOCAL_ANVIL) if LOCAL_ANVIL.exists() else "anvil"
        arguments = [
            "--silent",
            "--hardfork",
            "cancun",
            "--auto-impersonate",
            # Without this it keeps, and writes to disk, a state for every block there ever was.
            "--prune-history",
            "--port",
            str(self._port),
            "--disable-block-gas-limit",
            "--gas-price",
            "0",
            "--block-base-fee-per-gas",
            "0",
        ]
        try:
            self._process = subprocess.Popen([program, *arguments])
        except OSError as error:
            raise ChainFailed(f"anvil does not start: {error}; run `make setup`") from None
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=120)
        self._ids = 0

    def __enter__(self) -> Anvil:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.rpc("eth_chainId")
                return self
            except OSError:
                self._connection.close()
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise ChainFailed("anvil did not start") from None
                os.sched_yield()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(10)

    def rpc(self, method: str, *params: Any) -> Any:
        """Calls a JSON-RPC method and returns its result."""
        self._ids += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params})
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/", body, headers)
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise ChainFailed(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer["result"]

    @property
    def block(self) -> int:
        """Number of the newest block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def mine(self, blocks: int) -> None:
        """Adds empty blocks."""
        if blocks > 0:
            self.rpc("anvil_mine", hex(blocks))

    def send(self, sender: str, to: str | None, data: bytes, value: int = 0) -> dict[str, Any]:
        """Sends a transaction and returns its receipt; raises ChainFailed where it reverts."""
        transaction = {
            "from": sender,
            "data": "0x" + data.hex(),
            "value": hex(value),
            "gas": hex(BLOCK_GAS),
        }
        if to:
            transaction["to"] = to
        digest = self.rpc("eth_sendTransaction", transaction)
        receipt = self._receipt(digest)
        if int(receipt["status"], 16) != 1:
            reason = "it reverted"
            try:
                transaction["gas"] = hex(BLOCK_GAS)
                self.rpc("eth_call", transaction, "latest")
            except ChainFailed as error:
                reason = str(error)
            raise ChainFailed(f"transaction 0x{data[:4].hex()} to {to}: {reason}")
        return receipt

    def _receipt(self, digest: str) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            receipt: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", digest)
            if receipt:
                return receipt
        raise ChainFailed(f"transaction {digest} was not mined")

    def call(self, to: str, data: bytes) -> bytes:
        """Reads a view."""
        answer = self.rpc("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")
        return bytes.fromhex(answer[2:])


def account(number: int) -> str:
    """The address of a test account: that of nobody, sent for by anvil."""
    return "0x" + keccak(text=f"bench account {number}")[12:].hex()


class Deployed:
    """The protocol on an anvil of its own: sends by contract name, counts whole transactions."""

    def __init__(self, anvil: Anvil, config: ProtocolConfig, without: frozenset[str]) -> None:
        self.anvil = anvil
        self.config = config
        self.owner = account(0)
        self.fund(self.owner)
        self._sources: dict[str, str] = {}
        steps = plan(config, self.owner, without=without)
        self.deployment: Deployment = drive(steps, self._perform)
        self.addresses = {name: entry.address for name, entry in self.deployment.contracts.items()}

    def fund(self, name: str) -> None:
        """Gives an account ETH to send with."""
        self.anvil.rpc("anvil_setBalance", name, hex(10**24))

    def _perform(self, step: Step) -> Done:
        if isinstance(step, Deploy):
            code = encode_constructor(artifact(step.artifact), step.args)
            receipt = self.anvil.send(self.owner, None, code)
            self._sources[step.name] = step.artifact
            return Done(address=receipt["contractAddress"])
        if isinstance(step, Call):
            data = encode_call(artifact(step.artifact), step.function, step.args)
            self.anvil.send(self.owner, step.address, data, step.value)
            return Done(address=step.address)
        code = self.anvil.rpc("eth_getCode", step.address, "latest")
        return Done(address=step.address, code=bytes.fromhex(code[2:]))

    def source(self, name: str) -> str:
        """The artifact that answers at a contract's address: a proxy answers as its target."""
        target = f"{name}Target"
        return self._sources.get(target, self._sources[name])

    def send(self, sender: str, name: str, function: str, *args: Any, value: int = 0) -> int:
        """Sends a transaction and returns the gas of the whole of it."""
        data = encode_call(artifact(self.source(name)), function, args)
        receipt = self.anvil.send(sender, self.addresses[name], data, value)
        return int(receipt["gasUsed"], 16)

    def read(self, name: str, function: str, *args: Any) -> int:
        """The first word a view returns."""
        data = encode_call(artifact(self.source(name)), function, args)
        return int.from_bytes(self.anvil.call(self.addresses[name], data)[:32], "big")

    def replace_target(self, name: str, code: bytes) -> None:
        """Puts other code behind a proxy."""
        receipt = self.anvil.send(self.owner, None, code)
        self.send(
            self.owner,
            "Controller",
            "setContractInfo",
            keccak(text=f"{name}Target"),
            receipt["contractAddress"],
            bytes(20),
        )

    def register(self, name: str, holder: str) -> None:
        """Puts an account into a contract's place, to call with its rights."""
        entry = (keccak(text=name), holder, bytes(20))
        self.send(self.owner, "Controller", "setContractInfo", *entry)
