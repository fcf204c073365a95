"""Does cheating pay? Closed formulas for sampling, committees, slashes and faked work.

Symbols: `f` corrupt share of stake, `l` offline share, `e_fn` chance that an honest seat misses a
bad segment, `k` seats, `theta` the share of seats that convicts, `p` sampling rate, `m` bad
segments in a claim. Money is in one unit (wei of ETH); LPT enters through an assumed price.
Binomial seats are the limit of drawing without replacement from many transcoders, and the
conservative one for convicting.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, comb


@dataclass(frozen=True, slots=True)
class Committee:
    """One stage: `seats` drawn, convicting when at least `threshold` of them say INVALID."""

    seats: int
    threshold: float = 2 / 3

    def quorum(self) -> int:
        """Seats that must agree."""
        # The small subtraction keeps 2/3 of 3 at 2 in binary floating point.
        return ceil(self.threshold * self.seats - 1e-9)

    def conviction(self, corrupt: float, offline: float, miss: float) -> float:
        """Chance that a bad segment put before the committee is convicted."""
        alert = (1 - corrupt) * (1 - offline) * (1 - miss)
        return self._tail(alert)

    def framing(self, corrupt: float) -> float:
        """Chance that corrupt seats alone convict honest work."""
        return self._tail(corrupt)

    def _tail(self, chance: float) -> float:
        return sum(
            comb(self.seats, i) * chance**i * (1 - chance) ** (self.seats - i)
            for i in range(self.quorum(), self.seats + 1)
        )


def detection(rate: float, conviction: float, bad_segments: int) -> float:
    """Chance that a claim with `bad_segments` bad ones is convicted: 1 - (1 - pP)^m."""
    return 1 - (1 - rate * conviction) ** bad_segments


def cheating_gain(
    *, rate: float, conviction: float, bad_segments: int, gain: float, slash: float, friends: float
) -> float:
    """Expected gain (wei) of slipping bad segments into a claim whose fee conviction forfeits.

    `gain` is what one bad segment saves, `slash` the stake taken (in wei), `friends` the share of a
    slash that the cheat's own friends can collect (the finder's part, at most one half).
    """
    caught = detection(rate, conviction, bad_segments)
    return (1 - caught) * bad_segments * gain - caught * slash * (1 - friends)


def break_even_slash(rate: float, conviction: float, gain: float, friends: float) -> float:
    """Slash (wei) above which cheating loses for every number of bad segments.

    (1-q)^m m g < (1-(1-q)^m) S (1-a) for all m >= 1, q = pP: the left side over the right is
    largest at m = 1, which gives S (1-a) > g (1-q) / q.
    """
    q = rate * conviction
    return gain * (1 - q) / q / (1 - friends)


def checking_gain(
    *, bad_share: float, disagreement: float, pay: float, penalty: float, cost: float
) -> float:
    """Expected advantage (wei a request) of judging honestly over saying VALID unseen.

    `bad_share` is the share of bad or trap requests among those sampled, `disagreement` the chance
    that an honest seat differs from the final level.
    """
    return (bad_share - disagreement) * (pay + penalty) - cost


def faked_work_gain(
    *, paid: int, protocol_fee: float, rebate_cap: float, lpt_price: float, minted_share: float
) -> float:
    """Gain (wei) of a transcoder that pays itself `paid` wei to farm LPT.

    Its own fee comes back less the protocol fee; the LPT it can receive for that is at most
    `rebate_cap` LPT per ETH of protocol fee and at most its share of the round's work part
    (`minted_share`, in LPT). `lpt_price` is ETH per LPT.
    """
    fee = paid * protocol_fee
    lpt = min(minted_share, rebate_cap * fee / 10**18)
    return lpt * lpt_price * 10**18 - fee
