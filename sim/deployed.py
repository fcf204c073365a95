"""The design's formulas over the parameters a deployment starts with, and what they assume.

Nothing here is fitted: parameters come from `offchain.chain.protocol_config`, the tally's rules
from `contracts/verification/tally.vy`, and every other number stands in `World` with its reason.
Money is wei of ETH; LPT enters at an assumed price, and `at_price` asks the same at another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, comb
from typing import TYPE_CHECKING

from offchain.chain.protocol_config import LPT

if TYPE_CHECKING:
    from offchain.chain.protocol_config import ProtocolConfig

MILLION = 1_000_000
STAGE_SIZES = (3, 15, 33)


@dataclass(frozen=True, slots=True)
class World:
    """What no parameter says.

    `wei_per_lpt` is the price of one LPT in wei; `segment_fee` what a job pays for a segment (a
    ladder of 100 million pixels in two seconds at 1,000 wei a pixel), which is also the most that
    not doing its work can save; `judging_cost` of one rung of one segment, half of what transcoding
    the whole ladder costs, which is at most its fee; `gas_price` in wei as on the rollup where
    Livepeer's contracts live; `vote_gas` for one request's commitment and reveal in a batch.
    `corrupt`, `offline` and `miss` are the shares of stake that always says VALID, says nothing,
    and overlooks a bad segment.
    """

    wei_per_lpt: int = 2 * 10**15
    segment_fee: int = 10**11
    judging_cost: int = 5 * 10**10
    gas_price: int = 2 * 10**7
    vote_gas: int = 100_000
    corrupt: float = 0.10
    offline: float = 0.05
    miss: float = 0.01

    def at_price(self, share: float) -> World:
        """The same with LPT at a share of its price."""
        return replace(self, wei_per_lpt=int(self.wei_per_lpt * share))


@lru_cache(maxsize=256)
def conviction(corrupt: float, offline: float, miss: float) -> float:
    """Chance that a claim with a bad leaf open before the committee ends INVALID.

    The stages of `tally.vy`: the first passes only a unanimous VALID; the others convict by two
    thirds of the reveals where two thirds of the seats revealed. Seats are drawn independently,
    the limit for many transcoders.
    """
    passed_first = (corrupt + (1 - corrupt) * (1 - offline) * miss) ** STAGE_SIZES[0]
    convicted, undecided = 0.0, 1 - passed_first
    for seats in STAGE_SIZES[1:]:
        convicts, hangs = _stage(seats, corrupt, offline, miss)
        convicted += undecided * convicts
        undecided *= hangs
    return convicted


def _stage(seats: int, corrupt: float, offline: float, miss: float) -> tuple[float, float]:
    """The chances that a stage convicts, and that it comes to no verdict."""
    absent = (1 - corrupt) * offline
    invalid = (1 - corrupt) * (1 - offline) * (1 - miss)
    valid = 1 - absent - invalid
    convicts = hangs = 0.0
    for silent in range(seats + 1):
        revealed = seats - silent
        for against in range(revealed + 1):
            chance = (
                comb(seats, silent)
                * comb(revealed, against)
                * absent**silent
                * invalid**against
                * valid ** (revealed - against)
            )
            if 3 * revealed < 2 * seats:
                hangs += chance
            elif 3 * against >= 2 * revealed and against >= 3:
                convicts += chance
            elif 2 * (revealed - against) <= revealed:
                hangs += chance
    return convicts, hangs


def draws(config: ProtocolConfig, segments: int) -> int:
    """Leaves drawn from a claim of so many segments."""
    jobs = config.jobs
    return max(1, min(ceil(segments / jobs.verification_rate), jobs.max_samples))


def caught(config: ProtocolConfig, world: World, segments: int, bad: int) -> float:
    """Chance that a claim with `bad` bad segments convicts: a bad leaf is drawn, and judged."""
    missed = (1 - bad / segments) ** draws(config, segments)
    return conviction(world.corrupt, world.offline, world.miss) * (1 - missed)


def slash_value(config: ProtocolConfig, world: World, stake: int) -> float:
    """Wei that a conviction costs a cheat with `stake` LPT wei of its own, found by its friends.

    The finder's part, which at most comes back to it, is taken off; the rest is burned.
    """
    taken = stake * config.jobs.invalid_slash // MILLION
    kept = taken * (MILLION - config.jobs.finder_share) // MILLION
    return kept * world.wei_per_lpt / LPT


def cheating_gain(
    config: ProtocolConfig, world: World, *, stake: int, segments: int, bad: int, fee: int
) -> float:
    """Expected wei a cheat gains with `bad` segments in one claim, each saving its whole fee."""
    chance = caught(config, world, segments, bad)
    return (1 - chance) * bad * fee - chance * slash_value(config, world, stake)


def most_fee(config: ProtocolConfig, stake: int, segments: int) -> int:
    """The highest fee of a segment, in wei, that `stake` LPT wei may back in one claim."""
    return config.jobs.max_fees_at_risk * (stake // LPT) // segments


def verification_share(config: ProtocolConfig, world: World, segments: int) -> float:
    """What part of a claim's fees its first stage costs."""
    pay = STAGE_SIZES[0] * draws(config, segments) * config.jobs.seat_pay
    return pay / (segments * world.segment_fee)


def seat_profit(config: ProtocolConfig, world: World, leaves: int) -> float:
    """Wei an honest first-stage seat keeps of its pay for one request."""
    return leaves * (config.jobs.seat_pay - world.judging_cost) - world.vote_gas * world.gas_price


def least_bad_share(config: ProtocolConfig, world: World, leaves: int) -> float:
    """The share of bad requests above which judging beats saying VALID unseen.

    Both pay the gas; only the judge pays for judging, and only the other is fined as a minority
    and goes unpaid when the work was bad: (share - disagreement) (pay + fine) = cost, with the
    honest seat's own misses as its disagreement on bad work.
    """
    pay = leaves * config.jobs.seat_pay
    fine = config.committee.minority_penalty * world.wei_per_lpt / LPT
    return leaves * world.judging_cost / ((pay + fine) * (1 - world.miss))


def self_slash_gain(config: ProtocolConfig, *, stake: int, fault: str) -> int:
    """LPT wei that somebody gains by convicting itself of a fault through a friend: what the friend
    is paid less what is lost."""
    taken = stake * int(getattr(config.jobs, fault)) // MILLION
    return taken * config.jobs.finder_share // MILLION - taken


def fined_seats_gain(fine: int, fined: int, earners: int) -> int:
    """LPT wei that a clique gains by having `fined` of its seats fined and holding all `earners`:
    half of the fines is shared by the seats that earned, the rest burned (`reckoning.vy`)."""
    fines = fine * fined
    return (fines // 2 // earners) * earners - fines if earners else -fines
