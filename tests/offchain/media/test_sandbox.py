"""The media child: same answers as in the process, and no segment takes the node with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from offchain.media.framing import HEADER, BadMessage, lengths, pack, unpack
from offchain.media.pipeline import transcode
from offchain.media.sandbox import ChildDied, SourceFault, TranscoderChild, TranscoderPool
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.judge import judge
from offchain.verify.judgement import INVALID, UNAVAILABLE, VALID, Claim

if TYPE_CHECKING:
    from offchain.media.profiles import QualityContract
    from offchain.media.segmenter import SourceSegment

ROOT = Path(__file__).parents[3]


async def settle() -> None:
    """Lets a call just made write its message: the child, already running, is not waited for."""
    for _ in range(5):
        await asyncio.sleep(0)


def status_of(pid: int) -> str:
    """What the kernel says of a process."""
    return Path(f"/proc/{pid}/status").read_text()


async def test_child__answers_as_the_process_itself(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    data = segments[0].data
    here = transcode(data, contract)
    hashes = tuple(data_hash([rendition]) for rendition in here.renditions)
    claim = Claim(data_hash([data]), rendition_root(hashes), hashes, 2000, here.pixels)
    made = dict(enumerate(here.renditions))
    async with TranscoderChild() as child:
        first = child.pid
        assert await child.transcode(data, contract) == here
        # In parts, whole, one rung only, without the source: what goes in comes out the same.
        parts = [data[:1880], data[1880:]]
        for source, renditions, rungs in (
            (data, made, None),
            (parts, made, None),
            (data, {1: made[1]}, [1]),
            (None, made, None),
            (data, {0: made[0]}, None),
        ):
            expected = judge(source, renditions, contract, claim, rungs=rungs)
            assert await child.judge(source, renditions, contract, claim, rungs=rungs) == expected
        assert (await child.judge(data, made, contract, claim)).verdict == VALID
        assert (await child.judge(None, made, contract, claim)).verdict == UNAVAILABLE
        assert child.pid == first


async def test_child__bad_source__is_refused_and_the_child_lives(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    async with TranscoderChild() as child:
        pid = child.pid
        with pytest.raises(SourceFault, match="not MPEG-TS"):
            await child.transcode(b"ffconcat version 1.0\nfile /etc/passwd\n", contract)
        assert (await child.transcode(segments[0].data, contract)).frames == 48
        assert child.pid == pid


async def test_child__killed_or_too_slow__costs_one_segment(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    data = segments[0].data
    async with TranscoderChild() as child:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGSTOP)
        call = asyncio.create_task(child.transcode(data, contract))
        await settle()
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDied, match="exit status -9"):
            await call
        assert (await child.transcode(data, contract)).frames == 48
        stopped = child.pid
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        child.deadline_s = 0.1
        with pytest.raises(ChildDied, match="longer than 0.1 s"):
            await child.transcode(data, contract)
        child.deadline_s = 30.0
        assert (await child.transcode(data, contract)).frames == 48
        with pytest.raises(ProcessLookupError):
            os.kill(stopped, 0)


class Fragile(TranscoderChild):
    """A child that dies of `fault` in each of its next `deaths` lives."""

    deaths = 0
    fault = signal.SIGSEGV

    async def _start(self) -> None:
        await super()._start()
        if self.deaths and self.pid is not None:
            self.deaths -= 1
            # Stopped, it takes the message and dies without an answer.
            os.kill(self.pid, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(0.05, os.kill, self.pid, self.fault)
            asyncio.get_running_loop().call_later(0.06, os.kill, self.pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("deaths", "verdict", "check"),
    [(1, VALID, "equal"), (2, INVALID, "decoding"), (3, VALID, "source")],
)
async def test_judge__bytes_that_crash_the_decoder__are_blamed_on_whom_they_are_from(
    segments: list[SourceSegment], contract: QualityContract, deaths: int, verdict: int, check: str
) -> None:
    data = segments[0].data
    here = transcode(data, contract)
    hashes = tuple(data_hash([rendition]) for rendition in here.renditions)
    claim = Claim(data_hash([data]), rendition_root(hashes), hashes, 2000, here.pixels)
    child = Fragile()
    child.deaths = deaths
    try:
        judgement = await child.judge(data, dict(enumerate(here.renditions)), contract, claim)
        assert (judgement.verdict, judgement.check) == (verdict, check)
        # A child that was killed, or a slow machine, is nobody's fault: no verdict.
        await child.close()
        child.deaths, child.fault = 1, signal.SIGKILL
        with pytest.raises(ChildDied):
            await child.judge(data, dict(enumerate(here.renditions)), contract, claim)
    finally:
        await child.close()


async def test_child__cancelled_call__does_not_answer_the_next(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    async with TranscoderChild() as child:
        call = asyncio.create_task(child.transcode(segments[0].data, contract))
        await settle()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await child.transcode(segments[1].data, contract) == transcode(
            segments[1].data, contract
        )


async def test_child__after_many_segments__is_replaced(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    async with TranscoderChild(most_segments=2) as child:
        pids = []
        for _ in range(4):
            await child.transcode(segments[0].data, contract)
            pids.append(child.pid)
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert child.pid is None


async def test_pool__works_on_as_many_segments_as_it_has_children(
    segments: list[SourceSegment], contract: QualityContract
) -> None:
    async with TranscoderPool(2) as pool:
        assert pool.idle == 2
        calls = [pool.transcode(segments[i % 2].data, contract) for i in range(5)]
        results = await asyncio.gather(*calls)
        assert pool.idle == 2
    assert [r.frames for r in results] == [48] * 5
    assert results[0] == results[2] != results[1]


async def test_child__gives_up_what_it_does_not_need() -> None:
    async with TranscoderChild() as child:
        assert {"memory", "files written", "open files", "new privileges"} <= set(child.held)
        assert child.pid is not None
        status = status_of(child.pid)
        assert "NoNewPrivs:\t1" in status
        if "system calls" in child.held:
            assert "Seccomp:\t2" in status


HOSTILE = """
import sys
sys.path.insert(0, sys.argv[1])
import os, resource, socket, subprocess, threading, ctypes
from offchain.media.lockdown import lock_down
held = lock_down()
def refused(what):
    try:
        what()
    except (OSError, MemoryError, RuntimeError) as error:
        return type(error).__name__
    return "went through"
def threads():
    worker = threading.Thread(target=lambda: None)
    worker.start()
    worker.join()
libc = ctypes.CDLL(None, use_errno=True)
def kill_parent():
    os.kill(os.getppid(), 0)
print(refused(threads), flush=True)
for attempt in (
    lambda: open("/etc/passwd"),
    lambda: open("/tmp/written", "w"),
    lambda: socket.socket(),
    lambda: [os.fork() for _ in range(100)],
    lambda: os.execv("/bin/true", ["true"]),
    lambda: bytearray(2 << 30),
    lambda: os.unlink("/tmp/anything"),
    kill_parent,
):
    print(refused(attempt), flush=True)
"""


def test_lock_down__hostile_code__gets_nowhere() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", HOSTILE, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=15,
    )
    assert done.returncode == 0, done.stderr
    threads, *attempts = done.stdout.split("\n")[:-1]
    assert threads == "went through"  # decoders need them
    assert len(attempts) == 8
    assert "went through" not in attempts, attempts


def test_framing__round_trips_and_refuses_what_does_not_add_up() -> None:
    header, text, *blobs = pack({"op": "x"}, [b"one", b"", b"three"])
    assert lengths(header) == (len(text), 8)
    assert unpack(text, b"".join(blobs)) == ({"op": "x"}, [b"one", b"", b"three"])
    for bad in (b"{}", b"[]", b"x", b'{"blobs": [9]}', b'{"blobs": [-1, 9]}', b'{"blobs": ["a"]}'):
        with pytest.raises(BadMessage):
            unpack(bad, b"12345678")
    with pytest.raises(BadMessage):
        lengths(HEADER.pack(2**31, 0))
