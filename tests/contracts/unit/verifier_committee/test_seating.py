"""Draws: by stake, without replacement, the same for whoever asks, and never the parties."""

from __future__ import annotations

from collections import Counter

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from tests.contracts.harness import Chain, Protocol
from tests.contracts.market import LPT, Market, deploy_testing

STAKES = [500, 100, 250, 400, 900, 150, 700]
BATCH = 200  # committees drawn in one call
NOBODY = "0x00000000000000000000000000000000000000AA"


class Draws:
    """The committee with an account in the JobsManager's place, which asks for seats."""

    def __init__(self, protocol: Protocol) -> None:
        self.market = Market(protocol, transcoders=0)
        self.chain: Chain = protocol.chain
        self.committee = protocol.VerifierCommittee
        self.members = [self.chain.account(f"member {index}") for index in range(len(STAKES))]
        for member, stake in zip(self.members, STAKES, strict=True):
            protocol.bond(member, stake * LPT, member)
            self.market.bonding.transcoder(0, 0, sender=member)
        protocol.next_round(2)
        self.asker = self.chain.account("asker")
        self.seat_bond = self.committee.parameters().seatBond
        protocol.register("JobsManager", self.asker)
        self.stake = dict(zip(self.members, STAKES, strict=True))
        self.snapshot = self.market.bonding.activeSetPointer(
            self.market.bonding.lastSnapshotRound()
        )

    def seats(
        self, seed: bytes, claimant: str = NOBODY, excluded: tuple[str, ...] = ()
    ) -> list[str]:
        """Who a seed seats; undone afterwards."""
        with self.chain.isolate():
            request = self.committee.requestVerification(
                1, 0, claimant, 2, 0, 1, seed, self.snapshot, list(excluded), sender=self.asker
            ).value
            return list(self.committee.seatsOf(request, 1)) if request else []


@pytest.fixture
def draws(protocol: Protocol) -> Draws:
    """Seven members of unlike stake."""
    return Draws(protocol)


def seed(number: int) -> bytes:
    return keccak(number.to_bytes(32, "big"))


def chi_square(counted: Counter[str], expected: dict[str, float]) -> float:
    return sum((counted[each] - wanted) ** 2 / wanted for each, wanted in expected.items())


def successive(stake: dict[str, int], seats: int) -> dict[str, float]:
    """Chance of each member to sit, from all orders of successive draws without replacement."""
    chance = dict.fromkeys(stake, 0.0)

    def draw(left: dict[str, int], probability: float, remaining: int) -> None:
        total = sum(left.values())
        for member, weight in left.items():
            here = probability * weight / total
            chance[member] += here
            if remaining > 1:
                rest = {each: other for each, other in left.items() if each != member}
                draw(rest, here, remaining - 1)

    draw(stake, 1.0, seats)
    return chance


def drawn(
    draws: Draws, number: int, claimant: str = NOBODY, excluded: tuple[str, ...] = ()
) -> list[list[str]]:
    """The committees of so many seeds, by the committee's own code, many in one call."""
    harness = deploy_testing(draws.chain, "DrawHarness")
    snapshot = draws.chain.code(draws.snapshot)[1:]
    holders = [to_checksum_address(snapshot[at : at + 20]) for at in range(0, len(snapshot), 32)]
    seats: list[str] = []
    for first in range(0, number, BATCH):
        positions = harness.draws(
            first, BATCH, 3, draws.snapshot, claimant, list(excluded),
            draws.market.bonding.address, draws.seat_bond,
        ).value  # fmt: skip
        seats += [holders[position] for position in positions]
    return [seats[at : at + 3] for at in range(0, len(seats), 3)]


def test_draws__follow_stake(draws: Draws) -> None:
    """The first seat by stake; all three by an independent model of successive sampling."""
    number = 10_000
    first, all_seats = Counter[str](), Counter[str]()
    for seats in drawn(draws, number):
        assert len(set(seats)) == 3
        first[seats[0]] += 1
        all_seats.update(seats)

    assert first.total() == number
    total = sum(STAKES)
    by_stake = {each: number * stake / total for each, stake in draws.stake.items()}
    assert chi_square(first, by_stake) < 27.9  # one in ten thousand, 6 degrees of freedom
    modelled = {each: number * chance for each, chance in successive(draws.stake, 3).items()}
    # Seats of one draw exclude each other, which makes the sum smaller than its distribution says.
    assert chi_square(all_seats, modelled) < 27.9
    # A test that could not tell the two apart would prove nothing.
    assert chi_square(all_seats, {each: 3 * wanted for each, wanted in by_stake.items()}) > 300


def test_draws__in_bulk__are_the_committees(draws: Draws) -> None:
    """What is counted above is what the committee does."""
    harness = deploy_testing(draws.chain, "DrawHarness")
    for number in range(5):
        word = keccak(number.to_bytes(32, "big"))
        positions = harness.draws(
            number, 1, 3, draws.snapshot, NOBODY, [], draws.market.bonding.address, draws.seat_bond
        ).value
        code = draws.chain.code(draws.snapshot)[1:]
        holders = [to_checksum_address(code[32 * at : 32 * at + 20]) for at in positions]

        assert draws.seats(word) == holders


def test_excluded__leave_the_range(draws: Draws) -> None:
    """Without the largest and others, the rest sit by their own stake."""
    largest, other, claimant = draws.members[4], draws.members[0], draws.members[6]
    left = {
        each: stake for each, stake in draws.stake.items() if each not in (largest, other, claimant)
    }
    number, first = 10_000, Counter[str]()
    for seats in drawn(draws, number, claimant, (largest, other)):
        assert set(seats) <= set(left)
        first[seats[0]] += 1

    expected = {each: number * stake / sum(left.values()) for each, stake in left.items()}
    assert chi_square(first, expected) < 21.1  # one in ten thousand, 3 degrees of freedom


def test_fewer_than_three__seats_nobody(draws: Draws) -> None:
    members = draws.members

    assert draws.seats(seed(1), members[0], tuple(members[1:5])) == []
    assert len(draws.seats(seed(1), members[0], tuple(members[1:4]))) == 3


def test_barred_or_without_bond__do_not_sit(draws: Draws) -> None:
    """The smallest has 100 LPT, one seat's bond: it cannot take a second seat meanwhile."""
    smallest = draws.members[1]
    assert draws.stake[smallest] * LPT == draws.seat_bond
    others = tuple(each for each in draws.members if each not in (smallest, *draws.members[5:]))
    draws.committee.requestVerification(
        1, 0, NOBODY, 2, 0, 1, seed(1), draws.snapshot, list(others), sender=draws.asker
    )
    assert draws.committee.openSeats(smallest) == 1

    for index in range(50):
        assert smallest not in draws.seats(seed(index))
    # Where the others do not suffice it sits all the same: being busy makes nobody ineligible.
    assert smallest in draws.seats(seed(2), NOBODY, others)


def test_draw__of_a_claim__is_its_own_whenever_asked_for(draws: Draws) -> None:
    """Whoever hands claims over can choose their order, but not who sits."""
    # One seat of another claim would keep these two busy.
    small = (draws.members[1], draws.members[5])
    before = draws.seats(seed(3), NOBODY, small)
    draws.committee.requestVerification(
        1, 1, NOBODY, 2, 0, 1, seed(9), draws.snapshot, list(small), sender=draws.asker
    )

    assert draws.seats(seed(3), NOBODY, small) == before


def test_draw__same_seed_later__same_seats(draws: Draws) -> None:
    """What happens to stake after the snapshot changes nothing."""
    before = draws.seats(seed(7))
    draws.market.protocol.bond(draws.members[1], 10**5 * LPT, draws.members[1])
    draws.market.protocol.next_round(2)

    assert draws.seats(seed(7)) == before
