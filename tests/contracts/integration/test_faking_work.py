"""A transcoder that pays itself for jobs, to be paid in new LPT for working: it ends poorer.

Everything is the real thing: its own broadcaster funds a job, it claims and opens, peers judge, the
fee is settled, the next round's reward pays for the work. The same world without the faked job
tells what it would have had anyway. LPT is valued as dearly as the deployment allows for: at
`workRebate` LPT for an ETH. Where it is cheaper, faking loses more.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import Protocol
from tests.contracts.integration.books import Books, Wealth
from tests.contracts.integration.cast import VALID, Actor, Claim, Job, Stage
from tests.contracts.market import LPT, Market

ETHER = 10**18
STAKE = 20_000 * LPT
# A thousandth of an ether for each LPT of stake is the most a claim may cost.
MOST = 18 * ETHER
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class World:
    """How work is paid, what the faker bonds beside its 20,000 LPT, what it pays itself, and what
    another is paid for honest work, in wei."""

    weight: int
    rebate: int
    more_stake: int
    faked: int
    honest: int


worlds = st.builds(
    World,
    weight=st.sampled_from([1, 50_000, 200_000, 900_000, MILLION]),
    rebate=st.sampled_from([1 * LPT, 300 * LPT, 100_000 * LPT]),
    more_stake=st.sampled_from([0, 100_000 * LPT, 2_000_000 * LPT]),
    faked=st.one_of(st.sampled_from([1, 19, 20, 21, MOST]), st.integers(1, MOST)),
    honest=st.one_of(st.just(0), st.integers(1, MOST)),
)


@pytest.fixture
def market(protocol: Protocol) -> Market:
    """Six transcoders of 20,000 LPT each; nobody delegates."""
    return Market(protocol, transcoders=6, stake=STAKE)


@given(worlds)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pays_itself_for_work__ends_poorer(market: Market, world: World) -> None:
    gain = gain_by_faking(market, world)

    assert gain.lpt >= 0 > gain.eth
    assert in_lpt(gain, world.rebate) < 0


def test_rebate_above_the_market__would_make_faking_pay(market: Market) -> None:
    """What protects is the rebate: were LPT worth twice what it assumes, faking would win."""
    world = World(weight=200_000, rebate=300 * LPT, more_stake=0, faked=ETHER, honest=0)

    gain = gain_by_faking(market, world)

    assert in_lpt(gain, world.rebate) < 0 < in_lpt(gain, world.rebate // 2)


def gain_by_faking(market: Market, world: World) -> Wealth:
    """What the faker has more than in the same world without the faked job."""
    with market.chain.isolate():
        stage = prepared(market, world)
        with market.chain.isolate():
            idle = outcome(stage, world, faking=False)
        with market.chain.isolate():
            return outcome(stage, world, faking=True) - idle


def in_lpt(wealth: Wealth, for_an_ether: int) -> int:
    """Its worth in LPT wei, where an ether is worth so much."""
    return wealth.lpt + wealth.eth * for_an_ether // ETHER


def prepared(market: Market, world: World) -> Stage:
    """Work is paid from the round that begins now."""
    protocol = market.protocol
    protocol.bond(market.transcoders[0], world.more_stake or 1, market.transcoders[0])
    market.bonding.setWorkWeight(world.weight, sender=protocol.deployer)
    market.bonding.setWorkRebate(world.rebate, sender=protocol.deployer)
    protocol.next_round(2)
    return Stage(market)


def outcome(stage: Stage, world: World, *, faking: bool) -> Wealth:
    """What the faker, its broadcaster and its delegator have more at the end, together."""
    faker, worker = stage.worker, stage.peers[0]
    customer = Actor("customer", stage.chain.account("customer"), stage)
    minter = stage.protocol.Minter
    with Books(stage.protocol, [*stage.everyone, customer]) as books:
        if faking:
            is_paid(stage, faker, stage.broadcaster, world.faked)
        if world.honest:
            is_paid(stage, worker, customer, world.honest)
        stage.new_round()
        for transcoder in (faker, *stage.peers):
            stage.bonding.reward(sender=transcoder.address)
        assert minter.currentMintedTokens() <= minter.currentMintableTokens()

    gang = (faker, stage.broadcaster, stage.delegator)
    return sum((books.change(each) for each in gang), Wealth())


def is_paid(stage: Stage, worker: Actor, payer: Actor, fee: int) -> None:
    """One segment for this much: ordered, claimed, opened, found good and settled."""
    jobs, market = stage.jobs, stage.market
    terms = market.terms(price=fee, units=1, pixels=1, segments=1, signer=market.broadcaster)
    order = jobs.jobFor(worker.address, *terms.values(), sender=payer.address, value=fee)
    job = Job(stage, order.value)
    jobs.acceptJob(job.id, sender=worker.address)
    work = market.work(job.id, 1)
    claim = Claim(job, work, market.claim(work))
    claim.seed_is_proven()
    market.open(work, claim.id)
    claim.goes_to_the_committee().votes(VALID).ends()
    claim.is_settled()
