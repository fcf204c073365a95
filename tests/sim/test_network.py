"""The relay network in virtual time, at the size that fits every run of the tests."""

from __future__ import annotations

import pytest

from sim.network import Network, Setting


@pytest.mark.timeout(60)
def test_three_hundred_nodes__flash_crowd_and_churn__everybody_plays() -> None:
    report = Network(Setting(nodes=300, viewers=1_500, minutes=1.0, churn=0.2)).run().report()
    assert report["playing"] == 1_500
    assert report["startup99"] < 3.0
    assert report["originBytesPerSegment"] <= 8.5
    assert report["fedByHonest"] == report["relaysCarrying"] - 1
    assert max(report["depths"]) < 16
    assert report["lookupHopsMean"] < 4


def test_origin_egress__flat_as_viewers_grow() -> None:
    fed = [
        Network(Setting(nodes=80, viewers=count, minutes=0.7)).run().report() for count in (80, 800)
    ]
    assert all(report["originBytesPerSegment"] <= 8 for report in fed)
    assert [report["playing"] for report in fed] == [80, 800]


@pytest.mark.timeout(60)
def test_a_thousand_made_up_nodes__honest_parents_are_found() -> None:
    """In four address ranges, pushed at everybody, and announced where the stream is looked for."""
    setting = Setting(nodes=100, viewers=200, minutes=1.5, sybils=1_000)
    network = Network(setting).run()
    report = network.report()
    assert report["playing"] >= 0.99 * len(network.viewers)
    assert report["fedByHonest"] == report["relaysCarrying"] - 1
    for node in network.nodes[: setting.nodes]:
        made_up = [k for k in node.core.table.peers() if k.peer.place.startswith("10.0.")]
        assert len(made_up) <= 4 * 8
