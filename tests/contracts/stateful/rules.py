"""What people do. Each rule makes one call, or lets time pass; the machine checks all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference import bonding, working
from tests.contracts.stateful import protocol as setting
from tests.contracts.stateful.choices import amount, hints, lock_of, someone
from tests.contracts.stateful.evm import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.stateful.machine import Draw, Machine

    Rule = Callable[[Machine, Draw], None]

RULES: dict[str, tuple[int, Rule]] = {}


def rule(weight: int) -> Callable[[Rule], Rule]:
    """Enters a function among the rules, to be drawn in proportion to ``weight``."""

    def enter(function: Rule) -> Rule:
        RULES[function.__name__] = (weight, function)
        return function

    return enter


@rule(12)
def bond(machine: Machine, draw: Draw) -> None:
    """Bonds more, bonds first, or moves to another delegate, with or without hints."""
    world = machine.world
    caller = draw.pick(machine.people)
    account = world.account(caller)
    if account.delegate is not None and draw.chance(60):
        to = account.delegate
    elif draw.chance(45):
        to = caller
    else:
        to = draw.pick(machine.people)
    wei = amount(draw, world.balances[caller] // draw.integer(1, 20))
    if world.bonded(caller) and to != account.delegate and draw.chance(50):
        wei = 0
    model = lambda: bonding.bond(world, caller, wei, caller, to)  # noqa: E731
    if draw.chance(40):
        machine.attempt(caller, "bond(uint256,address)", wei, to, model=model)
        return
    machine.attempt_hinted(
        caller,
        "bondWithHint(uint256,address,address,address,address,address)",
        (wei, to),
        (*hints(machine, draw), *hints(machine, draw)),
        model=model,
        twin=draw.chance(30),
    )


@rule(4)
def bond_for(machine: Machine, draw: Draw) -> None:
    """Bonds for somebody else, who must not lose by it."""
    world = machine.world
    caller, owner = draw.pick(machine.people), draw.pick(machine.people)
    delegate = world.account(owner).delegate
    to = delegate if delegate and draw.chance(80) else draw.pick(machine.people)
    wei = amount(draw, world.balances[caller] // 50)
    machine.attempt_hinted(
        caller,
        "bondForWithHint(uint256,address,address,address,address,address,address)",
        (wei, owner, to),
        (*hints(machine, draw), *hints(machine, draw)),
        model=lambda: bonding.bond(world, caller, wei, owner, to),
        twin=draw.chance(20),
    )


@rule(9)
def unbond(machine: Machine, draw: Draw) -> None:
    """Takes stake out; a transcoder that takes out all of it resigns."""
    world = machine.world
    caller = someone(machine, draw, world.bonded)
    wei = amount(draw, machine.view.accounts[caller].pending_stake)
    if world.registered(caller) and wei == machine.view.accounts[caller].pending_stake:
        if draw.chance(70):
            wei //= 2
    model = lambda: bonding.unbond(world, caller, wei)  # noqa: E731
    if draw.chance(50):
        machine.attempt(caller, "unbond(uint256)", wei, model=model)
        return
    machine.attempt_hinted(
        caller,
        "unbondWithHint(uint256,address,address)",
        (wei,),
        hints(machine, draw),
        model=model,
        twin=draw.chance(30),
    )


@rule(5)
def rebond(machine: Machine, draw: Draw) -> None:
    """Puts a lock back behind the delegate."""
    world = machine.world
    caller = someone(
        machine, draw, lambda name: world.bonded(name) and bool(world.account(name).locks)
    )
    lock = lock_of(machine, draw, caller)
    machine.attempt_hinted(
        caller,
        "rebondWithHint(uint256,address,address)",
        (lock,),
        hints(machine, draw),
        model=lambda: bonding.rebond(world, caller, lock),
        twin=draw.chance(30),
    )


@rule(4)
def rebond_from_unbonded(machine: Machine, draw: Draw) -> None:
    """Puts a lock behind any delegate, with nothing bonded."""
    world = machine.world
    caller = someone(
        machine, draw, lambda name: not world.bonded(name) and bool(world.account(name).locks)
    )
    to = caller if draw.chance(30) else draw.pick(machine.people)
    lock = lock_of(machine, draw, caller)
    machine.attempt_hinted(
        caller,
        "rebondFromUnbondedWithHint(address,uint256,address,address)",
        (to, lock),
        hints(machine, draw),
        model=lambda: bonding.rebond_from_unbonded(world, caller, to, lock),
        twin=draw.chance(30),
    )


@rule(6)
def transfer_bond(machine: Machine, draw: Draw) -> None:
    """Gives stake to somebody else."""
    world = machine.world
    caller = someone(machine, draw, world.bonded)
    receiver = draw.pick(machine.people)
    wei = amount(draw, machine.view.accounts[caller].pending_stake)
    machine.attempt_hinted(
        caller,
        "transferBond(address,uint256,address,address,address,address)",
        (receiver, wei),
        (*hints(machine, draw), *hints(machine, draw)),
        model=lambda: bonding.transfer_bond(world, caller, receiver, wei),
        twin=draw.chance(30),
    )


@rule(5)
def claim(machine: Machine, draw: Draw) -> None:
    """Settles, sometimes a second time in a round."""
    world = machine.world
    caller = someone(machine, draw, world.bonded)
    machine.attempt(
        caller,
        "claimEarnings(uint256)",
        draw.integer(0, 2 * world.clock.round),
        model=lambda: bonding.claim(world, caller),
    )


@rule(5)
def withdraw_stake(machine: Machine, draw: Draw) -> None:
    """Takes a lock home, which must be ripe."""
    world = machine.world
    clock = world.clock
    caller = someone(
        machine,
        draw,
        lambda name: any(
            held.withdraw_round <= clock.round for held in world.account(name).locks.values()
        ),
    )
    lock = lock_of(machine, draw, caller, ready=True)
    machine.attempt(
        caller,
        "withdrawStake(uint256)",
        lock,
        model=lambda: bonding.withdraw_stake(world, caller, lock),
    )


@rule(4)
def withdraw_fees(machine: Machine, draw: Draw) -> None:
    """Has fees paid out, to oneself or somebody else."""
    world = machine.world
    views = machine.view.accounts
    caller = someone(machine, draw, lambda name: views[name].pending_fees > 0)
    recipient = ZERO if draw.chance(3) else draw.pick((*machine.people, setting.STRANGER))
    wei = amount(draw, views[caller].pending_fees)
    before = machine.chain.evm.get_balance(recipient)
    paid = machine.attempt(
        caller,
        "withdrawFees(address,uint256)",
        recipient,
        wei,
        model=lambda: bonding.withdraw_fees(
            world, caller, "" if recipient == ZERO else recipient, wei
        ),
    )
    if paid:
        assert machine.chain.evm.get_balance(recipient) == before + wei, "fees went astray"


@rule(6)
def set_rates(machine: Machine, draw: Draw) -> None:
    """A transcoder sets cut and share, or joins the pool by it."""
    world = machine.world
    caller = someone(
        machine,
        draw,
        lambda name: (
            world.registered(name)
            and (
                not world.is_active(name)
                or world.transcoder(name).last_reward_round == world.clock.round
            )
        ),
    )
    cut, share = draw.integer(0, 10**6), draw.integer(0, 10**6)
    if draw.chance(2):
        cut += 10**6
    machine.attempt_hinted(
        caller,
        "transcoderWithHint(uint256,uint256,address,address)",
        (cut, share),
        hints(machine, draw),
        model=lambda: working.set_rates(world, caller, cut, share),
        twin=draw.chance(20),
    )


@rule(16)
def reward(machine: Machine, draw: Draw) -> None:
    """A transcoder mints its part of the round, at most once."""
    world = machine.world
    caller = someone(
        machine,
        draw,
        lambda name: (
            world.is_active(name) and world.transcoder(name).last_reward_round < world.clock.round
        ),
    )
    late = world.clock.round - world.transcoder(caller).last_reward_round > 1
    earned = world.work.earned(caller, world.issuance.mintable)
    rate = world.next_treasury_rate

    def model() -> None:
        before = machine.world.issuance.supply + machine.view.minted - machine.world.issuance.minted
        left_over = before - machine.view.supply
        working.reward(world, caller, left_over)
        if left_over:
            machine.reach("full reward factor")

    if draw.chance(50):
        done = machine.attempt(caller, "reward()", model=model)
    else:
        done = machine.attempt_hinted(
            caller,
            "rewardWithHint(address,address)",
            (),
            hints(machine, draw),
            model=model,
            twin=draw.chance(20),
        )
    if done:
        machine.reach("reward after a missed round" if late else "reward in every round")
        if earned:
            share = world.work.share(caller, world.issuance.mintable)
            machine.reach("work paid by its share" if earned == share else "work paid by its fee")
        if rate and not world.next_treasury_rate:
            machine.reach("treasury has enough")
        if not world.registered(caller):
            machine.reach("reward after resigning")


@rule(10)
def pay_fees(machine: Machine, draw: Draw) -> None:
    """Fees of this round's or an earlier round's work arrive."""
    world = machine.world
    # Now and then more than the fee factor of one with little stake can take up.
    much = draw.chance(20)
    most_room = 10**22 if much else 10**60
    to = someone(
        machine,
        draw,
        lambda name: world.registered(name) and 0 < world.fee_room(name) < most_room,
    )
    round_ = max(world.clock.round - draw.integer(0, 2), 0)
    most = 10 ** draw.integer(0, 21)
    if room := world.fee_room(to):
        much = much and room < most_room
        most = room * draw.integer(2, 40) if much else min(most, room)
    wei = amount(draw, most)
    machine.pay_fees(to, wei, round_)


@rule(10)
def next_round(machine: Machine, draw: Draw) -> None:
    """Time passes into the next round, and somebody starts it."""
    clock = machine.world.clock
    machine.pass_blocks(clock.round_start + clock.round_length - clock.block + draw.integer(0, 3))
    initialize(machine, draw)


@rule(4)
def initialize_round(machine: Machine, draw: Draw) -> None:
    """Anybody starts the round, once."""
    initialize(machine, draw)


def initialize(machine: Machine, draw: Draw) -> None:
    """Calls initializeRound and notes what kind of round began."""
    world = machine.world
    skipped = world.clock.round - world.clock.initialized > 1
    if machine.attempt(
        draw.pick(machine.people),
        "initializeRound()",
        to="RoundsManager",
        model=lambda: working.initialize_round(world),
    ):
        if skipped:
            machine.reach("round after a skipped one")
        if len(world.pool) == world.pool_size:
            machine.reach("full pool")
        if not world.pool:
            machine.reach("empty pool")


@rule(4)
def wait(machine: Machine, draw: Draw) -> None:
    """Blocks go by: a few, to the end of the round, or rounds nobody starts."""
    kind = draw.integer(0, 9)
    clock = machine.world.clock
    if kind < 5:
        blocks = draw.integer(1, 6)
    elif kind < 8:
        blocks = clock.round_start + clock.round_length - 1 - clock.block
    else:
        blocks = draw.integer(1, 2 * clock.round_length)
    machine.pass_blocks(max(blocks, 1))
    if clock.locked:
        machine.reach("locked round")
    if not clock.ready:
        machine.reach("round not initialised")
