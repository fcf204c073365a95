"""What work is paid in LPT, beside the fees it is paid in ETH."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.contracts.reference.arithmetic import PERC

ETHER = 10**18


@dataclass(slots=True)
class Work:
    """How work is paid, and what was done.

    ``weight`` is the part of a round's LPT that goes by work, in parts per million; ``rebate`` the
    most it pays, in wei of LPT per ETH of protocol fee. What is set holds from the next round on.
    ``settled`` is fees and protocol fees by round and transcoder, in wei.
    """

    weight: int = 0
    rebate: int = 0
    next_weight: int = 0
    next_rebate: int = 0
    paid_round: int = 0
    settled: dict[int, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def record(self, round_: int, name: str, fees: int, protocol_fee: int) -> None:
        """Work of a transcoder was settled as valid."""
        book = self.settled.setdefault(round_, {})
        before = book.get(name, (0, 0))
        book[name] = before[0] + fees, before[1] + protocol_fee

    def start_round(self, previous: int) -> None:
        """A round begins, and pays what was settled in the one before it, ``previous``."""
        self.weight, self.rebate = self.next_weight, self.next_rebate
        self.paid_round = previous
        for old in [round_ for round_ in self.settled if round_ < previous]:
            del self.settled[old]

    def earned(self, name: str, mintable: int) -> int:
        """LPT wei a transcoder's work has earned it in a round of ``mintable`` wei."""
        _, protocol_fee = self.settled.get(self.paid_round, {}).get(name, (0, 0))
        most = int(Fraction(self.rebate * protocol_fee, ETHER))
        return min(self.share(name, mintable), most)

    def share(self, name: str, mintable: int) -> int:
        """A transcoder's share of the work, of the work's part of ``mintable`` wei."""
        book = self.settled.get(self.paid_round, {})
        fees, _ = book.get(name, (0, 0))
        part = mintable * self.weight // PERC
        return int(Fraction(part * fees, sum(paid for paid, _ in book.values()))) if fees else 0
