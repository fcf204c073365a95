"""Reads the facts of the ledger from the chain, all at one block."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offchain.node.demo.ledger import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contracts
    from offchain.chain.events import ChainEvent
    from offchain.node.demo.people import People
    from offchain.node.demo.watch import ChainWatch

# Claim status from which nothing is reserved any more: PAID, FORFEITED, UNPAID, VOID.
FIRST_FINAL_STATUS = 5


class Books:
    """The demo's bookkeeper. `supply_before` is LPT's total supply before the first reward."""

    def __init__(
        self,
        client: ChainClient,
        contracts: Contracts,
        watch: ChainWatch,
        people: People,
        supply_before: int,
    ) -> None:
        self._client = client
        self._contracts = contracts
        self._watch = watch
        self._people = people
        self._supply_before = supply_before

    async def read(self) -> Facts:
        """The facts at the newest block that the watch has read."""
        block = self._watch.block
        events = [event for event in self._watch.events if event.block_number <= block]
        jobs = [event for event in events if event.contract == "JobsManager"]
        fees, growth = await self._accounts(events, block)
        minter = self._contracts.Minter.address
        withdrawn = _total(events, "BondingManager", "WithdrawFees", "amount")
        fees_in_hand = await self._client.balance(minter, block) + withdrawn
        token = self._contracts.LivepeerToken
        stake_in_hand = await token.call("balanceOf", minter, block=block)
        bonded = _total(events, "BondingManager", "Bond", "additionalAmount")
        return Facts(
            block=block,
            escrowed=_escrowed(jobs),
            fees=fees,
            fees_rounding=fees_in_hand - sum(fees.values()),
            protocol_fee=_total(jobs, "JobsManager", "FeesDistributed", "protocolFee"),
            refunded=_total(jobs, "JobsManager", "JobCancelled", "refund")
            + _total(jobs, "JobsManager", "JobClosed", "refund"),
            held=await self._held(jobs, block),
            checking=self._checking(events),
            minted=growth,
            minted_rounding=stake_in_hand - bonded - sum(growth.values()),
            supply_before=self._supply_before,
            supply_now=await token.call("totalSupply", block=block),
        )

    async def _accounts(
        self, events: list[ChainEvent], block: int
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Name -> fees owned or withdrawn, and name -> growth of stake over what was bonded."""
        manager = self._contracts.BondingManager
        current = await self._contracts.RoundsManager.call("currentRound", block=block)
        stakers = [*self._people.transcoders, self._people.delegator]

        async def earned(address: str) -> tuple[int, int]:
            fees = await manager.call("pendingFees", address, current, block=block)
            stake = await manager.call("pendingStake", address, current, block=block)
            return fees, stake

        earnings = await asyncio.gather(*(earned(person.address) for person in stakers))
        fees, growth = {}, {}
        for person, (owed, stake) in zip(stakers, earnings, strict=True):
            own = [e for e in events if e.args.get("delegator") == person.address]
            fees[person.name] = owed + _total(own, "BondingManager", "WithdrawFees", "amount")
            bonded = _total(own, "BondingManager", "Bond", "additionalAmount")
            growth[person.name] = stake - bonded
        return fees, growth

    async def _held(self, jobs: list[ChainEvent], block: int) -> int:
        """Escrow left in every job, and fees reserved by claims that are not final."""
        manager = self._contracts.JobsManager
        ids = {e.args["jobId"] for e in jobs if e.name == "JobCreated"}
        claims = _keys(jobs, "WorkClaimed") - _keys(jobs, "FeesDistributed", "ClaimRefunded")
        records = await asyncio.gather(*(manager.call("getJob", i, block=block) for i in ids))
        made = await asyncio.gather(
            *(manager.call("getClaim", job, claim, block=block) for job, claim in claims)
        )
        reserved = sum(claim["fees"] for claim in made if claim["status"] < FIRST_FINAL_STATUS)
        return int(sum(job["escrow"] for job in records) + reserved)

    def _checking(self, events: list[ChainEvent]) -> dict[str, int]:
        names = self._people.names
        earned: dict[str, int] = {}
        for event in events:
            if (event.contract, event.name) == ("VerifierCommittee", "SeatPaid"):
                who = names.get(event.args["verifier"], event.args["verifier"])
                earned[who] = earned.get(who, 0) + event.args["amount"]
        return earned


def _total(events: Iterable[ChainEvent], contract: str, name: str, field: str) -> int:
    return sum(e.args[field] for e in events if e.contract == contract and e.name == name)


def _keys(jobs: list[ChainEvent], *names: str) -> set[tuple[int, int]]:
    return {(e.args["jobId"], e.args["claimId"]) for e in jobs if e.name in names}


def _escrowed(jobs: list[ChainEvent]) -> int:
    """What broadcasters put in; a job that replaces a lapsed one brings nothing new."""
    replacements = {e.args["newJobId"] for e in jobs if e.name == "JobLapsed"}
    created = [e for e in jobs if e.name == "JobCreated" and e.args["jobId"] not in replacements]
    return _total(created, "JobsManager", "JobCreated", "escrow") + _total(
        jobs, "JobsManager", "JobFunded", "amount"
    )
