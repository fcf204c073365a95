"""Staking by command, from the faucet to the last withdrawal."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from scripts._lib import staking
from scripts._lib.amounts import EVERYTHING, ZERO
from tests.scripts.conftest import World

LPT = 10**18


@pytest.fixture
def transcoder(world: World) -> str:
    """A registered transcoder with 100 LPT, active from the next round."""
    account = world.rich("transcoder")
    world.run("bond", account, 100 * LPT, account)
    world.run("transcoder", account, 100_000, 800_000)
    return account


def test_bond__approves_and_bonds(world: World, transcoder: str, said: Callable[[], str]) -> None:
    delegator = world.rich("delegator")
    said()

    session = world.run("bond", delegator, 30 * LPT, transcoder)

    assert staking.delegator(session, delegator).bonded == 30 * LPT
    assert staking.pool(session) == [(transcoder, 130 * LPT)]
    told = said()
    assert "Will let the BondingManager take 30 LPT" in told
    assert f"30 LPT of {delegator} bonded to {transcoder} (30 LPT added)" in told


def test_bond__in_a_dry_run__changes_nothing(
    world: World, transcoder: str, said: Callable[[], str]
) -> None:
    delegator = world.rich("delegator")
    said()

    session = world.run("bond", delegator, 30 * LPT, transcoder, dry_run=True)

    assert staking.delegator(session, delegator).bonded == 0
    assert session.read("LivepeerToken", "allowance", delegator, transcoder) == 0
    told = said()
    assert "Would bond 30 LPT" in told
    assert "Nothing was sent" in told


def test_bond__of_more_than_one_has__is_refused_in_words(world: World, transcoder: str) -> None:
    with pytest.raises(click.ClickException, match="less than 5,000 LPT"):
        world.run("bond", transcoder, 5_000 * LPT, transcoder)


def test_bond__to_another_transcoder__moves_all_and_keeps_the_pool_sorted(
    world: World, transcoder: str
) -> None:
    others = [world.rich(f"other {index}") for index in range(6)]
    for index, other in enumerate(others):
        world.run("bond", other, (20 + 10 * index) * LPT, other)
    delegator = world.rich("delegator")
    world.run("bond", delegator, 45 * LPT, others[2])

    session = world.run("bond", delegator, 1 * LPT, others[4])

    order = staking.pool(session)
    assert dict(order)[others[4]] == 106 * LPT
    assert dict(order)[others[2]] == 40 * LPT
    assert [stake for _, stake in order] == sorted((s for _, s in order), reverse=True)
    assert staking.delegator(session, delegator).delegate == others[4]


def test_hint__names_the_neighbours_the_pool_then_has(world: World) -> None:
    accounts = [world.rich(f"transcoder {index}") for index in range(6)]
    for index, account in enumerate(accounts):
        amount = (10 + 7 * index % 23) * LPT
        session = world.session(account)
        expected = staking.hint(staking.pool(session), account, amount)

        world.run("bond", account, amount, account)

        order = [who for who, _ in staking.pool(session)]
        place = order.index(account)
        before = order[place - 1] if place else ZERO
        after = order[place + 1] if place + 1 < len(order) else ZERO
        assert (before, after) == expected


def test_unbond_to_withdraw__gives_the_lpt_back(world: World, transcoder: str) -> None:
    delegator = world.rich("delegator")
    world.run("bond", delegator, 30 * LPT, transcoder)
    with pytest.raises(click.ClickException, match="counts from round"):
        world.run("unbond", delegator, 10 * LPT)
    world.next_round()
    world.run("unbond", delegator, 10 * LPT)
    world.run("unbond", delegator, EVERYTHING)
    with pytest.raises(click.ClickException, match="opens in round"):
        world.run("withdraw-stake", delegator, ())
    world.next_round(7)

    session = world.run("withdraw-stake", delegator, ())

    assert session.read("LivepeerToken", "balanceOf", delegator) == 1_000 * LPT
    with pytest.raises(click.ClickException, match="nothing unbonding"):
        world.run("withdraw-stake", delegator, ())


def test_rebond__takes_a_lock_back_with_and_without_stake(world: World, transcoder: str) -> None:
    delegator = world.rich("delegator")
    world.run("bond", delegator, 30 * LPT, transcoder)
    world.next_round()
    world.run("unbond", delegator, 10 * LPT)
    world.run("rebond", delegator, 0, None)
    world.run("unbond", delegator, EVERYTHING)
    with pytest.raises(click.ClickException, match="--transcoder"):
        world.run("rebond", delegator, 1, None)

    session = world.run("rebond", delegator, 1, transcoder)

    assert staking.delegator(session, delegator).bonded == 30 * LPT
    with pytest.raises(click.ClickException, match="no lock 1"):
        world.run("rebond", delegator, 1, None)


def test_reward__mints_and_claim_settles(
    world: World, transcoder: str, said: Callable[[], str]
) -> None:
    delegator = world.rich("delegator")
    world.run("bond", delegator, 100 * LPT, transcoder)
    world.next_round()
    supply = world.session().read("LivepeerToken", "totalSupply")
    said()

    session = world.run("reward", transcoder)

    minted = session.read("LivepeerToken", "totalSupply") - supply
    assert minted == session.read("Minter", "currentMintedTokens") > 0
    assert "minted for" in said()
    with pytest.raises(click.ClickException, match="has called reward"):
        world.run("reward", transcoder)
    # A tenth is the transcoder's cut; the rest is shared by stake, half to each.
    session = world.run("claim", delegator)
    gained = staking.delegator(session, delegator).bonded - 100 * LPT
    assert abs(gained - minted * 9 // 20) <= 10**9
    with pytest.raises(click.ClickException, match="settled up to this round"):
        world.run("claim", delegator)


def test_claim__before_the_reward_of_the_round__warns(
    world: World, transcoder: str, said: Callable[[], str]
) -> None:
    world.next_round()
    said()

    world.run("claim", transcoder)

    assert "has not called reward in round" in said()


def test_transfer_bond__makes_it_the_receivers(world: World, transcoder: str) -> None:
    delegator, receiver = world.rich("delegator"), world.chain.account("receiver")
    world.run("bond", delegator, 30 * LPT, transcoder)
    world.next_round()

    session = world.run("transfer-bond", delegator, receiver, 12 * LPT)

    assert staking.delegator(session, receiver).bonded == 12 * LPT
    assert staking.delegator(session, receiver).delegate == transcoder
    assert staking.delegator(session, delegator).bonded == 18 * LPT


def test_withdraw_fees__without_fees__is_refused_in_words(world: World, transcoder: str) -> None:
    with pytest.raises(click.ClickException, match="no fees"):
        world.run("withdraw-fees", transcoder, EVERYTHING, None)


def test_transcoder__before_bonding_to_oneself__is_refused_in_words(world: World) -> None:
    with pytest.raises(click.ClickException, match="bond to yourself first"):
        world.run("transcoder", world.rich("somebody"), 1, 1)


def test_status_and_transcoders__show_the_figures(
    world: World, transcoder: str, said: Callable[[], str]
) -> None:
    world.next_round()
    said()

    world.run("status", "", transcoder)
    world.run("transcoders", "")

    told = said()
    assert "900 LPT" in told
    assert told.count("100 LPT") >= 3
    assert told.count("10 %") == 2
    assert transcoder in told


def test_initialize_round__twice__is_refused_in_words(world: World) -> None:
    with pytest.raises(click.ClickException, match="has started already"):
        world.run("initialize-round", world.governance)


def test_faucet__gives_lpt(world: World) -> None:
    account = world.chain.account("poor")

    session = world.run("faucet", account)

    assert session.read("LivepeerToken", "balanceOf", account) == 1_000 * LPT
    with pytest.raises(click.ClickException, match="too early to request again"):
        world.run("faucet", account)
