"""Sends the transactions that set the stage: one key, nonces counted here, no waiting between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offchain.chain.transactions import Fees, Transaction
from offchain.node.demo.problems import DemoError

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contract
    from offchain.chain.keys import LocalSigner

GAS = 2_000_000
PATIENCE_SECONDS = 10.0
FEES = Fees(max_fee=20 * 10**9, priority_fee=1)


class Wallet:
    """One account on the demo's own chain, where every transaction is mined at once."""

    def __init__(self, client: ChainClient, signer: LocalSigner) -> None:
        self._client = client
        self._signer = signer
        self._nonce: int | None = None

    async def send(self, contract: Contract, function: str, *args: Any) -> None:
        """Sends one call and reads its receipt; raises `DemoError` with the contract's reason."""
        if self._nonce is None:
            self._nonce = await self._client.nonce(self._signer.address)
        data = contract.encode(function, *args)
        transaction = Transaction(
            chain_id=self._client.chain_id,
            nonce=self._nonce,
            fees=FEES,
            gas=GAS,
            to=contract.address,
            value=0,
            data=data,
        )
        tx_hash = await self._client.send_raw(await self._signer.sign_transaction(transaction))
        self._nonce += 1
        if int((await self._receipt(tx_hash))["status"], 16) != 1:
            what = f"{contract.name}.{function}"
            # Asking again says why; should it now succeed, the transaction ran out of gas.
            await contract.call(function, *args, sender=self._signer.address)
            raise DemoError(f"{what} failed while the stage was set (out of {GAS:,} gas)")

    async def _receipt(self, tx_hash: bytes) -> dict[str, Any]:
        """The chain mines on demand, but some milliseconds after it has said yes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                receipt = await self._client.receipt(tx_hash)
                if receipt is not None:
                    return receipt
                await asyncio.sleep(0.005)
