"""Asking, being elected, and collecting, against the real contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.node.duties import AskPrice, Collect, Duties, Offer, worker_duties
from tests.offchain.stage import CONTRACT_TEXT, PRICE, SEGMENT_PIXELS, open_worker

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from tests.offchain.stage import Stage


async def yes(_: Offer) -> str | None:
    return None


async def test_job_by_election__elected_accepted_at_the_ask(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    contracts = stage.contracts(stage_client)
    jobs = contracts.JobsManager
    # Only this one asks, so whoever else is drawn is passed over.
    signer = stage.transcoders[3]
    async with open_worker(stage, stage_client, signer, tmp_path) as worker:
        duties = worker_duties(
            worker, worker.receipts, worker.blobs, accept=yes, location="http://x", price=(900, 10)
        )
        await duties.open()

        async def blocks(count: int) -> None:
            for _ in range(count):
                await duties.step(await worker.catch_up())
                await worker.transact()
            await worker.catch_up()

        await blocks(3)
        await stage.next_round(stage_client)
        await blocks(2)
        assert await jobs.call("priceOf", signer.address, await round_of(stage, stage_client)) == (
            900,
            10,
        )
        end = await jobs.call("currentClock") + 100
        stage.send(
            stage.broadcaster.address, jobs, "job", "stream", CONTRACT_TEXT,
            stage.broadcaster.address, *PRICE, SEGMENT_PIXELS, 10, end,
            value=10 * SEGMENT_PIXELS * PRICE[0] // PRICE[1],
        )  # fmt: skip
        await blocks(16)
        asks = await worker.follower.events("JobsManager", "TranscoderPriceSet")
        assert len(asks) == 1
    job = await jobs.call("getJob", 1)
    assert (job["status"], job["transcoder"]) == (3, signer.address)
    assert (job["pricePerUnit"], job["pixelsPerUnit"]) == (900, 10)


async def round_of(stage: Stage, client: ChainClient) -> int:
    number: int = await stage.contracts(client).RoundsManager.call("currentRound")
    return number


async def test_ask__not_a_transcoder__says_nothing(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with open_worker(stage, stage_client, stage.broadcaster, tmp_path) as worker:
        duties = Duties(worker, [AskPrice(worker, 1, 1)])
        await duties.step(await worker.catch_up())
        assert await worker.outbox.unfinished("price:") == []


async def test_collect__from_the_minimum_on_and_each_credit_once(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    jobs = stage.contracts(stage_client).JobsManager

    async def credit() -> int:
        """Cancel an unaccepted job: its escrow is credited back."""
        job_id = await stage.job_for(stage_client, stage.transcoders[0].address)
        stage.send(stage.broadcaster.address, jobs, "cancelJob", job_id)
        amount: int = await jobs.call("credits", stage.broadcaster.address)
        return amount

    amount = await credit()
    assert amount > 0
    async with open_worker(stage, stage_client, stage.broadcaster, tmp_path) as worker:
        choosy = Duties(worker, [Collect(worker, amount + 1)])
        await choosy.step(await worker.catch_up())
        assert await worker.outbox.unfinished("withdraw:") == []
        duties = Duties(worker, [Collect(worker, amount)])
        for _ in range(2):
            for _ in range(3):
                await duties.step(await worker.catch_up())
                await worker.transact()
            assert await jobs.call("credits", worker.address) == 0
            assert await credit() == amount
        await worker.catch_up()
        withdrawn = await worker.follower.events("JobsManager", "Withdrawn")
        assert [event.args["amount"] for event in withdrawn] == [amount, amount]
