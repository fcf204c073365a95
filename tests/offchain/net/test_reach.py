"""No peer's address leads into our own network, however it is spelt."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from offchain.net.fetcher import BlobFetcher, BlobUnavailable
from offchain.net.http import Server
from offchain.net.peers import new_session
from offchain.net.reach import ANYWHERE, PUBLIC, OutOfReach, Reach

INSIDE = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "0.0.0.0/8",
    "100.64.0.0/10", "224.0.0.0/4", "240.0.0.0/4", "192.0.2.0/24", "::1/128", "::/128", "fe80::/10",
    "fc00::/7", "ff00::/8", "::ffff:127.0.0.0/104", "::ffff:10.0.0.0/104", "2002:7f00::/24",
    "64:ff9b::/96", "2001:db8::/32",
)  # fmt: skip


@pytest.mark.parametrize("network", INSIDE)
@given(where=st.floats(0, 1, exclude_max=True))
def test_check__every_address_inside__refused(network: str, where: float) -> None:
    parsed = ipaddress.ip_network(network)
    address = str(parsed[int(parsed.num_addresses * where)])

    with pytest.raises(OutOfReach, match="is not a public address"):
        PUBLIC.check(address)

    ANYWHERE.check(address)
    if parsed.version == 4 or not address.startswith("::ffff"):
        Reach.within([network]).check(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_check__public_address__allowed(address: str) -> None:
    PUBLIC.check(address)


def test_check__allowed_network__only_that_one() -> None:
    reach = Reach.within(["10.1.0.0/16"])
    reach.check("10.1.2.3")
    reach.check("::ffff:10.1.2.3")
    with pytest.raises(OutOfReach, match=r"10\.2\.0\.1 is not a public address"):
        reach.check("10.2.0.1")
    with pytest.raises(OutOfReach, match="localhost is not an IP address"):
        reach.check("localhost")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
async def test_fetch__listener_on_this_machine__is_never_connected_to(host: str) -> None:
    """As a name, an address or a number in disguise."""
    asked = 0

    async def count(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response()

    app = web.Application()
    app.router.add_get("/{tail:.*}", count)
    async with Server(app, "::1" if host == "[::1]" else "127.0.0.1", 0) as server:
        source = f"http://{host}:{server.port}"
        async with new_session() as guarded:
            with pytest.raises(BlobUnavailable, match="not a (public|canonical ipv4) address"):
                await BlobFetcher(guarded).blob(bytes(32), [source])
        assert asked == 0
        async with new_session(Reach.within(["127.0.0.0/8", "::1/128"])) as allowed:
            with pytest.raises(BlobUnavailable):
                await BlobFetcher(allowed).blob(bytes(32), [source])
        assert asked == (0 if host == "2130706433" else 1)


@pytest.mark.parametrize("source", ["file:///etc/passwd", "ftp://1.1.1.1", "unix:///run/x", "x"])
async def test_fetch__other_schemes__refused(session: Any, source: str) -> None:
    with pytest.raises(BlobUnavailable, match="is not an http address"):
        await BlobFetcher(session).blob(bytes(32), [source])
