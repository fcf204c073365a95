"""A worker's duties against the real contracts: from a job's offer to its pay."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from offchain.committee.seat import Seat
from offchain.node.duties import ClaimPolicy, Duties, Offer, worker_duties
from offchain.node.duties.claimbook import PAID
from tests.offchain.committee.courtroom import Shelf, Verdictless
from tests.offchain.stage import PRICE, SEGMENT_PIXELS, Stage, Worker, open_worker

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.client import ChainClient

LOCATION = "http://127.0.0.1:8935"


async def yes(_: Offer) -> str | None:
    return None


async def duties_of(worker: Worker, **options: object) -> Duties:
    duties = worker_duties(
        worker,
        worker.receipts,
        worker.blobs,
        accept=yes,
        location=LOCATION,
        claims=ClaimPolicy(min_segments=4, idle_s=1e9),
        confirmations=2,
        **options,  # type: ignore[arg-type]
    )
    await duties.open()
    return duties


async def block(worker: Worker, duties: Duties, blocks: int = 1) -> None:
    """Let blocks pass as a running node sees them."""
    for _ in range(blocks):
        head = await worker.catch_up()
        await duties.step(head)
        await worker.transact()
    await worker.catch_up()


async def court(
    stack: contextlib.AsyncExitStack,
    stage: Stage,
    client: ChainClient,
    folder: Path,
    claimant: Worker,
) -> list[tuple[Worker, Seat]]:
    """The other transcoders, ready to sit; bytes come straight from the claimant's folder."""
    seats = []
    for signer in stage.transcoders:
        if signer.address == claimant.address:
            continue
        worker = await stack.enter_async_context(
            open_worker(stage, client, signer, folder / signer.address)
        )
        seat = Seat(worker, worker.verdicts, Shelf(claimant), Verdictless())
        await worker.catch_up()
        await seat.open()
        seats.append((worker, seat))
    return seats


async def sit(seats: list[tuple[Worker, Seat]]) -> None:
    """One block in the life of every seat."""
    for worker, seat in seats:
        head = await worker.catch_up()
        await seat.step(head)
        while await seat.judge_next(head):
            pass
        await seat.step(head)
        await worker.outbox.step()


@pytest.mark.parametrize("restarts", [False, True], ids=["steady", "restarted at every block"])
async def test_whole_life__paid_once_and_forgotten(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, restarts: bool
) -> None:
    signer = stage.transcoders[0]
    job_id = await stage.job_for(stage_client, signer.address)
    jobs = stage.contracts(stage_client).JobsManager
    folder = tmp_path / "claimant"
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(contextlib.AsyncExitStack())
        worker = await running.enter_async_context(open_worker(stage, stage_client, signer, folder))
        seats = await court(stack, stage, stage_client, tmp_path, worker)
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        made = await worker.transcode(job_id, *range(1, 13))
        for _ in range(80):
            if restarts:
                await running.aclose()
                worker = await running.enter_async_context(
                    open_worker(stage, stage_client, signer, folder)
                )
                for _, seat in seats:
                    seat._source = Shelf(worker)
                duties = await duties_of(worker)
            head = await worker.catch_up()
            await duties.step(head)
            await worker.outbox.step()
            await sit(seats)
            stage.anvil.mine()
            if not await worker.receipts.claims() and (await jobs.call("getJob", job_id))["claims"]:
                break
        else:
            pytest.fail(f"no end: {await jobs.call('getClaim', job_id, 0)}")

        job = await jobs.call("getJob", job_id)
        assert (job["claims"], job["segmentsClaimed"], job["unfinishedClaims"]) == (1, 12, 0)
        assert (await jobs.call("getClaim", job_id, 0))["status"] == PAID
        fee = 12 * SEGMENT_PIXELS * PRICE[0] // PRICE[1]
        assert job["escrow"] == 100 * SEGMENT_PIXELS * PRICE[0] // PRICE[1] - fee
        earned = await worker.follower.events("JobsManager", "FeesDistributed")
        assert [event.args["fees"] + event.args["protocolFee"] for event in earned] == [fee]
        assert await worker.receipts.of_claim(f"claim:{job_id}:1") == []
        assert all(receipt.data_hash not in worker.blobs for receipt in made)
        await running.aclose()


async def test_reorganised_claim__made_again_once(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address)
    jobs = stage.contracts(stage_client).JobsManager
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, 1, 2, 3, 4)
        await block(worker, duties, 2)
        assert (await jobs.call("getJob", job_id))["claims"] == 1
        stage.anvil.reorg(2)
        assert (await jobs.call("getJob", job_id))["claims"] == 0
        await block(worker, duties, 4)
        job = await jobs.call("getJob", job_id)
        assert (job["claims"], job["segmentsClaimed"]) == (1, 4)
        (claim,) = await worker.receipts.claims()
        assert claim.claim_id == 0


async def test_challenged_leaf__is_opened_too(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address)
    jobs = stage.contracts(stage_client).JobsManager
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, *range(12))
        await block(worker, duties, 8)
        bond = await jobs.call("challengeBond", job_id, 0)
        for index in (3, 7):
            stage.send(stage.broadcaster.address, jobs, "challenge", job_id, 0, index, value=bond)
        await block(worker, duties, 16)
        opened = await worker.follower.events("JobsManager", "SegmentsOpened")
        indices = [leaf["index"] for event in opened for leaf in event.args["leaves"]]
        drawn = await jobs.call("drawnIndices", job_id, 0)
        assert set(indices) == {3, 7, *drawn}
        assert len(indices) == len(set(indices))
        assert all(event.args["location"] == LOCATION for event in opened)
        claim = await jobs.call("getClaim", job_id, 0)
        assert claim["request"] == 1


async def test_policy__claims_only_when_due(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address)
    jobs = stage.contracts(stage_client).JobsManager
    flying = {3}
    draining = [False]
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker, in_flight=lambda _: flying, draining=lambda: draining[0])
        await block(worker, duties, 2)
        await worker.transcode(job_id, 0, 1, 2, 4, 5)
        await block(worker, duties, 2)
        assert await worker.receipts.claims() == []
        draining[0] = True
        await block(worker, duties)
        (claim,) = await worker.receipts.claims()
        # Segment 3 is being worked on: what comes after it waits for it.
        assert (claim.first_sequence, claim.last_sequence) == (0, 2)
        await worker.transcode(job_id, 3)
        flying.clear()
        await block(worker, duties, 3)
        claims = await worker.receipts.claims()
        assert [(each.first_sequence, each.last_sequence) for each in claims] == [(0, 2), (3, 5)]
        assert (await jobs.call("getJob", job_id))["claims"] == 2


async def test_ended_job__claimed_without_waiting_for_more(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address)
    jobs = stage.contracts(stage_client).JobsManager
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, 0)
        await block(worker, duties, 2)
        assert (await jobs.call("getJob", job_id))["claims"] == 0
        stage.send(stage.broadcaster.address, jobs, "endJob", job_id)
        await block(worker, duties, 2)
        assert (await jobs.call("getJob", job_id))["claims"] == 1


async def test_money_runs_out__claims_what_is_covered(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address, segments=6)
    jobs = stage.contracts(stage_client).JobsManager
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, *range(9))
        await block(worker, duties, 4)
        job = await jobs.call("getJob", job_id)
        assert (job["segmentsClaimed"], job["escrow"]) == (6, 0)
        assert len(await worker.receipts.unclaimed(job_id)) == 3


async def test_stake_covers_no_more__the_rest_waits(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half_an_ether = (5 * 10**17, SEGMENT_PIXELS)
    address = stage.transcoders[0].address
    job_id = await stage.job_for(stage_client, address, price=half_an_ether)
    contracts = stage.contracts(stage_client)
    jobs = contracts.JobsManager
    stake = await contracts.BondingManager.call("slashableStake", address)
    limit = (await jobs.call("parametersOf", 1))["maxFeesAtRisk"] * stake // 10**18
    covered = limit // half_an_ether[0]
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, *range(covered + 4))
        await block(worker, duties, 4)
        assert (await jobs.call("getJob", job_id))["segmentsClaimed"] == covered
        assert len(await worker.receipts.unclaimed(job_id)) == 4
    assert any("covers no more now" in record.message for record in caplog.records)


async def test_job_over_before_the_claim_was_sent__given_up_in_words(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await stage.job_for(stage_client, stage.transcoders[0].address, blocks=30)
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = await duties_of(worker)
        await block(worker, duties, 2)
        await worker.transcode(job_id, *range(4))
        await duties.step(await worker.catch_up())
        assert len(await worker.receipts.claims()) == 1
        stage.anvil.mine(40)
        await block(worker, duties, 20)
        assert await worker.receipts.claims() == []
        assert len(await worker.receipts.claims(open_only=False)) == 1
    unpaid = [record for record in caplog.records if record.message == "work goes unpaid"]
    assert len(unpaid) == 1
    assert unpaid[0].why == "job has ended"  # type: ignore[attr-defined]


async def test_accept__policy_says_no__stays_on_offer(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    cheap = await stage.job_for(stage_client, stage.transcoders[0].address, segments=2)
    good = await stage.job_for(stage_client, stage.transcoders[0].address, segments=3)
    foreign = await stage.job_for(stage_client, stage.transcoders[1].address)

    async def picky(offer: Offer) -> str | None:
        return "too short" if offer.created["maxSegments"] < 3 else None

    jobs = stage.contracts(stage_client).JobsManager
    async with open_worker(stage, stage_client, stage.transcoders[0], tmp_path) as worker:
        duties = worker_duties(
            worker, worker.receipts, worker.blobs, accept=picky, location=LOCATION
        )
        await duties.open()
        await block(worker, duties, 2)
    statuses = [(await jobs.call("getJob", each))["status"] for each in (cheap, good, foreign)]
    assert statuses == [2, 3, 2]
    assert any("job declined" in record.message for record in caplog.records)
