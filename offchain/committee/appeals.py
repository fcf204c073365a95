"""A claimant's defence: publish bytes that were not found, and appeal a verdict that is wrong.

An appeal costs a bond, which is lost if the last stage agrees with the verdict. So a node appeals
only what its own judge, shown its own bytes, finds valid on every rung, and never has more at risk
than its budget: bonds that are out, and those that were lost.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offchain.chain.acts import Acts
from offchain.committee.case import CaseNotReady, read_case
from offchain.committee.poke import APPEAL, CONCLUDED, SEATING
from offchain.committee.rhythm import at_every_block
from offchain.committee.weigh import BlobSource, Judge, weigh
from offchain.proof.typed import INVALID, UNAVAILABLE, VALID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offchain.chain.events import ChainEvent
    from offchain.chain.follower import Batch
    from offchain.chain.onchain import OnChain

log = logging.getLogger("livepeer.committee")

_PURPOSE = "appeal:"
_LAST_STAGE = 3
_TOLD_BY = ("StageEscalated", "StageConcluded")


class Appeals:
    """Watches the requests over this node's own claims.

    `source` finds the node's own bytes, `location` is where others can have them, `budget` in wei.
    """

    def __init__(
        self, node: OnChain, source: BlobSource, judge: Judge, *, location: str, budget: int
    ) -> None:
        self._node = node
        self._source = source
        self._judge = judge
        self._location = location
        self._budget = budget
        self._acts = Acts(node.outbox)
        self._open: set[int] = set()
        self._in_the_right: dict[int, bool] = {}

    async def open(self) -> None:
        """Read which requests went beyond their first stage so far."""
        self._node.follower.listen(self._on_batch)
        for name in _TOLD_BY:
            self._learn(await self._node.follower.events("VerifierCommittee", name))

    async def run(self) -> None:
        """Watch until cancelled."""
        await self.open()
        await at_every_block(self._node, "appeals", self.step)

    async def step(self, head: int) -> None:
        """Publish and appeal where it is due."""
        committee = self._node.contracts.VerifierCommittee
        for number in sorted(self._open):
            request = await committee.call("getRequest", number)
            if request["claimant"] != self._node.address or request["phase"] == CONCLUDED:
                self._open.discard(number)
                continue
            if request["phase"] not in (SEATING, APPEAL):
                continue
            if request["verdict"] == UNAVAILABLE or await self._missed(number):
                await self._acts.ensure(
                    head, f"publish:{number}", committee, "publishBytes", number, self._location
                )
            if request["phase"] == APPEAL and request["verdict"] in (INVALID, UNAVAILABLE):
                await self._appeal(head, number, request)

    async def at_risk(self) -> int:
        """Wei of bonds that are out or lost, as the chain and the outbox have them."""
        events = self._node.follower.events
        bonds: dict[int, int] = {}
        for event in await events("VerifierCommittee", "Appealed", appellant=self._node.address):
            bonds[event.args["request"]] = event.args["bond"]
        for number in list(bonds):
            ended = await events("VerifierCommittee", "VerificationConcluded", request=number)
            appealed = await events("VerifierCommittee", "StageConcluded", request=number)
            if ended and appealed and ended[-1].args["verdict"] != appealed[-1].args["verdict"]:
                del bonds[number]
        for intent in await self._node.outbox.unfinished(_PURPOSE):
            if not intent.settled:
                bonds.setdefault(int(intent.purpose.removeprefix(_PURPOSE)), intent.value)
        return sum(bonds.values())

    async def _missed(self, number: int) -> bool:
        """Whether some seat did not get the bytes."""
        said = await self._node.follower.events(
            "VerifierCommittee", "VerdictRevealed", request=number
        )
        return any(event.args["verdict"] == UNAVAILABLE for event in said)

    async def _appeal(self, head: int, number: int, request: Mapping[str, Any]) -> None:
        purpose = f"{_PURPOSE}{number}"
        if await self._node.outbox.get(purpose) is None:
            if not await self._right(number, request):
                return
            bond = await self._node.contracts.VerifierCommittee.call("appealBond", number)
            room = self._budget - await self.at_risk()
            if bond > room:
                log.warning(
                    "no appeal: the budget does not cover the bond",
                    extra={"request": number, "bond": bond, "left": room},
                )
                return
        else:
            bond = await self._node.contracts.VerifierCommittee.call("appealBond", number)
        committee = self._node.contracts.VerifierCommittee
        await self._acts.ensure(head, purpose, committee, "appeal", number, value=bond)

    async def _right(self, number: int, request: Mapping[str, Any]) -> bool:
        """What our own judge says of our own bytes, asked once."""
        if number not in self._in_the_right:
            job_id, claim_id = request["jobId"], request["claimId"]
            try:
                case = await read_case(self._node, number, _LAST_STAGE, job_id, claim_id)
                weighed = await weigh(case, self._source, self._judge)
            except (CaseNotReady, RuntimeError) as error:  # the judging child died
                log.warning("appeal not ready", extra={"request": number, "why": str(error)})
                return False
            self._in_the_right[number] = weighed.verdict == VALID
            log.info(
                "verdict against us",
                extra={
                    "request": number,
                    "verdict": request["verdict"],
                    "ours": weighed.verdict,
                    "why": weighed.reason,
                },
            )
        return self._in_the_right[number]

    def _on_batch(self, batch: Batch) -> None:
        self._learn(batch.events)

    def _learn(self, events: Iterable[ChainEvent]) -> None:
        self._open.update(event.args["request"] for event in events if event.name in _TOLD_BY)
