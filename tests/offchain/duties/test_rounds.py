"""Rounds start and rewards are minted once a round, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.node.duties.base import Duties
from offchain.node.duties.rounds import Rounds
from tests.offchain.stage import open_worker

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from tests.offchain.stage import Stage


async def test_each_round__one_start_one_reward__across_restarts(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    contracts = stage.contracts(stage_client)
    signer = stage.transcoders[2]
    first = await contracts.RoundsManager.call("currentRound")
    rewarded = 0
    for number in range(3):
        # A new process in the middle of every round.
        async with open_worker(stage, stage_client, signer, tmp_path) as worker:
            duties = Duties(worker, [Rounds(worker)])
            await duties.open()
            for _ in range(12):
                head = await worker.catch_up()
                await duties.step(head)
                await worker.transact()
            await worker.catch_up()
            rewards = await worker.follower.events("BondingManager", "Reward")
            mine = [event for event in rewards if event.args["transcoder"] == signer.address]
            rewarded = len(mine)
            assert rewarded == number + 1
            assert (await contracts.BondingManager.call("getTranscoder", signer.address))[
                0
            ] == first + number
        length = await contracts.RoundsManager.call("roundLength")
        stage.anvil.mine(length - 5)
    assert rewarded == 3


async def test_not_active__nothing_is_sent(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with open_worker(stage, stage_client, stage.broadcaster, tmp_path) as worker:
        duties = Duties(worker, [Rounds(worker)])
        for _ in range(3):
            await duties.step(await worker.catch_up())
            await worker.transact()
        assert await worker.outbox.unfinished("reward:") == []
        assert await worker.outbox.get("reward:1") is None
