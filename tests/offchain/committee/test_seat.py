"""A seat against the real committee: one verdict for each request and stage, through anything."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from offchain.committee.case import CaseNotReady, read_case
from offchain.committee.seat import Seat
from offchain.committee.weigh import combine
from offchain.node.duties import ClaimPolicy, worker_duties
from offchain.proof.hashes import keccak
from offchain.proof.typed import INVALID, UNAVAILABLE, VALID
from offchain.store import VerdictConflict
from offchain.verify.judgement import Judgement, RungScores, Scores
from tests.offchain.committee.courtroom import Opinionated, Shelf, Verdictless
from tests.offchain.stage import Stage, Worker, open_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.node.duties import Offer

SEGMENTS = 4


async def yes(_: Offer) -> str | None:
    return None


@contextlib.asynccontextmanager
async def trial(
    stage: Stage,
    client: ChainClient,
    folder: Path,
    claims: int = 1,
    *,
    location: str = "http://127.0.0.1:1",
    work: Callable[[Worker, int], Awaitable[object]] | None = None,
) -> AsyncIterator[Worker]:
    """A claimant whose claims are before the committee; `work` does the segments of a job."""
    signer = stage.transcoders[0]
    job_ids = [await stage.job_for(client, signer.address) for _ in range(claims)]
    jobs = stage.contracts(client).JobsManager
    async with open_worker(stage, client, signer, folder / "claimant") as worker:
        duties = worker_duties(
            worker,
            worker.receipts,
            worker.blobs,
            accept=yes,
            location=location,
            claims=ClaimPolicy(min_segments=SEGMENTS),
        )
        await duties.open()
        for number in range(40):
            if number == 3:
                for job_id in job_ids:
                    if work is None:
                        await worker.transcode(job_id, *range(SEGMENTS))
                    else:
                        await work(worker, job_id)
            head = await worker.catch_up()
            await duties.step(head)
            await worker.transact()
            if number > 3 and all(
                [(await jobs.call("getJob", each))["claims"] for each in job_ids]
            ):
                states = [(await jobs.call("getClaim", each, 0))["status"] for each in job_ids]
                if states == [3] * claims:
                    break
        else:
            pytest.fail("the claims did not come before the committee")
        yield worker


async def chairs(stage: Stage, client: ChainClient, request: int = 1) -> list[str]:
    committee = stage.contracts(client).VerifierCommittee
    seats: list[str] = await committee.call("seatsOf", request, 1)
    return seats


@contextlib.asynccontextmanager
async def sitting(
    stage: Stage, client: ChainClient, folder: Path, address: str
) -> AsyncIterator[Worker]:
    (signer,) = (each for each in stage.transcoders if each.address == address)
    async with open_worker(stage, client, signer, folder / address) as worker:
        await worker.catch_up()
        yield worker


async def pass_block(stage: Stage, *seats: tuple[Worker, Seat]) -> None:
    for worker, seat in seats:
        head = await worker.catch_up()
        await seat.step(head)
        await worker.outbox.step()
    stage.anvil.mine()


async def opened(worker: Worker, source: Shelf, judge: Verdictless) -> Seat:
    seat = Seat(worker, worker.verdicts, source, judge)
    await seat.open()
    return seat


async def test_three_seats__commit_reveal_conclude_and_are_paid(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    committee = stage.contracts(stage_client).VerifierCommittee
    async with contextlib.AsyncExitStack() as stack:
        claimant = await stack.enter_async_context(trial(stage, stage_client, tmp_path))
        seats = []
        for address in await chairs(stage, stage_client):
            worker = await stack.enter_async_context(
                sitting(stage, stage_client, tmp_path, address)
            )
            seats.append((worker, await opened(worker, Shelf(claimant), Verdictless())))
        for _ in range(12):
            for worker, seat in seats:
                await seat.step(await worker.catch_up())
                while await seat.judge_next(await worker.catch_up()):
                    pass
            await pass_block(stage, *seats)
        request = await committee.call("getRequest", 1)
        assert (request["phase"], request["verdict"]) == (6, VALID)
        for worker, _ in seats:
            assert await committee.call("credits", worker.address) > 0


async def test_restarted_with_another_mind__keeps_to_the_first_verdict(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    """Whatever a judge says after a restart, what was stored first is committed and revealed."""
    committee = stage.contracts(stage_client).VerifierCommittee
    async with trial(stage, stage_client, tmp_path) as claimant:
        mine, *others = await chairs(stage, stage_client)
        async with sitting(stage, stage_client, tmp_path, mine) as worker:
            seat = await opened(worker, Shelf(claimant), Verdictless())
            await seat.step(await worker.catch_up())
            assert await seat.judge_next(await worker.catch_up())
            first = await worker.verdicts.get(1, 1)
        assert first is not None
        assert first.verdict == VALID
        for verdict in (INVALID, UNAVAILABLE, INVALID):
            async with sitting(stage, stage_client, tmp_path, mine) as worker:
                judge = Opinionated(verdict)
                seat = await opened(worker, Shelf(claimant), judge)
                await pass_block(stage, (worker, seat))
                assert not await seat.judge_next(await worker.catch_up())
                assert judge.judged == 0
                assert await worker.verdicts.get(1, 1) == first
        for address in others:
            async with sitting(stage, stage_client, tmp_path, address) as worker:
                seat = await opened(worker, Shelf(claimant), Verdictless())
                await seat.step(await worker.catch_up())
                await seat.judge_next(await worker.catch_up())
                await pass_block(stage, (worker, seat))
        for _ in range(3):
            async with sitting(stage, stage_client, tmp_path, mine) as worker:
                seat = await opened(worker, Shelf(claimant), Opinionated(INVALID))
                await pass_block(stage, (worker, seat))
        assert await committee.call("verdictOf", 1, 1, 0) == VALID
        async with sitting(stage, stage_client, tmp_path, mine) as worker:
            assert await worker.verdicts.all() == [first]
            said = await worker.follower.events("VerifierCommittee", "VerdictCommitted")
            assert [
                event.args["commitment"] for event in said if event.args["verifier"] == mine
            ] == [first.commitment]


async def test_restored_from_a_backup__commits_to_the_same_again(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path) as claimant:
        mine = (await chairs(stage, stage_client))[0]
        found = []
        for folder in ("first", "restored"):
            async with sitting(stage, stage_client, tmp_path / folder, mine) as worker:
                seat = await opened(worker, Shelf(claimant), Verdictless())
                await seat.step(await worker.catch_up())
                await seat.judge_next(await worker.catch_up())
                found.append(await worker.verdicts.get(1, 1))
        assert found[0] is not None
        assert found[0] == found[1]
        assert found[0].salt not in (bytes(32), found[0].commitment)


async def test_several_requests__one_transaction_for_all(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path, claims=3) as claimant:
        seated = [await chairs(stage, stage_client, request) for request in (1, 2, 3)]
        busy = max((seat for seats in seated for seat in seats), key=sum(seated, []).count)
        expected = sum(busy in seats for seats in seated)
        assert expected >= 2
        async with sitting(stage, stage_client, tmp_path, busy) as worker:
            seat = await opened(worker, Shelf(claimant), Verdictless())
            await seat.step(await worker.catch_up())
            assert seat.waiting == expected
            while await seat.judge_next(await worker.catch_up()):
                pass
            await pass_block(stage, (worker, seat))
            await worker.catch_up()
            said = await worker.follower.events("VerifierCommittee", "VerdictCommitted")
            assert len(said) == expected
            assert len({event.tx_hash for event in said}) == 1


async def test_bytes_missing__asks_again_and_settles_for_unavailable_at_the_end(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path) as claimant:
        for receipt in await claimant.receipts.of_claim("claim:1:0"):
            await claimant.blobs.discard(receipt.data_hash)
        mine = (await chairs(stage, stage_client))[0]
        async with sitting(stage, stage_client, tmp_path, mine) as worker:
            shelf = Shelf(claimant)
            seat = await opened(worker, shelf, Verdictless())
            tries = 0
            for _ in range(14):
                await pass_block(stage, (worker, seat))
                tries += await seat.judge_next(await worker.catch_up())
                if verdict := await worker.verdicts.get(1, 1):
                    break
            assert tries >= 3
            assert verdict is not None
            assert verdict.verdict == UNAVAILABLE
            await pass_block(stage, (worker, seat))
            committee = worker.contracts.VerifierCommittee
            bound = keccak(verdict.commitment + bytes(12) + bytes.fromhex(worker.address[2:]))
            assert await committee.call("commitmentOf", 1, 1, 0) == bound


async def test_judge_dies_every_time__abstains(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    class Dying(Verdictless):
        async def judge(self, *_: object, **__: object) -> Judgement:
            self.judged += 1
            raise RuntimeError("the child died")

    async with trial(stage, stage_client, tmp_path) as claimant:
        mine = (await chairs(stage, stage_client))[0]
        async with sitting(stage, stage_client, tmp_path, mine) as worker:
            judge = Dying()
            seat = await opened(worker, Shelf(claimant), judge)
            for _ in range(10):
                await pass_block(stage, (worker, seat))
                await seat.judge_next(await worker.catch_up())
            assert judge.judged == 3
            assert await worker.verdicts.all() == []


async def test_other_work_under_the_same_number__abstains(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path) as claimant:
        mine = (await chairs(stage, stage_client))[0]
        async with sitting(stage, stage_client, tmp_path, mine) as worker:
            seat = await opened(worker, Shelf(claimant), Verdictless())
            await seat.step(await worker.catch_up())
            await seat.judge_next(await worker.catch_up())
            stored = await worker.verdicts.get(1, 1)
            assert stored is not None
            with pytest.raises(VerdictConflict, match="about other work"):
                await worker.verdicts.add(replace(stored, subject=bytes(32)))
            # As if a reorganisation had given the number to another claim.
            await worker.db.run(
                lambda c: c.execute("UPDATE verdicts SET subject = ?", (bytes(32),))
            )
            await pass_block(stage, (worker, seat))
            committee = worker.contracts.VerifierCommittee
            assert await committee.call("commitmentOf", 1, 1, 0) == bytes(32)


async def test_read_case__leaves_terms_and_drawn_rungs(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path) as claimant:
        job = (await claimant.receipts.claims())[0].job_id
        with pytest.raises(CaseNotReady, match="has not been seen yet"):
            await read_case(claimant, 1, 1, job, 0)
        await claimant.catch_up()
        case = await read_case(claimant, 1, 1, job, 0)
        drawn = await claimant.contracts.JobsManager.call("drawnIndices", job, 0)
        assert [leaf.index for leaf in case.leaves] == sorted(set(drawn))
        assert case.contract is not None
        assert case.rungs_of(case.leaves[0]) == [0]
        other = replace(case, leaves=(replace(case.leaves[0], data_hash=bytes(32)),))
        assert other.subject != case.subject


def test_combine__the_worst_decides() -> None:
    good = Judgement(VALID, "picture", "fine", (RungScores(0, False, Scores(psnr_mean=-10)),))
    gone = Judgement(UNAVAILABLE, "bytes", "gone")
    bad = Judgement(INVALID, "picture", "bad", (RungScores(0, False, Scores(ssim_mean=-900)),))
    assert combine([good]).verdict == VALID
    assert combine([good, gone]).verdict == UNAVAILABLE
    worst = combine([good, gone, bad, good])
    assert (worst.verdict, worst.reason) == (INVALID, "bad")
    scores = Scores.unpack(int.from_bytes(worst.scores, "big"))
    assert (scores.psnr_mean, scores.ssim_mean) == (-10, -900)
    assert combine([good, bad]).details != combine([bad, good]).details
