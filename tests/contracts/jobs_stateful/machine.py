"""Chain and model side by side: every call is made on one, predicted by the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offchain.proof.typed import Domain
from tests.contracts.jobs_reference.state import MILLION, NOBODY, Person
from tests.contracts.jobs_reference.world import World
from tests.contracts.jobs_stateful import setting as place
from tests.contracts.jobs_stateful import watch as views
from tests.contracts.jobs_stateful.bytecode import query
from tests.contracts.jobs_stateful.watch import Watch
from tests.contracts.reference.clock import Clock
from tests.contracts.reference.state import Refused
from tests.contracts.stateful.evm import calldata, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offchain.proof.merkle import MerkleTree
    from tests.contracts.jobs_reference.claims import Opening
    from tests.contracts.jobs_stateful.setting import Setting
    from tests.contracts.stateful.machine import Statistics

CHAIN_ID = 1
ALL_EVERY = 16
"""Everything there is is compared at every so many calls; what a call touches, after each."""


@dataclass(slots=True)
class Work:
    """What a claimant holds: leaves and their tree (none of a made-up root), how good they are."""

    openings: list[Opening]
    tree: MerkleTree | None
    quality: int
    proves: bool = True
    opens: bool = True
    honest: bool = True


@dataclass(slots=True)
class Mood:
    """How the seats of a request behave: how many of a hundred are silent, hide, lie or copy."""

    silent: int
    hide: int
    lie: int
    copy: int


@dataclass(slots=True)
class Vote:
    """What a seat has in mind; ``stolen`` if its commitment is another's."""

    verdict: int
    words: tuple[bytes, bytes, bytes]
    silent: bool = False
    hides: bool = False
    stolen: bool = False


class Machine:
    """One sequence on one freshly deployed protocol."""

    def __init__(self, setting: Setting, statistics: Statistics) -> None:
        self.setting = setting
        self.chain = setting.chain
        self.cast = setting.cast
        self.statistics = statistics
        self.history: list[str] = []
        self.rule = ""
        self.works: dict[tuple[int, int], Work] = {}
        self.moods: dict[int, Mood] = {}
        self.votes: dict[tuple[int, int, int], Vote] = {}
        self.closed_wallets: set[str] = set()
        self.reason = ""
        self.output = b""
        self.fines = 0
        self.purses: dict[str, int] = {}
        self._base = self.chain.evm.snapshot()
        self._first_block = self.chain.block
        self.world = self._fresh_world()
        self.watch = Watch(setting, self.world)
        self.domain = Domain(CHAIN_ID, setting["JobsManager"])
        self.court_domain = Domain(CHAIN_ID, setting["VerifierCommittee"])
        self.snapshot_round(self.world.clock.initialized - 1)
        self.snapshot_round(self.world.clock.initialized)
        self.observe(self.cast.transcoders)
        self.everything()

    def _fresh_world(self) -> World:
        read, contracts = self.chain.read, self.setting.contracts
        rounds = contracts["RoundsManager"]
        clock = Clock(
            block=self.chain.block,
            round_length=place.ROUND_LENGTH,
            lock_amount=place.LOCK_AMOUNT,
            first_round=read(rounds, "lastRoundLengthUpdateRound()"),
            first_block=read(rounds, "lastRoundLengthUpdateStartBlock()"),
            paused_before=read(contracts["Controller"], "pausedBlocks()"),
            initialized=read(rounds, "lastInitializedRound()"),
        )
        world = World(
            clock,
            [place.TERMS],
            [place.COURT],
            read(contracts["JobsManager"], "longestDispute()"),
        )
        world.supply = read(contracts["LivepeerToken"], "totalSupply()")
        world.minter = self.setting.eth(contracts["Minter"])
        for each in self.cast.transcoders:
            world.people[each] = Person()
            price, units = self.setting.ask(
                "JobsManager", views.PRICE + word(each) + word(clock.initialized)
            )
            if units:
                world.people[each].asks = [(clock.initialized, price, units)]
        return world

    def close(self) -> None:
        """Takes the chain back to where the sequence began."""
        self.chain.evm.revert(self._base)
        self.chain.move_to(self._first_block)

    def pass_blocks(self, blocks: int) -> None:
        """Lets blocks go by."""
        self.world.clock.block += blocks
        self.chain.move_to(self.world.clock.block)

    def attempt(
        self,
        sender: str,
        to: str,
        data: bytes,
        model: Callable[[], object],
        *,
        value: int = 0,
        note: str = "",
    ) -> bool:
        """Makes a call and checks that the model expected what came of it, to the last wei."""
        world, statistics = self.world, self.statistics
        statistics.steps += 1
        statistics.tried[self.rule] += 1
        self.history.append(f"{world.clock.block}: {self.rule} {sender[-4:]} {note} {value or ''}")
        self.output, self.reason = self.setting.call(sender, self.setting[to], data, value)
        world.heard = self.reason
        self.history[-1] += f" -> {self.reason or 'done'}"
        if self.reason:
            statistics.refused[self.reason] += 1
            self._expect_refusal(model)
            return False
        try:
            model()
        except Refused as refused:
            raise AssertionError(
                f"accepted, though the model refuses: {sorted(refused.reasons)}"
            ) from None
        statistics.succeeded[self.rule] += 1
        self.check()
        return True

    def _expect_refusal(self, model: Callable[[], object]) -> None:
        try:
            model()
        except Refused as refused:
            assert self.reason in refused.reasons, (
                f"refused with {self.reason!r}, the model says {sorted(refused.reasons)}"
            )
            return
        raise AssertionError(f"refused with {self.reason!r}, though the model accepts")

    def check(self) -> None:
        """Compares what the call touched; now and then everything."""
        if self.statistics.steps % ALL_EVERY == 0:
            self.everything()
            return
        world, watch = self.world, self.watch
        checks = watch.books()
        for job in world.touched_jobs:
            checks.append(watch.job(world.jobs[job]))
        for job, number in world.touched_claims:
            checks += watch.claim(world.jobs[job].claims[number])
        for number in world.touched_requests:
            checks += watch.request(world.requests[number])
        for name in world.touched_people:
            checks += watch.person(name)
        self._compare(checks)

    def everything(self) -> None:
        """Compares every job, claim, request, vote and account."""
        self._compare(self.all_checks())

    def all_checks(self) -> list[views.Check]:
        """All there is to compare."""
        world, watch = self.world, self.watch
        checks = watch.books()
        for job in world.jobs.values():
            checks.append(watch.job(job))
            for claim in job.claims:
                checks += watch.claim(claim)
        for request in world.requests.values():
            checks += watch.request(request)
            checks += watch.votes(request)
        for name in (*self.cast.everybody, *self.cast.signers.values(), world.treasury):
            checks += watch.person(name)
        return checks + [watch.work(name) for name in self.cast.transcoders]

    def _compare(self, checks: list[views.Check]) -> None:
        world = self.world
        try:
            self.watch.compare(checks)
            self.watch.eth()
        except AssertionError as error:
            # Where one thing differs, say what else does.
            self.watch.compare([*checks, *self.all_checks()])
            raise error
        for touched in (
            world.touched_jobs,
            world.touched_claims,
            world.touched_requests,
            world.touched_people,
        ):
            touched.clear()

    def reach(self, state: str) -> None:
        """Notes that a state worth reaching has been reached."""
        self.statistics.reached[state] += 1

    # ------------------------------------------------------------ what the model is told

    def observe(self, names: Iterable[str]) -> None:
        """Reads stakes, which other contracts keep, and checks that all promised is in reach."""
        bonding = self.setting.raw["BondingManager"]
        known = [name for name in names if name in self.world.people]
        queries = []
        for name in known:
            who = word(name)
            queries += [
                query(bonding, views.SLASHABLE + who),
                query(bonding, views.DELEGATOR + who),
                query(bonding, views.BARRED + who),
                query(bonding, views.REGISTERED + who),
            ]
        shown = iter(self.setting.look(queries))
        for name in known:
            person = self.world.people[name]
            (person.reach,), delegator = next(shown), next(shown)
            person.bonded = delegator[0]
            person.barred = bool(next(shown)[0])
            person.registered = bool(next(shown)[0])
            self._in_reach(name, person)

    def _in_reach(self, name: str, person: Person) -> None:
        """I-20: stake that backs a claim can be slashed until the claim is final."""
        for claim in self.world.unpaid:
            if claim.transcoder != name or self.world.void(claim):
                continue
            if self.world.now > claim.block + self.world.longest_dispute:
                continue
            promised = claim.stake - (person.lost - claim.lost_before)
            assert person.reach >= promised - 8, (
                f"{name} has {person.reach} in reach, {promised} stood behind {claim.key}"
            )

    def before_slash(self, name: str, finders: Iterable[str]) -> None:
        """Looks at the stake a call may slash, and at what possible finders hold."""
        self.observe([name])
        self.purses = {each: self.lpt(each) for each in finders}

    def lpt(self, name: str) -> int:
        """Somebody's LPT wei."""
        return self.setting.ask("LivepeerToken", views.BALANCE + word(name))[0]

    def slashed(self, name: str, finder: str, fraction: int) -> None:
        """I-21, I-24: a slash takes its fraction of what is in reach; half of it is burned."""
        world = self.world
        person = world.people[name]
        before = person.reach
        expected = before * fraction // MILLION
        # What stands in reach of the next slash may be more: the locks it left are no longer ripe.
        self.observe([name])
        taken = before - person.reach
        assert expected - 8 <= taken <= expected + 8, f"a slash took {taken}, not {expected}"
        found = 0
        if finder != NOBODY:
            found = self.lpt(finder) - self.purses[finder]
            share = place.TERMS.finder_share
            assert found == taken * share // MILLION, f"the finder of {taken} got {found}"
        assert 2 * found <= taken, "a finder got more than half"
        world.supply -= taken - found
        person.lost += taken
        assert person.barred, "a convict is not barred"

    def fined(self, name: str, wei: int) -> int:
        """A seat's penalty comes out of what a slash could reach, as far as there is some."""
        person = self.world.people[name]
        assert person.reach >= wei, f"{name} has {person.reach} in reach of a fine of {wei}"
        taken = wei
        self.fines += 1
        person.reach -= taken
        person.lost += taken
        return taken

    def collected(self, wei: int) -> int:
        """What the fines just taken came to: maybe a wei less for each, out of several locks."""
        held = self.setting.ask(
            "LivepeerToken", views.BALANCE + word(self.setting["VerifierCommittee"])
        )[0]
        taken = held - self.world.to_burn - sum(self.world.prizes.values())
        assert wei - self.fines <= taken <= wei, f"fines came to {taken}, not {wei}"
        self.fines = 0
        return taken

    def snapshot_round(self, round_: int) -> None:
        """Notes the active set of a round, as anybody can read it."""
        world = self.world
        pointer = self.setting.ask("BondingManager", calldata("activeSetPointer(uint256)", round_))[
            0
        ]
        world.pointers[round_] = pointer
        world.snapshots[round_] = {}
        if not pointer:
            return
        code = bytes(self.chain.evm.get_code(f"0x{pointer:040x}") or b"")[1:]
        before = 0
        for at in range(0, len(code) - 31, 32):
            name = "0x" + code[at : at + 20].hex()
            upto = int.from_bytes(code[at + 20 : at + 32], "big")
            if int(name, 16) == 0:
                break
            world.snapshots[round_][name] = upto - before
            before = upto
