"""Kill -9 a seat at every step of its vote: it never commits to two verdicts, and still reveals."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from offchain.committee.poke import CONCLUDED
from offchain.proof.typed import INVALID, VALID
from offchain.store.crashpoints import CRASH_POINTS
from tests.offchain.committee.courtroom import Shelf, Verdictless
from tests.offchain.committee.test_seat import chairs, opened, pass_block, sitting, trial

if TYPE_CHECKING:
    from offchain.chain.client import ChainClient
    from tests.offchain.stage import Stage

ROOT = Path(__file__).resolve().parents[3]

# A seat whose judge changes its mind at each start, on a chain that it mines itself.
NODE = """
import asyncio, os, sys
from pathlib import Path
from offchain.chain.client import ChainClient
from offchain.chain.deployments import Deployment
from offchain.chain.keys import LocalSigner
from offchain.committee.seat import Seat
from tests.offchain.committee.courtroom import Nothing, Opinionated
from tests.offchain.stage import Stage, open_worker

async def main(url, deployment, folder, key, verdict):
    stage = Stage(None, Deployment.load(Path(deployment)), (), None)
    async with ChainClient([url]) as client:
        signer = LocalSigner(bytes.fromhex(key))
        async with open_worker(stage, client, signer, Path(folder)) as worker:
            seat = Seat(worker, worker.verdicts, Nothing(), Opinionated(int(verdict)))
            await worker.catch_up()
            await seat.open()
            for turn in range(25):
                head = await worker.catch_up()
                await seat.step(head)
                while await seat.judge_next(head):
                    pass
                await worker.outbox.step()
                await client.request("anvil_mine", ["0x1" if turn < 5 else "0x3"])
                if await worker.contracts.VerifierCommittee.call("verdictOf", 1, 1, 0):
                    break

asyncio.run(main(*sys.argv[1:]))
"""


# A seat's steps in order, and where it is killed between each and the next.
STEPS = ("fetch", "judge", "store", "commit", "reveal")
GAPS = {
    ("fetch", "judge"): ("seat.fetched",),
    ("judge", "store"): ("seat.judged",),
    ("store", "commit"): (
        "seat.stored", "seat.commit_submitted", "outbox.stored", "outbox.signed", "outbox.sent",
    ),
    ("commit", "reveal"): ("outbox.marked_sent", "outbox.mined", "seat.reveal_submitted"),
}  # fmt: skip
BEFORE_IT_IS_STORED = ("seat.fetched", "seat.judged")


def test_gaps__every_two_steps_and_every_crash_point_of_a_seat() -> None:
    assert list(GAPS) == list(pairwise(STEPS))
    covered = [point for points in GAPS.values() for point in points]
    assert set(covered) <= CRASH_POINTS
    assert {point for point in CRASH_POINTS if point.startswith("seat.")} <= set(covered)


# Seconds on an idle machine; several processes start, which a busy one makes slow.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", [point for points in GAPS.values() for point in points])
async def test_killed_at_each_step__one_verdict_revealed_and_unpunished(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, point: str
) -> None:
    stage.deployment.save(tmp_path / "deployment.json")
    async with contextlib.AsyncExitStack() as stack:
        claimant = await stack.enter_async_context(trial(stage, stage_client, tmp_path))
        mine, *others = await chairs(stage, stage_client)
        (signer,) = (each for each in stage.transcoders if each.address == mine)
        seats = []
        for address in others:
            worker = await stack.enter_async_context(
                sitting(stage, stage_client, tmp_path, address)
            )
            seats.append((worker, await opened(worker, Shelf(claimant), Verdictless())))
        for worker, seat in seats:
            await seat.step(await worker.catch_up())
            assert await seat.judge_next(await worker.catch_up())
        await pass_block(stage, *seats)

        async def run(verdict: int, crash_at: str) -> int:
            command = [
                sys.executable, "-c", NODE, stage.anvil.url, str(tmp_path / "deployment.json"),
                str(tmp_path / mine), signer.private_key.hex(), str(verdict),
            ]  # fmt: skip
            ended = await asyncio.to_thread(
                functools.partial(
                    subprocess.run,
                    command,
                    env={**os.environ, "LIVEPEER_CRASH_AT": crash_at},
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                )
            )
            assert ended.returncode in (0, -signal.SIGKILL), ended.stderr[-2000:]
            return ended.returncode

        assert await run(VALID, point) == -signal.SIGKILL
        # It starts again with another mind, which counts only if it had not made it up yet.
        assert await run(VALID if point in BEFORE_IT_IS_STORED else INVALID, "") == 0
        for _ in range(6):
            await pass_block(stage, *seats)
        worker = await stack.enter_async_context(sitting(stage, stage_client, tmp_path, mine))
        (stored,) = await worker.verdicts.all()
        events = worker.follower.events
        commits = await events("VerifierCommittee", "VerdictCommitted", verifier=mine)
        reveals = await events("VerifierCommittee", "VerdictRevealed", verifier=mine)
        assert [event.args["commitment"] for event in commits] == [stored.commitment]
        assert [event.args["verdict"] for event in reveals] == [stored.verdict] == [VALID]
        request = await worker.contracts.VerifierCommittee.call("getRequest", 1)
        assert (request["phase"], request["verdict"]) == (CONCLUDED, VALID)
        assert await events("VerifierCommittee", "SeatPenalized") == []
        assert await worker.contracts.VerifierCommittee.call("credits", mine) > 0
