"""Main and standby: who is asked, when the other is asked too, whose answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from offchain.media.segments import SourceSegment
from offchain.net.client import PeerUnreachable
from offchain.node.answers import BadAnswer, BadWork, Checked
from offchain.node.dispatch import ELECTED, Dispatcher, Seat

SOURCE = SourceSegment(4, b"source", 0, 2000, 48)
Behaviour = Callable[[], Awaitable[bytes]]


class Job:
    job_id = 1
    transcoder = "0x"


def seat(role: str) -> Seat:
    return Seat(role, Job(), f"http://{role}")  # type: ignore[arg-type]


class Peers:
    """Each role behaves as told; remembers who was asked, in order."""

    def __init__(self, **behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: list[str] = []

    async def __call__(self, where: Seat, source: SourceSegment, timeout_s: float) -> Checked:
        self.asked.append(where.role)
        return Checked((await self.behaviour[where.role](),), None)  # type: ignore[arg-type]


def answers(data: bytes) -> Behaviour:
    async def at_once() -> bytes:
        return data

    return at_once


def fails(error: Exception) -> Behaviour:
    async def at_once() -> bytes:
        raise error

    return at_once


async def deliver(peers: Peers, seats: list[Seat], **settings: Any) -> Any:
    async with asyncio.TaskGroup() as background:
        dispatcher = Dispatcher(seats, peers, background, **settings)
        found = await dispatcher.deliver(SOURCE)
    return None if found is None else (found[0].role, found[1].renditions[0])


async def test_main_answers_and_standby_is_left_alone() -> None:
    peers = Peers(main=answers(b"m"), standby=answers(b"s"))
    seats = [seat("main"), seat("standby")]

    assert await deliver(peers, seats) == ("main", b"m")
    assert peers.asked == ["main"]
    assert (seats[0].sent, seats[0].good, seats[0].used, seats[0].failed) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    "error", [PeerUnreachable("gone"), BadAnswer("the receipt is for another segment")]
)
async def test_failing_main_is_replaced_at_once_and_passed_over_next_time(error: Exception) -> None:
    peers = Peers(main=fails(error), standby=answers(b"s"))
    seats = [seat("main"), seat("standby")]

    assert await deliver(peers, seats) == ("standby", b"s")
    assert await deliver(peers, seats) == ("standby", b"s")
    assert peers.asked == ["main", "standby", "standby"]
    assert seats[0].failed == 1
    assert seats[0].last_trouble == str(error)


async def test_late_main_keeps_its_chance_but_the_first_answer_counts() -> None:
    release = asyncio.Event()

    async def late() -> bytes:
        await release.wait()
        return b"m"

    async def standby() -> bytes:
        release.set()  # the main one answers only after the standby was asked
        return b"s"

    peers = Peers(main=late, standby=standby)
    seats = [seat("main"), seat("standby")]

    role, data = await deliver(peers, seats, late_factor=0.0, least_late_s=0.01)

    assert peers.asked == ["main", "standby"]
    assert (role, data) in {("main", b"m"), ("standby", b"s")}
    assert [each.good for each in seats] == [1, 1]  # the late receipt was awaited too
    assert seats[0].late == 1
    assert sum(each.used for each in seats) == 1


async def test_nobody_answering_well_gives_nothing() -> None:
    peers = Peers(main=fails(BadAnswer("x")), standby=fails(PeerUnreachable("y")))

    assert await deliver(peers, [seat("main"), seat("standby")]) is None
    assert peers.asked == ["main", "standby"]


async def test_silence_ends_at_the_deadline() -> None:
    async def silent() -> bytes:
        async with asyncio.timeout(0.2):  # the exchange has a deadline of its own
            await asyncio.Event().wait()
        raise AssertionError

    async def patient(where: Seat, source: SourceSegment, timeout_s: float) -> Checked:
        try:
            await silent()
        except TimeoutError:
            raise PeerUnreachable("no answer in time") from None
        raise AssertionError

    async with asyncio.TaskGroup() as background:
        dispatcher = Dispatcher(
            [seat("main")], patient, background, late_factor=0, give_up_factor=0, least_late_s=0.02
        )
        assert await dispatcher.deliver(SOURCE) is None


def test_suspension_doubles_and_ends_with_success() -> None:
    one = seat("main")
    lengths = []
    for _ in range(8):
        one.trouble("x", now=100.0)
        lengths.append(one.suspended_until - 100.0)

    assert lengths == [2, 4, 8, 16, 32, 60, 60, 60]
    one.did_well()
    assert one.suspended_until == 0


async def test_elected_seat__first_on_its_turn_and_last_otherwise() -> None:
    seats = [seat("main"), seat("standby"), seat(ELECTED)]
    seats[2].every = 3
    async with asyncio.TaskGroup() as background:
        dispatcher = Dispatcher(seats, Peers(), background)
    orders = [[each.role for each in dispatcher.order(sequence)] for sequence in range(6)]

    usual, turn = ["main", "standby", ELECTED], [ELECTED, "main", "standby"]
    assert orders == [usual, usual, turn, usual, usual, turn]


@pytest.mark.parametrize("by", ["shape", "picture"])
async def test_bad_work__other_seat_serves_and_no_job_of_its_maker_gets_more(by: str) -> None:
    """Main and elected are one transcoder: what one of its jobs was caught at bars both."""
    lies = fails(BadWork("no video at all")) if by == "shape" else answers(b"m")
    peers = Peers(main=lies, standby=answers(b"s"), elected=answers(b"e"))
    seats = [seat("main"), seat("standby"), seat(ELECTED)]
    for each, who in zip(seats, ("cheat", "honest", "cheat"), strict=True):
        each.job = Job()  # type: ignore[assignment]
        each.job.transcoder = who  # type: ignore[misc]
    told: list[tuple[str, int, str]] = []

    async def inspect(where: Seat, source: SourceSegment, checked: Checked, patience: float) -> str:
        return "a logo" if where.role == "main" and patience > 0 else ""

    async def on_caught(where: Seat, source: SourceSegment, why: str) -> None:
        told.append((where.role, source.sequence, why))

    for _ in range(2):
        found = await deliver(peers, seats, inspect=inspect, on_caught=on_caught)
        assert found == ("standby", b"s")

    assert peers.asked == ["main", "standby", "standby"]
    assert told == [("main", SOURCE.sequence, "no video at all" if by == "shape" else "a logo")]
    assert [each.bad for each in seats] == [1, 0, 0]


async def test_everybody_caught__nobody_is_asked() -> None:
    peers = Peers(main=fails(BadWork("x")), standby=fails(BadWork("y")))
    seats = [seat("main"), seat("standby")]
    seats[1].job = Job()  # type: ignore[assignment]
    seats[1].job.transcoder = "0xother"  # type: ignore[misc]

    assert await deliver(peers, seats) is None
    assert await deliver(peers, seats) is None
    assert peers.asked == ["main", "standby"]
