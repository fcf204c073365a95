"""What a deployment is given to start with: every parameter, with its unit, and named presets."""

from __future__ import annotations

from dataclasses import dataclass, field

LPT = 10**18
ETHER = 10**18
MILLION = 1_000_000


def _word(bits: int, values: tuple[int, ...]) -> bytes:
    """Fields of so many bits, the last one lowest."""
    return sum(value << bits * place for place, value in enumerate(reversed(values))).to_bytes(
        32, "big"
    )


@dataclass(frozen=True, slots=True)
class JobsParameters:
    """JobsManager.Parameters: windows in blocks, pay in wei, fractions in parts per million."""

    verification_rate: int = 50
    max_samples: int = 64
    seed_delay: int = 128
    election_delay: int = 8
    seed_window: int = 7_000
    challenge_window: int = 1_800
    open_window: int = 300
    accept_window: int = 100
    claim_window: int = 1_800
    verdict_window: int = 16_200
    seat_pay: int = 2 * 10**13
    protocol_fee: int = 50_000
    invalid_slash: int = 50_000
    missed_slash: int = 50_000
    double_claim_slash: int = 50_000
    finder_share: int = 500_000
    max_fees_at_risk: int = ETHER // 1_000


@dataclass(frozen=True, slots=True)
class CommitteeParameters:
    """VerifierCommittee.Parameters: windows in blocks, bond and penalties in LPT, pay in wei.

    `dead_band` is how far from the median a seat's scores may lie, in the fields of `score_bits`
    each that offchain/verify/judgement.py packs.
    """

    commit_window: int = 300
    reveal_window: int = 150
    appeal_window: int = 300
    seat_delay: int = 32
    seat_window: int = 7_000
    seat_bond: int = 100 * LPT
    no_commit_penalty: int = 2 * LPT
    minority_penalty: int = 5 * LPT
    no_reveal_penalty: int = 10 * LPT
    seat_pay: int = 2 * 10**13
    score_bits: int = 23
    dead_band: bytes = _word(23, (50, 150, 50, 200, 400, 150, 300, 500, 500, 100, 500))


@dataclass(frozen=True, slots=True)
class ProtocolConfig:
    """Parameters of one deployment.

    Rounds are in blocks, `unbonding_period` in rounds; `inflation`, `inflation_change` and
    `target_bonding_rate` are parts of 10^9, `round_lock_amount` of 10^6, `treasury_reward_cut_rate`
    of 10^27; token amounts are LPT wei.
    """

    production: bool = True
    # Hand Controller and token to the Governor at the end.
    governed: bool = True
    # Who may stage updates; the deployer where empty.
    governor_owner: str = ""
    # The commit the contracts were built from, 20 bytes.
    commit: bytes = bytes(20)

    adjustable_rounds: bool = False
    round_length: int = 5_760
    round_lock_amount: int = 100_000

    inflation: int = 218_500
    inflation_change: int = 500
    target_bonding_rate: int = 500_000_000

    num_active_transcoders: int = 100
    unbonding_period: int = 7
    min_self_stake: int = 1_000 * LPT
    treasury_reward_cut_rate: int = 0
    treasury_balance_ceiling: int = 0

    # Part of a round's LPT that goes by work, in parts per million, and the most it pays, in LPT
    # wei per ETH of protocol fee. Below what a fee of one ETH is worth in LPT, faking work loses.
    work_weight: int = 0
    work_rebate: int = 0

    # Minted to the deployer, and to the faucet where there is one.
    initial_supply: int = 10_000_000 * LPT
    faucet_supply: int = 0
    faucet_request: int = 0
    # Hours.
    faucet_wait: int = 1

    jobs: JobsParameters = field(default_factory=JobsParameters)
    committee: CommitteeParameters = field(default_factory=CommitteeParameters)


def mainnet() -> ProtocolConfig:
    """Livepeer's own parameters where it has them, ours for what it lacks.

    Seats' pay and the fees that stake can back fit a segment's fee of 10^11 wei (1,000 wei a pixel
    for a ladder of 100 million pixels in two seconds) and LPT between 0.0002 and 0.002 ETH;
    `sim/deployed.py` shows that nobody gains by cheating there, and says what else is assumed.
    """
    return ProtocolConfig(
        jobs=JobsParameters(seat_pay=15 * 10**10, max_fees_at_risk=4 * 10**12),
        committee=CommitteeParameters(seat_pay=15 * 10**10),
    )


def development() -> ProtocolConfig:
    """Short rounds and windows for a local chain with a block a second; not for production.

    Pay and fees at risk fit prices that are inflated so that amounts can be read.
    """
    return ProtocolConfig(
        production=False,
        round_length=50,
        num_active_transcoders=20,
        min_self_stake=100 * LPT,
        work_weight=200_000,
        work_rebate=300 * LPT,
        faucet_supply=1_000_000 * LPT,
        faucet_request=1_000 * LPT,
        jobs=JobsParameters(
            verification_rate=5,
            max_samples=16,
            seed_delay=4,
            election_delay=4,
            seed_window=50,
            challenge_window=10,
            open_window=30,
            accept_window=20,
            claim_window=60,
            verdict_window=130,
        ),
        committee=CommitteeParameters(
            commit_window=12,
            reveal_window=8,
            appeal_window=8,
            seat_delay=4,
            seat_window=20,
        ),
    )


PRESETS = {"mainnet": mainnet, "development": development}
