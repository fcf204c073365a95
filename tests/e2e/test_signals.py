"""Ended from outside at any moment, the demo takes everything it started with it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import make_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.needs("anvil", "hls.js")]


@pytest.mark.parametrize("moment", ["Watch at", "rounds begun", "First picture"])
def test_sigterm__at_any_moment__ends_every_process(
    start_demo: Callable[..., Demo], tmp_path: Path, moment: str
) -> None:
    film = make_clip(tmp_path / "film.mp4", 320, 180, 4, audio=False)
    demo = start_demo("--once", "--input", str(film))
    demo.wait_for(moment)

    demo.signal(signal.SIGTERM)
    result = demo.finish(20)

    assert result.status == 128 + signal.SIGTERM
    assert "Ended by SIGTERM; every process is stopped." in result.output
    assert demo.survivors() == []
    assert "Traceback" not in result.output


def test_input__no_video__says_so_and_starts_nothing(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear Sir or Madam")

    result = start_demo("--once", "--input", str(path)).finish(20)

    assert result.status == 2
    assert result.output == (
        f"demo: {path} is not a video: "
        "no known container (invalid data found when processing input)\n"
    )
