"""Transactions that happen exactly once, whatever dies in between.

An intent is in the database before anything is sent; its purpose is unique, so the same wish
expressed twice is one transaction. Every signed transaction is stored before it is sent, all of
them are watched, and whichever is mined decides. One outbox owns one key's nonces.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from offchain.chain import intents
from offchain.chain.client import checksum
from offchain.chain.errors import ChainError, OutboxError, Reverted, RpcError, RpcUnavailable
from offchain.chain.intents import IN_FLIGHT, Attempt, Intent, State
from offchain.chain.reverts import reason_in_words
from offchain.chain.transactions import FeePolicy, Fees, Transaction
from offchain.chain.watch import GAP, Watch
from offchain.store.crashpoints import crashpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from offchain.chain.client import ChainClient
    from offchain.chain.keys import Signer
    from offchain.store.database import Database

logger = logging.getLogger(__name__)

Outcome = Intent
SPARE_GAS = 100_000
"""Gas allowed beyond an estimate and a quarter, since others act in between; unused gas is free."""
# What a node says about a transaction whose place is taken, by itself or by another, or whose
# offer is too low for now: time and a higher offer settle these.
_TAKEN = ("nonce too low", "nonce is too low", "oldnonce", "already", "underpriced", "base fee")


class Outbox:
    """`await outbox.submit(purpose, to, data)`, `await outbox.wait(purpose)`; `run()` does it all.

    `confirmations`: blocks on top of a transaction's own until it is FINAL. `reason` turns revert
    data into words (`Contracts.reason`). `spare_gas` is what to allow beyond the estimate for a
    purpose whose cost depends on what others do in the same block. `poll`: seconds between looks at
    the chain while anything is open.
    """

    def __init__(
        self,
        client: ChainClient,
        db: Database,
        signer: Signer,
        *,
        fees: FeePolicy | None = None,
        confirmations: int = 12,
        reason: Callable[[bytes], str] = reason_in_words,
        poll: float = 1.0,
        max_in_flight: int = 16,
        spare_gas: Callable[[str], int] = lambda _: 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._db = db
        self._signer = signer
        self._fees = fees or FeePolicy()
        self._watch = Watch(client, db, signer.address, confirmations, reason)
        self._poll = poll
        self._max_in_flight = max_in_flight
        self._spare_gas = spare_gas
        self._clock = clock
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def address(self) -> str:
        """The key's address."""
        return self._signer.address

    async def submit(self, purpose: str, to: str, data: bytes = b"", value: int = 0) -> Intent:
        """Store what is wanted; returns at once. Asked twice, it is the same intent."""
        target = checksum(to)
        intent = await self._db.run(
            lambda c: intents.store(c, purpose, self.address, target, data, value)
        )
        crashpoint("outbox.stored")
        self._wake.set()
        return intent

    async def get(self, purpose: str) -> Intent | None:
        """The intent of a purpose, if there is one."""
        return await self._db.run(lambda c: intents.by_purpose(c, purpose))

    async def backlog(self) -> tuple[int, float]:
        """How many intents are not in a block yet, and the age of the oldest in seconds."""
        waiting = await self._in(State.NEW, *IN_FLIGHT)
        oldest = min((intent.created for intent in waiting), default=self._clock())
        return len(waiting), max(0.0, self._clock() - oldest)

    async def unfinished(self, prefix: str) -> list[Intent]:
        """Intents whose purpose begins with `prefix` and which are not done for good."""
        return await self._db.run(lambda c: intents.unfinished(c, prefix))

    async def wait(self, purpose: str, *, final: bool = False) -> Outcome:
        """Wait until the intent is in a block (`final`: deep enough) or will never be.

        Check `.ok`; `.reason` says in words why not.
        """
        while True:
            changed = self._changed
            intent = await self._known(purpose)
            if intent.settled or (intent.state is State.MINED and not final):
                return intent
            await changed.wait()

    async def retry(
        self, purpose: str, *, data: bytes | None = None, value: int | None = None
    ) -> Intent:
        """Try again what failed, was cancelled or reverted for good, with new calldata if given."""
        async with self._lock:
            intent = await self._known(purpose)
            if not intent.settled or intent.ok:
                raise OutboxError(f"{purpose} is {intent.state}; only what failed is tried again")
            await self._db.run(
                lambda c: intents.start_over(
                    c,
                    intent.id,
                    "tried again",
                    intent.data if data is None else data,
                    intent.value if value is None else value,
                )
            )
        self._wake.set()
        return await self._known(purpose)

    async def cancel(self, purpose: str) -> Intent:
        """Withdraw an intent: at once if unsigned, else by an empty transaction of its nonce.

        Whichever of the two is mined first decides; look at the intent to learn which.
        """
        async with self._lock:
            intent = await self._known(purpose)
            if intent.state is State.NEW:
                await self._db.run(
                    lambda c: intents.mark_dead(c, intent.id, State.CANCELLED, "cancelled")
                )
            elif intent.state in IN_FLIGHT:
                await self._db.run(lambda c: intents.ask_cancel(c, intent.id))
                await self._replace(await self._known(purpose), await self._suggest())
            else:
                raise OutboxError(f"{purpose} is {intent.state}; it cannot be cancelled any more")
        self._notify()
        return await self._known(purpose)

    async def run(self) -> None:
        """Work until cancelled. Endpoints that do not answer only delay it."""
        while True:
            self._wake.clear()
            busy = True
            try:
                busy = await self.step()
            except RpcUnavailable as error:
                logger.warning("outbox waits: %s", error)
            except ChainError as error:
                logger.error("outbox: %s", error)
            try:
                async with asyncio.timeout(self._poll if busy else None):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def step(self) -> bool:
        """Look at the chain once and move every intent as far as it goes; False if none is open."""
        async with self._lock:
            moved = False
            if await self._open():
                head = await self._client.block_number()
                nonce = await self._client.nonce(self.address)
                moved |= await self._watch.restore(nonce)
                moved |= await self._watch.look(head, nonce)
                moved |= await self._fill_gaps(nonce)
                moved |= await self._start(nonce)
                moved |= await self._push(nonce)
            busy = bool(await self._open())
        if moved:
            self._notify()
        return busy

    async def _open(self) -> list[Intent]:
        return await self._in(*intents.OPEN)

    async def _fill_gaps(self, nonce: int) -> bool:
        """A nonce that nobody owns below one that waits would block every later transaction."""
        owned = {i.nonce for i in await self._in(*IN_FLIGHT) if i.nonce is not None}
        missing = sorted(set(range(nonce, max(owned, default=nonce))) - owned)
        for gap in missing:
            purpose = f"{GAP}{self.address}:{gap}"
            logger.warning("nonce %d is missing; filling it with an empty transfer", gap)
            intent = await self._db.run(
                lambda c, p=purpose: intents.store(c, p, self.address, self.address, b"", 0)  # type: ignore[misc]
            )
            await self._sign(intent, gap, 21_000, await self._suggest())
        return bool(missing)

    async def _start(self, nonce: int) -> bool:
        moved = False
        flying = await self._in(*IN_FLIGHT)
        for intent in await self._in(State.NEW):
            if len(flying) >= self._max_in_flight:
                break
            gas = await self._gas(intent, flying)
            if gas is None:
                continue
            fees = await self._suggest()
            if not await self._can_pay(intent, gas, fees):
                continue
            top = await self._db.run(lambda c: intents.highest_nonce(c, self.address))
            await self._sign(intent, max(nonce, -1 if top is None else top + 1), gas, fees)
            flying = await self._in(*IN_FLIGHT)
            moved = True
        return moved

    async def _gas(self, intent: Intent, flying: list[Intent]) -> int | None:
        """Gas to allow, or None if the intent must wait or has failed."""
        try:
            used = await self._estimate(intent, "pending" if flying else "latest")
        except Reverted as error:
            if any(other.id < intent.id for other in flying):
                return None  # it may depend on what is still on its way
            words = self._watch.words(error)
            logger.warning("%s would be refused: %s", intent.purpose, words)
            await self._db.run(lambda c: intents.mark_dead(c, intent.id, State.FAILED, words))
            self._notify()
            return None
        except RpcError as error:
            # Not the contract's refusal: no funds, or a node in trouble. It may pass.
            await self._wait_for(intent, error.message)
            return None
        if used == 21_000:
            return used
        return used + used // 4 + SPARE_GAS + self._spare_gas(intent.purpose)

    async def _estimate(self, intent: Intent, block: str) -> int:
        try:
            return await self._client.estimate_gas(
                intent.target, intent.data, sender=self.address, value=intent.value, block=block
            )
        except Reverted:
            raise
        except RpcError:
            if block == "latest":
                raise
            # Some nodes know no pending state.
            return await self._estimate(intent, "latest")

    async def _can_pay(self, intent: Intent, gas: int, fees: Fees) -> bool:
        """Whether the key's ETH covers it: a signed transaction it cannot pay blocks its nonce."""
        need = intent.value + gas * fees.max_fee
        have = await self._client.balance(self.address)
        if have < need:
            await self._wait_for(
                intent, f"insufficient funds: {self.address} has {have} wei of the {need} it needs"
            )
        return have >= need

    async def _wait_for(self, intent: Intent, reason: str) -> None:
        if intent.reason != reason:
            logger.warning("%s waits: %s", intent.purpose, reason)
            await self._db.run(lambda c: intents.note(c, intent.id, reason))

    async def _sign(self, intent: Intent, nonce: int, gas: int, fees: Fees) -> None:
        cancels = intent.cancelled != intents.NOT_CANCELLED
        transaction = Transaction(
            chain_id=self._client.chain_id,
            nonce=nonce,
            fees=fees,
            gas=21_000 if cancels else gas,
            to=self.address if cancels else intent.target,
            value=0 if cancels else intent.value,
            data=b"" if cancels else intent.data,
        )
        raw = await self._signer.sign_transaction(transaction)
        attempt = Attempt(keccak(raw), intent.id, nonce, raw, fees, cancels, None)
        await self._db.run(lambda c: intents.add_attempt(c, attempt, gas=gas))
        crashpoint("outbox.signed" if intent.nonce is None else "outbox.replacement_stored")

    async def _push(self, nonce: int) -> bool:
        """Hand in what is signed, hand in again what the node forgot, raise what is stuck."""
        moved = False
        now = self._clock()
        for intent in sorted(await self._in(*IN_FLIGHT), key=lambda each: each.nonce or 0):
            attempts = await self._attempts(intent)
            best = attempts[0]
            if best.sent is None:
                moved |= await self._send(intent, best)
                continue
            if now - best.sent < self._fees.bump_after:
                continue
            if intent.nonce == nonce and await self._replace(intent, await self._suggest()):
                moved = True
            else:
                await self._send(intent, best)
        return moved

    async def _replace(self, intent: Intent, suggested: Fees) -> bool:
        """Sign a replacement with a higher offer and send it; False at the caps."""
        attempts = await self._attempts(intent)
        offer = self._fees.replace(attempts[0].fees, suggested)
        if offer is None or intent.nonce is None:
            reason = "stuck: the highest fee this node may pay is not enough"
            await self._db.run(lambda c: intents.note(c, intent.id, reason))
            logger.error("%s is %s", intent.purpose, reason)
            return False
        await self._sign(intent, intent.nonce, intent.gas or 21_000, offer)
        await self._send(intent, (await self._attempts(intent))[0])
        crashpoint("outbox.replacement_sent")
        return True

    async def _send(self, intent: Intent, attempt: Attempt) -> bool:
        try:
            await self._client.send_raw(attempt.raw)
        except RpcError as error:
            # "nonce too low": one of its transactions, or a foreign one, is mined: the next look
            # at the chain tells. "underpriced": it will be replaced in time. Anything else means
            # that the node does not have it: it stays as it is and is handed in again.
            if not any(word in error.message.lower() for word in _TAKEN):
                await self._wait_for(intent, error.message)
                return False
            logger.info("%s: the node says %s", intent.purpose, error.message)
        crashpoint("outbox.sent")
        await self._db.run(lambda c: intents.mark_sent(c, attempt, self._clock()))
        crashpoint("outbox.marked_sent")
        return True

    async def _suggest(self) -> Fees:
        return await self._fees.suggest(self._client)

    async def _in(self, *states: State) -> list[Intent]:
        return await self._db.run(lambda c: intents.in_states(c, self.address, states))

    async def _attempts(self, intent: Intent) -> list[Attempt]:
        return await self._db.run(lambda c: intents.attempts_of(c, intent.id))

    async def _known(self, purpose: str) -> Intent:
        intent = await self.get(purpose)
        if intent is None:
            raise OutboxError(f"nothing was ever submitted for the purpose {purpose}")
        return intent

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
