"""A stream through a real network: real processes' code, real HTTP, a real chain, real media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from offchain.chain.contracts import Contracts
from offchain.media.playlist_check import check_master, check_media
from offchain.node import broadcaster, worker
from offchain.node.config import Price
from offchain.node.control import ask
from offchain.node.jobbook import ACTIVE
from offchain.store import Database, Receipts

pytestmark = pytest.mark.needs("anvil")


async def until(data: Path, phase: str) -> dict[str, Any]:
    """A broadcaster's status, once it is in a phase."""
    while True:
        status: dict[str, Any] = await ask(data, "status")
        if status["phase"] == phase:
            return status
        await asyncio.sleep(0.05)


async def events(contracts: Contracts, name: str) -> list[dict[str, Any]]:
    logs = await contracts.JobsManager._client.logs([contracts.JobsManager.address], first=0)
    decoded = [contracts.decode_log(log) for log in logs]
    return [dict(each.args) for each in decoded if each is not None and each.name == name]


async def fetch(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200, url
        return await answer.read()


async def check_player_view(url: str, segments: int) -> None:
    """Every rung lists every segment, and every one can be fetched."""
    master = (await fetch(f"{url}/index.m3u8")).decode()
    rungs = check_master(master)
    assert len(rungs) == 2
    for uri in rungs:
        checked = check_media((await fetch(f"{url}/{uri}")).decode())
        assert [each.sequence for each in checked.segments] == list(range(segments))
        assert checked.ended
        for each in checked.segments:
            assert (await fetch(f"{url}/{uri.split('/')[0]}/{each.uri}"))[:1] == b"\x47"


async def test_stream_is_transcoded_claimed_and_paid_to_the_wei(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    main, standby, blender = (tmp_path / name for name in ("main", "standby", "blender"))
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        nodes = [
            tasks.create_task(worker.serve(network.worker("main", main))),
            tasks.create_task(worker.serve(network.worker("standby", standby))),
        ]
        for data in (main, standby):
            await node_facts(data)
        settings = network.broadcaster(blender, clip, stay=True)
        stream = tasks.create_task(broadcaster.serve(settings))
        url = (await node_facts(blender))["url"]
        await all_paid(network, await until(blender, "ended"))
        # Nothing is left to do but wait until the jobs can be closed.
        await network.rpc_call("anvil_mine", hex(80))
        status = await until(blender, "settled")
        await check_player_view(f"{url}/live/live", 6)
        stream.cancel()
        for data in (main, standby):
            await ask(data, "drain")
        await asyncio.wait(nodes)
        miner.cancel()

    assert status["segments"] | {"inFlight": 0} == {
        "in": 6,
        "answered": 6,
        "published": 6,
        "fromSource": 0,
        "unanswered": 0,
        "inFlight": 0,
    }
    async with network.contracts() as contracts:
        jobs = {job["jobId"]: job for job in await events(contracts, "JobCreated")}
        ours = {seat["jobId"] for seat in status["transcoders"]}
        claims = [each for each in await events(contracts, "WorkClaimed") if each["jobId"] in ours]
        paid = [
            each for each in await events(contracts, "FeesDistributed") if each["jobId"] in ours
        ]
        closed = [each for each in await events(contracts, "JobClosed") if each["jobId"] in ours]
    # The late are answered by both; every receipt is claimed once, every claim is paid once.
    assert status["claims"]["matched"] == len(claims)
    assert (status["claims"]["challenged"], status["claims"]["warnings"]) == (0, [])
    assert sum(each["segmentCount"] for each in claims) == sum(
        each["good"] for each in status["transcoders"]
    )
    assert [each["fees"] + each["protocolFee"] for each in paid] == [
        each["fees"] for each in sorted(claims, key=lambda c: order(c, paid))
    ]
    escrow = sum(jobs[job]["escrow"] for job in ours)
    returned = sum(each["refund"] for each in closed)
    assert escrow == returned + sum(each["fees"] for each in claims)
    assert len(closed) == len(ours) == 2


def order(claim: dict[str, Any], paid: list[dict[str, Any]]) -> int:
    """Where a claim's payment stands among the payments."""
    keys = [(each["jobId"], each["claimId"]) for each in paid]
    return keys.index((claim["jobId"], claim["claimId"]))


async def all_paid(network: Any, status: dict[str, Any]) -> None:
    """Wait until every receipt the broadcaster holds has been claimed and paid."""
    jobs = {seat["jobId"]: seat["good"] for seat in status["transcoders"]}
    async with network.contracts() as contracts:
        while True:
            claims = [e for e in await events(contracts, "WorkClaimed") if e["jobId"] in jobs]
            paid = [e for e in await events(contracts, "FeesDistributed") if e["jobId"] in jobs]
            claimed = sum(each["segmentCount"] for each in claims)
            if claimed == sum(jobs.values()) and len(paid) == len(claims):
                return
            await asyncio.sleep(0.2)


async def test_stream_plays_on_when_main_is_lost(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    """Main stops after it has accepted: the standby answers every segment, viewers lose nothing."""
    main, standby, blender = (tmp_path / name for name in ("main", "standby", "blender"))
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        first = tasks.create_task(worker.serve(network.worker("main", main)))
        second = tasks.create_task(worker.serve(network.worker("standby", standby)))
        for data in (main, standby):
            await node_facts(data)
        settings = network.broadcaster(
            blender, clip, realtime=True, loop=True, duration_s=5, stay=True
        )
        stream = tasks.create_task(broadcaster.serve(settings))
        url = (await node_facts(blender))["url"]
        await until(blender, "live")
        first.cancel()
        status = await until(blender, "ended")
        await check_player_view(f"{url}/live/live", 5)
        stream.cancel()
        second.cancel()
        miner.cancel()

    seats = {seat["role"]: seat for seat in status["transcoders"]}
    assert status["segments"]["published"] == 5
    assert seats["standby"]["used"] >= 4
    assert seats["main"]["failed"] >= 1
    # What the standby answered, the broadcaster can prove.
    async with Database(blender / "node.db") as db:
        kept = await Receipts(db).unclaimed(seats["standby"]["jobId"])
    assert len(kept) == seats["standby"]["good"]


async def test_transcoder_that_comes_back_elsewhere_keeps_its_seat(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    """The only transcoder is killed and starts again on another port, with the same data."""
    data, blender = tmp_path / "main", tmp_path / "blender"
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        node = tasks.create_task(worker.serve(network.worker("main", data)))
        before = await node_facts(data)
        settings = network.broadcaster(
            blender,
            clip,
            realtime=True,
            loop=True,
            stay=True,
            transcoders=(network.keys["main"].address,),
        )
        stream = tasks.create_task(broadcaster.serve(settings))
        await node_facts(blender)
        await until(blender, "live")
        await good_answers(blender, 1)
        node.cancel()
        await asyncio.wait([node])
        node = tasks.create_task(worker.serve(network.worker("main", data)))
        after = await node_facts(data)
        seat = await good_answers(blender, 3)
        claimed = await ask(data, "drain")
        await asyncio.wait([node])
        stream.cancel()
        miner.cancel()

    assert before["url"] != after["url"] == seat["url"]
    assert claimed == {}
    async with network.contracts() as contracts:
        claims = [
            each
            for each in await events(contracts, "WorkClaimed")
            if each["jobId"] == seat["jobId"]
        ]
    # What it had receipts for before and after is claimed once: ranges of a job never overlap.
    ranges = [(each["firstSequence"], each["lastSequence"]) for each in claims]
    assert ranges == sorted(ranges)
    assert all(first > last for (_, last), (first, _) in zip(ranges, ranges[1:], strict=False))
    assert claims[0]["firstSequence"] == 0


async def claims_of(network: Any, job: int, segments: int) -> list[dict[str, Any]]:
    """The claims on a job, once they hold so many segments."""
    async with network.contracts() as contracts:
        while True:
            made = [each for each in await events(contracts, "WorkClaimed") if each["jobId"] == job]
            if sum(each["segmentCount"] for each in made) >= segments:
                return made
            await asyncio.sleep(0.2)


async def good_answers(data: Path, least: int, after_job: int = 0) -> dict[str, Any]:
    """The first seat's figures, once it has given so many good answers for a job above one."""
    while True:
        seats = (await ask(data, "status"))["transcoders"]
        if seats and seats[0]["good"] >= least and seats[0]["jobId"] > after_job:
            seat: dict[str, Any] = seats[0]
            return seat
        await asyncio.sleep(0.05)


async def test_job_that_is_used_up_is_followed_by_the_next(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    data, blender = tmp_path / "main", tmp_path / "blender"
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        node = tasks.create_task(worker.serve(network.worker("main", data, claim_every=1000)))
        await node_facts(data)
        settings = network.broadcaster(
            blender,
            clip,
            loop=True,
            stay=True,
            segment_s=0.5,
            realtime=False,
            most_segments=40,
            transcoders=(network.keys["main"].address,),
        )
        stream = tasks.create_task(broadcaster.serve(settings))
        await node_facts(blender)
        first = await good_answers(blender, 1)
        second = await good_answers(blender, 1, after_job=first["jobId"])
        for task in (stream, node, miner):
            task.cancel()

    assert second["jobId"] > first["jobId"]
    assert second["transcoder"] == first["transcoder"]


async def test_cheat_is_caught_by_the_broadcaster_itself_and_passed_over(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any]
) -> None:
    main, standby, blender = (tmp_path / name for name in ("main", "standby", "blender"))
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        nodes = [
            tasks.create_task(worker.serve(network.worker("main", main, cheat="black"))),
            tasks.create_task(worker.serve(network.worker("standby", standby))),
        ]
        for data in (main, standby):
            await node_facts(data)
        settings = network.broadcaster(
            blender, clip, loop=True, realtime=True, stay=True, check_every=1
        )
        stream = tasks.create_task(broadcaster.serve(settings))
        await node_facts(blender)
        status = await main_is_caught(blender)
        for task in (stream, miner, *nodes):
            task.cancel()

    cheat, honest = status["transcoders"]
    assert cheat["suspended"]
    assert honest["bad"] == 0
    assert f"by {cheat['transcoder']}: " in status["pictures"]["bad"][0]


async def main_is_caught(data: Path) -> dict[str, Any]:
    """A broadcaster's status, once the main one's work was found bad and the standby's counts."""
    while True:
        status: dict[str, Any] = await ask(data, "status")
        seats = status["transcoders"]
        if len(seats) == 2 and seats[0]["bad"] and seats[1]["used"]:
            return status
        await asyncio.sleep(0.05)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("pays", [Price(1_000_000, 1), Price(1, 1)])
async def test_election_brings_a_third_seat_or_gives_the_escrow_back(
    network: Any, clip: Path, tmp_path: Path, node_facts: Callable[[Path], Any], pays: Price
) -> None:
    """Transcoders ask 1,000 wei in elections; by name these workers take any price."""
    main, standby, blender = (tmp_path / name for name in ("main", "standby", "blender"))
    async with asyncio.TaskGroup() as tasks:
        miner = tasks.create_task(network.blocks())
        nodes = [
            tasks.create_task(worker.serve(network.worker("main", main))),
            tasks.create_task(worker.serve(network.worker("standby", standby))),
        ]
        for data in (main, standby):
            await node_facts(data)
        settings = network.broadcaster(
            blender, clip, loop=True, realtime=True, stay=True, price=pays, elect_every=2
        )
        stream = tasks.create_task(broadcaster.serve(settings))
        await node_facts(blender)
        async with network.contracts() as contracts:
            if pays.wei > 1:
                status = await seat_is_used(blender, "elected")
                (seat,) = [each for each in status["transcoders"] if each["role"] == "elected"]
                job = await contracts.JobsManager.call("getJob", seat["jobId"])
                elected = [each["jobId"] for each in await events(contracts, "JobElected")]
            else:
                job = await cancelled_job(contracts)
        for task in (stream, miner, *nodes):
            task.cancel()

    if pays.wei > 1:
        assert seat["jobId"] in elected
        assert (job["status"], job["transcoder"]) == (ACTIVE, seat["transcoder"])
        assert job["pricePerUnit"] == 1_000, "the elected is paid what it asks, not what we would"
    else:
        assert job["escrow"] == 0


async def seat_is_used(data: Path, role: str) -> dict[str, Any]:
    """A broadcaster's status, once the seat of a role has given answers that count."""
    while True:
        status: dict[str, Any] = await ask(data, "status")
        if any(seat["role"] == role and seat["used"] for seat in status["transcoders"]):
            return status
        await asyncio.sleep(0.05)


async def cancelled_job(contracts: Contracts) -> dict[str, Any]:
    """The last job, once it was put out for an election in vain and taken back."""
    while True:
        failed = [event["jobId"] for event in await events(contracts, "ElectionFailed")]
        gone = [event["jobId"] for event in await events(contracts, "JobCancelled")]
        if failed and failed[-1] in gone:
            job: dict[str, Any] = await contracts.JobsManager.call("getJob", failed[-1])
            return job
        await asyncio.sleep(0.05)
