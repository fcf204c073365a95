"""The outbox against a real chain: each wish happens exactly once, and its story is true."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from eth_utils.crypto import keccak

from offchain.chain import intents
from offchain.chain.errors import OutboxError
from offchain.chain.intents import CANCEL_MINED, State
from offchain.chain.outbox import Outbox
from offchain.chain.transactions import FeePolicy, Fees, Transaction
from offchain.store import Database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contract
    from offchain.chain.keys import LocalSigner
    from tests.offchain.conftest import Anvil

CONFIRMATIONS = 3


class Clock:
    """Seconds that pass when a test says so."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "node.db") as db:
        yield db


@pytest.fixture
def outbox(
    client: ChainClient,
    db: Database,
    signer: LocalSigner,
    clock: Clock,
    anvil: Anvil,
    counter: Contract,
) -> Outbox:
    # Blocks come when a test says so; `counter` is asked for so that it is deployed before.
    anvil.automine(False)
    return Outbox(client, db, signer, confirmations=CONFIRMATIONS, poll=0.02, clock=clock)


async def count(outbox: Outbox, counter: Contract, purpose: str, tag: int = 1) -> None:
    await outbox.submit(purpose, counter.address, counter.encode("count", tag))


async def through(outbox: Outbox, anvil: Anvil) -> None:
    """Send what waits, and see it in a block."""
    await outbox.step()
    anvil.mine()
    await outbox.step()


async def state(outbox: Outbox, purpose: str) -> State:
    intent = await outbox.get(purpose)
    assert intent is not None
    return intent.state


async def test_submit__goes_through_every_state_to_final(
    outbox: Outbox, counter: Contract, anvil: Anvil
) -> None:
    await count(outbox, counter, "count:1")
    assert await state(outbox, "count:1") is State.NEW

    await outbox.step()
    assert await state(outbox, "count:1") is State.SENT
    anvil.mine()
    await outbox.step()
    mined = await outbox.wait("count:1")
    assert mined.ok
    assert mined.state is State.MINED
    anvil.mine(CONFIRMATIONS - 1)
    assert await outbox.step()
    assert await state(outbox, "count:1") is State.MINED
    anvil.mine()
    assert not await outbox.step()

    assert await state(outbox, "count:1") is State.FINAL
    assert await counter.call("total") == 1


async def test_submit__same_purpose_twice__happens_once(
    outbox: Outbox, counter: Contract, anvil: Anvil
) -> None:
    for _ in range(3):
        await count(outbox, counter, "count:1")
        await through(outbox, anvil)
    anvil.mine(CONFIRMATIONS)
    await through(outbox, anvil)
    await count(outbox, counter, "count:1")
    await through(outbox, anvil)
    assert await counter.call("total") == 1
    with pytest.raises(OutboxError, match="stored already for the purpose count:1"):
        await count(outbox, counter, "count:1", tag=2)


async def test_run__many_at_once__each_exactly_once(
    outbox: Outbox, counter: Contract, anvil: Anvil
) -> None:
    anvil.automine(True)
    await outbox.submit("raise", counter.address, counter.encode("raiseLimit", 100))
    running = asyncio.ensure_future(outbox.run())
    assert (await outbox.wait("raise")).ok
    await asyncio.gather(*(count(outbox, counter, f"count:{n}", n) for n in range(40)))
    for n in range(40):
        assert (await outbox.wait(f"count:{n}")).ok
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert await counter.call("total") == 40
    assert [await counter.call("tagged", n) for n in range(40)] == [1] * 40


async def test_submit__contract_refuses__failed_in_words_and_no_nonce_spent(
    outbox: Outbox, counter: Contract, anvil: Anvil, client: ChainClient
) -> None:
    await outbox.submit("raise", counter.address, counter.encode("raiseLimit", 0))
    await through(outbox, anvil)
    nonce = await client.nonce(outbox.address)
    await count(outbox, counter, "count:1")
    await through(outbox, anvil)
    refused = await outbox.wait("count:1")
    assert (refused.state, refused.reason) == (State.FAILED, "the counter is full")
    await through(outbox, anvil)
    assert await client.nonce(outbox.address) == nonce

    # Not retried blindly, but retried when somebody says so.
    await outbox.submit("raise:2", counter.address, counter.encode("raiseLimit", 1))
    await through(outbox, anvil)
    await outbox.retry("count:1")
    await through(outbox, anvil)
    assert (await outbox.wait("count:1")).ok


async def test_mined_but_reverted__reason_in_words_and_sent_once(
    outbox: Outbox, counter: Contract, anvil: Anvil, client: ChainClient, other_signer: LocalSigner
) -> None:
    await count(outbox, counter, "count:1")
    await outbox.step()
    # Somebody lowers the limit first, in the same block, with a better offer.
    lower = Transaction(
        31337, await client.nonce(other_signer.address), Fees(10**12, 10**11), 100_000,
        counter.address, 0, counter.encode("raiseLimit", 0),
    )  # fmt: skip
    await client.send_raw(await other_signer.sign_transaction(lower))
    anvil.mine()
    await outbox.step()
    refused = await outbox.wait("count:1")
    assert not refused.ok
    assert (refused.state, refused.status) == (State.MINED, 0)
    assert refused.reason == "the counter is full"
    anvil.mine(CONFIRMATIONS)
    nonce = await client.nonce(outbox.address)
    await outbox.step()
    await outbox.step()
    assert await client.nonce(outbox.address) == nonce
    assert await state(outbox, "count:1") is State.FINAL


async def test_stuck__offer_raised_on_both_fees_and_any_hash_counts(
    outbox: Outbox, db: Database, counter: Contract, anvil: Anvil, clock: Clock
) -> None:
    await count(outbox, counter, "count:1")
    await outbox.step()
    intent = await outbox.get("count:1")
    assert intent is not None
    for _ in range(3):
        clock.now += 60
        await outbox.step()
    attempts = await db.run(lambda c: intents.attempts_of(c, intent.id))
    assert len(attempts) == 4
    for higher, lower in zip(attempts, attempts[1:], strict=False):
        assert higher.nonce == lower.nonce
        assert 10 * higher.fees.max_fee >= 11 * lower.fees.max_fee
        assert 10 * higher.fees.priority_fee >= 11 * lower.fees.priority_fee
    # The node only keeps the last; an older one is mined all the same, through another node.
    anvil.rpc("anvil_dropAllTransactions")
    anvil.rpc("eth_sendRawTransaction", "0x" + attempts[2].raw.hex())
    anvil.mine()
    await outbox.step()
    mined = await outbox.wait("count:1")
    assert mined.ok
    assert mined.tx_hash == attempts[2].tx_hash
    assert await counter.call("total") == 1


def test_replace__beyond_the_cap__no_offer() -> None:
    policy = FeePolicy(ceiling=1_000, cap_factor=5)
    last = suggested = Fees(100, 10)
    for _ in range(100):
        offer = policy.replace(last, suggested)
        if offer is None:
            break
        assert offer.max_fee <= 500
        assert offer.priority_fee <= offer.max_fee
        last = offer
    else:
        pytest.fail("the offer was raised for ever")
    assert policy.replace(Fees(990, 10), Fees(990, 10)) is None


async def test_node_forgets_transactions__sent_again(
    outbox: Outbox, counter: Contract, anvil: Anvil, clock: Clock
) -> None:
    for n in range(2):
        await count(outbox, counter, f"count:{n}", n)
    await outbox.step()
    anvil.rpc("anvil_dropAllTransactions")
    clock.now += 60
    await through(outbox, anvil)
    assert (await outbox.wait("count:0")).ok
    assert (await outbox.wait("count:1")).ok
    assert await counter.call("total") == 2


async def test_reorganisation__back_to_sent_and_mined_again_once(
    outbox: Outbox, counter: Contract, anvil: Anvil
) -> None:
    anvil.mine(2)
    for n in range(2):
        await count(outbox, counter, f"count:{n}", n)
    await through(outbox, anvil)
    assert await counter.call("total") == 2
    anvil.reorg(2)
    assert await counter.call("total") == 0

    await outbox.step()
    assert await state(outbox, "count:0") is State.SENT
    anvil.mine()
    await outbox.step()
    anvil.mine(CONFIRMATIONS)
    await outbox.step()
    assert await state(outbox, "count:0") is State.FINAL
    assert await state(outbox, "count:1") is State.FINAL
    assert await counter.call("total") == 2


async def test_key_used_elsewhere__waits_until_that_is_final_then_takes_a_new_nonce(
    outbox: Outbox, counter: Contract, anvil: Anvil, client: ChainClient, signer: LocalSigner
) -> None:
    await count(outbox, counter, "count:1")
    await outbox.step()
    anvil.rpc("anvil_dropAllTransactions")
    foreign = Transaction(
        31337, await client.nonce(signer.address), Fees(10**12, 1), 21_000, signer.address, 0, b""
    )
    await client.send_raw(await signer.sign_transaction(foreign))
    anvil.mine()
    await outbox.step()
    assert await state(outbox, "count:1") is State.SENT
    assert await counter.call("total") == 0
    anvil.mine(CONFIRMATIONS)
    await through(outbox, anvil)
    assert (await outbox.wait("count:1")).ok
    assert await counter.call("total") == 1


async def test_missing_nonce__filled_so_that_later_ones_move(
    outbox: Outbox,
    db: Database,
    counter: Contract,
    anvil: Anvil,
    client: ChainClient,
    clock: Clock,
) -> None:
    for n in range(3):
        await count(outbox, counter, f"count:{n}", n)
    await outbox.step()
    nonce = await client.nonce(outbox.address)
    # The node forgets all three, and the row of the first is lost.
    anvil.rpc("anvil_dropAllTransactions")

    def lose_first(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM attempts WHERE intent = 1")
        connection.execute("DELETE FROM intents WHERE id = 1")

    await db.run(lose_first)
    clock.now += 60
    await through(outbox, anvil)
    assert (await outbox.wait("count:1")).ok
    assert (await outbox.wait("count:2")).ok
    assert (await outbox.wait(f"gap:{outbox.address}:{nonce}")).ok
    assert await counter.call("total") == 2


async def test_cancel__unsigned_at_once_and_sent_by_an_empty_transaction(
    outbox: Outbox, counter: Contract, anvil: Anvil, client: ChainClient
) -> None:
    await count(outbox, counter, "never", 1)
    await outbox.cancel("never")
    assert await state(outbox, "never") is State.CANCELLED

    await count(outbox, counter, "late", 2)
    await outbox.step()
    nonce = await client.nonce(outbox.address)
    await outbox.cancel("late")
    anvil.mine()
    await outbox.step()
    cancelled = await outbox.wait("late")
    assert not cancelled.ok
    assert (cancelled.cancelled, cancelled.reason) == (CANCEL_MINED, "cancelled")
    assert await client.nonce(outbox.address) == nonce + 1
    assert await counter.call("total") == 0
    with pytest.raises(OutboxError, match="cannot be cancelled any more"):
        await outbox.cancel("late")


async def test_backlog__counts_what_waits_and_for_how_long(
    outbox: Outbox, counter: Contract, anvil: Anvil, clock: Clock
) -> None:
    assert await outbox.backlog() == (0, 0.0)
    await count(outbox, counter, "count:1")
    intent = await outbox.get("count:1")
    assert intent is not None
    clock.now = intent.created + 90
    assert await outbox.backlog() == (1, 90.0)
    await through(outbox, anvil)
    assert await outbox.backlog() == (0, 0.0)


async def test_no_funds__waits_and_says_so(outbox: Outbox, counter: Contract, anvil: Anvil) -> None:
    balance = anvil.rpc("eth_getBalance", outbox.address, "latest")
    anvil.rpc("anvil_setBalance", outbox.address, "0x0")
    await count(outbox, counter, "count:1")
    assert await outbox.step()
    waiting = await outbox.get("count:1")
    assert waiting is not None
    assert waiting.state is State.NEW
    assert "insufficient funds" in (waiting.reason or "").lower()
    anvil.rpc("anvil_setBalance", outbox.address, balance)
    await through(outbox, anvil)
    assert (await outbox.wait("count:1")).ok


async def test_wait__nothing_submitted__says_so(outbox: Outbox) -> None:
    with pytest.raises(OutboxError, match="nothing was ever submitted"):
        await outbox.wait("unknown")


async def test_attempts__stored_raw_is_what_was_hashed(
    outbox: Outbox, db: Database, counter: Contract
) -> None:
    await count(outbox, counter, "count:1")
    await outbox.step()
    for attempt in await db.run(lambda c: intents.attempts_of(c, 1)):
        assert keccak(attempt.raw) == attempt.tx_hash


async def test_spare_gas__allowed_beyond_the_estimate_for_its_purpose_alone(
    client: ChainClient,
    db: Database,
    signer: LocalSigner,
    anvil: Anvil,
    counter: Contract,
) -> None:
    anvil.automine(False)
    box = Outbox(client, db, signer, spare_gas=lambda purpose: 90_000 * (purpose == "count:2"))
    limits = []
    for purpose in ("count:0", "count:1", "count:2"):  # the first one pays for fresh storage
        await count(box, counter, purpose)
        await through(box, anvil)
        intent = await box.get(purpose)
        assert intent is not None and intent.gas is not None
        limits.append(intent.gas)

    assert limits[2] - limits[1] == 90_000
