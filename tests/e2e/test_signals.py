"""Ended from outside at any moment, the demo takes everything it started with it."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import DEMO, ROOT, make_clip

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
    result = demo.finish()

    assert result.status == 128 + signal.SIGTERM
    assert "Ended by SIGTERM; every process is stopped." in result.output
    assert demo.survivors() == []
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("anvil", "--chain-id"), "demo: the local chain was lost: anvil was killed by SIGKILL"),
        (("broadcaster.py",), "demo: the broadcaster was killed by SIGKILL"),
    ],
)
def test_node__that_nothing_can_replace_is_killed__ends_with_one_sentence(
    start_demo: Callable[..., Demo], tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    film = make_clip(tmp_path / "film.mp4", 320, 180, 4, audio=False)
    demo = start_demo("--once", "--input", str(film))
    demo.wait_for("First picture")

    os.kill(demo.pid_of(*words), signal.SIGKILL)
    result = demo.finish()

    assert result.status == 1
    assert result.output.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in result.output
    assert demo.survivors() == []


def test_stop__demo_left_running__is_ended(start_demo: Callable[..., Demo], tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", 320, 180, 4, audio=False)
    demo = start_demo("--input", str(film))
    demo.wait_for("Watch at")

    stop = subprocess.run(
        [*DEMO, "--stop", "--folder", str(demo.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (stop.returncode, stop.stdout) == (0, "Stopped 1 demo.\n")
    assert demo.finish().status == 128 + signal.SIGTERM
    assert demo.survivors() == []


def test_input__no_video__says_so_and_starts_nothing(
    start_demo: Callable[..., Demo], tmp_path: Path
) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear Sir or Madam")

    result = start_demo("--once", "--input", str(path)).finish()

    assert result.status == 2
    assert result.output == (
        f"demo: {path} is not a video: "
        "no known container (invalid data found when processing input)\n"
    )
