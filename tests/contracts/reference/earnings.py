"""Who earns what: rewards and fees, handed out delegator by delegator."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tests.contracts.reference.arithmetic import LARGEST_FACTOR, PRECISE, percentage
from tests.contracts.reference.state import UNIT_ERROR, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contracts.reference.state import Account, Transcoder
    from tests.contracts.reference.world import World


def sharers(world: World, transcoder: str) -> Iterator[Account]:
    """Delegators of ``transcoder`` with a part in this round: those not settled in it yet.

    Stake bonded in this round was settled in it, so it never shares in a round it was not there
    for; stake settled before the reward of the round forgoes the round.
    """
    round_ = world.round
    for account in world.accounts.values():
        if account.delegate == transcoder and account.last_claim < round_:
            yield account


def distribute_reward(world: World, name: str, reward: int, left_over: int) -> None:
    """Adds ``reward`` (wei of LPT, treasury part already taken) to a transcoder and its delegators.

    The commission is exact to the wei; what is left goes out by stake at the start of the round,
    less ``left_over``, by which the factor would have outgrown its word. The contract says how much
    that was; the model checks it to nine digits.
    """
    transcoder = world.transcoder(name)
    weight = world.weight(name)
    cut, _ = transcoder.rates_in(world.round)
    commission = percentage(reward, cut)
    room = (LARGEST_FACTOR / transcoder.reward_factor - 1) * weight
    excess = max(reward - commission - room, 0)
    assert abs(left_over - excess) <= 1e-9 * (reward + weight), f"{left_over} of a reward left over"
    shared = Fraction(reward - commission - left_over, weight)
    reward -= left_over
    transcoder.reward_factor *= 1 + float(shared)
    handed_out = ZERO
    for account in sharers(world, name):
        part = account.stake * shared
        # The contract multiplies by a rounded factor; what it is short of grows with the stake.
        account.stake_error *= 1 + shared
        account.stake_error += (account.stake + part) * UNIT_ERROR
        account.stake += part
        handed_out += part
    own = transcoder.commission * shared
    transcoder.active_commission = transcoder.commission
    transcoder.commission_error = transcoder.commission_error * (1 + shared) + 2
    transcoder.commission += own + commission
    handed_out += own + commission
    transcoder.forgone += reward - handed_out
    transcoder.growth = 1 + shared
    transcoder.last_reward_round = world.round


def distribute_fees(
    world: World, name: str, fees: int, round_: int, fitting: int | None = None
) -> None:
    """Adds ``fees`` (wei of ETH, earned in ``round_``) to a transcoder and its delegators.

    The fee share in force in ``round_`` is the delegators' part. It goes out by stake before this
    round's reward, whether or not that reward has been called. Where the fee factor has come to the
    end of its word, only ``fitting`` wei of the part go out and the rest is the transcoder's own.
    The contract says how much that was; the model checks it to nine digits.
    """
    transcoder = world.transcoder(name)
    _, fee_share = transcoder.rates_in(round_)
    delegators = percentage(fees, fee_share)
    weight = world.weight(name)
    if weight == 0:
        # Nobody had stake here when the round began: all of it is the transcoder's.
        transcoder.commission_fees += fees
        return
    rewarded = transcoder.last_reward_round == world.round
    growth = transcoder.growth if rewarded else Fraction(1)
    base = transcoder.active_commission if rewarded else transcoder.commission
    cut_off = ZERO
    if fitting is not None:
        unit = transcoder.reward_factor / float(growth)
        room = (LARGEST_FACTOR - transcoder.fee_factor) / unit * weight
        least = min(delegators, max(room, 0))
        slack = 1e-9 * (delegators + LARGEST_FACTOR / unit * weight) + 1
        assert abs(fitting - least) <= slack, f"{fitting} of {delegators} wei went out"
        # What went out was rounded up to a wei.
        cut_off = Fraction(1)
        delegators = fitting
    own = Fraction(fees - delegators)
    shared = Fraction(delegators, weight)
    transcoder.fee_factor += transcoder.reward_factor * float(shared / growth)
    assert transcoder.fee_factor < LARGEST_FACTOR * (1 + 1e-9), "the fee factor is over-full"
    handed_out = ZERO
    for account in sharers(world, name):
        part = account.stake / growth * shared
        account.fees += part
        account.fees_error += account.stake_error * shared + (1 + account.stake) * UNIT_ERROR
        account.fees_error += cut_off
        handed_out += part
    transcoder.commission_fees += own + base * shared
    transcoder.commission_fees_error += (1 + transcoder.commission_error) * shared + 2
    handed_out += own + base * shared
    world.fee_dust += fees - handed_out
    assert ZERO <= world.fee_dust


def settle(world: World, name: str) -> None:
    """Turns what an account earned into its stake and fees, once a round.

    From here on the model counts with the integers the contract quoted just before, which
    :meth:`World.quote` has compared with the exact figures.
    """
    account = world.account(name)
    round_ = world.round
    if account.last_claim >= round_:
        return
    account.last_claim = round_
    if account.delegate is None:
        return
    transcoder = world.transcoder(account.delegate)
    stake, fees = position(world, name)
    settled_stake = int(stake) if account.quoted_stake is None else account.quoted_stake
    settled_fees = int(fees) if account.quoted_fees is None else account.quoted_fees
    transcoder.forgone += stake - settled_stake
    world.fee_dust += fees - settled_fees
    account.stake, account.fees = Fraction(settled_stake), Fraction(settled_fees)
    account.stored = settled_stake
    account.stake_error = account.fees_error = ZERO
    if account.delegate == name:
        clear_commission(transcoder)


def clear_commission(transcoder: Transcoder) -> None:
    """What the transcoder has taken over into its own position is not owed again."""
    transcoder.commission = transcoder.commission_error = ZERO
    transcoder.commission_fees = transcoder.commission_fees_error = ZERO


def position(world: World, name: str) -> tuple[Fraction, Fraction]:
    """Exact stake and fees of an account if it settled now, in wei.

    A transcoder's own position includes its commission.
    """
    account = world.account(name)
    if account.delegate != name:
        return account.stake, account.fees
    transcoder = world.transcoder(name)
    return account.stake + transcoder.commission, account.fees + transcoder.commission_fees


def errors(world: World, name: str) -> tuple[Fraction, Fraction]:
    """How far below :meth:`position` the contract may quote, in wei."""
    account = world.account(name)
    slack_stake, slack_fees = 1 + account.stake_error, 1 + account.fees_error
    if account.stake_error:
        slack_stake += 1
    if account.fees_error:
        slack_fees += 1
    if account.delegate == name:
        transcoder = world.transcoder(name)
        slack_stake += transcoder.commission_error
        slack_fees += transcoder.commission_fees_error
    return slack_stake, slack_fees


def treasury_part(reward: int, rate: int) -> int:
    """The treasury's part of a transcoder's reward: ``rate`` of 10^27, rounded down."""
    return reward * rate // PRECISE
