"""Reads the facts of the ledger from the chain, all at one block."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from offchain.node.demo.ledger import Facts
from offchain.web.words import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offchain.chain.client import ChainClient
    from offchain.chain.contracts import Contracts
    from offchain.node.demo.people import People
    from offchain.node.demo.watch import ChainWatch

# Claim status from which nothing is reserved any more: PAID, FORFEITED, UNPAID, VOID.
FIRST_FINAL_STATUS = 5
NOBODY = "0x" + "00" * 20


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
        watch = self._watch
        # No await until all sums over events are taken: they and `block` belong together.
        block = watch.block
        escrowed, open_claims, jobs = self._escrowed(), self._open_claims(), self._jobs()
        withdrawn = watch.total("BondingManager", "WithdrawFees", "amount")
        bonded = watch.total("BondingManager", "Bond", "additionalAmount")
        bonded -= watch.total("BondingManager", "WithdrawStake", "amount")
        protocol_fee = watch.total("JobsManager", "FeesDistributed", "protocolFee")
        refunded = watch.total("JobsManager", "JobCancelled", "refund")
        refunded += watch.total("JobsManager", "JobClosed", "refund")
        checking = self._checking()
        taken, burned = self._taken(), watch.total("LivepeerToken", "Transfer", "value", to=NOBODY)
        stakers = self._stakers()
        own = {name: self._own(address) for name, address in stakers.items()}

        fees, growth = await self._accounts(stakers, own, block)
        minter, token = self._contracts.Minter.address, self._contracts.LivepeerToken
        fees_in_hand = await self._client.balance(minter, block) + withdrawn
        stake_in_hand = await token.call("balanceOf", minter, block=block)
        minted = {name: grown + taken.get(name, 0) for name, grown in growth.items()}
        committee = self._contracts.VerifierCommittee
        return Facts(
            block=block,
            escrowed=escrowed,
            fees=fees,
            fees_rounding=fees_in_hand - sum(fees.values()),
            protocol_fee=protocol_fee,
            refunded=refunded,
            held=await self._held(jobs, open_claims, block),
            checking=checking,
            minted=minted,
            minted_rounding=stake_in_hand + sum(taken.values()) - bonded - sum(minted.values()),
            supply_before=self._supply_before,
            supply_now=await token.call("totalSupply", block=block),
            taken=taken,
            burned=burned,
            to_burn=await committee.call("penaltiesToBurn", block=block),
            rewarded=await self._rewarded(block),
        )

    def _taken(self) -> dict[str, int]:
        """Name -> LPT lost by slashes and fines."""
        lost: Counter[str] = Counter()
        for event in self._watch.of("BondingManager", "TranscoderSlashed"):
            lost[self._name(event.args["transcoder"])] += event.args["penalty"]
        for event in self._watch.of("BondingManager", "SeatPenalized"):
            lost[self._name(event.args["transcoder"])] += event.args["amount"]
        return dict(lost)

    async def _rewarded(self, block: int) -> dict[str, int]:
        """Name -> LPT that the demo's people hold or are owed beside their stakes.

        All they had they bonded, so this can only come from what others lost.
        """
        token, committee = self._contracts.LivepeerToken, self._contracts.VerifierCommittee

        async def has(address: str) -> int:
            held = await token.call("balanceOf", address, block=block)
            return int(held) + int(await committee.call("tokenCredits", address, block=block))

        people = list(self._people)
        amounts = await asyncio.gather(*(has(person.address) for person in people))
        return {person.name: amount for person, amount in zip(people, amounts, strict=True)}

    def _name(self, address: str) -> str:
        return self._people.names.get(address) or short(address)

    def _stakers(self) -> dict[str, str]:
        """Name -> address of the crew and of whoever else has bonded."""
        crew = (*self._people.transcoders, self._people.delegator)
        found = {person.name: person.address for person in crew}
        known = set(found.values())
        for event in self._watch.of("BondingManager", "Bond", "Rebond"):
            address = event.args["delegator"]
            if address not in known:
                known.add(address)
                found[short(address)] = address
        return found

    def _own(self, address: str) -> tuple[int, int]:
        """Fees withdrawn by one account, and the LPT it has put in and not unbonded again.

        A transfer of stake is an Unbond of the one and a Rebond of the other.
        """

        def total(event: str, field: str) -> int:
            return self._watch.total("BondingManager", event, field, delegator=address)

        put_in = total("Bond", "additionalAmount") + total("Rebond", "amount")
        return total("WithdrawFees", "amount"), put_in - total("Unbond", "amount")

    async def _accounts(
        self, stakers: Mapping[str, str], own: Mapping[str, tuple[int, int]], block: int
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Name -> fees owned or withdrawn, and name -> growth of stake over what was put in."""
        manager = self._contracts.BondingManager
        current = await self._contracts.RoundsManager.call("currentRound", block=block)

        async def earned(address: str) -> tuple[int, int]:
            owed = await manager.call("pendingFees", address, current, block=block)
            stake = await manager.call("pendingStake", address, current, block=block)
            return owed, stake

        earnings = await asyncio.gather(*(earned(address) for address in stakers.values()))
        fees, growth = {}, {}
        for name, (owed, stake) in zip(stakers, earnings, strict=True):
            withdrawn, put_in = own[name]
            fees[name] = owed + withdrawn
            growth[name] = stake - put_in
        return fees, growth

    async def _held(
        self, jobs: Iterable[int], claims: Iterable[tuple[int, int]], block: int
    ) -> int:
        """Escrow left in every job, and fees reserved by claims that are not final."""
        manager = self._contracts.JobsManager
        records = await asyncio.gather(*(manager.call("getJob", i, block=block) for i in jobs))
        made = await asyncio.gather(
            *(manager.call("getClaim", job, claim, block=block) for job, claim in claims)
        )
        reserved = sum(claim["fees"] for claim in made if claim["status"] < FIRST_FINAL_STATUS)
        return int(sum(job["escrow"] for job in records) + reserved)

    def _jobs(self) -> set[int]:
        return {event.args["jobId"] for event in self._watch.of("JobsManager", "JobCreated")}

    def _open_claims(self) -> set[tuple[int, int]]:
        """Claims that no event has ended; the chain is asked whether they really are open."""

        def keys(*names: str) -> set[tuple[int, int]]:
            events = self._watch.of("JobsManager", *names)
            return {(event.args["jobId"], event.args["claimId"]) for event in events}

        return keys("WorkClaimed") - keys("FeesDistributed", "ClaimRefunded")

    def _checking(self) -> dict[str, int]:
        earned: Counter[str] = Counter()
        for event in self._watch.of("VerifierCommittee", "SeatPaid"):
            earned[self._name(event.args["verifier"])] += event.args["amount"]
        return dict(earned)

    def _escrowed(self) -> int:
        """What broadcasters put in; a job that replaces a lapsed one brings nothing new."""
        watch = self._watch
        replaced = {event.args["newJobId"] for event in watch.of("JobsManager", "JobLapsed")}
        created = sum(
            event.args["escrow"]
            for event in watch.of("JobsManager", "JobCreated")
            if event.args["jobId"] not in replaced
        )
        return int(created) + watch.total("JobsManager", "JobFunded", "amount")
