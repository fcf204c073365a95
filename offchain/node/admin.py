"""The operator's door over HTTP: metrics, health and status, on an address of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from offchain.net.http import errors_as_json, health_route, status_route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offchain.node.tally import WorkerTally


class WorkerCollector(Collector):
    """A worker's counts as Prometheus metrics, read when scraped."""

    def __init__(self, tally: WorkerTally, room: int) -> None:
        self._tally = tally
        self._room = room

    def collect(self) -> Iterator[Metric]:
        """The metrics, as the registry asks for them."""
        tally = self._tally
        counters = [
            ("segments_received", "Segments that broadcasters asked for.", tally.received),
            ("segments_transcoded", "Segments transcoded, each counted once.", tally.transcoded),
            ("segments_repeated", "Segments answered again from the store.", tally.repeated),
            ("segments_late", "Segments that took longer than they last.", tally.late),
            ("media_seconds", "Seconds of video transcoded.", tally.media_ms / 1000),
            ("work_seconds", "Seconds spent transcoding, waiting included.", tally.work_s),
            ("pixels", "Pixels of output made.", tally.pixels),
            ("child_deaths", "Media children that died.", tally.crashes),
        ]
        for name, words, value in counters:
            yield CounterMetricFamily(f"livepeer_worker_{name}", words, value)
        refused = CounterMetricFamily(
            "livepeer_worker_segments_refused", "Segments refused, by reason.", labels=["reason"]
        )
        for reason, count in tally.refused.items():
            refused.add_metric([reason], count)
        yield refused
        yield GaugeMetricFamily(
            "livepeer_worker_segments_in_flight", "Segments being worked on.", tally.in_flight
        )
        yield GaugeMetricFamily(
            "livepeer_worker_segments_room", "Segments accepted at once.", self._room
        )


def admin_app(
    status: Callable[[], dict[str, Any]],
    ready: Callable[[], bool],
    *collectors: Collector,
) -> web.Application:
    """`/metrics`, `/healthz` and `/v1/status`."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app = web.Application(middlewares=[errors_as_json])
    app.add_routes([web.get("/metrics", metrics), health_route(ready), status_route(status)])
    return app
