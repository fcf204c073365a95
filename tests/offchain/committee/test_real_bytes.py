"""A seat that fetches real renditions over HTTP and has them judged in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from offchain.committee.seat import Seat
from offchain.media.profiles import QualityContract
from offchain.media.sandbox import TranscoderChild
from offchain.media.segmenter import Segmenter
from offchain.net.blobs import blob_routes
from offchain.net.fetcher import BlobFetcher
from offchain.net.peers import new_session
from offchain.net.reach import ANYWHERE
from offchain.proof.typed import INVALID, VALID
from offchain.store import BlobMissing, Blobs
from offchain.store.blobs import BlobInfo
from offchain.verify.judgement import Scores
from tests.offchain.committee.test_seat import SEGMENTS, chairs, sitting, trial
from tests.offchain.media.clips import Clip, write_clip
from tests.offchain.stage import CONTRACT_TEXT

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from tests.offchain.stage import Stage, Worker

CLIP = Clip(width=64, height=64, fps=5, frames=10 * SEGMENTS, group=10)


class OpenShelf:
    """Serves a folder of blobs, and the rendition lists it has been told."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.lists: dict[bytes, tuple[bytes, ...]] = {}

    async def find(self, blob_hash: bytes) -> BlobInfo | None:
        try:
            return self._blobs.info(blob_hash)
        except BlobMissing:
            return None

    async def renditions(self, root: bytes) -> list[bytes] | None:
        return list(self.lists[root]) if root in self.lists else None


@pytest.mark.parametrize(("cheat", "expected"), [(None, VALID), ("black", INVALID)])
async def test_real_work__judged_by_its_pictures(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, cheat: str | None, expected: int
) -> None:
    contract = QualityContract.parse(CONTRACT_TEXT)
    shelf = OpenShelf(Blobs(tmp_path / "claimant" / "blobs"))
    app = web.Application()
    app.router.add_routes(blob_routes(shelf))

    async with (
        TestServer(app) as server,
        TranscoderChild() as child,
        new_session(ANYWHERE) as session,
    ):

        async def work(worker: Worker, job_id: int) -> None:
            for segment in Segmenter(write_clip(tmp_path / "clip.mp4", CLIP)):
                done = await child.transcode(segment.data, contract, cheat=cheat)
                receipt = await worker.keep(
                    job_id, segment.sequence, segment.data, done.renditions, done.pixels
                )
                shelf.lists[receipt.rendition_root] = receipt.renditions

        location = str(server.make_url("/"))
        async with trial(stage, stage_client, tmp_path, location=location, work=work):
            mine = (await chairs(stage, stage_client))[0]
            async with sitting(stage, stage_client, tmp_path, mine) as worker:
                seat = Seat(worker, worker.verdicts, BlobFetcher(session), child)
                await seat.open()
                await seat.step(await worker.catch_up())
                assert await seat.judge_next(await worker.catch_up())
                verdict = await worker.verdicts.get(1, 1)
    assert verdict is not None
    assert verdict.verdict == expected, verdict.reason
    scores = Scores.unpack(int.from_bytes(verdict.scores, "big"))
    assert (scores == Scores()) == (expected == VALID)
