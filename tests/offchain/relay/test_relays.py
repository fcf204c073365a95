"""Relays on loopback: levels, collapsing, capacity, and every kind of bad neighbour."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from offchain.net.feed import FedPart
from offchain.net.gossip import ask
from offchain.net.peers import PeerRefused
from offchain.net.publish import Publication
from offchain.net.stream_server import Wanted
from offchain.node.following import Held
from offchain.node.relay import Relay
from offchain.proof.publication import MASTER
from tests.offchain.relay import conftest
from tests.offchain.relay.conftest import DOMAIN, NAME, QUICK, SEGMENT_MS, Live, Node, Town, key

# Streams at their own pace: seconds on an idle machine, more on a busy one.
pytestmark = pytest.mark.timeout(60)


def gaps(shown: list[int]) -> int:
    """The most segments missing between two that were shown."""
    return max((later - earlier - 1 for earlier, later in pairwise(sorted(shown))), default=0)


def parent_of(node: Node, live: Live) -> bytes | None:
    return node.relay.core.parent(live.publication.id)


async def test_three_levels__every_byte_true__origin_sends_each_once_to_each_child(
    town: Town,
) -> None:
    one = replace(QUICK, places=1)
    live = await town.live(limits=one)
    first = await town.relay("first", [live.node], limits=replace(QUICK, places=2))
    second = await town.relay("second", [live.node, first], limits=replace(QUICK, places=2))
    third = await town.relay("third", [live.node, first, second])
    # Each is full with the one below it and a player, so the next has to go one further down.
    for node in (first, second, third):
        await town.watch(node, live)
        shown = await town.play(node, live, 3)
        assert gaps(shown) == 0
    depths = [node.relay.core.depth(live.publication.id) for node in (first, second, third)]
    assert depths == [1, 2, 3]
    shown = await town.play(third, live, 10)
    assert gaps(shown) == 0
    everything = sum(len(data) for data in live.published.values())
    assert sum(live.node.relay.accounts.sent.values()) < everything * 1.05


async def test_many_ask_at_once__one_feed_from_above(town: Town) -> None:
    live = await town.live()
    relay = await town.relay("relay", [live.node])
    await asyncio.gather(*(town.watch(relay, live) for _ in range(20)))
    assert len(live.node.relay.core.readers(live.publication.id)) == 1
    assert len(relay.relay.accounts.received) == 1


async def test_full__player_is_sent_to_one_that_has_room(town: Town) -> None:
    live = await town.live(limits=replace(QUICK, places=1))
    relay = await town.relay("relay", [live.node])
    await town.watch(relay, live)
    url = f"{live.node.url}{live.path}/index.m3u8"
    async with town.session.get(url, allow_redirects=False) as response:
        assert response.status == 307
        assert response.headers["Location"].startswith(relay.url)
    assert "source/index.m3u8" in await town.watch(live.node, live)


async def test_stream_nobody_has__not_found(town: Town, address: str) -> None:
    live = await town.live()
    relay = await town.relay("relay", [live.node])
    async with town.session.get(f"{relay.url}/v1/streams/{address}/other/index.m3u8") as response:
        assert response.status == 404
        assert "nobody is known" in await response.text()


async def test_somebody_elses_stream__cannot_be_impersonated(town: Town, address: str) -> None:
    """A node that publishes under another broadcaster's name is found out by the first relay."""
    live = await town.live()
    impostor = await town.relay("impostor", [])
    fake = Publication(DOMAIN, key("impostor"), address, NAME)
    assert fake.id == live.publication.id
    impostor.relay.publish(fake)
    now = int(time.time() * 1000)
    fake.master(conftest.MASTER, now)
    fake.segment("source", 0, b"false", wall_time=now, duration_ms=SEGMENT_MS)
    relay = await town.relay("relay", [])
    town.tell(relay, impostor, live)
    async with town.session.get(f"{relay.url}{live.path}/index.m3u8") as response:
        assert response.status == 404
    assert "not signed by the stream's broadcaster" in relay.relay.caught[impostor.url]


class Crooked(Relay):
    """A relay that takes the true stream in and passes on something else."""

    def hold(self, wanted: Wanted) -> Held:
        return CrookedHeld(self.domain, wanted.address, wanted.name)

    crime = ""


class CrookedHeld(Held):
    """Honest until there is a `Crooked.crime` to commit."""

    delay = 0.0

    def take(self, rendition: str, fed: FedPart, start: int | None) -> bool:
        carried = self.carried.open(rendition)
        honest = carried.add

        def add(signed: Any, data: bytes, missed: int = 0) -> None:
            if rendition == MASTER or not Crooked.crime:
                honest(signed, data, missed)
            elif Crooked.crime == "flip":
                honest(signed, bytes([data[0] ^ 1]) + data[1:], missed)
            elif Crooked.crime == "replay":
                old = carried.read(carried.join(None))
                assert old is not None
                honest(old[0], bytes(old[1]), 0)
            elif Crooked.crime == "swap":
                honest(signed, fed.data[::-1], missed)
            elif Crooked.crime == "throttle":
                self.delay += 0.06
                asyncio.get_running_loop().call_later(self.delay, honest, signed, data, missed)
            # "silence": nothing at all

        carried.add = add  # type: ignore[method-assign]
        try:
            return super().take(rendition, fed, start)
        finally:
            del carried.add


@pytest.mark.parametrize("crime", ["flip", "replay", "swap", "silence", "throttle"])
async def test_crooked_parent__nobody_sees_a_wrong_byte__it_is_dropped(
    town: Town, crime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await town.live()
    crooked = await town.relay("crooked", [live.node], Crooked)
    honest = await town.relay("honest", [live.node])
    relay = await town.relay("relay", [])
    await town.watch(honest, live)
    town.tell(relay, crooked, live)
    await town.watch(crooked, live)
    await town.watch(relay, live)
    assert parent_of(relay, live) == crooked.relay.core.me.id
    town.tell(relay, honest, live)
    monkeypatch.setattr(Crooked, "crime", crime)

    shown = await town.play(relay, live, 24 if crime == "throttle" else 14)

    # What is compared there is every byte. Silence is told from a pause after three segments.
    assert gaps(shown) <= 1
    assert parent_of(relay, live) != crooked.relay.core.me.id
    if crime not in ("silence", "throttle"):
        assert crooked.url in relay.relay.caught
        assert not relay.relay.core.table.usable(
            asyncio.get_running_loop().time(), crooked.relay.core.me.id
        )


async def test_parent_dies__the_stream_goes_on_from_another(town: Town) -> None:
    live = await town.live()
    dying, other = [await town.relay(name, [live.node]) for name in ("dying", "other")]
    relay = await town.relay("relay", [])
    for node in (dying, other):
        await town.watch(node, live)
    town.tell(relay, dying, live)
    await town.watch(relay, live)
    assert parent_of(relay, live) == dying.relay.core.me.id
    town.tell(relay, other, live)
    before = await town.play(relay, live, 3)
    town.nodes.remove(dying)
    await dying.stop()
    after = await town.play(relay, live, 12)
    assert gaps(before + after) <= 1
    assert parent_of(relay, live) in (other.relay.core.me.id, live.node.relay.core.me.id)


async def test_announces_what_it_lacks__passed_over(town: Town) -> None:
    live = await town.live()
    boaster = await town.relay("boaster", [])
    honest = await town.relay("honest", [live.node])
    await town.watch(honest, live)
    relay = await town.relay("relay", [])
    town.tell(relay, boaster, live)
    town.tell(relay, honest, live)
    await town.watch(relay, live)
    assert gaps(await town.play(relay, live, 4)) == 0
    assert parent_of(relay, live) == honest.relay.core.me.id


async def test_old_run_shown_as_live__refused_by_whoever_joins(town: Town) -> None:
    live = await town.live()
    relay = await town.relay("relay", [live.node], max_age_ms=-SEGMENT_MS * 1000)
    async with town.session.get(f"{relay.url}{live.path}/index.m3u8") as response:
        assert response.status == 404
    assert "too old to be live" in relay.relay.caught[live.node.url]


async def test_tally__signed_by_the_reader__believed_up_to_what_was_served(town: Town) -> None:
    live = await town.live()
    relay = await town.relay("relay", [live.node])
    await town.watch(relay, live)
    await town.play(relay, live, 3)
    (size,) = relay.relay.accounts.received.values()
    server = live.node.relay
    tally = relay.relay.errands.tally_for(server.address, size)
    await ask(town.session, live.node.url, "/v1/tally", tally)
    assert server.accounts.tallies[relay.relay.address][0] == size
    too_much = relay.relay.errands.tally_for(server.address, size * 100)
    with pytest.raises(PeerRefused, match="more bytes than were served"):
        await ask(town.session, live.node.url, "/v1/tally", too_much)
    with pytest.raises(PeerRefused, match="cannot be read"):
        await ask(town.session, live.node.url, "/v1/tally", {**tally, "bytes": size - 1})


async def test_eight_nodes__three_levels__everybody_plays__each_byte_once_to_each_child(
    town: Town,
) -> None:
    """A broadcaster and seven relays, each with places for two relays and its own player."""
    places = replace(QUICK, places=3)
    live = await town.live(limits=replace(QUICK, places=2))
    relays: list[Node] = []
    for number in range(7):
        relays.append(await town.relay(f"relay {number}", [live.node, *relays[-2:]], limits=places))
    begun = {}
    for node in relays:
        begun[node.url] = len(live.published)
        await town.watch(node, live)
    shown = await asyncio.gather(*(town.play(node, live, 8) for node in relays))
    assert all(gaps(each) == 0 for each in shown)
    depths = sorted(node.relay.core.depth(live.publication.id) for node in relays)
    assert depths[0] == 1
    assert depths[-1] >= 3
    everything = sum(len(data) for data in live.published.values())
    for node in (live.node, *relays):
        for sent in node.relay.accounts.sent.values():
            # Records and frames come on top.
            assert sent <= everything * 1.05
    assert len(live.node.relay.core.readers(live.publication.id)) <= 2


async def test_stopped_while_it_looks_for_a_stream__ends_at_once(town: Town, address: str) -> None:
    """Whatever answer comes in while a relay stops, it opens no feed that would hold it up."""
    live = await town.live()
    for step in range(12):
        relay = await town.relay(f"short-lived {step}", [live.node])
        wanted = Wanted(address.lower(), NAME, "", "1.2.3.4", "/")
        asking = asyncio.ensure_future(relay.relay.find(wanted))
        for _ in range(step * 4):
            await asyncio.sleep(0)
        town.nodes.remove(relay)
        async with asyncio.timeout(5):
            await relay.relay.__aexit__(None, None, None)
        asking.cancel()
        await asyncio.wait([asking])
        await relay.server.__aexit__(None, None, None)
        await relay.relay.session.close()
