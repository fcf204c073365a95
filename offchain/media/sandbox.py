"""Runs transcoding and judging in a child process, so that no segment can take the node with it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from offchain.media.framing import HEADER, BadMessage, lengths, pack, unpack
from offchain.media.pipeline import Transcoded
from offchain.media.reader import SourceFault
from offchain.verify.judgement import INVALID, VALID, Judgement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from offchain.media.profiles import QualityContract
    from offchain.verify.judgement import Claim

__all__ = ["ChildDied", "SourceFault", "TranscoderChild", "TranscoderPool"]

_ROOT = Path(__file__).parents[2]
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from offchain.media.child import main; main()"
# Nothing of the node's surroundings reaches the child: no keys, no proxies, no search paths.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_START_SECONDS = 30.0
_STDERR_KEPT = 2000  # bytes
_FAULTS = frozenset(
    (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS)
)


class ChildDied(RuntimeError):
    """The child crashed, broke a cap or missed its deadline: this segment is lost, the node not.

    `crashed` tells a decoder's own fault from a slow machine or a child that was killed.
    """

    def __init__(self, reason: str, *, crashed: bool = False) -> None:
        super().__init__(reason)
        self.crashed = crashed


class TranscoderChild:
    """One warm child; calls are carried out one after another.

    It is started when first needed, killed when a call takes longer than `deadline_s`, and replaced
    after a death or `most_segments` segments.
    """

    def __init__(self, *, deadline_s: float = 30.0, most_segments: int = 1000) -> None:
        self.deadline_s = deadline_s
        self.held: tuple[str, ...] = ()
        self._most_segments = most_segments
        self._process: asyncio.subprocess.Process | None = None
        self._errors: asyncio.Task[bytes] | None = None
        self._lock = asyncio.Lock()
        self._served = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Starts the child ahead of its first call; raises `ChildDied`."""
        async with self._lock:
            await self._start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def close(self) -> None:
        """Ends the child at once and waits for it."""
        if self._process is not None:
            await self._kill()

    async def transcode(
        self, segment: bytes, contract: QualityContract, *, cheat: str | None = None
    ) -> Transcoded:
        """As `pipeline.transcode`; raises `SourceFault` or `ChildDied`.

        `cheat` names a way of cheating, for tests and development chains.
        """
        content = {"op": "transcode", "contract": contract.to_json(), "cheat": cheat}
        answer, renditions = await self._call(content, [segment])
        return Transcoded(renditions, **answer)

    async def judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        *,
        rungs: Sequence[int] | None = None,
    ) -> Judgement:
        """As `verify.judge.judge`; raises `ChildDied`.

        Bytes that crash the decoder twice are undecodable, and not a way out of being judged.
        """
        try:
            return await self._judge(source, renditions, contract, claim, rungs)
        except ChildDied as death:
            if not death.crashed:
                raise
        try:
            return await self._judge(source, renditions, contract, claim, rungs)
        except ChildDied as death:
            if not death.crashed:
                raise
        try:
            await self._judge(source, renditions, contract, claim, ())
        except ChildDied as death:
            if not death.crashed:
                raise
            return Judgement(VALID, "source", "the source is at fault: it crashes the decoder")
        return Judgement(INVALID, "decoding", "the renditions crash the decoder")

    async def _judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        rungs: Sequence[int] | None,
    ) -> Judgement:
        source_parts = _parts(source)
        parts = {rung: _parts(rendition) for rung, rendition in renditions.items()}
        content = {
            "op": "judge",
            "contract": contract.to_json(),
            "claim": claim.to_json(),
            "rungs": None if rungs is None else list(rungs),
            "source_parts": len(source_parts),
            "parts": [[rung, len(pieces)] for rung, pieces in parts.items()],
        }
        blobs = [*source_parts, *(piece for pieces in parts.values() for piece in pieces)]
        answer, _ = await self._call(content, blobs)
        return Judgement.from_json(answer)

    async def _call(
        self, content: dict[str, Any], blobs: Sequence[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        async with self._lock:
            gone = self._process is None or self._process.returncode is not None
            if gone or self._served >= self._most_segments:
                await self._start()
            self._served += 1
            try:
                async with asyncio.timeout(self.deadline_s):
                    answer, results = await self._exchange(pack(content, blobs))
            except TimeoutError:
                await self._kill()
                raise ChildDied(f"the segment took longer than {self.deadline_s} s") from None
            except (BadMessage, asyncio.IncompleteReadError, OSError):
                crashed = await self._has_crashed()
                words = f"the media child died: {await self._kill()}"
                raise ChildDied(words, crashed=crashed) from None
            except BaseException:
                # A cancelled call leaves half a message in the pipe: no other can follow it.
                await self._kill()
                raise
        if "fault" in answer:
            if answer["fault"] == "source":
                raise SourceFault(answer["reason"])
            raise ValueError(answer["reason"])
        return answer, results

    async def _exchange(self, pieces: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        process = self._process
        assert process is not None and process.stdin is not None
        process.stdin.writelines(pieces)
        await process.stdin.drain()
        return await self._read()

    async def _read(self) -> tuple[dict[str, Any], list[bytes]]:
        process = self._process
        assert process is not None and process.stdout is not None
        text, total = lengths(await process.stdout.readexactly(HEADER.size))
        return unpack(
            await process.stdout.readexactly(text), await process.stdout.readexactly(total)
        )

    async def _start(self) -> None:
        if self._process is not None:
            await self._kill()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            _BOOT,
            str(_ROOT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            limit=4 << 20,
            # Ctrl-C is the node's: it finishes what is in flight and ends the child itself.
            start_new_session=True,
        )
        assert self._process.stderr is not None
        self._errors = asyncio.create_task(_last_bytes(self._process.stderr))
        self._served = 0
        try:
            async with asyncio.timeout(_START_SECONDS):
                hello, _ = await self._read()
        except (TimeoutError, BadMessage, asyncio.IncompleteReadError, OSError):
            raise ChildDied(f"the media child did not start: {await self._kill()}") from None
        except BaseException:
            await self._kill()
            raise
        self.held = tuple(hello["held"])

    async def _has_crashed(self) -> bool:
        """Whether a fault of its own ended the child, which has closed its pipe."""
        assert self._process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                return -await self._process.wait() in _FAULTS
        return False

    async def _kill(self) -> str:
        """Ends the child and says what it last complained of."""
        process, errors = self._process, self._errors
        self._process = self._errors = None
        if process is None:
            return "it was gone"
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        said = (await errors).decode(errors="replace").strip() if errors is not None else ""
        last = said.splitlines()[-1] if said else "it said nothing"
        return f"{last} (exit status {code})"


class TranscoderPool:
    """As many children as segments are to be worked on at once; each call takes a free one."""

    def __init__(self, size: int, *, deadline_s: float = 30.0) -> None:
        if size < 1:
            raise ValueError("a pool has at least one child")
        self._children = [TranscoderChild(deadline_s=deadline_s) for _ in range(size)]
        self._free: asyncio.LifoQueue[TranscoderChild] = asyncio.LifoQueue()
        for child in self._children:
            self._free.put_nowait(child)

    async def __aenter__(self) -> Self:
        # Warm before the first segment comes; what one cannot start, the others cannot either.
        try:
            for child in self._children:
                await child.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _close(self) -> None:
        for child in self._children:
            await child.close()

    @property
    def idle(self) -> int:
        """How many segments could begin at once."""
        return self._free.qsize()

    async def transcode(
        self, segment: bytes, contract: QualityContract, *, cheat: str | None = None
    ) -> Transcoded:
        """As `TranscoderChild.transcode`, as soon as a child is free."""
        async with self._borrowed() as child:
            return await child.transcode(segment, contract, cheat=cheat)

    async def judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        *,
        rungs: Sequence[int] | None = None,
    ) -> Judgement:
        """As `TranscoderChild.judge`, as soon as a child is free."""
        async with self._borrowed() as child:
            return await child.judge(source, renditions, contract, claim, rungs=rungs)

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[TranscoderChild]:
        child = await self._free.get()
        try:
            yield child
        finally:
            self._free.put_nowait(child)


def _parts(data: bytes | Sequence[bytes] | None) -> list[bytes]:
    if data is None:
        return []
    return [data] if isinstance(data, bytes) else list(data)


async def _last_bytes(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while data := await stream.read(1024):
        kept = (kept + data)[-_STDERR_KEPT:]
    return kept
