"""What transcoders do, and what a new round does: rates, rewards, fees, initializeRound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.reference import pool
from tests.contracts.reference.arithmetic import PERC, percentage
from tests.contracts.reference.earnings import distribute_fees, distribute_reward, treasury_part
from tests.contracts.reference.refusing import not_running, refuse_if

if TYPE_CHECKING:
    from tests.contracts.reference.world import World

HISTORY = 6
"""Rounds whose votes the model keeps."""


def initialize_round(world: World) -> None:
    """Starts the round: fixes weights, who is active, what may be minted, and everybody's votes."""
    clock = world.clock
    refuse_if(
        (clock.paused, "system is paused"),
        (clock.ready, "round already initialized"),
    )
    round_ = clock.round
    world.work.start_round(clock.initialized)
    clock.initialized = round_
    world.weights = {name: t.delegated for name, t in world.transcoders.items() if t.delegated}
    world.active = set(world.pool)
    world.active_stake = world.next_active_stake()
    world.treasury_rate = world.next_treasury_rate
    world.issuance.start_round(world.active_stake)
    world.active_stakes[round_] = world.active_stake
    for old in [past for past in world.active_stakes if past <= round_ - HISTORY]:
        del world.active_stakes[old]


def pass_blocks(world: World, blocks: int) -> None:
    """Lets blocks go by. Votes of a round are the stakes in the moment its first block comes."""
    before = world.clock.round
    world.clock.block += blocks
    note_votes(world, before)


def set_round_length(world: World, blocks: int) -> None:
    """Rounds have ``blocks`` blocks from the first block of the running one on.

    Where they get shorter, the current block may lie in a later round at once.
    """
    clock = world.clock
    before, start = clock.round, clock.round_start
    clock.first_round, clock.first_block, clock.round_length = before, start, blocks
    note_votes(world, before)


def note_votes(world: World, before: int) -> None:
    """Keeps the votes of every round that has begun since round ``before``."""
    now = world.clock.round
    if now > before:
        votes = {name: world.vote(name) for name in world.accounts}
        world.votes.update(dict.fromkeys(range(max(before + 1, now - 2), now + 1), votes))
        for old in [past for past in world.votes if past <= now - HISTORY]:
            del world.votes[old]


def set_rates(world: World, caller: str, cut: int, fee_share: int) -> None:
    """``caller`` sets its reward cut and the delegators' fee share, from the next round on."""
    transcoder = world.transcoder(caller)
    round_ = world.round
    refuse_if(
        *not_running(world),
        (world.clock.locked, "can't update transcoder params, current round is locked"),
        (cut > PERC, "invalid rewardCut percentage"),
        (fee_share > PERC, "invalid feeShare percentage"),
        (not world.registered(caller), "transcoder must be registered"),
        (
            world.is_active(caller) and transcoder.last_reward_round != round_,
            "caller can't be active or must have already called reward for the current round",
        ),
    )
    transcoder.rates = [rate for rate in transcoder.rates if rate[0] <= round_][-HISTORY:]
    transcoder.rates.append((round_ + 1, cut, fee_share))
    transcoder.cut, transcoder.fee_share = cut, fee_share
    pool.enter(world, caller)


def reward(world: World, caller: str, left_over: int = 0) -> int:
    """``caller`` mints its part of the round, in wei of LPT; returned without the treasury's.

    ``left_over`` of it is burned, where the reward factor has come to the end of its word.
    """
    transcoder = world.transcoder(caller)
    refuse_if(
        *not_running(world),
        (not world.is_active(caller), "caller must be an active transcoder"),
        (
            transcoder.last_reward_round == world.round,
            "caller has already called reward for the current round",
        ),
    )
    work, issuance = world.work, world.issuance
    stake = (world.weight(caller), world.active_stake)
    if work.weight:
        by_work = work.earned(caller, issuance.mintable)
        minted = issuance.reward_with_work(*stake, work.weight, by_work)
    else:
        minted = issuance.reward(*stake)
    to_treasury = treasury_part(minted, world.treasury_rate) if world.treasury else 0
    full = world.treasury and world.balances[world.treasury] >= world.treasury_ceiling > 0
    if full and world.next_treasury_rate:
        world.next_treasury_rate = 0
    if to_treasury:
        world.balances[world.treasury] += to_treasury
    amount = minted - to_treasury
    world.vault += amount
    distribute_reward(world, caller, amount, left_over)
    amount -= left_over
    world.vault -= left_over
    world.issuance.supply -= left_over
    if not pool.may_join(world, caller):
        pool.leave(world, caller)
    pool.increase(world, caller, amount)
    return amount


def pay_fees(
    world: World, transcoder: str, fees: int, round_: int, fitting: int | None = None
) -> None:
    """Fees of work done in ``round_`` arrive for a transcoder, in wei of ETH.

    ``fitting`` is how much of the delegators' part went out where not all of it did.
    If it has left in the meantime its own cut still goes to it; its delegators' part does not.
    """
    refuse_if((world.clock.paused, "system is paused"))
    world.eth += fees
    if world.registered(transcoder):
        distribute_fees(world, transcoder, fees, round_, fitting)
        return
    _, fee_share = world.transcoder(transcoder).rates_in(round_)
    delegators = percentage(fees, fee_share)
    world.account(transcoder).fees += fees - delegators
    if world.treasury:
        world.eth -= delegators
    else:
        world.fee_dust += delegators
