"""Carrying a deployment out over JSON-RPC, without waiting for each transaction.

Addresses follow from the deployer's nonces, so steps are sent one after the other and their
receipts are read in one go: as quick with a block a second as with blocks on demand.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

from offchain.chain.artifacts import artifact, encode_call, encode_constructor
from offchain.chain.client import checksum
from offchain.chain.deployment import Call, Deploy, Done, Inspect, Step, plan
from offchain.chain.errors import ChainError, Reverted, RpcError
from offchain.chain.transactions import FeePolicy, Fees, Transaction

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient
    from offchain.chain.deployment import Deployment, ProtocolConfig
    from offchain.chain.keys import Signer

# Transactions on their way at a time; public nodes keep no more than 16 of one account.
IN_FLIGHT = 16
CALL_GAS = 1_000_000
POLL_SECONDS = 0.05
# How long one batch may take to be mined.
PATIENCE_SECONDS = 180.0


class DeploymentFailed(ChainError):
    """A step of a deployment did not go through; the message says which and why."""


def created_address(sender: str, nonce: int) -> str:
    """Where a contract lands that `sender` creates in the transaction with this nonce."""
    encoded = rlp.encode([bytes.fromhex(sender[2:]), nonce])
    return checksum("0x" + keccak(encoded)[12:].hex())


async def deploy(
    client: ChainClient, signer: Signer, config: ProtocolConfig, name: str = "local"
) -> Deployment:
    """Deploy the protocol; raises DeploymentFailed with the step and its reason."""
    start_block = await client.block_number()
    steps = plan(
        config,
        signer.address,
        name=name,
        chain_id=client.chain_id,
        start_block=start_block,
    )
    sender = _Sender(client, signer, await FeePolicy().suggest(client))
    await sender.begin()
    done: Done | None = None
    while True:
        try:
            step = next(steps) if done is None else steps.send(done)
        except StopIteration as finished:
            result: Deployment = finished.value
            return result
        done = await sender.perform(step)


class _Sender:
    def __init__(self, client: ChainClient, signer: Signer, fees: Fees) -> None:
        self._client = client
        self._signer = signer
        self._fees = fees
        self._nonce = 0
        self._pending: list[tuple[Step, Transaction, bytes]] = []

    async def begin(self) -> None:
        self._nonce = await self._client.nonce(self._signer.address, "pending")

    async def perform(self, step: Step) -> Done:
        if isinstance(step, Inspect):
            await self._settle()
            code = await self._client.code(step.address)
            if not code:
                raise DeploymentFailed(f"there is no code at {step.address} after deploying it")
            return Done(address=step.address, code=code)
        nonce = self._nonce
        await self._send(step)
        if isinstance(step, Deploy):
            return Done(address=created_address(self._signer.address, nonce))
        return Done(address=step.address)

    async def _send(self, step: Deploy | Call) -> None:
        if len(self._pending) >= IN_FLIGHT:
            await self._settle()
        if isinstance(step, Deploy):
            data = encode_constructor(artifact(step.artifact), step.args)
            # 200 gas a byte stored, 16 a byte sent, and room for what the constructor does.
            gas, to, value = 600_000 + 220 * len(data), "0x", 0
        else:
            data = encode_call(artifact(step.artifact), step.function, step.args)
            gas, to, value = CALL_GAS, step.address, step.value
        transaction = Transaction(
            chain_id=self._client.chain_id,
            nonce=self._nonce,
            fees=self._fees,
            gas=gas,
            to=to,
            value=value,
            data=data,
        )
        raw = await self._signer.sign_transaction(transaction)
        try:
            tx_hash = await self._client.send_raw(raw)
        except RpcError as error:
            raise DeploymentFailed(f"{_what(step)} was not accepted: {error.message}") from error
        self._nonce += 1
        self._pending.append((step, transaction, tx_hash))

    async def _settle(self) -> None:
        """Wait for everything sent; raise for the first step that failed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for step, transaction, tx_hash in self._pending:
                    receipt = await self._receipt(tx_hash)
                    if int(receipt["status"], 16) != 1:
                        reason = await self._reason(transaction, receipt)
                        raise DeploymentFailed(f"{_what(step)} failed: {reason}")
        except TimeoutError:
            raise DeploymentFailed(
                f"the chain has not mined a step within {PATIENCE_SECONDS:.0f} s"
            ) from None
        self._pending.clear()

    async def _receipt(self, tx_hash: bytes) -> dict[str, Any]:
        # Nothing announces a receipt over HTTP: ask again until `_settle` loses patience.
        while True:
            receipt = await self._client.receipt(tx_hash)
            if receipt is not None:
                return receipt
            await asyncio.sleep(POLL_SECONDS)

    async def _reason(self, transaction: Transaction, receipt: dict[str, Any]) -> str:
        if transaction.to == "0x":
            return "the contract could not be created (out of gas, or its constructor refused)"
        try:
            await self._client.call(
                transaction.to,
                transaction.data,
                sender=self._signer.address,
                value=transaction.value,
                block=int(receipt["blockNumber"], 16),
            )
        except Reverted as error:
            return str(error)
        return "no reason given"


def _what(step: Step) -> str:
    if isinstance(step, Deploy):
        return f"creating {step.name}"
    if isinstance(step, Call):
        return f"{step.name}.{step.function}"
    return f"reading the code at {step.address}"
