"""A position in the pool as the chain has it, and the hints that make moving in it cheap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from scripts._lib.amounts import ZERO

if TYPE_CHECKING:
    from scripts._lib.session import Session

Hint = tuple[str, str]
NO_HINT: Hint = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Delegator:
    """BondingManager.getDelegator. Amounts in LPT wei, fees in wei."""

    bonded: int
    fees: int
    delegate: str
    delegated: int
    start_round: int
    last_claim_round: int
    next_lock: int


@dataclass(frozen=True, slots=True)
class Lock:
    """LPT wei on their way out, to withdraw from `withdraw_round` on."""

    number: int
    amount: int
    withdraw_round: int


def current_round(session: Session) -> int:
    """Number of the current round."""
    return int(session.read("RoundsManager", "currentRound"))


def delegator(session: Session, account: str) -> Delegator:
    """An account's stake as last settled."""
    return Delegator(*session.read("BondingManager", "getDelegator", account))


def pending_stake(session: Session, account: str) -> int:
    """An account's stake with all rewards up to the current round, LPT wei."""
    return int(session.read("BondingManager", "pendingStake", account, current_round(session)))


def pending_fees(session: Session, account: str) -> int:
    """An account's fees up to the current round, wei."""
    return int(session.read("BondingManager", "pendingFees", account, current_round(session)))


def locks(session: Session, account: str, count: int) -> list[Lock]:
    """Open unbonding locks of an account that has made `count` of them."""
    found = []
    for number in range(count):
        amount, withdraw_round = session.read(
            "BondingManager", "getDelegatorUnbondingLock", account, number
        )
        if amount:
            found.append(Lock(number, amount, withdraw_round))
    return found


def pool(session: Session) -> list[tuple[str, int]]:
    """Transcoders and their stake in LPT wei, from the largest to the smallest."""
    found = []
    size = session.read("BondingManager", "getTranscoderPoolSize")
    transcoder = session.read("BondingManager", "getFirstTranscoderInPool")
    for _ in range(size):
        stake = session.read("BondingManager", "transcoderTotalStake", transcoder)
        found.append((transcoder, stake))
        transcoder = session.read("BondingManager", "getNextTranscoderInPool", transcoder)
    return found


def hint(order: list[tuple[str, int]], transcoder: str, stake: int) -> Hint:
    """Between whom a transcoder comes to stand with `stake`: behind all that have more."""
    before, after = ZERO, ZERO
    for other, other_stake in order:
        if other == transcoder:
            continue
        if other_stake > stake:
            before = other
        else:
            after = other
            break
    return before, after


def hint_after(session: Session, transcoder: str, change: int) -> Hint:
    """The hint for a transcoder whose stake changes by `change` LPT wei."""
    if transcoder == ZERO:
        return NO_HINT
    stake = session.read("BondingManager", "transcoderTotalStake", transcoder) + change
    return hint(pool(session), transcoder, max(stake, 0))


def refuse_pending(session: Session, account: str) -> None:
    """Refuse what stake that does not count yet cannot do; say from when on it can."""
    starts, now = delegator(session, account).start_round, current_round(session)
    if starts > now:
        raise click.ClickException(
            f"the stake of {account} counts from round {starts}, now is round {now}: try again then"
        )


def warn_of_forgone_reward(session: Session, account: str) -> None:
    """Say so where settling now gives up the reward of the running round."""
    who = delegator(session, account)
    now = current_round(session)
    if not who.bonded or who.last_claim_round >= now:
        return
    if not session.read("BondingManager", "isActiveTranscoder", who.delegate):
        return
    last_reward = session.read("BondingManager", "getTranscoder", who.delegate)[0]
    if last_reward < now:
        click.echo(
            f"Note: {who.delegate} has not called reward in round {now} yet. This settles your "
            "earnings now and gives up your part of this round's reward; wait for it if you can."
        )
