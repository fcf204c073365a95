"""Child processes in groups of their own: one log file each, and none outlives the demo."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

GRACE_SECONDS = 6.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Runs in the child before exec: if the demo is killed outright, so is the child."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


@dataclass(slots=True)
class Child:
    """A process the demo started. `stopping` tells an end we asked for from a loss."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process
    stopping: bool = False

    @property
    def pid(self) -> int:
        """Process id, which is also its group's."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.returncode is None

    def how_it_ended(self) -> str:
        """`ended with status 1`, `was killed by SIGKILL`."""
        code = self.process.returncode
        if code is None:
            return "still runs"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def last_words(self, lines: int = 1) -> str:
        """The last lines of its log that say anything."""
        try:
            text = self.log.read_bytes()[-8192:].decode(errors="replace")
        except OSError:
            return ""
        kept = [line.strip() for line in text.splitlines() if line.strip()]
        return "\n".join(kept[-lines:])


class Processes:
    """Starts children and ends every one of them, and what they left behind, on exit."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.children: dict[str, Child] = {}
        self._not_ours: set[int] = set()

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._not_ours = set(_children_of(os.getpid()))
        if _LIBC is not None:
            # Orphans of a child that was killed become ours, so that they can be ended too.
            _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.shield(self.stop_all())

    async def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        """Starts `command` in a process group of its own, its output going to NAME.log."""
        log = self._logs / f"{name}.log"
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=variables,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # only async-signal-safe work, no locks taken
            )
        child = Child(name, command, environment or {}, log, process)
        self.children[name] = child
        return child

    async def restart(self, child: Child) -> Child:
        """Starts an ended child again, with the same command, state and log."""
        assert not child.alive
        return await self.start(child.name, child.command, child.environment)

    async def stop(self, child: Child, grace: float = GRACE_SECONDS) -> None:
        """SIGTERM to its group, SIGKILL after `grace` seconds."""
        child.stopping = True
        self._signal(child, signal.SIGTERM)
        try:
            await asyncio.wait_for(child.process.wait(), grace)
        except TimeoutError:
            pass
        self._signal(child, signal.SIGKILL)
        await child.process.wait()

    async def stop_all(self) -> None:
        """Ends all children at once, then whatever they left behind."""
        last_first = list(reversed(self.children.values()))
        # The chain goes last: nodes that drain still speak to it.
        nodes = [child for child in last_first if child.name != "anvil"]
        await asyncio.gather(*(self.stop(child) for child in nodes))
        await asyncio.gather(*(self.stop(child) for child in last_first if child.name == "anvil"))
        self._reap_orphans()

    @staticmethod
    def _signal(child: Child, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)

    def _reap_orphans(self) -> None:
        known = {child.pid for child in self.children.values()} | self._not_ours
        for pid in _children_of(os.getpid()):
            if pid not in known:
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
