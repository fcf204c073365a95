"""A wrong verdict is appealed at a bond, within the window and the budget; a right one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offchain.committee.appeals import Appeals
from offchain.proof.typed import INVALID, VALID
from tests.offchain.committee.courtroom import Opinionated, Shelf, Verdictless
from tests.offchain.committee.hearing import CONCLUDED, hearing
from tests.offchain.committee.test_seat import trial

if TYPE_CHECKING:
    from pathlib import Path

    from offchain.chain.client import ChainClient
    from offchain.verify.judgement import Judgement
    from tests.offchain.stage import Stage

# Seconds on an idle machine; whole hearings of many blocks, which a busy one makes slow.
pytestmark = pytest.mark.timeout(90)

ETHER = 10**18
APPEAL = 5


class Convert(Verdictless):
    """A seat that says INVALID in its first two stages, and judges in the last."""

    def __init__(self, leaves: int) -> None:
        super().__init__()
        self._wrong = 2 * leaves

    async def judge(self, *args: object, **kwargs: object) -> Judgement:
        self._wrong -= 1
        if self._wrong >= 0:
            return await Opinionated(INVALID).judge()
        return await super().judge(*args, **kwargs)  # type: ignore[arg-type]


async def test_wrong_verdict__appealed_and_overturned__bond_returns(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with trial(stage, stage_client, tmp_path) as claimant:
        committee = claimant.contracts.VerifierCommittee
        leaves = (await committee.call("getRequest", 1))["leaves"]
        async with hearing(
            stage, stage_client, tmp_path, lambda _: (Shelf(claimant), Convert(leaves))
        ) as court:
            judge = Verdictless()
            appeals = Appeals(claimant, Shelf(claimant), judge, location="http://a", budget=ETHER)
            await appeals.open()
            court.others.append((claimant, appeals.step))
            await court.until(lambda request: bool(request["stage"] == 3))
            bond = await committee.call("appealBond", 1)
            await claimant.catch_up()
            assert await appeals.at_risk() == bond > 0
            assert judge.judged == leaves

            request = await court.concluded()

            await claimant.catch_up()
            assert (request["stage"], request["verdict"]) == (3, VALID)
            # Said once, whatever happens between blocks.
            (said,) = await claimant.follower.events("VerifierCommittee", "Appealed")
            assert (said.args["appellant"], said.args["bond"]) == (claimant.address, bond)
            assert await committee.call("credits", claimant.address) >= bond
            assert await appeals.at_risk() == 0


async def test_lost_appeal__bond_stays_off_the_budget(
    stage: Stage, stage_client: ChainClient, tmp_path: Path
) -> None:
    async with (
        trial(stage, stage_client, tmp_path) as claimant,
        hearing(
            stage, stage_client, tmp_path, lambda _: (Shelf(claimant), Opinionated(INVALID))
        ) as court,
    ):
        appeals = Appeals(claimant, Shelf(claimant), Verdictless(), location="-", budget=ETHER)
        await appeals.open()
        court.others.append((claimant, appeals.step))
        request = await court.concluded()
        assert (request["stage"], request["verdict"]) == (3, INVALID)
        await claimant.catch_up()
        (said,) = await claimant.follower.events("VerifierCommittee", "Appealed")
        assert await appeals.at_risk() == said.args["bond"]


@pytest.mark.parametrize(("own", "spare"), [(VALID, -1), (INVALID, 0)])
async def test_budget_too_small_or_verdict_right__no_appeal(
    stage: Stage, stage_client: ChainClient, tmp_path: Path, own: int, spare: int
) -> None:
    async with (
        trial(stage, stage_client, tmp_path) as claimant,
        hearing(
            stage, stage_client, tmp_path, lambda _: (Shelf(claimant), Opinionated(INVALID))
        ) as court,
    ):
        bond = await claimant.contracts.VerifierCommittee.call("appealBond", 1)
        judge = Opinionated(own)
        appeals = Appeals(
            claimant, Shelf(claimant), judge, location="http://a", budget=bond + spare
        )
        await appeals.open()
        court.others.append((claimant, appeals.step))
        request = await court.until(lambda request: bool(request["phase"] in (APPEAL, CONCLUDED)))
        assert request["phase"] == APPEAL
        request = await court.concluded()
        assert (request["stage"], request["verdict"]) == (2, INVALID)
        assert judge.judged > 0
        assert await claimant.follower.events("VerifierCommittee", "Appealed") == []
