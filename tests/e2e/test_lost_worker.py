"""A worker is killed outright in mid-stream: it comes back, claims, and is paid once."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.e2e.conftest import make_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.needs("anvil", "hls.js")]
SECONDS = 24


def test_worker__killed_in_mid_stream__restarts_claims_and_is_paid_once(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    film = make_clip(tmp_path / "upright.mp4", 240, 426, 6, audio=False)
    demo = start_demo("--once", "--seconds", str(SECONDS), "--input", str(film))
    demo.wait_for("First picture")
    with urlopen(f"{demo.address}live/index.m3u8") as answer:  # noqa: S310 - our own page
        sizes = re.findall(r"RESOLUTION=(\d+)x(\d+)", answer.read().decode())
    os.kill(demo.pid_of("worker.py", "ada.json"), signal.SIGKILL)
    demo.wait_for("Ada's worker was killed by SIGKILL; it is started again")

    result = demo.finish()

    assert result.status == 0, result.output
    assert len(sizes) >= 2 and all(int(height) > int(width) for width, height in sizes)
    claims = result.report["claims"]
    own = [claim for claim in claims if claim["who"] == "Ada"]
    assert own and min(claim["first"] for claim in own) == 0, "work from before the kill is paid"
    for claim in claims:
        assert (claim["verdict"], claim["payments"]) == (1, 1), claim
    for job in {claim["job"] for claim in claims}:
        ranges = sorted((c["first"], c["last"]) for c in claims if c["job"] == job)
        for (_, before), (after, _) in zip(ranges, ranges[1:], strict=False):
            assert before < after, "no segment is claimed twice"
    stream = result.report["stream"]
    assert stream["segments in"] == SECONDS // 2
    assert result.report["escrow"]["balanced"] and result.report["mint"]["balanced"]
    assert demo.survivors() == []
