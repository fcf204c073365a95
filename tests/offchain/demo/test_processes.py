"""Nothing the demo starts outlives it: tried with real processes that misbehave."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from offchain.node.demo.processes import Processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# Each says its word into a named pipe once it is up.
START = "import signal, subprocess, sys, time\nsay = lambda w: open(sys.argv[1], 'w').write(w)\n"
OBEDIENT = START + "say('up')\ntime.sleep(600)"
STUBBORN = START + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay('up')\ntime.sleep(600)"
# Leaves a grandchild in a session of its own, which no signal to the group reaches.
PARENT = START + (
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True)\nsay(str(p.pid))\ntime.sleep(600)"
)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Pipe:
    """A named pipe through which a child says one word."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    def command(self, program: str) -> list[str]:
        return [sys.executable, "-c", program, str(self.path)]

    async def word(self) -> str:
        async with asyncio.timeout(10):
            return await asyncio.to_thread(self.path.read_text)


def wait_until_gone(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(5_000))
    finally:
        os.close(handle)


def somebody_elses() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


async def test_exit__obedient_and_stubborn_children__both_are_gone(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    async with processes:
        first, second = Pipe(tmp_path / "first"), Pipe(tmp_path / "second")
        obedient = await processes.start("obedient", first.command(OBEDIENT))
        stubborn = await processes.start("stubborn", second.command(STUBBORN))
        assert [await first.word(), await second.word()] == ["up", "up"]
        await processes.stop(stubborn, grace=0.2)

        assert stubborn.how_it_ended() == "was killed by SIGKILL"
        assert alive(obedient.pid)

    assert not alive(obedient.pid) and not alive(stubborn.pid)


async def test_exit__child_killed_outright__its_orphan_is_ended_too(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        pipe = Pipe(tmp_path / "pipe")
        child = await processes.start("parent", pipe.command(PARENT))
        grandchild = int(await pipe.word())
        os.kill(child.pid, signal.SIGKILL)
        await child.process.wait()
        assert alive(grandchild)

    assert not alive(grandchild)


async def test_exit__child_of_somebody_else_in_this_process__lives_on(tmp_path: Path) -> None:
    other = somebody_elses()
    try:
        async with Processes(tmp_path) as processes:
            pipe = Pipe(tmp_path / "pipe")
            await processes.start("ours", pipe.command(OBEDIENT))
            assert await pipe.word() == "up"

        assert alive(other.pid)
    finally:
        other.kill()
        other.wait()


async def test_exit__demo_itself_is_killed__children_die_with_it(tmp_path: Path) -> None:
    pipe = Pipe(tmp_path / "pipe")
    program = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from offchain.node.demo.processes import Processes\n"
        "async def main():\n"
        f"    async with Processes(Path({str(tmp_path)!r})) as p:\n"
        f"        child = await p.start('child', {pipe.command(OBEDIENT)!r})\n"
        "        print(child.pid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    await pipe.word()

    parent.kill()
    await parent.wait()

    assert await asyncio.to_thread(wait_until_gone, child)


async def test_start__after_a_loss__goes_on_in_the_same_log(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        first = await processes.start("node", [sys.executable, "-c", "print('one')"])
        await first.process.wait()
        second = await processes.restart(first)
        await second.process.wait()

        assert second.last_words(2) == "one\none"
        assert first.how_it_ended() == "ended with status 0"
