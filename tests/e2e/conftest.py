"""Runs the demo as a user does, in a process of its own, and watches what it leaves behind."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DEMO = (sys.executable, "-m", "offchain.node.demo")


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def make_clip(path: Path, width: int, height: int, seconds: int, *, audio: bool) -> Path:
    """A short film made here: a moving gradient, a bouncing square and, with `audio`, a tone."""
    rate = 24
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="stereo") if audio else None
        rows, columns = np.mgrid[0:height, 0:width]
        for number in range(seconds * rate):
            shade = (columns + rows + number * 3) % 256
            picture = np.stack([shade, 255 - shade, np.full_like(shade, 96)], axis=-1)
            left = int((width - 64) * abs(math.sin(number / 37)))
            top = int((height - 64) * abs(math.cos(number / 23)))
            picture[top : top + 64, left : left + 64] = (250, 240, 60)
            frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for start in range(0, seconds * 48_000, 1024):
                times = np.arange(start, start + 1024) / 48_000
                wave = (0.2 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
                tone = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
                tone.sample_rate, tone.pts = 48_000, start
                container.mux(sound.encode(tone))
            container.mux(sound.encode(None))
    return path


def descendants(pid: int) -> dict[int, str]:
    """Process id -> start time of every process below `pid`; the two together name a process."""
    found: dict[int, str] = {}
    waiting = deque([pid])
    while waiting:
        parent = waiting.popleft()
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            started = start_time(child)
            if started is not None:
                found[child] = started
                waiting.append(child)
    return found


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks; None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


@dataclass
class Result:
    """How a run ended."""

    status: int
    output: str
    report: dict[str, Any]


class Demo:
    """A running `python -m offchain.node.demo`."""

    def __init__(self, *args: str, folder: Path) -> None:
        self.folder = folder / "run"
        self.report = folder / "report.json"
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [*DEMO, *args, "--folder", str(self.folder), "--report", str(self.report)],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "140", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.seen: dict[int, str] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def output(self) -> str:
        """All it has said so far."""
        return "".join(self._lines)

    def wait_for(self, pattern: str, seconds: float = 900) -> re.Match[str]:
        """Waits until the output matches; fails with the output when it ends or takes too long."""

        def found() -> bool:
            return bool(re.search(pattern, self.output)) or not self._reader.is_alive()

        with self._changed:
            self._changed.wait_for(found, seconds)
        match = re.search(pattern, self.output)
        assert match, f"the demo never said {pattern!r}:\n{self.output}"
        self.seen |= descendants(self.process.pid)
        return match

    @property
    def address(self) -> str:
        """Where the page is served."""
        return self.wait_for(r"Watch at (http://\S+)").group(1)

    def pid_of(self, *words: str) -> int:
        """Process id of the child whose command line holds all these words."""
        for pid in descendants(self.process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
            except OSError:
                continue
            if all(word in command for word in words):
                return pid
        raise AssertionError(f"no process with {' and '.join(words)}")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the demo alone."""
        self.process.send_signal(number)

    def finish(self, seconds: float = 900) -> Result:
        """Waits for its end; how long a test may take in all is pytest's affair."""
        self.seen |= descendants(self.process.pid)
        status = self.process.wait(seconds)
        self._reader.join(5)
        report = json.loads(self.report.read_text()) if self.report.exists() else {}
        return Result(status, self.output, report)

    def survivors(self) -> list[int]:
        """Processes it started that still live."""
        return [pid for pid, started in self.seen.items() if start_time(pid) == started]

    def kill_all(self) -> None:
        """Ends it, for tests that failed half-way."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self._reader.join(5)
            self.process.stdout.close()


@pytest.fixture(scope="module")
def start_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Demo]]:
    """Starts demos on free ports; all are ended with the module."""
    started: list[Demo] = []

    def start(*args: str) -> Demo:
        folder = tmp_path_factory.mktemp("demo")
        port = () if "--port" in args else ("--port", str(free_port()))
        started.append(Demo(*args, *port, folder=folder))
        return started[-1]

    yield start
    for demo in started:
        demo.kill_all()
