"""What misconduct cost: every slash and fine, held to the stake that was there a block before.

Facts are read when the event is seen, since the chain only answers for its newest few hundred
blocks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offchain.web.stories_jobs import FAULTS, SEAT_FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.chain.contracts import Contracts
    from offchain.chain.events import ChainEvent
    from offchain.node.demo.people import People
    from offchain.node.demo.watch import ChainWatch

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Slash:
    """A conviction carried out. LPT in its smallest unit; `fraction` in parts per million.

    `own_stake` is what the convict had of its own before; `delegators` holds the stake of everybody
    behind it, before and after the slash's block. `rewarded`: it called in its reward in that
    block, so that its delegators have more after it.
    """

    who: str
    why: str
    job: int
    claim: int
    fraction: int
    own_stake: int
    taken: int
    finder: str | None
    finder_reward: int
    delegators: Mapping[str, tuple[int, int]]
    rewarded: bool = False

    @property
    def due(self) -> int:
        """What the fraction comes to."""
        return self.own_stake * self.fraction // MILLION

    @property
    def exact(self) -> bool:
        """Whether exactly the fraction was taken, and nothing from a delegator."""
        return self.taken == self.due and all(
            self.untouched(before, after) for before, after in self.delegators.values()
        )

    def untouched(self, before: int, after: int) -> bool:
        """Whether nothing was taken from a delegator."""
        return before == after or (self.rewarded and before < after)


@dataclass(frozen=True, slots=True)
class Fine:
    """What a seat lost. LPT in its smallest unit."""

    who: str
    why: str
    request: int
    stage: int
    amount: int


class Justice:
    """Reads every slash once, and lists fines."""

    def __init__(self, contracts: Contracts, watch: ChainWatch, people: People) -> None:
        self._contracts = contracts
        self._watch = watch
        self._people = people
        self._read = 0
        self._lock = asyncio.Lock()
        self.slashes: list[Slash] = []

    async def look(self) -> None:
        """Read what has been slashed since the last look."""
        async with self._lock:
            events = list(self._watch.of("BondingManager", "TranscoderSlashed"))
            for event in events[self._read :]:
                self.slashes.append(await self._slash(event))
                self._read += 1

    def fines(self) -> list[Fine]:
        """What seats have lost."""
        return [
            Fine(
                self._name(event.args["verifier"]),
                SEAT_FAULTS.get(event.args["fault"], "for a fault"),
                event.args["request"],
                event.args["stage"],
                event.args["amount"],
            )
            for event in self._watch.of("VerifierCommittee", "SeatPenalized")
        ]

    @property
    def convicts(self) -> set[str]:
        """The addresses of whoever was convicted."""
        events = self._watch.of("JobsManager", "TranscoderConvicted")
        return {event.args["transcoder"] for event in events}

    async def _slash(self, event: ChainEvent) -> Slash:
        convict, block = event.args["transcoder"], event.block_number
        conviction = self._conviction(event)
        reward = event.args["finderReward"]
        return Slash(
            who=self._name(convict),
            why=FAULTS.get(conviction["fault"], "for a fault"),
            job=conviction["jobId"],
            claim=conviction["claimId"],
            fraction=conviction["slash"],
            own_stake=await self._own(convict, event),
            taken=event.args["penalty"],
            finder=self._name(event.args["finder"]) if reward else None,
            finder_reward=reward,
            delegators={
                name: (await self._stake(who, block - 1), await self._stake(who, block))
                for name, who in await self._behind(convict, block)
            },
            rewarded=self._rewarded(event),
        )

    def _conviction(self, slash: ChainEvent) -> Mapping[str, Any]:
        """What a slash is for: the conviction of the claim that ended in the same transaction.

        Claims of one offender may be convicted one after another, and pay for it but once.
        """
        ended = {
            (each.args["jobId"], each.args["claimId"])
            for each in self._watch.of("JobsManager", "ClaimRefunded")
            if each.tx_hash == slash.tx_hash
        }
        convictions = [
            each.args
            for each in self._watch.of("JobsManager", "TranscoderConvicted")
            if (each.args["jobId"], each.args["claimId"]) in ended
        ]
        return convictions[-1]

    async def _own(self, convict: str, event: ChainEvent) -> int:
        """The convict's own stake when it was slashed."""
        block, bonding = event.block_number, self._contracts.BondingManager
        if self._rewarded(event):
            # Count back from the block's end.
            left = await bonding.call("slashableStake", convict, block=block)
            return int(left) + int(event.args["penalty"])
        return int(await bonding.call("slashableStake", convict, block=block - 1))

    def _rewarded(self, slash: ChainEvent) -> bool:
        """Whether the convict called in its reward in the same block, before it was slashed."""
        return any(
            each.args["transcoder"] == slash.args["transcoder"]
            and each.block_number == slash.block_number
            and each.log_index < slash.log_index
            for each in self._watch.of("BondingManager", "Reward")
        )

    async def _behind(self, convict: str, block: int) -> list[tuple[str, str]]:
        """Name and address of those who stake behind the convict."""
        bonders = {
            event.args["delegator"] for event in self._watch.of("BondingManager", "Bond", "Rebond")
        } - {convict}
        bonding = self._contracts.BondingManager
        found = []
        for who in sorted(bonders):
            _, _, delegate, *_ = await bonding.call("getDelegator", who, block=block - 1)
            if delegate == convict:
                found.append((self._name(who), who))
        return found

    async def _stake(self, who: str, block: int) -> int:
        round_number = await self._contracts.RoundsManager.call("currentRound", block=block)
        bonding = self._contracts.BondingManager
        return int(await bonding.call("pendingStake", who, round_number, block=block))

    def _name(self, address: str) -> str:
        return self._people.names.get(address, address)
