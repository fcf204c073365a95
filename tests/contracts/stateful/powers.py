"""What courts, payers and the owner do, and what nobody else may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.chain.artifacts import artifact, encode_constructor
from offchain.chain.deployment import name_hash
from tests.contracts.reference import slashing, working
from tests.contracts.reference.refusing import not_running, refuse_if
from tests.contracts.reference.slashing import Taken
from tests.contracts.reference.state import Refused
from tests.contracts.stateful import protocol as setting
from tests.contracts.stateful.choices import someone
from tests.contracts.stateful.evm import ZERO
from tests.contracts.stateful.rules import rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.stateful.machine import Draw, Machine

SLASH = "slashTranscoder(address,address,uint256,uint256)"
FEES = "updateTranscoderWithFees(address,uint256,uint256)"
CONTROLLER = "setContractInfo(bytes32,address,bytes20)"


def seen(machine: Machine, name: str) -> Taken:
    """What the call just made took from a transcoder."""
    view = machine.view
    locks = {lock: amount for (owner, lock), (amount, _) in view.locks.items() if owner == name}
    world = machine.world
    machine.last_penalty = world.vault - view.vault
    if name in machine.promised:
        until, stake = machine.promised[name]
        # What is left is rounded down, in stake as of the last claim: an account that has earned
        # since loses what one such wei has grown to.
        account = world.account(name)
        grown = int(account.stake / account.stored) if account.stored else 0
        left = max(stake - machine.last_penalty - 4 - grown, 0)
        # With less than a wei bonded it is no transcoder any more, and what is left of a commission
        # waits, beyond reach, until it bonds to itself again; a least self-stake rules that out.
        machine.promised[name] = until, left if view.accounts[name].bonded else 0
    delegate = world.account(name).delegate
    bonded = 0
    if delegate:
        bonded = world.transcoder(delegate).delegated - view.accounts[delegate].delegated
    return Taken(machine.last_penalty, bonded, view.accounts[name].bonded, locks)


def has_stake(machine: Machine) -> Callable[[str], bool]:
    """Who has something a slash could take."""
    world = machine.world
    return lambda name: world.registered(name) or bool(slashing.in_reach(world, name))


@rule(2)
def slash(machine: Machine, draw: Draw) -> None:
    """The court convicts a transcoder; its friend may be the finder."""
    world = machine.world
    name = someone(machine, draw, has_stake(machine))
    fraction = draw.integer(1, 10**6) if draw.chance(40) else 50_000
    if draw.chance(12):
        fraction = 10**6
    finder = draw.pick((*machine.people, setting.FRIEND, ZERO))
    fee = draw.integer(0, 10**6)
    locked = bool(slashing.in_reach(world, name))
    resigned = not world.registered(name)
    convicted_before = world.barred(name)
    wealth = wealth_of(machine, {name, setting.FRIEND})
    pending = machine.view.accounts[name].pending_stake
    if not machine.attempt(
        setting.VERIFIER,
        SLASH,
        name,
        finder,
        fraction,
        fee,
        model=lambda: slashing.slash(
            world, name, None if finder == ZERO else finder, fraction, fee, seen(machine, name)
        ),
    ):
        return
    machine.reach("slash")
    if locked:
        machine.reach("slash of locks")
    if resigned and locked:
        machine.reach("slash of one who resigned")
    if convicted_before:
        machine.reach("second slash")
    if fraction == 10**6 and pending:
        machine.reach("slash of everything")
    if finder == setting.FRIEND:
        # I-24: with a friend as finder at least half of the penalty is gone for good.
        lost = wealth - wealth_of(machine, {name, setting.FRIEND})
        penalty = machine.last_penalty
        assert 2 * lost >= penalty, f"a slash of {penalty} cost only {lost}"
        machine.reach("a friend as finder")


def wealth_of(machine: Machine, names: set[str]) -> int:
    """LPT that accounts hold, have bonded, or have in locks, in wei."""
    view, world = machine.view, machine.world
    total = 0
    for name in names:
        if name in view.balances:
            total += view.balances[name]
            continue
        account = view.accounts[name]
        total += account.balance + account.pending_stake
        total += sum(lock.amount for lock in world.account(name).locks.values())
    return total


@rule(2)
def penalize_seat(machine: Machine, draw: Draw) -> None:
    """The committee takes a fixed amount from a verifier that failed it."""
    world = machine.world
    name = someone(machine, draw, has_stake(machine))
    wei = draw.integer(0, 10 ** draw.integer(0, 25))
    if machine.attempt(
        setting.COMMITTEE,
        "penalizeSeat(address,uint256)",
        name,
        wei,
        model=lambda: slashing.penalize(world, name, setting.COMMITTEE, wei, seen(machine, name)),
    ):
        machine.reach("penalised seat")


@rule(3)
def back_work(machine: Machine, draw: Draw) -> None:
    """Jobs keeps a transcoder's stake in reach until its work is final."""
    world = machine.world
    name = someone(machine, draw, world.registered)
    until = world.clock.now + draw.integer(0, 2 * setting.ROUND_LENGTH)
    stake = machine.view.accounts[name].pending_stake
    later = until > world.transcoder(name).backed_until

    def back() -> None:
        slashing.back_work(world, name, until)
        if later:
            # Locks made before may mature before this work is final; what is bonded stays.
            machine.promised[name] = until, stake

    machine.attempt(
        setting.JOBS, "backWork(address,uint256)", name, until, to="JobsManager", model=back
    )


@rule(1)
def pause(machine: Machine, draw: Draw) -> None:
    """The owner stops the system, things are tried in vain, and it goes on."""
    world = machine.world
    clock = world.clock
    machine.attempt(setting.OWNER, "pause()", to="Controller", model=clock.pause)
    machine.reach("paused")
    for _ in range(draw.integer(1, 3)):
        machine.pass_blocks(draw.integer(0, 10))
        name, signature = draw.pick(machine.people), draw.pick(sorted(PAUSED))
        zeros = (0,) * PAUSED[signature]
        machine.attempt(name, signature, *zeros, model=lambda: refuse_if(*not_running(world)))
    machine.pass_blocks(draw.integer(0, setting.ROUND_LENGTH))
    machine.attempt(setting.OWNER, "unpause()", to="Controller", model=clock.unpause)


PAUSED = {
    "bond(uint256,address)": 2,
    "unbond(uint256)": 1,
    "rebond(uint256)": 1,
    "claimEarnings(uint256)": 1,
    "withdrawStake(uint256)": 1,
    "transcoder(uint256,uint256)": 2,
    "reward()": 0,
}


@rule(1)
def upgrade(machine: Machine, draw: Draw) -> None:
    """BondingManager's code is replaced by a fresh deployment; nobody's figures move."""
    code = encode_constructor(artifact("BondingManager"), (machine.protocol["Controller"],))
    target = machine.chain.evm.deploy(setting.OWNER, code)
    machine.attempt(
        setting.OWNER,
        CONTROLLER,
        name_hash("BondingManagerTarget"),
        target.lower(),
        0,
        to="Controller",
        model=lambda: None,
    )
    machine.reach("upgrade")


@rule(3)
def intrude(machine: Machine, draw: Draw) -> None:
    """Somebody calls what is not theirs to call."""
    name, other = draw.pick(machine.people), draw.pick(machine.people)
    choices: dict[str, tuple[tuple[int | str, ...], str, str]] = {
        SLASH: ((other, name, 10**6, 10**6), "caller must be Verifier", "BondingManager"),
        FEES: ((name, 1, 0), "caller must be TicketBroker", "BondingManager"),
        "setCurrentRoundTotalActiveStake()": ((), "caller must be RoundsManager", "BondingManager"),
        "setNumActiveTranscoders(uint256)": (
            (100,),
            "caller must be Controller owner",
            "BondingManager",
        ),
        "setUnbondingPeriod(uint64)": ((1,), "caller must be Controller owner", "BondingManager"),
        "setMinSelfStake(uint256)": ((0,), "caller must be Controller owner", "BondingManager"),
        "setController(address)": ((name,), "caller must be Controller", "BondingManager"),
        "createReward(uint256,uint256)": ((1, 1), "msg.sender not BondingManager", "Minter"),
        "trustedBurnTokens(uint256)": ((1,), "msg.sender not BondingManager", "Minter"),
        "trustedTransferTokens(address,uint256)": (
            (name, 1),
            "msg.sender not BondingManager",
            "Minter",
        ),
    }
    signature = draw.pick(sorted(choices))
    arguments, reason, contract = choices[signature]

    def refuse() -> None:
        raise Refused(frozenset({reason}))

    machine.attempt(name, signature, *arguments, to=contract, model=refuse)


@rule(1)
def govern(machine: Machine, draw: Draw) -> None:
    """The owner changes a parameter; it takes effect where it should and nowhere else."""
    world = machine.world
    which = draw.integer(0, 2)
    if which == 0 and world.pool_size < setting.POOL_SIZE + 2:

        def grow() -> None:
            world.pool_size += 1

        machine.attempt(
            setting.OWNER, "setNumActiveTranscoders(uint256)", world.pool_size + 1, model=grow
        )
    elif which == 1:
        period = draw.integer(1, 4)

        def lengthen() -> None:
            world.unbonding_period = period

        machine.attempt(setting.OWNER, "setUnbondingPeriod(uint64)", period, model=lengthen)
    else:
        minimum = draw.integer(0, 10 ** draw.integer(0, 22))

        def require() -> None:
            world.minimum_self_stake = minimum

        machine.attempt(setting.OWNER, "setMinSelfStake(uint256)", minimum, model=require)


@rule(5)
def settle_work(machine: Machine, draw: Draw) -> None:
    """Jobs settles work as valid; it counts in the next round."""
    world = machine.world
    name = someone(machine, draw, world.is_active)
    fees = draw.integer(0, 10 ** draw.integer(0, 20))
    protocol_fee = fees * draw.integer(0, 500) // 1_000
    round_ = world.round
    machine.attempt(
        setting.JOBS,
        "record(uint256,address,uint256,uint256)",
        round_,
        name,
        fees,
        protocol_fee,
        to="JobsManager",
        model=lambda: world.work.record(round_, name, fees, protocol_fee),
    )


@rule(2)
def pay_for_work(machine: Machine, draw: Draw) -> None:
    """The owner sets how much of a round's LPT goes by work, or the most it pays."""
    work = machine.world.work
    if draw.chance(50):
        weight = draw.integer(0, 10**6) if draw.chance(85) else 0
        if draw.chance(5):
            weight += 10**6

        def weigh() -> None:
            refuse_if((weight > 10**6, "work weight must be a valid percentage"))
            work.next_weight = weight

        machine.attempt(setting.OWNER, "setWorkWeight(uint256)", weight, model=weigh)
    else:
        rebate = draw.integer(0, 10 ** draw.integer(21, 29))

        def limit() -> None:
            refuse_if((rebate >= 2**96, "work rebate is too large"))
            work.next_rebate = rebate

        machine.attempt(setting.OWNER, "setWorkRebate(uint256)", rebate, model=limit)


@rule(2)
def fund_treasury(machine: Machine, draw: Draw) -> None:
    """The owner sets the treasury's part of rewards, or the balance at which it has enough."""
    world = machine.world
    if draw.chance(60):
        rate = draw.integer(0, 10**27) if draw.chance(70) else 0
        if draw.chance(5):
            rate += 10**27

        def cut() -> None:
            refuse_if((rate > 10**27, "_cutRate is invalid precise percentage"))
            world.next_treasury_rate = rate

        machine.attempt(setting.OWNER, "setTreasuryRewardCutRate(uint256)", rate, model=cut)
    else:
        has = world.balances[setting.TREASURY]
        ceiling = has + draw.integer(0, 10**21) if draw.chance(60) else 0

        def bound() -> None:
            world.treasury_ceiling = ceiling

        machine.attempt(setting.OWNER, "setTreasuryBalanceCeiling(uint256)", ceiling, model=bound)


@rule(1)
def set_round_length(machine: Machine, draw: Draw) -> None:
    """The owner makes rounds longer or shorter, from the running one on."""
    world = machine.world
    clock = world.clock
    blocks = draw.integer(5, 2 * setting.ROUND_LENGTH)
    if draw.chance(4):
        blocks = 0
    before = clock.round

    def change() -> None:
        refuse_if((blocks == 0, "round length cannot be 0"))
        working.set_round_length(world, blocks)

    if machine.attempt(
        setting.OWNER, "setRoundLength(uint256)", blocks, to="RoundsManager", model=change
    ):
        machine.reach("round over at once" if clock.round > before else "round of another length")


@rule(2)
def checkpoint(machine: Machine, draw: Draw) -> None:
    """Anybody has somebody's votes noted down; nothing else changes."""
    machine.attempt(
        draw.pick(machine.people),
        "checkpointBondingState(address)",
        draw.pick(machine.people),
        model=lambda: None,
    )
