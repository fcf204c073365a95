"""However a sequence went, everybody can leave with everything they are owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference import bonding, working
from tests.contracts.stateful import protocol as setting

if TYPE_CHECKING:
    from tests.contracts.stateful.machine import Machine


def everybody_leaves(machine: Machine) -> None:
    """I-51: all unbond, wait, and withdraw stake and fees; what stays is explained to the wei.

    What stays is stake nobody has a claim to: shares of rewards given up by settling early, and the
    dust of rounding.
    """
    world = machine.world
    # Bonds made in this round can be undone in the next.
    machine.pass_blocks(world.clock.round_length)
    start_round(machine)
    for name in machine.people:
        if world.bonded(name):
            must(
                machine,
                name,
                "claimEarnings(uint256)",
                0,
                model=lambda n=name: bonding.claim(world, n),
            )
            wei = machine.view.accounts[name].bonded
            must(
                machine,
                name,
                "unbond(uint256)",
                wei,
                model=lambda n=name, w=wei: bonding.unbond(world, n, w),
            )
    latest = max(
        (lock.matures for account in world.accounts.values() for lock in account.locks.values()),
        default=0,
    )
    rounds = setting.UNBONDING_PERIOD + 5
    machine.pass_blocks(max(rounds * world.clock.round_length, latest - world.clock.now))
    start_round(machine)
    for name in machine.people:
        for lock in sorted(world.account(name).locks):
            must(
                machine,
                name,
                "withdrawStake(uint256)",
                lock,
                model=lambda n=name, k=lock: bonding.withdraw_stake(world, n, k),
            )
        fees = machine.view.accounts[name].fees
        must(
            machine,
            name,
            "withdrawFees(address,uint256)",
            name,
            fees,
            model=lambda n=name, f=fees: bonding.withdraw_fees(world, n, n, f),
        )
    unclaimed = sum(t.forgone + t.commission for t in world.transcoders.values())
    assert machine.view.vault == unclaimed + world.lock_dust, "LPT nobody can account for"
    assert not machine.view.pool and machine.view.next_active_stake == 0
    machine.reach("everybody has left")


def start_round(machine: Machine) -> None:
    """Starts the round where nobody has."""
    world = machine.world
    if not world.clock.ready:
        must(
            machine,
            setting.STRANGER,
            "initializeRound()",
            to="RoundsManager",
            model=lambda: working.initialize_round(world),
        )


def must(
    machine: Machine, name: str, signature: str, *arguments: int | str, **more: object
) -> None:
    """Makes a call that has to go through."""
    done = machine.attempt(name, signature, *arguments, **more)  # type: ignore[arg-type]
    assert done, f"{name} cannot leave: {machine.last_reason}"
