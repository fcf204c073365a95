"""Claims that do not go through smoothly: a silent seat, bad work, a committee that disagrees."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from offchain.committee.seat import Seat
from offchain.node.duties import ClaimPolicy, worker_duties
from offchain.node.mischief import StubbornSeat
from offchain.proof.typed import INVALID, VALID
from tests.offchain.committee.courtroom import Opinionated, Shelf
from tests.offchain.duties.test_life_of_a_claim import yes
from tests.offchain.stage import open_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from tests.offchain.stage import Stage

PAID, FORFEITED = 5, 6


async def hold(
    stage: Stage,
    client: ChainClient,
    folder: Path,
    opinion: int,
    silent_until: Mapping[int, int],
    ends_as: int,
    seated: Callable[..., Seat] = Seat,
) -> int:
    """One claim, judged by the others with one opinion; seat `n` of stage 1 is down until a block
    of the trial. Returns the stage in which it was decided."""
    claimant = stage.transcoders[0]
    contracts = stage.contracts(client)
    job_id = await stage.job_for(client, claimant.address)
    async with contextlib.AsyncExitStack() as stack:
        worker = await stack.enter_async_context(
            open_worker(stage, client, claimant, folder / "claimant")
        )
        duties = worker_duties(
            worker,
            worker.receipts,
            worker.blobs,
            accept=yes,
            location="http://127.0.0.1:1",
            claims=ClaimPolicy(min_segments=4),
            confirmations=1,
        )
        await duties.open()
        seats = []
        for signer in stage.transcoders[1:]:
            judge = await stack.enter_async_context(
                open_worker(stage, client, signer, folder / signer.address)
            )
            seat = seated(judge, judge.verdicts, Shelf(worker), Opinionated(opinion))
            await judge.catch_up()
            await seat.open()
            seats.append((judge, seat))
        for number in range(110):
            if number == 3:
                await worker.transcode(job_id, 0, 1, 2, 3)
            await duties.step(await worker.catch_up())
            await worker.outbox.step()
            drawn = []
            if await contracts.VerifierCommittee.call("numRequests"):
                drawn = await contracts.VerifierCommittee.call("seatsOf", 1, 1)
            for judge, seat in seats:
                place = drawn.index(judge.address) if judge.address in drawn else -1
                if number < silent_until.get(place, 0):
                    continue
                head = await judge.catch_up()
                await seat.step(head)
                while await seat.judge_next(head):
                    pass
                await judge.outbox.step()
            stage.anvil.mine()
            ended = [
                event
                for event in await worker.follower.events("JobsManager")
                if event.name in ("FeesDistributed", "ClaimRefunded")
            ]
            if ended and not await worker.receipts.claims():
                break
        else:
            pytest.fail(f"no end: {await contracts.VerifierCommittee.call('getRequest', 1)}")
        claim = await contracts.JobsManager.call("getClaim", job_id, 0)
        assert claim["status"] == ends_as
        request = await contracts.VerifierCommittee.call("getRequest", 1)
        assert [
            intent.purpose
            for judge in (worker, *(judge for judge, _ in seats))
            for intent in await judge.outbox.unfinished("")
            if intent.status == 0 or intent.reason
        ] == [], "nobody paid for what another had done already"
        stage_decided: int = request["stage"]
        return stage_decided


# Seconds on an idle machine; a hundred blocks of five nodes, each with its own database.
@pytest.mark.timeout(60)
async def test_silent_seat__second_stage_decides_and_pays(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    decided = await hold(stage, stage_client, tmp_path, VALID, {1: 45}, PAID)
    assert decided == 2


@pytest.mark.timeout(60)
async def test_bad_work__convicted_and_forfeited(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    bonding = stage.contracts(stage_client).BondingManager
    address = stage.transcoders[0].address
    decided = await hold(stage, stage_client, tmp_path, INVALID, {}, FORFEITED)
    assert decided == 2
    async with open_worker(stage, stage_client, stage.broadcaster, tmp_path) as watcher:
        await watcher.catch_up()
        (slashed,) = await watcher.follower.events("BondingManager", "TranscoderSlashed")
        assert slashed.args["transcoder"] == address
        assert slashed.args["penalty"] > 0
    assert await bonding.call("isBarred", address)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("request_number", "decided"), [(1, 2), (7, 1)])
async def test_stubborn_seats__one_of_them_lies_once_is_overruled_and_fined(
    stage: Stage,
    stage_client: ChainClient,
    tmp_path: Path,
    request_number: int,
    decided: int,
) -> None:
    """Every seat is given the same option; only the first chair of that request makes use of it."""

    def stubborn(*parts: object) -> Seat:
        return StubbornSeat(*parts, request=request_number)

    found = await hold(stage, stage_client, tmp_path, VALID, {}, PAID, stubborn)

    assert found == decided
    async with open_worker(stage, stage_client, stage.broadcaster, tmp_path) as watcher:
        await watcher.catch_up()
        fines = await watcher.follower.events("VerifierCommittee", "SeatPenalized")
        seats = await stage.contracts(stage_client).VerifierCommittee.call("seatsOf", 1, 1)
    wanted = [(seats[0], 1, 2)] if decided == 2 else []
    assert [(e.args["verifier"], e.args["stage"], e.args["fault"]) for e in fines] == wanted
