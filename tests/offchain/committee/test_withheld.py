"""Bytes that only some get, seats that lie about bytes, sources that are broken: who ends how."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from offchain.committee.appeals import Appeals
from offchain.media.pipeline import SourceFault
from offchain.media.profiles import QualityContract
from offchain.media.sandbox import TranscoderChild
from offchain.media.segmenter import Segmenter
from offchain.net.fetcher import BlobFetcher
from offchain.net.peers import new_session
from offchain.net.reach import ANYWHERE
from offchain.node.duties import ClaimPolicy, worker_duties
from offchain.proof.hashes import data_hash, rendition_root
from offchain.proof.typed import INVALID, UNAVAILABLE, VALID
from offchain.verify.judgement import Claim
from tests.offchain.committee.courtroom import Opinionated, Shelf, Verdictless
from tests.offchain.committee.hearing import blob_server, hearing
from tests.offchain.committee.test_seat import SEGMENTS, trial, yes
from tests.offchain.media.clips import Clip, write_clip
from tests.offchain.stage import CONTRACT_TEXT, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from tests.offchain.committee.hearing import Hearing
    from tests.offchain.stage import Stage

# Seconds on an idle machine; whole hearings of many blocks, which a busy one makes slow.
pytestmark = pytest.mark.timeout(90)

UNPAID, PAID, VOTING = 7, 5, 3
FINED_MINORITY = 2


@dataclass
class Scene:
    """A claimant whose server lets in some, and three seats that come from their own addresses."""

    stage: Stage
    client: ChainClient
    folder: Path
    let_in: set[str]
    claimant: list[Worker] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def play(self) -> AsyncIterator[Hearing]:
        async with contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                blob_server(lambda: self.claimant[0], lambda address: address in self.let_in)
            )
            self.claimant.append(
                await stack.enter_async_context(
                    trial(self.stage, self.client, self.folder, location=server.url)
                )
            )
            sessions = [
                await stack.enter_async_context(new_session(ANYWHERE, local=f"127.0.1.{number}"))
                for number in range(3)
            ]
            yield await stack.enter_async_context(
                hearing(
                    self.stage,
                    self.client,
                    self.folder,
                    lambda number: (BlobFetcher(sessions[number]), Verdictless()),
                )
            )

    async def settle(self, status: int) -> None:
        """Let the claimant do what it still has to, until its claim has the status."""
        claimant = self.claimant[0]
        jobs = claimant.contracts.JobsManager
        duties = worker_duties(
            claimant,
            claimant.receipts,
            claimant.blobs,
            accept=yes,
            location="http://127.0.0.1:1",
            claims=ClaimPolicy(min_segments=SEGMENTS),
        )
        await duties.open()
        for _ in range(10):
            claim = await jobs.call("getClaim", 1, 0)
            if claim["status"] == status:
                return
            await duties.step(await claimant.catch_up())
            await claimant.transact()
        pytest.fail(f"the claim ended as {claim['status']}")


async def test_claimant_that_serves_only_some_seats__unavailable_and_unpaid(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    scene = Scene(stage, stage_client, tmp_path, let_in={"127.0.1.0"})
    async with scene.play() as court:
        claimant = scene.claimant[0]
        before = await claimant.contracts.BondingManager.call(
            "transcoderTotalStake", claimant.address
        )

        request = await court.concluded()

        assert (request["stage"], request["verdict"]) == (2, UNAVAILABLE)
        await scene.settle(UNPAID)
        after = await claimant.contracts.BondingManager.call(
            "transcoderTotalStake", claimant.address
        )
        assert after == before  # withholding earns nothing; it is not a conviction
        for worker, _ in court.seats[1:]:
            assert await court.penalties(worker.address) == []


async def test_claimant_that_publishes_in_time__paid(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    """Its server was down for most; it says where the bytes are, and the next stage finds them."""
    scene = Scene(stage, stage_client, tmp_path, let_in={"127.0.1.0"})
    async with scene.play() as court:
        claimant = scene.claimant[0]
        async with blob_server(lambda: claimant, lambda _: True) as mirror:
            appeals = Appeals(
                claimant, Shelf(claimant), Verdictless(), location=mirror.url, budget=0
            )
            await appeals.open()
            court.others.append((claimant, appeals.step))

            request = await court.concluded()

        assert (request["stage"], request["verdict"]) == (2, VALID)
        (said,) = await claimant.follower.events("VerifierCommittee", "BytesPublished")
        assert said.args["location"] == mirror.url
        await scene.settle(PAID)


@pytest.mark.parametrize("there", [True, False])
async def test_seat_that_lies_about_availability__penalised(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, there: bool
) -> None:
    """Saying that bytes are missing which everybody else gets, or are there which nobody gets."""
    lie, truth = (UNAVAILABLE, VALID) if there else (VALID, UNAVAILABLE)
    async with trial(stage, stage_client, tmp_path) as claimant:
        if not there:
            for receipt in await claimant.receipts.of_claim("claim:1:0"):
                await claimant.blobs.discard(receipt.data_hash)
        async with hearing(
            stage,
            stage_client,
            tmp_path,
            lambda number: (Shelf(claimant), Opinionated(lie) if number == 0 else Verdictless()),
        ) as court:
            bonding = claimant.contracts.BondingManager
            before = [
                await bonding.call("transcoderTotalStake", worker.address)
                for worker, _ in court.seats
            ]

            request = await court.concluded()

            assert request["verdict"] == truth
            assert FINED_MINORITY in await court.penalties(court.seats[0][0].address)
            lost = [
                stake - await bonding.call("transcoderTotalStake", worker.address)
                for stake, (worker, _) in zip(before, court.seats, strict=True)
            ]
            assert lost[0] > 0
            assert lost[1:] == [0, 0]


VIDEO_PID = 256


def damaged(segment: bytes) -> bytes:
    """The same segment with one coded picture's bits overwritten: packets whole, contents not."""
    choose = random.Random(1)
    packets = [segment[at : at + 188] for at in range(0, len(segment), 188)]
    video = [
        at
        for at, packet in enumerate(packets)
        if (packet[1] & 0x1F) << 8 | packet[2] == VIDEO_PID and packet[3] & 0x30 == 0x10
    ]
    for at in video[len(video) // 2 :][:3]:
        packets[at] = packets[at][:40] + choose.randbytes(148)
    return b"".join(packets)


async def test_broken_source__worker_refuses_it_and_nobody_is_framed(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    """Somebody signs damaged video; a worker whose decoder hid the damage made other pictures."""
    contract = QualityContract.parse(CONTRACT_TEXT)
    clip = Clip(width=64, height=64, fps=5, frames=10 * SEGMENTS, group=10, options=(("crf", "5"),))
    async with TranscoderChild() as child:
        whole = [each.data for each in Segmenter(write_clip(tmp_path / "clip.mp4", clip))]
        broken = [damaged(each) for each in whole]

        async def work(worker: Worker, job_id: int) -> None:
            for sequence, source in enumerate(broken):
                # An honest worker never signs for it.
                with pytest.raises(SourceFault):
                    await child.transcode(source, contract)
                # What another decoder would have shown: here, a picture the source does not hold.
                made = await child.transcode(whole[sequence], contract, cheat="black")
                await worker.keep(job_id, sequence, source, made.renditions, made.pixels)
                # Under a whole source the same rendition would convict.
                hashes = tuple(data_hash([each]) for each in made.renditions)
                judged = await child.judge(
                    whole[sequence],
                    dict(enumerate(made.renditions)),
                    contract,
                    Claim(
                        data_hash([whole[sequence]]), rendition_root(hashes), hashes, 2000,
                        made.pixels,
                    ),
                )  # fmt: skip
                assert judged.verdict == INVALID

        async with (
            trial(stage, stage_client, tmp_path, work=work) as claimant,
            hearing(stage, stage_client, tmp_path, lambda _: (Shelf(claimant), child)) as court,
        ):
            request = await court.concluded()
            assert (request["stage"], request["verdict"]) == (1, VALID)
