"""What became of the transactions an outbox has sent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offchain.chain import intents
from offchain.chain.errors import ChainError, Reverted
from offchain.chain.intents import Attempt, Intent, State
from offchain.store.crashpoints import crashpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offchain.chain.client import ChainClient
    from offchain.store.database import Database

logger = logging.getLogger(__name__)

GAP = "gap:"  # purposes of empty transfers that only use up a nonce


class Watch:
    """Finds mined transactions, makes them final, and notices when a block is gone."""

    def __init__(
        self,
        client: ChainClient,
        db: Database,
        address: str,
        confirmations: int,
        reason: Callable[[bytes], str],
    ) -> None:
        self._client = client
        self._db = db
        self._address = address
        self._confirmations = confirmations
        self._reason = reason

    async def restore(self, nonce: int) -> bool:
        """After a deep reorganisation or a restored chain, open mined intents of `nonce` and up."""
        lost = await self._db.run(lambda c: intents.mined_from(c, self._address, nonce))
        for intent in lost:
            logger.warning("%s was mined and is not any more", intent.purpose)
            await self._db.run(lambda c, i=intent: intents.mark_unmined(c, i.id))  # type: ignore[misc]
        return bool(lost)

    async def look(self, head: int, nonce: int) -> bool:
        """Move on what is in a block; `nonce` is the key's next one in the chain."""
        moved = False
        watched = (State.SIGNED, State.SENT, State.MINED)
        hashes: dict[int, bytes | None] = {}
        for intent in await self._db.run(lambda c: intents.in_states(c, self._address, watched)):
            if intent.nonce is None or intent.nonce >= nonce:
                continue  # the chain has not come to this nonce yet
            number = intent.block_number
            if intent.state is State.MINED and number is not None:
                if number not in hashes:
                    hashes[number] = await self._hash(number)
                if hashes[number] == intent.block_hash:
                    moved |= await self._ripen(intent, head - number)
                    continue
            found = await self._mined(intent)
            if found is None:
                moved |= await self._lost(intent, head)
            else:
                await self._mark_mined(intent, *found)
                moved = True
        return moved

    def words(self, error: Reverted) -> str:
        """Why a contract refused."""
        return self._reason(error.data) if error.data else error.reason

    async def _ripen(self, intent: Intent, depth: int) -> bool:
        """Its block is still in the chain: final, if it is deep enough."""
        if depth < self._confirmations:
            return False
        await self._db.run(lambda c: intents.mark_final(c, intent.id))
        crashpoint("outbox.final")
        return True

    async def _hash(self, number: int) -> bytes | None:
        block = await self._client.block(number)
        return bytes.fromhex(block["hash"][2:]) if block is not None else None

    async def _mined(self, intent: Intent) -> tuple[Attempt, Mapping[str, Any]] | None:
        for attempt in await self._db.run(lambda c: intents.attempts_of(c, intent.id)):
            receipt = await self._client.receipt(attempt.tx_hash)
            if receipt is not None and receipt.get("blockHash"):
                return attempt, receipt
        return None

    async def _mark_mined(
        self, intent: Intent, attempt: Attempt, receipt: Mapping[str, Any]
    ) -> None:
        block_number = int(receipt["blockNumber"], 16)
        status = int(receipt["status"], 16)
        why = None
        if attempt.cancels and intent.cancelled != intents.NOT_CANCELLED:
            why = "cancelled"
        elif status == 0:
            why = await self._why(intent, receipt, block_number)
            logger.error("%s was refused by the contract: %s", intent.purpose, why)
        await self._db.run(
            lambda c: intents.mark_mined(
                c,
                intent.id,
                attempt,
                status=status,
                block_number=block_number,
                block_hash=bytes.fromhex(receipt["blockHash"][2:]),
                reason=why,
            )
        )
        crashpoint("outbox.mined")

    async def _why(self, intent: Intent, receipt: Mapping[str, Any], block_number: int) -> str:
        """The reason of a revert, by asking again on the states before and after its block."""
        if intent.gas is not None and int(receipt["gasUsed"], 16) >= intent.gas:
            return "it ran out of gas"
        for block in (block_number - 1, block_number):
            try:
                await self._client.call(
                    intent.target,
                    intent.data,
                    block=block,
                    sender=self._address,
                    value=intent.value,
                )
            except Reverted as error:
                return self.words(error)
            except ChainError:
                break
        return "it was refused in its place in the block, and is not when asked again"

    async def _lost(self, intent: Intent, head: int) -> bool:
        """The chain has passed the intent's nonce, and none of its transactions is there."""
        if intent.state is State.MINED:
            await self._db.run(lambda c: intents.mark_unmined(c, intent.id))
            return True
        # Somebody else used the key. Only once that is deep enough is it safe to take a new nonce:
        # before, a reorganisation could bring both transactions in.
        settled = await self._client.nonce(self._address, max(head - self._confirmations, 0))
        if intent.nonce is None or settled <= intent.nonce:
            return False
        why = f"another program used nonce {intent.nonce} of this key"
        logger.warning("%s: %s", intent.purpose, why)

        def give_up_nonce(connection: Any) -> None:
            intents.start_over(connection, intent.id, why, intent.data, intent.value)
            if intent.purpose.startswith(GAP):
                # The gap is filled, by whomever: nothing is left to do.
                intents.mark_dead(connection, intent.id, State.CANCELLED, why)

        await self._db.run(give_up_nonce)
        return True
