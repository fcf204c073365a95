"""Kill -9 a seat at every step of its vote: it never commits to two verdicts, and still reveals."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.offchain.committee.test_seat import chairs, sitting, trial

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


# Seconds on an idle machine; several processes start, which a busy one makes slow.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("point", ["seat.judged", "seat.stored", "seat.submitted", "outbox.sent"])
async def test_killed_at_each_step__one_verdict(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, point: str
) -> None:
    stage.deployment.save(tmp_path / "deployment.json")
    async with trial(stage, stage_client, tmp_path):
        mine = (await chairs(stage, stage_client))[0]
    (signer,) = (each for each in stage.transcoders if each.address == mine)

    async def run(verdict: int, crash_at: str) -> int:
        command = [
            sys.executable, "-c", NODE, stage.anvil.url, str(tmp_path / "deployment.json"),
            str(tmp_path / mine), signer.private_key.hex(), str(verdict),
        ]  # fmt: skip
        environment = {**os.environ, "LIVEPEER_CRASH_AT": crash_at}
        ended = await asyncio.to_thread(
            functools.partial(
                subprocess.run, command, env=environment, cwd=ROOT, capture_output=True, check=False
            )
        )
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr[-2000:]
        return ended.returncode

    assert await run(1, point) == -signal.SIGKILL
    assert await run(2, "") == 0
    async with sitting(stage, stage_client, tmp_path, mine) as worker:
        await worker.catch_up()
        (stored,) = await worker.verdicts.all()
        commits = await worker.follower.events("VerifierCommittee", "VerdictCommitted")
        reveals = await worker.follower.events("VerifierCommittee", "VerdictRevealed")
    said = [event.args["commitment"] for event in commits if event.args["verifier"] == mine]
    assert said == [stored.commitment]
    shown = [event.args["verdict"] for event in reveals if event.args["verifier"] == mine]
    assert shown == [stored.verdict]
    # Before it was stored the mind could still change; never afterwards.
    assert stored.verdict == (2 if point == "seat.judged" else 1)
