"""Jobs by name and what can be done with any job: escrow, acceptance, end."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import ZERO, Contract, reverts
from tests.contracts.market import GWEI, PROFILES, Market

OFFERED, ACTIVE, CANCELLED, CLOSED = 2, 3, 5, 6


def test_job_for__offers_the_job(market: Market, jobs: Contract, transcoder: str) -> None:
    terms = market.terms(signer=market.transcoders[1])

    receipt = jobs.jobFor(transcoder, *terms.values(), sender=market.broadcaster, value=10**15)

    job = jobs.getJob(receipt.value)
    clock = jobs.currentClock()
    assert (job.broadcaster, job.signer) == (market.broadcaster, market.transcoders[1])
    assert (job.transcoder, job.status) == (transcoder, OFFERED)
    assert (job.pricePerUnit, job.pixelsPerUnit, job.segmentPixels) == (GWEI, 1_000, 10**6)
    assert (job.maxSegments, job.endBlock, job.escrow) == (10_000, terms["end"], 10**15)
    assert (job.electionBlock, job.acceptBy) == (0, clock + 20)
    assert (job.nextSequence, job.claims, job.segmentsClaimed, job.unfinishedClaims) == (0,) * 4
    assert (job.lapses, job.previousJob, job.version) == (0, 0, 1)
    assert job.profilesHash == keccak(text=PROFILES)
    (event,) = receipt.named("JobCreated")
    assert event.args == {
        "jobId": receipt.value,
        "broadcaster": market.broadcaster,
        "transcoder": transcoder,
        "streamId": "stream",
        "profiles": PROFILES,
        "signer": market.transcoders[1],
        "pricePerUnit": GWEI,
        "pixelsPerUnit": 1_000,
        "segmentPixels": 10**6,
        "maxSegments": 10_000,
        "endBlock": terms["end"],
        "escrow": 10**15,
        "electionBlock": 0,
        "acceptBy": clock + 20,
    }


def test_job_for__longest_texts__are_emitted_whole(market: Market, transcoder: str) -> None:
    job_id = market.job_for(transcoder, stream="s" * 64, profiles="p" * 2048)

    assert market.jobs.getJob(job_id).profilesHash == keccak(text="p" * 2048)


@pytest.mark.parametrize(
    ("changes", "value", "reason"),
    [
        ({"price": 2**64}, 1, "price per unit out of range"),
        ({"units": 0}, 1, "pixels per unit out of range"),
        ({"units": 2**64}, 1, "pixels per unit out of range"),
        ({"pixels": 0}, 1, "segment pixels out of range"),
        ({"pixels": 2**64}, 1, "segment pixels out of range"),
        ({"segments": 0}, 1, "max segments out of range"),
        ({"segments": 2**32}, 1, "max segments out of range"),
        ({"end": 0}, 1, "end block out of range"),
        ({"end": 2**40}, 1, "end block out of range"),
        ({"profiles": ""}, 1, "profiles must not be empty"),
        ({}, 0, "escrow out of range"),
    ],
)
def test_job_for__terms_out_of_range__reverts(
    market: Market, transcoder: str, changes: dict[str, Any], value: int, reason: str
) -> None:
    with reverts(reason):
        market.job_for(transcoder, value=value, **changes)


def test_job_for__nobody__reverts(market: Market) -> None:
    with reverts("transcoder must not be zero"):
        market.job_for(ZERO)


def test_accept_job__activates_it(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder)

    receipt = jobs.acceptJob(job_id, sender=transcoder)

    assert jobs.getJob(job_id).status == ACTIVE
    assert receipt.named("JobAccepted")[0].args == {"jobId": job_id, "transcoder": transcoder}


def test_accept_job__by_another__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder)

    with reverts("caller must be the job's transcoder"):
        jobs.acceptJob(job_id, sender=market.transcoders[1])
    with reverts("caller must be a registered transcoder"):
        jobs.acceptJob(job_id, sender=market.broadcaster)


def test_accept_job__in_the_last_block__and_one_later(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    first, second = market.job_for(transcoder), market.job_for(transcoder)
    market.wait_past(jobs.getJob(first).acceptBy - 1)

    jobs.acceptJob(first, sender=transcoder)
    market.chain.mine()
    with reverts("acceptance window has passed"):
        jobs.acceptJob(second, sender=transcoder)


def test_accept_job__not_on_offer__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    for job_id in (market.accepted(), 99):
        with reverts("job is not on offer"):
            jobs.acceptJob(job_id, sender=transcoder)


def test_cancel_job__credits_everything(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder, value=12_345)

    receipt = jobs.cancelJob(job_id, sender=market.broadcaster)

    assert receipt.named("JobCancelled")[0].refund == 12_345
    assert jobs.getJob(job_id).status == CANCELLED
    assert (jobs.getJob(job_id).escrow, jobs.credits(market.broadcaster)) == (0, 12_345)


def test_cancel_job__by_another__only_after_its_end(
    market: Market, jobs: Contract, transcoder: str, stranger: str
) -> None:
    job_id = market.job_for(transcoder, value=5)

    with reverts("caller must be the broadcaster"):
        jobs.cancelJob(job_id, sender=stranger)
    market.wait_past(jobs.getJob(job_id).endBlock)
    jobs.cancelJob(job_id, sender=stranger)

    assert jobs.credits(market.broadcaster) == 5


def test_cancel_job__accepted__reverts(market: Market, jobs: Contract) -> None:
    for job_id in (market.accepted(), 99):
        with reverts("job cannot be cancelled"):
            jobs.cancelJob(job_id, sender=market.broadcaster)


def test_fund_job__adds_to_the_escrow(market: Market, jobs: Contract, stranger: str) -> None:
    job_id = market.accepted(value=100)

    receipt = jobs.fundJob(job_id, sender=stranger, value=11)

    assert jobs.getJob(job_id).escrow == 111
    assert receipt.named("JobFunded")[0].args == {
        "jobId": job_id, "funder": stranger, "amount": 11, "escrow": 111,
    }  # fmt: skip
    with reverts("escrow out of range"):
        jobs.fundJob(job_id, sender=stranger)


def test_fund_job__ended__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder)
    jobs.cancelJob(job_id, sender=market.broadcaster)

    with reverts("job takes no funds"):
        jobs.fundJob(job_id, value=1)


def test_end_job__leaves_the_claim_window(market: Market, jobs: Contract) -> None:
    job_id = market.accepted()
    work = market.work(job_id, 4)

    receipt = jobs.endJob(job_id, sender=market.broadcaster)

    end = jobs.currentClock() + 60
    assert receipt.named("JobEnding")[0].endBlock == jobs.getJob(job_id).endBlock == end
    market.wait_past(end - 1)
    market.claim(work)
    market.chain.mine()
    with reverts("job has ended"):
        market.claim(market.work(job_id, [10]))


def test_end_job__twice_or_by_another__reverts(market: Market, jobs: Contract) -> None:
    job_id = market.accepted()

    with reverts("caller must be the broadcaster"):
        jobs.endJob(job_id, sender=market.transcoders[0])
    jobs.endJob(job_id, sender=market.broadcaster)
    market.chain.mine()
    with reverts("job ends sooner already"):
        jobs.endJob(job_id, sender=market.broadcaster)


def test_end_job__not_accepted__reverts(market: Market, jobs: Contract, transcoder: str) -> None:
    with reverts("job is not active"):
        jobs.endJob(market.job_for(transcoder), sender=market.broadcaster)


def test_close_job__credits_what_is_left(market: Market, jobs: Contract, stranger: str) -> None:
    job_id = market.accepted(value=777)
    with reverts("job has not ended"):
        jobs.closeJob(job_id, sender=stranger)
    market.wait_past(jobs.getJob(job_id).endBlock)

    receipt = jobs.closeJob(job_id, sender=stranger)

    assert receipt.named("JobClosed")[0].refund == jobs.credits(market.broadcaster) == 777
    assert jobs.getJob(job_id).status == CLOSED
    with reverts("job is not active"):
        jobs.closeJob(job_id, sender=stranger)


def test_close_job__unfinished_claim__reverts(market: Market, jobs: Contract) -> None:
    job_id = market.accepted()
    market.claim(market.work(job_id, 3))
    market.wait_past(jobs.getJob(job_id).endBlock)

    with reverts("job has unfinished claims"):
        jobs.closeJob(job_id)


def test_withdraw__pays_credit_once(market: Market, jobs: Contract, transcoder: str) -> None:
    job_id = market.job_for(transcoder, value=10**9)
    jobs.cancelJob(job_id, sender=market.broadcaster)
    before = market.chain.balance(market.broadcaster)

    assert jobs.withdraw(sender=market.broadcaster).value == 10**9

    assert market.chain.balance(market.broadcaster) == before + 10**9
    with reverts("nothing to withdraw"):
        jobs.withdraw(sender=market.broadcaster)


def test_withdraw_for__pays_the_account(
    market: Market, jobs: Contract, transcoder: str, stranger: str
) -> None:
    jobs.cancelJob(market.job_for(transcoder, value=9), sender=market.broadcaster)
    before = market.chain.balance(market.broadcaster)

    jobs.withdrawFor(market.broadcaster, sender=stranger)

    assert market.chain.balance(market.broadcaster) == before + 9
    with reverts("nothing to withdraw"):
        jobs.withdrawFor(stranger)


def test_withdraw__refusing_recipient__fails_alone(
    market: Market, jobs: Contract, transcoder: str
) -> None:
    """A broadcaster without a way to receive ETH holds up nobody else."""
    for value in (5, 6):
        jobs.cancelJob(market.job_for(transcoder, value=value), sender=market.broadcaster)
    market.chain.set_code(market.broadcaster, bytes.fromhex("5f5ffd"))

    with reverts("no reason given (an assertion without one, or out of gas)"):
        jobs.withdrawFor(market.broadcaster)

    assert jobs.credits(market.broadcaster) == 11


PAUSABLE: list[tuple[str, tuple[Any, ...]]] = [
    ("acceptJob", (1,)),
    ("cancelJob", (1,)),
    ("fundJob", (1,)),
    ("endJob", (1,)),
    ("closeJob", (1,)),
    ("lapseJob", (1,)),
    ("setTranscoderPrice", (1, 1)),
    ("claimWork", (1, 0, 0, 1, bytes(32))),
    ("openSegments", (1, 0, [], [])),
    ("challenge", (1, 0, 0)),
    ("requestVerification", (1, 0)),
    ("receiveVerification", (1, 0, 1)),
    ("settle", (1, 0)),
    ("distributeFees", (1, 0)),
    ("batchDistributeFees", ([1], [0])),
    ("missedVerificationSlash", (1, 0)),
    ("doubleClaimSegmentSlash", (1, 0, (0, 0, 0, bytes(32), bytes(32), 0, bytes(32)),
                                 (1, 0, 0, bytes(32), bytes(32), 0, bytes(32)), [])),
    ("withdraw", ()),
    ("withdrawFor", (ZERO,)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args"), PAUSABLE)
def test_paused__reverts(
    market: Market, jobs: Contract, owner: str, function: str, args: tuple[Any, ...]
) -> None:
    market.protocol.Controller.pause(sender=owner)

    with reverts("system is paused"):
        getattr(jobs, function)(*args)


def test_settlement_missing__reverts(market: Market, jobs: Contract, stranger: str) -> None:
    market.protocol.register("JobsSettlement", stranger)

    with reverts("JobsSettlement must be registered"):
        jobs.settle(1, 0)
