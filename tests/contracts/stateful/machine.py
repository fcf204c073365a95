"""Chain and model side by side: every call is made on one, predicted by the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tests.contracts.reference import working
from tests.contracts.reference.arithmetic import LARGEST_FACTOR, PRECISE, percentage
from tests.contracts.reference.clock import Clock
from tests.contracts.reference.issuance import Issuance
from tests.contracts.reference.state import Refused
from tests.contracts.reference.world import World
from tests.contracts.stateful import invariants
from tests.contracts.stateful import protocol as setting
from tests.contracts.stateful.evm import ZERO, calldata

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tests.contracts.stateful.evm import Answer
    from tests.contracts.stateful.view import View

COUNTS = ("tried", "succeeded", "refused", "reached")
"""The counters of :class:`Statistics`."""

VOTE_EVERY = 2
"""Votes are compared at every so many steps; everything else at every step."""

DERIVED_EVERY = 4
"""Views whose answers follow from the others' are compared at every so many steps."""


class Draw(Protocol):
    """Where a rule takes its choices from: a seed, or hypothesis."""

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""


class SeededDraw:
    """Choices from a seeded generator."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def integer(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return self._source.randint(low, high)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self._source.random() * 100 < percent

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""
        return options[int(self._source.random() * len(options))]

    def weighted(self, options: Sequence[str], weights: Sequence[int]) -> str:
        """One of the options, in proportion to its weight."""
        return self._source.choices(options, weights)[0]


@dataclass(slots=True)
class Statistics:
    """How often each rule went through, and which states were seen."""

    steps: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    succeeded: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, other: Statistics) -> None:
        """Adds another run's figures to these."""
        self.steps += other.steps
        for name in COUNTS:
            getattr(self, name).update(getattr(other, name))


class Machine:
    """One sequence on one freshly deployed protocol."""

    def __init__(self, deployed: setting.Protocol, statistics: Statistics) -> None:
        self.protocol = deployed
        self.chain = deployed.chain
        self.people = deployed.accounts
        self.statistics = statistics
        self.history: list[str] = []
        self.rule = ""
        self.last_penalty = 0
        self.last_reason = ""
        self.promised: dict[str, tuple[int, int]] = {}
        self._base = self.chain.evm.snapshot()
        self._first_block = self.chain.block
        self.world = self._fresh_world()
        self.view: View = deployed.lens.look([])
        invariants.compare(self.world, self.view)

    def _fresh_world(self) -> World:
        read, contracts = self.chain.read, self.protocol.contracts
        rounds, token = contracts["RoundsManager"], contracts["LivepeerToken"]
        clock = Clock(
            block=self.chain.block,
            round_length=setting.ROUND_LENGTH,
            lock_amount=setting.LOCK_AMOUNT,
            first_round=read(rounds, "lastRoundLengthUpdateRound()"),
            first_block=read(rounds, "lastRoundLengthUpdateStartBlock()"),
            paused_before=read(contracts["Controller"], "pausedBlocks()"),
            initialized=read(rounds, "lastInitializedRound()"),
        )
        issuance = Issuance(
            read(token, "totalSupply()"),
            setting.INFLATION,
            setting.INFLATION_CHANGE,
            setting.TARGET_BONDING_RATE,
        )
        pool_size = read(contracts["BondingManager"], "getTranscoderPoolMaxSize()")
        world = World(clock, issuance, setting.UNBONDING_PERIOD, pool_size)
        world.tie_break = self._who_left
        world.treasury = setting.TREASURY
        rate = read(contracts["BondingManager"], "nextRoundTreasuryRewardCutRate()")
        world.next_treasury_rate = rate
        world.treasury_ceiling = read(contracts["BondingManager"], "treasuryBalanceCeiling()")
        for each in self.people:
            world.account(each)
        for each in (*self.people, *setting.BYSTANDERS):
            world.balances[each] = read(token, "balanceOf(address)", each)
        return world

    def close(self) -> None:
        """Takes the chain back to where the sequence began."""
        self.chain.evm.revert(self._base)
        self.chain.move_to(self._first_block)

    def pass_blocks(self, blocks: int) -> None:
        """Lets blocks go by."""
        working.pass_blocks(self.world, blocks)
        self.chain.move_to(self.world.clock.block)

    def attempt(
        self,
        sender: str,
        signature: str,
        *arguments: int | str | bool,
        model: Callable[[], object],
        to: str = "BondingManager",
        value: int = 0,
    ) -> bool:
        """Makes a call and checks that the model expected what came of it, to the last wei."""
        self.history.append(f"{self.rule}: {sender[:6]} {signature} {arguments} {value or ''}")
        answer = self.chain.send(sender, self.protocol[to], signature, *arguments, value=value)
        self.statistics.tried[self.rule] += 1
        if not answer.ok:
            self._expect_refusal(answer, model)
            return False
        self._look()
        try:
            model()
        except Refused as refused:
            raise AssertionError(
                f"accepted, though the model refuses: {sorted(refused.reasons)}"
            ) from None
        self.statistics.succeeded[self.rule] += 1
        self.check()
        return True

    def attempt_hinted(
        self,
        sender: str,
        signature: str,
        arguments: tuple[int | str, ...],
        hints: tuple[str, ...],
        *,
        model: Callable[[], object],
        twin: bool = False,
    ) -> bool:
        """Makes a call with hints. As a twin, also without: the two must end exactly alike."""
        if not twin:
            return self.attempt(sender, signature, *arguments, *hints, model=model)
        contract = self.protocol["BondingManager"]
        before = self.chain.evm.snapshot()
        hinted = self.chain.send(sender, contract, signature, *arguments, *hints)
        hinted_view = self.protocol.lens.look([], self.statistics.steps % DERIVED_EVERY == 0)
        self.chain.evm.revert(before)
        none = (ZERO,) * len(hints)
        done = self.attempt(sender, signature, *arguments, *none, model=model)
        assert hinted.ok == done, f"hints decide: {hinted.reason or 'accepted'}"
        if done:
            assert hinted_view == replace(self.view, locks={}), "hints changed what the call did"
            self.reach("the same with and without hints")
        return done

    def pay_fees(self, transcoder: str, wei: int, round_: int) -> None:
        """Jobs puts ``wei`` of ETH into the Minter and credits them to a transcoder."""
        world, minter = self.world, self.protocol["Minter"]
        saved = self.chain.evm.snapshot()
        deposited = self.chain.send(setting.JOBS, minter, "depositETH()", value=wei)
        assert deposited.ok, deposited.reason
        registered = world.registered(transcoder)
        rewarded = world.transcoder(transcoder).last_reward_round == world.round
        room = world.fee_room(transcoder) if registered else 0
        # Only near the end of the fee factor does the model need to be told where it is.
        near = room and (wei > room or world.transcoder(transcoder).fee_factor > LARGEST_FACTOR / 2)
        before = self._fee_factor(transcoder) if near else None

        def model() -> None:
            fitting = None if before is None else self._fitting(transcoder, wei, round_, before)
            working.pay_fees(world, transcoder, wei, round_, fitting)

        paid = self.attempt(
            setting.JOBS,
            "updateTranscoderWithFees(address,uint256,uint256)",
            transcoder,
            wei,
            round_,
            model=model,
        )
        if not paid:
            self.chain.evm.revert(saved)
            return
        # Every snapshot has to end: each open one is a level of the EVM's call stack.
        self.chain.evm.commit()
        if not registered:
            self.reach("fees of one who left")
        elif wei:
            self.reach("fees after the reward" if rewarded else "fees before the reward")

    def _factors(self, transcoder: str, round_: int) -> tuple[int, int]:
        """Reward and fee factor of a transcoder as noted in a round; zeros where they were not."""
        signature = "getTranscoderEarningsPoolForRound(address,uint256)"
        words = self.chain.look(
            self.protocol["BondingManager"], calldata(signature, transcoder, round_)
        )
        return words[3], words[4]

    def _fee_factor(self, transcoder: str) -> int:
        """The fee factor as it is now: of the last round with a reward or a fee, or this one."""
        signature = "getTranscoder(address)"
        words = self.chain.look(self.protocol["BondingManager"], calldata(signature, transcoder))
        noted = self._factors(transcoder, self.world.round)
        return noted[1] if any(noted) else self._factors(transcoder, max(words[0], words[9]))[1]

    def _fitting(self, transcoder: str, wei: int, round_: int, before: int) -> int | None:
        """How much of the delegators' part of fees just paid the fee factor took up, if not all."""
        world, known = self.world, self.world.transcoder(transcoder)
        delegators = percentage(wei, known.rates_in(round_)[1])
        reward_factor, fee_factor = self._factors(transcoder, world.round)
        if known.last_reward_round == world.round:
            reward_factor = self._factors(transcoder, world.round - 1)[0]
        unit = reward_factor or PRECISE
        if fee_factor < 2**128 - 1:
            return None
        self.reach("full fee factor")
        # Rounded up, so that never more is handed out than was brought in.
        used = -(-(fee_factor - before) * world.weight(transcoder) // unit)
        return min(used, delegators)

    def _expect_refusal(self, answer: Answer, model: Callable[[], object]) -> None:
        self.statistics.refused[answer.reason] += 1
        self.last_reason = answer.reason
        try:
            model()
        except Refused as refused:
            assert answer.reason in refused.reasons, (
                f"refused with {answer.reason!r}, the model says {sorted(refused.reasons)}"
            )
            return
        raise AssertionError(f"refused with {answer.reason!r}, though the model accepts")

    def _look(self) -> None:
        # Locks the model still has, and those it had before this call: a used one must be gone.
        known = {
            (name, lock)
            for name, account in self.world.accounts.items()
            for lock in (*account.locks, account.next_lock)
        }
        derived = self.statistics.steps % DERIVED_EVERY == 0
        self.view = self.protocol.lens.look(sorted(known), derived)

    def check(self) -> None:
        """Compares everything the contracts show with the model, and the model with its laws."""
        invariants.compare(self.world, self.view)
        invariants.compare_backing(self.world, self.view, self.promised)
        self.world.check()
        if self.statistics.steps % VOTE_EVERY == 0:
            self.check_votes()

    def check_votes(self) -> None:
        """Votes at the next round start, and at one past round start, which never change."""
        lens, world = self.protocol.lens, self.world
        now = {name: world.vote(name) for name in world.accounts}
        following = world.clock.round + 1
        invariants.compare_votes(now, lens.votes(following)[1], following)
        if world.votes:
            past = list(world.votes)[self.statistics.steps % len(world.votes)]
            total, votes = lens.votes(past)
            if past in world.active_stakes:
                invariants.same(f"active stake of round {past}", total, world.active_stakes[past])
            invariants.compare_votes(world.votes[past], votes, past)

    def _who_left(self, candidates: set[str]) -> str:
        gone = candidates - set(self.view.pool)
        assert len(gone) == 1, f"one of {sorted(candidates)} had to leave the pool"
        return gone.pop()

    def reach(self, state: str) -> None:
        """Notes that a state worth reaching has been reached."""
        self.statistics.reached[state] += 1
