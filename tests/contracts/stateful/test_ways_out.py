"""Every way out of a slash: whatever the offender and its friends try, they end poorer.

Each sequence runs on contract and model side by side. The offender has a thousand LPT of its own
when it does the work it is convicted of; its friend is the finder, with the highest fee there is.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.contracts.reference import bonding, slashing, working
from tests.contracts.stateful import powers
from tests.contracts.stateful import protocol as setting
from tests.contracts.stateful.machine import Machine, Statistics
from tests.contracts.stateful.protocol import Protocol, deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LPT = 10**18
STAKE = 1000 * LPT
FRACTION = 50_000
PENALTY = STAKE * FRACTION // 10**6
HINTS = ("0x" + "00" * 20,) * 4


@cache
def deployed() -> Protocol:
    """One deployment; each test runs on a copy of its state."""
    return deploy()


class Play:
    """An offender, its friend, an honest transcoder, and the court."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.world = machine.world
        self.offender, self.friend, self.honest, self.delegator = machine.people[:4]
        self.before = 0

    def call(
        self,
        who: str,
        signature: str,
        *args: int | str,
        model: Callable[[], object],
        to: str = "BondingManager",
    ) -> None:
        """A call that goes through."""
        done = self.machine.attempt(who, signature, *args, model=model, to=to)
        assert done, self.machine.last_reason

    def refused(
        self, who: str, signature: str, *args: int | str, model: Callable[[], object]
    ) -> None:
        """A call that does not go through, for the reason the model gives."""
        assert not self.machine.attempt(who, signature, *args, model=model)

    def bond(self, who: str, wei: int, to: str) -> None:
        """Bonds."""
        self.call(
            who,
            "bond(uint256,address)",
            wei,
            to,
            model=lambda: bonding.bond(self.world, who, wei, who, to),
        )

    def unbond(self, who: str, wei: int) -> int:
        """Unbonds, and returns the lock."""
        lock = self.world.account(who).next_lock
        self.call(who, "unbond(uint256)", wei, model=lambda: bonding.unbond(self.world, who, wei))
        return lock

    def reward(self, who: str) -> None:
        """Calls reward."""
        self.call(who, "reward()", model=lambda: working.reward(self.world, who))

    def next_round(self) -> None:
        """The next round begins."""
        clock = self.world.clock
        self.machine.pass_blocks(clock.round_start + clock.round_length - clock.block)
        assert self.machine.attempt(
            setting.STRANGER,
            "initializeRound()",
            to="RoundsManager",
            model=lambda: working.initialize_round(self.world),
        )

    def offend(self) -> None:
        """The offender claims pay for work it will be convicted of; from here on wealth counts."""
        until = self.world.clock.now + setting.UNBONDING_PERIOD * setting.ROUND_LENGTH // 2
        self.call(
            setting.JOBS,
            "backWork(address,uint256)",
            self.offender,
            until,
            to="JobsManager",
            model=lambda: slashing.back_work(self.world, self.offender, until),
        )
        self.before = self.wealth()

    def slash(self) -> None:
        """The court convicts, on the friend's evidence."""
        name, friend = self.offender, self.friend
        self.call(
            setting.VERIFIER,
            powers.SLASH,
            name,
            friend,
            FRACTION,
            10**6,
            model=lambda: slashing.slash(
                self.world, name, friend, FRACTION, 10**6, powers.seen(self.machine, name)
            ),
        )

    def wealth(self) -> int:
        """LPT of the offender and its friend, held, bonded or locked, in wei."""
        return powers.wealth_of(self.machine, {self.offender, self.friend})


@pytest.fixture
def play() -> Iterator[Play]:
    """An offender and an honest transcoder at work, a delegator behind each."""
    machine = Machine(deployed(), Statistics())
    machine.rule = "play"
    scene = Play(machine)
    scene.next_round()
    scene.bond(scene.offender, STAKE, scene.offender)
    scene.bond(scene.honest, STAKE, scene.honest)
    scene.bond(scene.delegator, STAKE, scene.offender)
    scene.next_round()
    yield scene
    machine.close()


def test_slash__friend_as_finder__gets_half_at_most(play: Play) -> None:
    play.offend()
    play.slash()

    assert play.before - play.wealth() == PENALTY - PENALTY // 2


def test_slash__after_unbonding_everything__reaches_the_lock(play: Play) -> None:
    play.offend()
    play.unbond(play.offender, STAKE)
    play.next_round()
    play.slash()

    assert play.before - play.wealth() >= PENALTY // 2


def test_slash__after_unbonding_and_rebonding__reaches_the_bond(play: Play) -> None:
    play.offend()
    lock = play.unbond(play.offender, STAKE // 2)
    play.call(
        play.offender,
        "rebond(uint256)",
        lock,
        model=lambda: bonding.rebond(play.world, play.offender, lock),
    )
    play.slash()

    assert play.before - play.wealth() >= PENALTY // 2


def test_slash__transfer_to_a_friend__is_refused_before(play: Play) -> None:
    play.offend()
    play.refused(
        play.offender,
        "transferBond(address,uint256,address,address,address,address)",
        play.friend,
        STAKE // 2,
        *HINTS,
        model=lambda: bonding.transfer_bond(play.world, play.offender, play.friend, STAKE // 2),
    )
    assert play.machine.last_reason == "stake backs unsettled work"
    play.slash()

    assert play.before - play.wealth() >= PENALTY // 2


def test_slash__carrying_a_lock_to_another_delegate__is_refused_before(play: Play) -> None:
    play.offend()
    lock = play.unbond(play.offender, STAKE)
    play.next_round()
    play.refused(
        play.offender,
        "rebondFromUnbonded(address,uint256)",
        play.honest,
        lock,
        model=lambda: bonding.rebond_from_unbonded(play.world, play.offender, play.honest, lock),
    )
    assert play.machine.last_reason == "stake backs unsettled work"
    play.slash()

    assert play.before - play.wealth() >= PENALTY // 2


def test_slash__after_reward_and_resignation__reaches_lock_and_reward(play: Play) -> None:
    play.offend()
    play.reward(play.offender)
    before = play.wealth()
    play.next_round()
    play.call(
        play.offender,
        "claimEarnings(uint256)",
        0,
        model=lambda: bonding.claim(play.world, play.offender),
    )
    play.unbond(play.offender, play.machine.view.accounts[play.offender].bonded)
    play.slash()

    assert before - play.wealth() >= PENALTY // 2
    assert not play.machine.view.accounts[play.offender].active


def test_slash__withdrawing_before_the_work_is_final__is_refused(play: Play) -> None:
    play.offend()
    lock = play.unbond(play.offender, STAKE)
    for _ in range(setting.UNBONDING_PERIOD - 1):
        play.next_round()
    play.refused(
        play.offender,
        "withdrawStake(uint256)",
        lock,
        model=lambda: bonding.withdraw_stake(play.world, play.offender, lock),
    )
    play.slash()

    assert play.before - play.wealth() >= PENALTY // 2


def test_slash_of_everything__leaves_those_behind_free_to_go_on(play: Play) -> None:
    play.offend()
    name = play.offender
    play.call(
        setting.VERIFIER,
        powers.SLASH,
        name,
        setting.FRIEND,
        10**6,
        0,
        model=lambda: slashing.slash(
            play.world, name, setting.FRIEND, 10**6, 0, powers.seen(play.machine, name)
        ),
    )
    shown = play.machine.view.accounts[name]
    assert (shown.bonded, shown.delegate, shown.active) == (0, "", False)
    assert name not in play.machine.view.pool
    play.bond(play.delegator, 0, play.honest)

    assert play.machine.view.accounts[play.delegator].pending_stake == STAKE
    play.unbond(play.honest, STAKE // 2)
