"""Relays as processes: one that serves everybody, and a gateway for players on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from offchain.net.hls_server import cors_for_players
from offchain.net.http import Server, errors_as_json, health_route
from offchain.net.peers import new_session
from offchain.net.reach import ANYWHERE, Reach
from offchain.node.admin import admin_app
from offchain.node.base import node_file, open_node, read_deployment, stop_signals
from offchain.node.control import control_socket, intent_calls
from offchain.node.errors import BadSetup
from offchain.node.relay import Relay, relay_of
from offchain.proof.typed import Domain
from offchain.routing.core import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offchain.node.base import Node
    from offchain.node.config import RelaySettings, WatchSettings

log = logging.getLogger("livepeer.relay")

_STREAM = re.compile(r"(0x[0-9a-fA-F]{40})/([A-Za-z0-9_-]{1,64})")


class RelayCollector(Collector):
    """A relay's counts as Prometheus metrics, read when scraped."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        """The metrics, as the registry asks for them."""
        relay = self._relay
        counters: list[tuple[str, str, float]] = [
            ("sent_bytes", "Bytes handed to relays.", sum(relay.accounts.sent.values())),
            ("received_bytes", "Bytes taken from relays.", sum(relay.accounts.received.values())),
            ("played_bytes", "Bytes handed to players.", relay.accounts.played),
            ("caught", "Peers that sent something false.", len(relay.caught)),
        ]
        for name, words, value in counters:
            yield CounterMetricFamily(f"livepeer_relay_{name}", words, value)
        tallied = CounterMetricFamily(
            "livepeer_relay_tallied_bytes",
            "Bytes served, as their readers have signed for.",
            labels=["reader"],
        )
        for reader, (served, _) in relay.accounts.tallies.items():
            tallied.add_metric([reader], served)
        yield tallied
        yield GaugeMetricFamily("livepeer_relay_peers", "Peers known.", len(relay.core.table))
        yield GaugeMetricFamily("livepeer_relay_free", "Places left.", relay.core.free)


def relay_app(relay: Relay) -> web.Application:
    """What a relay serves to peers and players."""
    app = web.Application(middlewares=[cors_for_players, errors_as_json])
    app.add_routes(relay.routes())
    app.add_routes([health_route(lambda: True)])
    return app


async def serve(settings: RelaySettings) -> None:
    """Run a relay until SIGTERM or SIGINT."""
    settings.data.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    async with (
        open_node(settings.chain, settings.key, settings.data) as node,
        new_session(node.reach) as session,
    ):
        limits = Limits(places=settings.places, streams=settings.streams)
        relay = relay_of(node, session, seeds=settings.peers, limits=limits)
        listen, admin = settings.listen, settings.admin
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(stop_signals(lambda _: stop.set()))
            server = await stack.enter_async_context(
                Server(relay_app(relay), listen.host, listen.port)
            )
            relay.url = settings.public_url or server.url
            await stack.enter_async_context(relay)
            doors = admin_app(relay.status, lambda: True, RelayCollector(relay))
            inside = await stack.enter_async_context(Server(doors, admin.host, admin.port))
            await stack.enter_async_context(control_socket(settings.data, _calls(node, relay)))
            stack.enter_context(node_file(settings.data, url=relay.url, admin=inside.url))
            log.info("relaying", extra={"url": relay.url, "address": node.address})
            await stop.wait()


def _calls(node: Node, relay: Relay) -> dict[str, Any]:
    async def status(_question: dict[str, Any]) -> dict[str, Any]:
        return relay.status()

    return {"status": status, **intent_calls(node)}


async def watch(settings: WatchSettings, say: Any) -> None:
    """Serve one stream to players here until SIGTERM or SIGINT, checked; `say` prints a line."""
    found = _STREAM.fullmatch(settings.stream)
    if found is None:
        raise BadSetup(f"{settings.stream!r} is not a stream: write BROADCASTER/NAME, as 0x…/live")
    address, name = found.groups()
    deployment = read_deployment(settings.network)
    reach = Reach.within(settings.peers_within) if deployment.production else ANYWHERE
    domain = Domain(deployment.chain_id, deployment.address("JobsManager"))
    stop = asyncio.Event()

    async def seeds() -> tuple[str, ...]:
        return settings.peers

    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(new_session(reach))
        # A name for this run alone: a gateway feeds nobody but players here.
        relay = Relay(domain, secrets.token_bytes(32), session, seeds=seeds, shy=True)
        stack.enter_context(stop_signals(lambda _: stop.set()))
        server = await stack.enter_async_context(
            Server(relay_app(relay), settings.listen.host, settings.listen.port)
        )
        relay.url = server.url
        await stack.enter_async_context(relay)
        say(f"{server.url}/v1/streams/{address}/{name}/index.m3u8")
        await stop.wait()
