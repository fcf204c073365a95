"""Gas of jobs, claims and committees, by anvil receipts, beside the contracts of 2018.

Whole transactions through the proxies, 21,000 and calldata included and refunds deducted, one block
each, under Prague's rules. The figures of 2018 were measured in the same way on its contracts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import TYPE_CHECKING, Any

from bench.report import Row, write
from offchain.chain.deployment import mainnet
from tests.contracts.anvil import AnvilMarket, running_anvil
from tests.contracts.harness import Protocol
from tests.contracts.market import GWEI, INVALID, LPT, VALID, Work

if TYPE_CHECKING:
    from tests.contracts.harness.chain import Receipt

AREA = "gas_jobs"
BATCH = 10
SEGMENTS = 1_000
MANY = 10_000
# As many as a transaction takes.
MOST_VOTES = 32
ACTIVE = 100
MOST_OPENINGS = 20
FOREVER = 10**7

# Mainnet's fractions and rates, and windows short enough to sit through.
_MAINNET = mainnet()
CONFIG = replace(
    _MAINNET,
    production=False,
    governed=False,
    min_self_stake=0,
    round_length=400,
    num_active_transcoders=ACTIVE,
    jobs=replace(
        _MAINNET.jobs,
        seed_delay=4,
        seed_window=300,
        challenge_window=4,
        open_window=200,
        accept_window=100,
        claim_window=100,
        verdict_window=600,
        seat_pay=GWEI,
        max_fees_at_risk=10**18,
    ),
    committee=replace(_MAINNET.committee, commit_window=60, reveal_window=60, appeal_window=4,
                      seat_delay=4, seat_window=100),
)  # fmt: skip

# Gas of the same step in the contracts of 2018 (byzantium rules, ten active transcoders).
OF_2018 = {
    "job": 338_149,
    "claimWork": 231_304,
    "verify": 218_742,
    "distributeFees": 129_424,
    "batchDistributeFees": 161_152 / 2,
    "missedVerificationSlash": 190_768,
    "doubleClaimSegmentSlash": 190_545,
    "failed verification": 132_554,
    "a segment": 580,
}

WORDS = (
    "Whole transactions on anvil under prague rules, refunds deducted; mainnet's parameters "
    "with shorter windows, four transcoders (three sit on every committee) but for the "
    "election, which has a hundred. References are the contracts of 2018, livepeer/protocol "
    "before Streamflow, built with solc 0.4.18 and measured receipt by receipt under "
    "byzantium rules with ten active; there, one transaction verified one leaf and one "
    "trusted address judged it. Targets of rows with a reference are gas divided by it. A "
    "segment's figures are sums over ten claims of one transcoder (32 where a row says so, "
    "one for claims of 10,000): without verification claimWork and its share of "
    "batchDistributeFees; with it also the proof of each claim's own seed, all drawn leaves "
    "opened after the challenge window, twenty a transaction, the last of which hands the "
    "claim to the committee, and three seats' commitments and reveals, all claims in one "
    "transaction, the last reveal concluding each request. The row of distributeFees alone is"
    " the first of a round, with fresh words for the round's work, the ten are not. What a "
    "round's snapshot costs stands under gas. claimWork asks the BondingManager for the stake"
    " only when what was noted at acceptJob (or noteStake) has run out, which is after a "
    "quarter of the longest dispute: that claim is the dearer one in the table. Where the gas"
    " of a segment with verification goes at 1,000 a claim: about 490 of it opens leaves "
    "(calldata 7 each, a signature 4, proof and event the rest)."
)


@dataclass(slots=True)
class Meter:
    """Receipts by what they were for."""

    gas: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, name: str, receipt: Receipt, share: int = 1) -> Receipt:
        """Keeps a receipt's gas, or each of `share` equal parts of it."""
        self.gas[name].append(receipt.gas_used / share)
        return receipt

    def of(self, name: str) -> float:
        """The mean of what was kept."""
        return mean(self.gas[name])


def measure() -> None:
    """Measures on chains of its own, and writes the rows."""
    meter = Meter()
    with running_anvil("--hardfork", "prague") as chain:
        market = AnvilMarket(Protocol(chain, CONFIG), transcoders=4)
        jobs_and_claims(market, meter)
        single_votes(market, meter)
        thousand = batch_of_claims(market, meter, BATCH, SEGMENTS)
        convictions(market, meter)
    with running_anvil("--hardfork", "prague") as chain:
        market = AnvilMarket(Protocol(chain, CONFIG), transcoders=4)
        batch_of_claims(market, Meter(), 1, 10)
        many = batch_of_claims(market, Meter(), 1, MANY)
        full = batch_of_claims(market, Meter(), MOST_VOTES, SEGMENTS)
    with running_anvil("--hardfork", "prague") as chain:
        # A hundred have to bond within a round.
        longer = replace(CONFIG, round_length=700)
        election(AnvilMarket(Protocol(chain, longer), transcoders=ACTIVE), meter)
    write(AREA, rows(meter, thousand, full, many), WORDS)


# ---------------------------------------------------------------- scenes


def jobs_and_claims(market: AnvilMarket, meter: Meter) -> None:
    """Jobs made and accepted, and claims of three sizes that are never opened."""
    jobs, transcoder = market.jobs, market.transcoders[3]
    market.job_for(transcoder)
    terms = market.terms(end=FOREVER, segments=10**6).values()
    made = meter.note(
        "jobFor",
        jobs.jobFor(transcoder, *terms, sender=market.broadcaster, value=10**18),
    )
    job_id = made.value
    meter.note("acceptJob", jobs.acceptJob(job_id, sender=transcoder))
    first = 0
    for count in (1, 1_000, 100_000):
        claim(market, meter, f"claimWork of {count:,}", job_id, first, count)
        first += count
    market.chain.mine(jobs.longestDispute() // 4 + 1)
    claim(market, meter, "claimWork when the stake noted has run out", job_id, first, 1_000)
    market.protocol.next_round()
    claim(market, meter, "claimWork in a new round", job_id, first + 1_000, 1_000)


def claim(
    market: AnvilMarket, meter: Meter, name: str, job_id: int, first: int, count: int
) -> None:
    """A claim of which only the root is known."""
    jobs = market.jobs
    fee = jobs.verificationFee(job_id, count)
    receipt = jobs.claimWork(
        job_id, first, first + count - 1, count, b"\x11" * 32,
        sender=market.transcoder_of(job_id), value=fee,
    )  # fmt: skip
    meter.note(name, receipt)


def single_votes(market: AnvilMarket, meter: Meter) -> None:
    """One claim of a thousand, alone in every transaction."""
    job_id = accepted(market, 1)
    work = market.work(job_id, SEGMENTS)
    claim_id = market.claim(work)
    market.prove(job_id, claim_id)
    owed = market.owed(job_id, claim_id)
    meter.note("opening 1 leaf", market.open(work, claim_id, owed[:1]))
    meter.note("opening 10 leaves, each", market.open(work, claim_id, owed[1:11]), BATCH)
    market.open(work, claim_id, owed[11:])
    market.after_challenges(job_id, claim_id)
    if market.jobs.getClaim(job_id, claim_id).request == 0:
        meter.note("requestVerification", market.jobs.requestVerification(job_id, claim_id))
    request = market.jobs.getClaim(job_id, claim_id).request
    for seat in range(3):
        meter.note("commit of 1", market.commit(request, seat, VALID))
    for seat in range(3):
        receipt = market.reveal(request, seat, VALID)
        meter.note("reveal of 1" if seat < 2 else "last reveal of 1, concluding", receipt)
    meter.note("distributeFees", market.jobs.distributeFees(job_id, claim_id))


def batch_of_claims(
    market: AnvilMarket, meter: Meter, claims: int, segments: int
) -> tuple[float, float]:
    """Claims from their making to their pay, votes and pay in one transaction each. Returns the gas
    of a segment, without verification and with it."""
    jobs = market.jobs
    job_id = accepted(market, 0)
    works = [
        market.work(job_id, list(range(at * segments, (at + 1) * segments))) for at in range(claims)
    ]
    total = [0.0, 0.0]
    for work in works:
        fee = jobs.verificationFee(job_id, segments)
        receipt = jobs.claimWork(
            job_id, work.first, work.last, segments, work.tree.root,
            sender=market.transcoders[0], value=fee,
        )  # fmt: skip
        total[0] += receipt.gas_used
    total[1] += sum(proved(market, meter, job_id, each) for each in range(claims))
    market.after_challenges(job_id, claims - 1)
    for claim_id, work in enumerate(works):
        owed = market.owed(job_id, claim_id)
        for at in range(0, len(owed), MOST_OPENINGS):
            opened = market.open(work, claim_id, owed[at : at + MOST_OPENINGS])
            total[1] += opened.gas_used
    requests = [jobs.getClaim(job_id, each).request for each in range(claims)]
    total[1] += votes(market, meter, requests)
    paid = jobs.batchDistributeFees([job_id] * claims, list(range(claims)))
    meter.note("batchDistributeFees of 10, each", paid, claims)
    total[0] += paid.gas_used
    whole = claims * segments
    return total[0] / whole, (total[0] + total[1]) / whole


def proved(market: AnvilMarket, meter: Meter, job_id: int, claim_id: int) -> float:
    """The proof of a claim's seed, unless another claim of the block has proven it."""
    block = market.jobs.getClaim(job_id, claim_id).seedBlock
    market.chain.mine_to(max(market.chain.block, block + 1))
    if market.protocol.RandaoBeacon.seed(block) != bytes(32):
        return 0.0
    return meter.note("RandaoBeacon.prove", market.tell_seed(block)).gas_used


def votes(market: AnvilMarket, meter: Meter, requests: list[int]) -> float:
    """Three seats, each with all requests in one commitment and one reveal."""
    committee, total = market.committee, 0.0
    holders = market.transcoders[1:]
    count = len(requests)
    for holder in holders:
        items = []
        for request in requests:
            digest = market.verdict(request, 1, holder, VALID).digest(market.verdict_domain)
            items.append((request, committee.seatOf(request, 1, holder)[1], digest))
        receipt = meter.note(
            "commit of 10, each", committee.commitVerdicts(items, sender=holder), count
        )
        total += receipt.gas_used
    for place, holder in enumerate(holders):
        scores, details = market.measured(holder)
        reveals = []
        for request in requests:
            salt = market.verdict(request, 1, holder, VALID).salt
            seat = committee.seatOf(request, 1, holder)[1]
            reveals.append((request, seat, VALID, scores, details, salt))
        name = "reveal of 10, each" if place < 2 else "last reveal of 10, concluding, each"
        receipt = meter.note(name, committee.revealVerdicts(reveals, sender=holder), count)
        total += receipt.gas_used
    return total


def convictions(market: AnvilMarket, meter: Meter) -> None:
    """One slash of each kind, of a transcoder each."""
    jobs = market.jobs
    finder = market.chain.account("finder")
    # Nobody proves the seed.
    job_id = accepted(market, 3)
    market.claim(market.work(job_id, 10))
    market.wait_past(jobs.claimDeadlines(job_id, 0).seedBy)
    slash = jobs.missedVerificationSlash(job_id, 0, sender=finder)
    meter.note("missedVerificationSlash", slash)
    # One segment twice in a tree.
    job_id = accepted(market, 2)
    twice: Work = market.work(job_id, [*range(500), 499, *range(501, SEGMENTS)])
    claim_id = market.claim(twice)
    slash = jobs.doubleClaimSegmentSlash(
        job_id, claim_id, twice.leaf(499), twice.leaf(500), twice.tree.multiproof([499, 500]),
        sender=finder,
    )  # fmt: skip
    meter.note("doubleClaimSegmentSlash", slash)
    # A committee finds bad work.
    market.protocol.next_round()
    others = [market.chain.account(f"judge {index}") for index in range(3)]
    for judge in others:
        market.protocol.bond(judge, 1_000 * LPT, judge)
    for _ in range(2):
        market.protocol.next_round()
    job_id = accepted(market, 1)
    work = market.work(job_id, 10)
    market.claim(work)
    market.prove(job_id, 0)
    market.after_challenges(job_id, 0)
    market.open(work, 0)
    request = jobs.getClaim(job_id, 0).request
    market.vote(request, [INVALID] * 3)
    market.committee.conclude(request)
    market.vote(request, [INVALID] * market.seat_stage(request))
    market.committee.conclude(request)
    market.wait_past(market.committee.getRequest(request).appealBy)
    market.committee.conclude(request)
    meter.note("settle of INVALID, slashing", jobs.settle(job_id, 0, sender=finder))


def election(market: AnvilMarket, meter: Meter) -> None:
    """Jobs by election among a hundred, all of whom work at the price."""
    jobs, protocol = market.jobs, market.protocol
    for member in market.transcoders:
        jobs.setTranscoderPrice(GWEI // 2, 1_000, sender=member)
    protocol.next_round()
    for _ in range(4):
        terms = market.terms(end=FOREVER).values()
        made = meter.note("job", jobs.job(*terms, sender=market.broadcaster, value=10**15))
        block = jobs.getJob(made.value).electionBlock
        market.chain.mine_to(max(market.chain.block, block + 1))
        market.tell_seed(block)
        meter.note("elect among 100", jobs.elect(made.value, sender=market.broadcaster))


def accepted(market: AnvilMarket, place: int) -> int:
    """A job by name for one of the transcoders, with no end in sight."""
    return market.accepted(market.transcoders[place], end=FOREVER, segments=10**6, value=10**18)


# ---------------------------------------------------------------- rows


def rows(
    meter: Meter,
    thousand: tuple[float, float],
    full: tuple[float, float],
    many: tuple[float, float],
) -> list[Row]:
    """The table."""

    def row(name: str, *, of: str = "", most: float | None = None, note: str = "") -> Row:
        reference = OF_2018.get(of)
        target = most / reference if most and reference else most
        if target is not None and reference:
            target = round(target, 3)
            note = "; ".join(filter(None, (f"at most {most:,.0f}", note)))
        return Row(AREA, name, round(meter.of(name)), reference, target, "gas", note)

    claims = [
        row(name, of="claimWork", most=120_000)
        for name in (
            "claimWork of 1", "claimWork of 1,000", "claimWork of 100,000",
            "claimWork in a new round",
        )
    ]  # fmt: skip
    voted = meter.of("commit of 10, each") + meter.of("reveal of 10, each")
    return [
        row("job", of="job"),
        row("jobFor", of="job"),
        row("acceptJob", note="notes the stake behind the claims to come"),
        row("elect among 100", most=60_000, note="the first draw fits"),
        *claims,
        row("claimWork when the stake noted has run out", of="claimWork",
            note="or noteStake in a transaction of its own"),
        row("RandaoBeacon.prove", note="one for all claims of a block"),
        row("opening 1 leaf", of="verify", note="of a claim of 1,000"),
        row("opening 10 leaves, each", of="verify", most=35_000, note="of a claim of 1,000"),
        row("requestVerification", note="looks at three seats' stake, once a round"),
        row("commit of 1"),
        row("reveal of 1"),
        row("last reveal of 1, concluding"),
        row("commit of 10, each"),
        row("reveal of 10, each"),
        row("last reveal of 10, concluding, each"),
        Row(AREA, "a seat's commit and reveal of 10, each", round(voted), None, 60_000, "gas"),
        row("distributeFees", of="distributeFees"),
        row("batchDistributeFees of 10, each", of="batchDistributeFees", note="2018: of 2, each"),
        row("missedVerificationSlash", of="missedVerificationSlash"),
        row("doubleClaimSegmentSlash", of="doubleClaimSegmentSlash", note="two leaves of 1,000"),
        row("settle of INVALID, slashing", of="failed verification"),
        *segments(thousand, full, many),
    ]  # fmt: skip


def segments(
    thousand: tuple[float, float], full: tuple[float, float], many: tuple[float, float]
) -> list[Row]:
    """Gas of a segment; the reference had one leaf of each thousand verified, by one address."""
    old = OF_2018["a segment"]

    def row(name: str, ours: float, most: float, reference: float | None) -> Row:
        target: Any = round(most / reference, 3) if reference else most
        note = f"at most {most:,.0f}" if reference else ""
        return Row(AREA, name, round(ours, 1), reference, target, "gas", note)

    return [
        row("a segment at 1,000 a claim, without verification", thousand[0], 300, old),
        row("a segment at 1,000 a claim, 20 draws, 3 seats", thousand[1], 1_100, old),
        row(
            "a segment at 1,000 a claim, 20 draws, 3 seats, votes and pay of 32",
            full[1],
            1_100,
            old,
        ),
        row("a segment at 10,000 a claim, 64 draws, 3 seats", many[1], 350, None),
    ]
