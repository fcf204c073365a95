"""Jobs, draws and votes on a real chain: headers as blocks have them, gas as receipts show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contracts.anvil import AnvilMarket, running_anvil
from tests.contracts.harness import Protocol, reverts
from tests.contracts.harness.protocol import UNGOVERNED
from tests.contracts.market import GWEI, LPT, VALID

pytestmark = pytest.mark.needs("anvil")

CONFIG = replace(
    UNGOVERNED,
    round_length=400,
    num_active_transcoders=100,
    jobs=replace(
        UNGOVERNED.jobs,
        verification_rate=100,
        seed_window=300,
        challenge_window=4,
        open_window=200,
        accept_window=200,
        verdict_window=600,
        seat_pay=GWEI,
    ),
    committee=replace(UNGOVERNED.committee, commit_window=14, reveal_window=12),
)


@pytest.fixture(scope="module")
def market() -> Iterator[AnvilMarket]:
    """Four transcoders on a chain with Prague's rules, among them the history contract."""
    with running_anvil("--hardfork", "prague") as chain:
        yield AnvilMarket(Protocol(chain, CONFIG), transcoders=4)


def test_seed__of_a_block_the_evm_has_forgotten__is_proven_by_history(market: AnvilMarket) -> None:
    chain, beacon = market.chain, market.protocol.RandaoBeacon
    number = chain.block - 1
    chain.mine(300)

    receipt = market.tell_seed(number)

    block = chain.rpc("eth_getBlockByNumber", hex(number), False)  # type: ignore[attr-defined]
    assert beacon.seed(number) == bytes.fromhex(block["mixHash"][2:])
    assert receipt.gas_used <= 110_000
    with reverts("seed is already proven"):
        market.tell_seed(number)


def test_seed__by_child__is_proven(market: AnvilMarket) -> None:
    chain = market.chain
    chain.mine(2)
    number = chain.block - 2
    parent, child = (chain.header(each) for each in (number, number + 1))  # type: ignore[attr-defined]

    market.protocol.RandaoBeacon.proveByChild(parent, child)

    assert market.protocol.RandaoBeacon.seed(number) != bytes(32)


def test_a_thousand_segments__are_claimed_opened_judged_and_paid(market: AnvilMarket) -> None:
    """The whole way of a claim, each step within what the design allows it to cost."""
    jobs, transcoder = market.jobs, market.transcoders[0]
    job_id = market.accepted()
    market.claim(market.work(job_id, [0]))
    work = market.work(job_id, list(range(10, 1_010)))
    fee = jobs.verificationFee(job_id, 1_000)

    claimed = jobs.claimWork(job_id, 10, 1_009, 1_000, work.tree.root, sender=transcoder, value=fee)
    market.prove(job_id, 1)
    owed = market.owed(job_id, 1)
    opened = market.open(work, 1)
    market.after_challenges(job_id, 1)
    request = jobs.requestVerification(job_id, 1).value
    market.vote(request, [VALID] * 3)
    market.conclude(request)
    paid = jobs.distributeFees(job_id, 1)

    assert claimed.gas_used <= 120_000
    # Ten draws, of which chance lets some fall on the same leaf.
    assert opened.gas_used / max(len(owed), 10) <= 35_000
    (event,) = paid.named("FeesDistributed")
    assert event.fees + event.protocolFee == jobs.claimFees(job_id, 1_000) == 1_000 * 10**12
    assert market.bonding.pendingFees(transcoder, 99) == event.fees


def test_ten_requests__are_voted_on_in_two_transactions(market: AnvilMarket) -> None:
    """A seat of ten requests commits and reveals them for at most 60,000 gas each."""
    jobs, committee = market.jobs, market.committee
    job_id = market.accepted(market.transcoders[1])
    works = [market.work(job_id, [number]) for number in range(10)]
    for work in works:
        market.claim(work)
    market.chain.mine(6)
    for claim_id, work in enumerate(works):
        market.prove(job_id, claim_id)
        market.open(work, claim_id)
    market.after_challenges(job_id, 9)
    requests = [jobs.requestVerification(job_id, number).value for number in range(10)]
    # Of four transcoders one claims: the other three sit in every request.
    holder = market.transcoders[0]
    seats = [committee.seatOf(request, 1, holder)[1] for request in requests]
    verdicts = [market.verdict(request, 1, holder, VALID) for request in requests]
    scores, details = market.measured(holder)

    committed = committee.commitVerdicts(
        [
            (request, seat, verdict.digest(market.verdict_domain))
            for request, seat, verdict in zip(requests, seats, verdicts, strict=True)
        ],
        sender=holder,
    )
    market.wait_past(committee.getRequest(requests[-1]).commitBy)
    revealed = committee.revealVerdicts(
        [
            (request, seat, VALID, scores, details, verdict.salt)
            for request, seat, verdict in list(zip(requests, seats, verdicts, strict=True))
            if committee.getRequest(request).phase == 3
        ],
        sender=holder,
    )

    in_time = len(revealed.named("VerdictRevealed"))
    assert in_time >= 4
    assert committed.gas_used / 10 + revealed.gas_used / in_time <= 60_000


def test_election__among_a_hundred(market: AnvilMarket) -> None:
    """A binary search over contract code: the size of the set hardly matters."""
    protocol, jobs = market.protocol, market.jobs
    protocol.next_round()
    members = list(market.transcoders)
    for index in range(96):
        member = market.chain.account(f"member {index}")
        protocol.bond(member, 1_000 * LPT, member)
        members.append(member)
    for member in members:
        jobs.setTranscoderPrice(GWEI, 1_000, sender=member)
    protocol.next_round()
    receipt = jobs.job(*market.terms().values(), sender=market.broadcaster, value=10**15)
    block = jobs.getJob(receipt.value).electionBlock
    market.chain.mine_to(max(market.chain.block, block + 1))
    market.tell_seed(block)

    elected = jobs.elect(receipt.value, sender=market.broadcaster)

    assert elected.value in members
    assert elected.gas_used <= 70_000
