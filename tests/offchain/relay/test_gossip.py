"""What relays say to each other: signed, expiring, and nothing that makes a node fall over."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.net.peer_records import (
    BadPeer,
    SignedCarrier,
    SignedPeer,
    node_id,
    place_of,
    read_tally,
)
from offchain.proof.signatures import address_of
from tests.offchain.relay.conftest import DOMAIN, Town, key

NOW = 1_800_000_000.0
ME = address_of(key("me"))


def record(**changes: Any) -> dict[str, Any]:
    """A good record, with some of its members replaced after it was signed."""
    good = SignedPeer.make(DOMAIN, key("me"), ME, "http://1.2.3.4:1", int(NOW) + 60)
    return {**good.as_json(), **changes}


def test_record__written_and_read__is_the_same() -> None:
    read = SignedPeer.read(json.loads(json.dumps(record())), DOMAIN, NOW)
    assert (read.node, read.url, read.id) == (ME, "http://1.2.3.4:1", node_id(ME))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://5.6.7.8:1"}, "it is signed by"),
        ({"node": address_of(key("other"))}, "it is signed by"),
        ({"expiry": int(NOW) + 61}, "it is signed by"),
        ({"signature": "0x00"}, "cannot be read"),
        ({"node": "0x12"}, "cannot be read"),
        ({"expiry": "soon"}, "cannot be read"),
        ({"expiry": -1}, "cannot be read"),
    ],
)
def test_record__changed_by_somebody__refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadPeer, match=words):
        SignedPeer.read(record(**changes), DOMAIN, NOW)


@pytest.mark.parametrize(
    ("url", "life", "words"),
    [
        ("http://1.2.3.4", 0, "has run out"),
        ("http://1.2.3.4", 3_601, "holds too long"),
        ("file:///etc/passwd", 60, "names no http address"),
        ("http://", 60, "names no http address"),
        ("http://x/" + "y" * 256, 60, "names no http address"),
    ],
)
def test_record__of_a_node_that_means_no_good__refused(url: str, life: int, words: str) -> None:
    made = SignedPeer.make(DOMAIN, key("me"), ME, url, int(NOW) + life)
    with pytest.raises(BadPeer, match=words):
        SignedPeer.read(made.as_json(), DOMAIN, NOW)


def test_announcement__only_in_ones_own_name() -> None:
    """Nobody can send a crowd to another's door."""
    theirs = SignedPeer.make(DOMAIN, key("other"), address_of(key("other")), "http://1.2.3.4", 1)
    fresh = SignedPeer.make(DOMAIN, key("other"), theirs.node, "http://1.2.3.4", int(NOW) + 60)
    forged = SignedCarrier.make(DOMAIN, key("me"), fresh, bytes(32), int(NOW) + 60)
    with pytest.raises(BadPeer, match="it is signed by"):
        SignedCarrier.read(forged.as_json(), DOMAIN, NOW)
    own = SignedCarrier.make(DOMAIN, key("other"), fresh, bytes(32), int(NOW) + 60)
    assert SignedCarrier.read(own.as_json(), DOMAIN, NOW) == own
    with pytest.raises(BadPeer, match="has run out"):
        SignedCarrier.read(own.as_json(), DOMAIN, NOW + 60)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://8.8.8.8:1", "8.8.8.0/24"),
        ("http://8.8.8.200:9", "8.8.8.0/24"),
        ("http://[2600:1:2:3::4]:1", "2600:1:2::/48"),
        ("http://127.0.0.1:1234", "127.0.0.1:1234"),
        ("http://10.0.0.9:1", "10.0.0.9:1"),
        ("https://a.relays.example:1", "relays.example"),
        ("https://b.relays.example:2", "relays.example"),
        ("http://localhost:3", "localhost:3"),
    ],
)
def test_place__what_an_address_counts_against(url: str, place: str) -> None:
    assert place_of(url) == place


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
NAMES = ("from", "stream", "peer", "expiry", "signature", "node", "url", "reader", "bytes", "since")


@pytest.mark.timeout(60)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(["ping", "find", "announce", "tally"]),
    body=st.binary(max_size=50)
    | st.dictionaries(st.sampled_from(NAMES), json_values).map(lambda v: json.dumps(v).encode()),
)
async def test_any_message__answered_and_never_a_failure(
    town: Town, path: str, body: bytes
) -> None:
    if not town.nodes:
        await town.relay("lonely")
    url = town.nodes[0].url
    async with town.session.post(f"{url}/v1/{path}", data=body) as response:
        assert response.status in (200, 400)
        assert isinstance(await response.json(), dict)


async def test_message_too_large__refused(town: Town) -> None:
    node = await town.relay("lonely")
    async with town.session.post(f"{node.url}/v1/find", data=bytes(70_000)) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    "path",
    ["0x12/a/index.m3u8", f"{ME}/a%2Fb/index.m3u8", f"{ME}/a/x%20y/index.m3u8",
     f"{ME}/a/b/feed?from=x", f"{ME}/a/b/feed", f"{ME}/a/b/0.ts"],
)  # fmt: skip
async def test_stream_paths__that_are_none__client_errors(town: Town, path: str) -> None:
    node = await town.relay("lonely")
    async with town.session.get(f"{node.url}/v1/streams/{path}") as response:
        assert response.status in (400, 404)


def test_tally__for_another_server__refused() -> None:
    with pytest.raises(BadPeer, match="cannot be read"):
        read_tally({"reader": ME, "bytes": 1, "since": 0, "signature": "0x"}, DOMAIN, ME)


async def test_peers__known_ones_are_told(town: Town) -> None:
    first = await town.relay("first")
    second = await town.relay("second", [first])
    async with town.session.get(f"{second.url}/v1/peers") as response:
        assert response.status == 200
    await town.session.post(f"{first.url}/v1/ping", json={"from": second.relay.record().as_json()})
    async with town.session.get(f"{first.url}/v1/peers") as response:
        (told,) = (await response.json())["peers"]
    assert SignedPeer.read(told, DOMAIN, time.time()).url == second.url


async def test_message_in_pieces__read_to_its_end(town: Town) -> None:
    node = await town.relay("lonely")
    body = json.dumps({"from": town.nodes[0].relay.record().as_json(), "stream": "00" * 32})

    async def pieces() -> AsyncIterator[bytes]:
        for letter in body:
            yield letter.encode()
            await asyncio.sleep(0)

    async with town.session.post(f"{node.url}/v1/find", data=pieces()) as response:
        assert response.status == 200
        assert await response.json() == {"nearer": [], "carriers": []}
