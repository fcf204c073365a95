"""What people do on the chain, measured: the scenarios that Livepeer's contracts were measured in.

Names, order and preconditions follow them: a pool of a given size, stakes falling from the first to
the last, rewards called where they were called. Each figure is the gas of a whole transaction.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bench.anvil import account

if TYPE_CHECKING:
    from bench.anvil import Deployed

LPT = 10**18
ZERO = "0x" + "00" * 20
NOTHING = (ZERO, ZERO)
DELEGATION = 10 * LPT
URI_29 = "https://127.0.0.1:8936/orch-1"
URI_45 = "https://transcoder.example.com:8935/orch-info"
BOND = "BondingManager"


class Scenes:
    """A protocol with a pool of ``size``, and the gas of what was done on it, by scenario."""

    def __init__(self, deployed: Deployed, size: int) -> None:
        self.on = deployed
        self.size = size
        self.gas: dict[str, list[int]] = defaultdict(list)
        self.transcoders = [account(100 + number) for number in range(size)]
        self.delegators = [account(1000 + number) for number in range(12)]
        self.payer = account(1)
        self.treasury = account(2)
        for each in (*self.transcoders, *self.delegators, self.payer):
            deployed.fund(each)
        deployed.register("JobsManager", self.payer)
        self.round_length = deployed.config.round_length

    def set_round_length(self, blocks: int) -> None:
        """Shorter rounds, so that fewer blocks have to be mined; gas does not depend on it.

        To be called at the start of a round: those that have passed keep their numbers.
        """
        self.do(self.on.owner, "setRoundLength", blocks, contract="RoundsManager")
        self.round_length = blocks

    def record(self, name: str, sender: str, contract: str, function: str, *args: Any) -> None:
        """Sends a transaction and keeps its gas under the scenario's name."""
        self.gas[name].append(self.on.send(sender, contract, function, *args))

    def do(self, sender: str, function: str, *args: Any, contract: str = BOND) -> None:
        """Sends a transaction that only prepares something."""
        self.on.send(sender, contract, function, *args)

    def view(self, name: str, contract: str, function: str, *args: Any) -> None:
        """Sends a view as a transaction."""
        self.record(f"view tx: {name}", self.payer, contract, function, *args)

    def give(self, name: str, lpt: int) -> None:
        """Hands out LPT and lets the BondingManager take it."""
        self.on.fund(name)
        self.do(self.on.owner, "transfer", name, lpt * LPT, contract="LivepeerToken")
        bonding = self.on.addresses[BOND]
        self.do(name, "approve", bonding, 2**255, contract="LivepeerToken")

    def stake(self, number: int) -> int:
        """Self-bond of a transcoder, in LPT: the first has most."""
        return 5000 + 1000 * (self.size - number)

    def round(self) -> int:
        """The current round."""
        return self.on.read("RoundsManager", "currentRound")

    def skip(self, rounds: int = 1) -> None:
        """Goes to the first block of a later round without starting it."""
        start = self.on.read("RoundsManager", "currentRoundStartBlock")
        length = self.round_length
        # One less: the next transaction opens that block itself.
        self.on.anvil.mine(start + rounds * length - self.on.anvil.block - 1)

    def next_round(self, name: str = "RoundsManager.initializeRound (steady)") -> None:
        """Goes to the next round and starts it, measured."""
        self.skip()
        self.record(name, self.payer, "RoundsManager", "initializeRound")

    def reward(self, *numbers: int, name: str = "") -> None:
        """Transcoders call reward; measured under a name, else only to prepare something."""
        for number in numbers:
            if name:
                self.record(name, self.transcoders[number], BOND, "reward")
            else:
                self.do(self.transcoders[number], "reward")

    def pay_fees(self, number: int, wei: int = 10**18) -> None:
        """Fees arrive for a transcoder; what their contract pays for that is not measured."""
        self.on.send(self.payer, "Minter", "depositETH", value=wei)
        self.do(self.payer, "updateTranscoderWithFees", self.transcoders[number], wei, self.round())

    def neighbours(self, name: str) -> tuple[str, str]:
        """Exact hints: who stands before and behind a transcoder."""
        before, here = ZERO, self._address("getFirstTranscoderInPool")
        while here not in (name, ZERO):
            before, here = here, self._address("getNextTranscoderInPool", here)
        return before, self._address("getNextTranscoderInPool", name)

    def _address(self, function: str, *args: Any) -> str:
        return f"0x{self.on.read(BOND, function, *args):040x}"

    def run(self) -> dict[str, float]:
        """All scenarios, in their order; averages by name."""
        self.start()
        self.fill_pool()
        self.first_rewards(rounds=12 if self.size < 50 else 3)
        self.bonds()
        self.unbonds()
        self.transfers()
        self.fees()
        self.long_absence()
        self.votes()
        self.treasury_rounds()
        self.neighbourhood()
        self.full_pool()
        self.checkpoints()
        self.registry()
        return {name: sum(values) / len(values) for name, values in self.gas.items()}

    def short(self) -> dict[str, float]:
        """What people do every day, in a few rounds; averages by name."""
        self.start()
        self.fill_pool()
        self.first_rewards(rounds=2)
        self.bonds()
        self.unbonds()
        self.transfers()
        return {name: sum(values) / len(values) for name, values in self.gas.items()}

    def start(self) -> None:
        """Unpause, the very first round, the token."""
        token, bonding = "LivepeerToken", self.on.addresses[BOND]
        first = self.transcoders[0]
        self.do(self.on.owner, "pause", contract="Controller")
        self.record("Controller.unpause", self.on.owner, "Controller", "unpause")
        self.next_round("RoundsManager.initializeRound (very first)")
        wei = self.stake(0) * LPT
        self.set_round_length(6 * self.size + 60)
        for name in (
            "LivepeerToken.transfer (new holder)",
            "LivepeerToken.transfer (existing holder)",
        ):
            self.record(name, self.on.owner, token, "transfer", first, wei)
        self.record("LivepeerToken.approve (first)", first, token, "approve", bonding, 2**255)

    def fill_pool(self) -> None:
        """Transcoders register one after the other, the poorer behind the richer."""
        for number, name in enumerate(self.transcoders):
            if number:
                self.give(name, self.stake(number))
            scenario = "bond: first self-bond, joins non-full pool (at the tail, linear search)"
            if number == 0:
                scenario = "bond: first self-bond, joins empty pool"
            elif number == self.size - 1:
                scenario = "bond: first self-bond, joins non-full pool (last free place)"
            self.record(scenario, name, BOND, "bond", self.stake(number) * LPT, name)
            rates = "transcoder: set rates, first time, already in pool, not yet active"
            self.record(rates, name, BOND, "transcoder", 100_000, 500_000)

    def first_rewards(self, rounds: int) -> None:
        """Everybody's first reward, and steady ones."""
        everybody = range(self.size)
        self.next_round()
        self.set_round_length(self.size + 60)
        self.reward(*everybody, name="reward: first ever call by a transcoder")
        changed = "transcoder: change rates while active (after reward)"
        self.record(changed, self.transcoders[0], BOND, "transcoder", 100_000, 400_000)
        for _ in range(rounds):
            self.next_round()
            self.reward(*everybody, name="reward: steady (2nd round on)")

    def bonds(self) -> None:
        """Delegators come, add, and move."""
        first, second = self.transcoders[:2]
        people = self.delegators
        for name in people:
            self.give(name, 1000)
        self.next_round()
        self.set_round_length(60)
        for number, name in enumerate(people[:8]):
            # Six to one delegate, two to another: two are the first to touch theirs in the round.
            to = first if number < 6 else second
            scenario = "bond: first bond of a delegator to an active transcoder"
            self.record(scenario, name, BOND, "bond", DELEGATION, to)
        again = "bond: additional, same delegate, same round (startRound pending)"
        self.record(again, people[0], BOND, "bond", DELEGATION, first)
        self.next_round()
        self.reward(0, 1)
        for name in people[:3]:
            scenario = "bond: additional, same delegate, next round (auto-claims 1 round)"
            self.record(scenario, name, BOND, "bond", DELEGATION, first)
        scenario = "bond: additional, same delegate, nothing to claim"
        self.record(scenario, people[0], BOND, "bond", DELEGATION, first)
        scenario = "bond: delegate change, amount 0 (move stake T0 -> T1), nothing to claim"
        self.record(scenario, people[0], BOND, "bond", 0, second)
        self.record(
            "bondFor 3rd party (bondForWithHint, no hint)",
            people[8],
            BOND,
            "bondForWithHint",
            DELEGATION,
            people[2],
            first,
            *NOTHING,
            *NOTHING,
        )
        self.next_round()
        self.reward(0, 1)
        scenario = "bond: delegate change, amount 0 (auto-claims 1 round)"
        self.record(scenario, people[1], BOND, "bond", 0, second)

    def unbonds(self) -> None:
        """Stake goes out and comes back."""
        first, people = self.transcoders[0], self.delegators
        self.next_round()
        self.reward(0, 1)
        part = DELEGATION // 4
        scenario = "unbond: partial, delegator (auto-claims 1 round)"
        self.record(scenario, people[3], BOND, "unbond", part)
        scenario = "unbond: partial, delegator (nothing to claim, 2nd lock)"
        self.record(scenario, people[3], BOND, "unbond", part)
        many = "claimEarnings: transcoder itself, many rounds"
        self.record(many, first, BOND, "claimEarnings", 0)
        scenario = "unbond: partial, transcoder (nothing to claim)"
        self.record(scenario, first, BOND, "unbond", part)
        self.record("rebond (nothing to claim)", people[3], BOND, "rebond", 0)
        everything = self.on.read(BOND, "pendingStake", people[4], 0)
        scenario = "unbond: full, delegator (auto-claims 1 round)"
        self.record(scenario, people[4], BOND, "unbond", everything)
        self.record("rebondFromUnbonded", people[4], BOND, "rebondFromUnbonded", first, 0)

    def transfers(self) -> None:
        """Stake changes hands; a transcoder resigns and comes back; delegators settle."""
        people, last = self.delegators, self.transcoders[-1]
        part = DELEGATION // 4
        hints = (*NOTHING, *NOTHING)
        fresh = "transferBond to fresh receiver (hints null)"
        self.record(fresh, people[5], BOND, "transferBond", people[9], part, *hints)
        known = "transferBond to existing delegator, same delegate"
        self.record(known, people[5], BOND, "transferBond", people[2], part, *hints)
        self.do(last, "claimEarnings", 0)
        own = self.on.read(BOND, "pendingStake", last, 0)
        scenario = "unbond: full, transcoder with no delegators (resigns from the pool)"
        self.record(scenario, last, BOND, "unbond", own)
        self.next_round()
        self.reward(0, 1)
        scenario = "rebondFromUnbonded (self; re-joins the pool)"
        self.record(scenario, last, BOND, "rebondFromUnbonded", last, 0)
        self.record("claimEarnings: 1 round", people[6], BOND, "claimEarnings", 0)
        scenario = "claimEarnings: 0 rounds (already claimed)"
        self.record(scenario, people[6], BOND, "claimEarnings", 0)

    def fees(self) -> None:
        """Fees arrive and are withdrawn; a lock is paid out."""
        people, second = self.delegators, self.transcoders[1]
        self.pay_fees(1)
        self.next_round()
        self.reward(0, 1)
        self.pay_fees(1)
        withdraw = (BOND, "withdrawFees")
        scenario = "withdrawFees: delegator (auto-claims 1 round)"
        self.record(scenario, people[6], *withdraw, people[6], 1000)
        self.record("withdrawFees: transcoder (auto-claims)", second, *withdraw, second, 1000)
        self.record("withdrawFees: nothing to claim", people[6], *withdraw, people[6], 1000)
        for _ in range(7):
            self.next_round()
            self.reward(0, 1)
        self.record("withdrawStake", people[3], BOND, "withdrawStake", 1)

    def long_absence(self) -> None:
        """A hundred rounds in which one transcoder calls reward, and another never does."""
        people, third = self.delegators, self.transcoders[2]
        self.do(people[10], "bond", DELEGATION, third)
        for number in (6, 7):
            self.do(people[number], "claimEarnings", 0)
        for _ in range(100):
            self.next_round()
            self.reward(1)
        scenario = "claimEarnings: 100 rounds (reward called every round)"
        self.record(scenario, people[6], BOND, "claimEarnings", 0)
        scenario = "unbond: partial, delegator (auto-claims 100 rounds)"
        self.record(scenario, people[7], BOND, "unbond", DELEGATION // 4)
        scenario = "claimEarnings: 100 rounds (delegate never called reward)"
        self.record(scenario, people[10], BOND, "claimEarnings", 0)
        self.reward(2, name="reward: after 100 missed rounds")

    def votes(self) -> None:
        """Votes and views, as transactions."""
        second, someone = self.transcoders[1], self.delegators[6]
        past = self.round() - 50
        for who, label in ((second, "transcoder"), (someone, "delegator")):
            self.view(f"BondingVotes.getVotes: {label}", "BondingVotes", "getVotes", who)
            past_name = f"BondingVotes.getPastVotes: {label}, 50 rounds ago"
            self.view(past_name, "BondingVotes", "getPastVotes", who, past)
        total = "BondingVotes.getPastTotalSupply: 50 rounds ago"
        self.view(total, "BondingVotes", "getPastTotalSupply", past)
        now = self.round()
        self.view("BondingManager.pendingStake: delegator", BOND, "pendingStake", someone, now)
        self.view("BondingManager.pendingFees: delegator", BOND, "pendingFees", someone, now)
        self.view("Controller.getContract", "Controller", "getContract", bytes(32))

    def treasury_rounds(self) -> None:
        """A treasury gets a tenth of what is minted."""
        self.reward(0, 3)
        self.next_round()
        self.reward(0, 1, 2, 3)
        owner = self.on.owner
        self.on.register("Treasury", self.treasury)
        self.do(owner, "setTreasuryRewardCutRate", 10**26)
        self.do(owner, "setTreasuryBalanceCeiling", 750_000 * LPT)
        self.next_round("RoundsManager.initializeRound (treasury cut change)")
        cut = "reward: steady, treasury cut 10 % + ceiling"
        self.reward(0, name=f"{cut}, first treasury transfer")
        self.reward(1, 2, 3, name=cut)

    def neighbourhood(self) -> None:
        """Far from both ends of the pool: without hints, and with exact ones."""
        middle = self.size // 2
        scenario = (
            "reward: transcoder of the middle of the pool, after missed rounds, no hint, "
            "treasury 10 %"
        )
        self.reward(middle, name=scenario)
        other = self.transcoders[middle + 1]
        scenario = "rewardWithHint: the same with exact hints"
        self.record(scenario, other, BOND, "rewardWithHint", *self.neighbours(other))
        near, next_to = self.transcoders[-2], self.transcoders[-3]
        plain, hinted = self.delegators[8], self.delegators[11]
        scenario = (
            "bond: first bond of a delegator, delegate near the tail, stays in place, no hint"
        )
        self.record(scenario, plain, BOND, "bond", DELEGATION, near)
        hints = (*NOTHING, *self.neighbours(next_to))
        scenario = "bondWithHint: the same with exact hints"
        self.record(scenario, hinted, BOND, "bondWithHint", DELEGATION, next_to, *hints)

    def full_pool(self) -> None:
        """A full pool: who stays out, who gets in, who makes room."""
        poor, rich = account(500), account(501)
        self.give(poor, 1000)
        self.give(rich, 400_000)
        scenario = "bond: first self-bond, full pool, not enough stake (stays out)"
        self.record(scenario, poor, BOND, "bond", 100 * LPT, poor)
        scenario = "transcoder: set rates, full pool, not enough stake (stays out)"
        self.record(scenario, poor, BOND, "transcoder", 100_000, 500_000)
        scenario = "bond: first self-bond, full pool, evicts the last (insert at head)"
        self.record(scenario, rich, BOND, "bond", 300_000 * LPT, rich)
        out, last, before = self.transcoders[-1], self.transcoders[-2], self.transcoders[-3]
        for name in (out, last):
            # Who is active may change its rates only after its reward of the round.
            self.do(name, "reward")
        # The one pushed out is worth more than the last as soon as that takes some of its stake.
        self.do(last, "unbond", 2000 * LPT)
        scenario = "transcoder: joins full pool, evicts the last (insert at tail)"
        self.record(scenario, out, BOND, "transcoder", 100_000, 500_000)
        self.do(before, "claimEarnings", 0)
        self.do(before, "unbond", self.on.read(BOND, "pendingStake", before, 0))
        scenario = "transcoder: joins non-full pool (was registered, out of the pool; at the tail)"
        self.record(scenario, last, BOND, "transcoder", 100_000, 500_000)

    def checkpoints(self) -> None:
        """Anybody notes down somebody's votes."""
        self.next_round()
        for label, who in (
            ("transcoder", self.transcoders[1]),
            ("delegator", self.delegators[6]),
            ("non-participant (first)", account(777)),
        ):
            name = f"BondingManager.checkpointBondingState: {label}"
            self.record(name, self.payer, BOND, "checkpointBondingState", who)

    def registry(self) -> None:
        """Service addresses, and the faucet."""
        for scenario, who, uri in (
            ("first, 29 bytes", self.transcoders[0], URI_29),
            ("change, 29 bytes", self.transcoders[0], URI_29[:-1] + "2"),
            ("first, 45 bytes", self.transcoders[1], URI_45),
        ):
            name = f"ServiceRegistry.setServiceURI: {scenario}"
            self.record(name, who, "ServiceRegistry", "setServiceURI", uri)
        name = account(778)
        self.on.fund(name)
        self.record("LivepeerTokenFaucet.request", name, "LivepeerTokenFaucet", "request")
