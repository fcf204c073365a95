"""The routing core in networks made up by chance: what must hold at every moment, and at last."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.routing import types as t
from offchain.routing.core import Core, Limits
from offchain.routing.lookup import Lookup
from offchain.routing.table import PeerTable, Quotas, distance
from sim.network import STREAM, Network, Setting

FAR = 10_000.0


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def peer(number: int, place: str = "", staker: str = "s", expiry: float = FAR) -> t.Peer:
    return t.Peer(name(number), f"http://{number}", place or f"place {number}", staker, expiry)


def check_always(network: Network) -> None:
    """Nobody above its capacity, no circle of parents, nobody fed by whom it does not list."""
    parents = network.parents()
    for index, node in enumerate(network.nodes):
        assert 0 <= node.core.free <= node.core.limits.places
        seen = {index}
        at = parents.get(index)
        while at is not None:
            assert at not in seen, "the parents of a stream form a circle"
            seen.add(at)
            at = parents.get(at)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    churn=st.sampled_from([0.0, 0.3, 0.6]),
    places=st.integers(2, 6),
    slow=st.sampled_from([0.0, 0.5]),
)
def test_network__whatever_dies_or_is_slow__a_tree_at_every_step_within_capacity(
    seed: int, churn: float, places: int, slow: float
) -> None:
    setting = Setting(
        nodes=16, viewers=20, minutes=0.8, places=places + 2, origin_places=2, churn=churn,
        slow=slow, seed=seed, arrival_s=10.0, uplink=4e6,
    )  # fmt: skip
    network = Network(setting, watch=check_always).run()
    # Not vacuous: streams did flow, and what flowed was in order.
    assert len(network.parents()) >= 2
    assert network.delays


def test_flash_crowd__everybody_plays__origin_feeds_few() -> None:
    report = Network(Setting(nodes=60, viewers=600, minutes=1.0)).run().report()
    assert report["playing"] == 600
    assert report["gaps"] == 0
    assert report["originBytesPerSegment"] <= 8
    assert report["startup99"] < 3.0


def test_relays_die__viewers_of_the_others_do_not_notice() -> None:
    report = Network(Setting(nodes=60, viewers=300, minutes=1.5, churn=0.3)).run().report()
    assert report["playing"] == 300
    assert report["relaysCarrying"] == report["fedByHonest"] + 1
    assert report["stallsPerViewerHour"] < 2


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_table__any_history__within_all_quotas(data: st.DataObject) -> None:
    quotas = Quotas(total=24, bucket=6, place=3, staker=2, unstaked=8)
    table = PeerTable(name(0), quotas)
    for _ in range(data.draw(st.integers(1, 80), label="events")):
        now = data.draw(st.floats(0, 50), label="now")
        number = data.draw(st.integers(0, 60), label="peer")
        match data.draw(st.integers(0, 3), label="kind"):
            case 0 | 1:
                met = t.Peer(
                    name(number),
                    "http://x",
                    f"place {data.draw(st.integers(0, 12))}",
                    data.draw(st.sampled_from(["", "a", "b", "c", "d", "e"])),
                    data.draw(st.floats(0, 100)),
                )
                table.meet(now, met, direct=data.draw(st.booleans()))
            case 2:
                table.measured(now, name(number), data.draw(st.none() | st.just(0.1)), None)
            case _:
                table.expire(now)
        peers = [known.peer for known in table.peers()]
        assert len(peers) == len(table) <= quotas.total
        assert max(Counter(p.place for p in peers).values(), default=0) <= quotas.place
        stakers = Counter(p.staker for p in peers)
        assert stakers.pop("", 0) <= quotas.unstaked
        assert max(stakers.values(), default=0) <= quotas.staker
        buckets = Counter(int.from_bytes(p.id, "big").bit_length() for p in peers)
        assert max(buckets.values(), default=0) <= quotas.bucket
        assert name(0) not in table


def test_table__flood_after_the_honest__displaces_nobody_that_answers() -> None:
    table = PeerTable(name(0), Quotas(total=32, bucket=32))
    for number in range(1, 33):
        assert table.meet(0.0, peer(number, staker=f"s{number}"), direct=True)
    for number in range(100, 1100):
        assert not table.meet(1.0, peer(number), direct=False)
    # One that stopped answering makes room.
    table.measured(2.0, name(5), None, None)
    assert table.meet(2.5, peer(2000), direct=False)
    assert name(5) not in table


def test_table__failures_back_off__an_answer_makes_good_and_a_lie_does_not() -> None:
    table = PeerTable(name(0))
    table.meet(0.0, peer(1), direct=True)
    table.measured(0.0, name(1), None, None)
    assert not table.usable(1.0, name(1))
    assert table.usable(2.1, name(1))
    for _ in range(3):
        table.measured(3.0, name(1), None, None)
    assert not table.usable(15.0, name(1))
    table.measured(15.0, name(1), 0.05, 1e6)
    assert table.usable(15.0, name(1))
    table.lied(16.0, name(1))
    table.measured(17.0, name(1), 0.05, 1e6)
    assert not table.usable(600.0, name(1))


def test_table__old_measurements_fade() -> None:
    table = PeerTable(name(0))
    table.meet(0.0, peer(1), direct=True)
    table.measured(0.0, name(1), 0.01, None)
    known = table.get(name(1))
    assert known is not None
    assert known.cost(0.0) < 0.02 < known.cost(120.0) < known.cost(1200.0) < 0.31


def small(places: int = 1) -> Core:
    core = Core(peer(0), Limits(places=places))
    core.step(0.0, t.Met(peer(1), direct=True))
    return core


def carrying(places: int = 1) -> Core:
    core = small(places)
    (ask,) = core.step(0.0, t.Wanted(1, STREAM))
    assert ask == t.Ask(STREAM, peer(1))
    carrier = t.Announcement(STREAM, peer(2), 50.0)
    (attach,) = core.step(0.1, t.Found(STREAM, name(1), (), (carrier,)))
    assert attach == t.Attach(STREAM, peer(2))
    actions = core.step(0.2, t.Delivered(STREAM, name(2), 7, 0))
    assert t.Serve(1) in actions
    return core


def test_requests__while_a_stream_is_looked_for__one_search_and_one_parent() -> None:
    core = small(places=9)
    assert len(core.step(0.0, t.Wanted(1, STREAM))) == 1
    assert [core.step(0.0, t.Wanted(n, STREAM)) for n in range(2, 8)] == [[]] * 6
    carrier = t.Announcement(STREAM, peer(2), 50.0)
    core.step(0.1, t.Found(STREAM, name(1), (), (carrier,)))
    actions = core.step(0.2, t.Delivered(STREAM, name(2), 7, 0))
    assert [a.ticket for a in actions if isinstance(a, t.Serve)] == list(range(1, 8))


def test_full__names_those_below_who_carry_it() -> None:
    core = carrying(places=2)
    core.step(1.0, t.Met(peer(3), direct=True))
    assert core.step(1.0, t.Wanted(2, STREAM, name(3))) == [t.Serve(2)]
    (sent_on,) = core.step(1.0, t.Wanted(3, STREAM, name(4)))
    assert isinstance(sent_on, t.Redirect)
    assert peer(3) in sent_on.peers
    core.step(2.0, t.Left(2))
    assert core.step(2.0, t.Wanted(4, STREAM, name(4))) == [t.Serve(4)]


def test_parent__asks_its_own_child__sent_elsewhere() -> None:
    core = carrying(places=4)
    (answer,) = core.step(1.0, t.Wanted(2, STREAM, name(2)))
    assert isinstance(answer, t.Redirect)


def test_old_news__never_makes_a_parent() -> None:
    """What a descendant has this node had before."""
    core = carrying()
    core.step(1.0, t.ParentLost(STREAM, name(2), (peer(3),)))
    assert core.parent(STREAM) is None
    for sequence in (5, 6, 7):
        assert core.step(1.1, t.Delivered(STREAM, name(3), sequence, 1)) == []
    assert core.parent(STREAM) is None
    core.step(1.2, t.Delivered(STREAM, name(3), 8, 1))
    assert core.parent(STREAM) == name(3)
    assert core.depth(STREAM) == 2


def test_silent_parent__another_is_tried_and_the_old_one_kept_until_it_brings_news() -> None:
    core = carrying()
    core.step(1.0, t.Announced(t.Announcement(STREAM, peer(3), 60.0)))
    actions = core.step(9.0, t.Tick())
    assert t.Attach(STREAM, peer(3)) in actions
    assert core.parent(STREAM) == name(2)
    actions = core.step(9.5, t.Delivered(STREAM, name(3), 8, 1))
    assert t.Detach(STREAM, name(2)) in actions
    assert core.parent(STREAM) == name(3)


def test_slow_parent__kept_until_another_is_ahead_of_it() -> None:
    core = carrying()
    core.step(1.0, t.Announced(t.Announcement(STREAM, peer(3), 60.0)))
    assert core.step(1.5, t.Slow(STREAM, name(2))) == [t.Attach(STREAM, peer(3))]
    assert core.step(1.6, t.Slow(STREAM, name(2))) == []  # one at a time
    assert core.step(1.7, t.Delivered(STREAM, name(2), 8, 0)) == []
    assert core.step(1.8, t.Delivered(STREAM, name(3), 8, 1)) == []
    assert core.parent(STREAM) == name(2)
    actions = core.step(1.9, t.Delivered(STREAM, name(3), 11, 1))
    assert t.Detach(STREAM, name(2)) in actions


def test_liar__dropped_everywhere_and_not_asked_again() -> None:
    core = carrying()
    actions = core.step(1.0, t.Misbehaved(name(2)))
    assert t.Detach(STREAM, name(2)) in actions
    core.step(1.1, t.Announced(t.Announcement(STREAM, peer(2), 60.0)))
    for now in range(2, 60):
        assert t.Attach(STREAM, peer(2)) not in core.step(float(now), t.Tick())


def test_too_deep__not_passed_on() -> None:
    core = small()
    core.step(0.0, t.Wanted(1, STREAM))
    carrier = t.Announcement(STREAM, peer(2), 50.0)
    core.step(0.1, t.Found(STREAM, name(1), (), (carrier,)))
    actions = core.step(0.2, t.Delivered(STREAM, name(2), 7, 15))
    assert t.Detach(STREAM, name(2)) in actions
    assert not core.carries(STREAM)


def test_nobody_carries_it__said_so() -> None:
    core = small()
    core.step(0.0, t.Wanted(1, STREAM))
    core.step(0.1, t.Wanted(2, STREAM))
    actions = core.step(0.2, t.Found(STREAM, name(1), (), ()))
    assert actions == [t.Redirect(1, ()), t.Redirect(2, ())]


def test_nobody_wants_it_any_more__dropped() -> None:
    core = carrying()
    core.step(1.0, t.Left(1))
    assert t.Drop(STREAM) not in core.step(20.0, t.Tick())
    actions = core.step(70.0, t.Tick())
    assert t.Drop(STREAM) in actions
    assert t.Detach(STREAM, name(2)) in actions


@functools.cache
def world(size: int) -> tuple[list[t.Peer], dict[bytes, PeerTable]]:
    """Nodes by chance, each knowing a few of every distance."""
    names = [hashlib.sha256(f"{size} {number}".encode()).digest() for number in range(size)]
    peers = [t.Peer(each, "http://x", each.hex(), each.hex(), FAR) for each in names]
    tables = {each: PeerTable(each, Quotas(bucket=6)) for each in names}
    for table in tables.values():
        for other in peers:
            table.meet(0.0, other, direct=True)
    return peers, tables


@pytest.mark.parametrize("size", [40, 300])
@settings(max_examples=60, deadline=None)
@given(target=st.binary(min_size=32, max_size=32))
def test_lookup__nodes_that_know_their_neighbourhood__the_nearest_in_few_hops(
    size: int, target: bytes
) -> None:
    peers, tables = world(size)
    lookup = Lookup(target, 0, 0.0)
    lookup.suggest(peers[:3], 0)
    asked = 0
    while not lookup.done:
        for each in lookup.next():
            asked += 1
            lookup.answered(each.id, tables[each.id].nearest(1.0, target, 8), ())
    best = min(peers, key=lambda each: distance(each.id, target))
    assert lookup.nearest()[0] == best
    assert asked <= 24
