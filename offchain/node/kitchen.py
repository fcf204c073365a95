"""Where a worker's media is cooked: sandboxed children for its segments, one more for its verdicts.

Verdicts have their own child, so that a committee never holds up a live stream.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Self

from offchain.media.sandbox import ChildDied, SourceFault, TranscoderPool
from offchain.net.http import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offchain.media.pipeline import Transcoded
    from offchain.media.profiles import QualityContract
    from offchain.node.tally import WorkerTally
    from offchain.verify.judgement import Claim, Judgement

log = logging.getLogger("livepeer.worker")

JUDGE_DEADLINE_S = 120.0


class Kitchen:
    """`parallel` segments at once; `cheat` is for development chains."""

    def __init__(self, parallel: int, tally: WorkerTally, cheat: str | None = None) -> None:
        self._pool = TranscoderPool(parallel)
        self._judges = TranscoderPool(1, deadline_s=JUDGE_DEADLINE_S)
        self._tally = tally
        self._cheat = cheat
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._pool)
        await self._stack.enter_async_context(self._judges)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def transcode(self, job_id: int, segment: bytes, contract: QualityContract) -> Transcoded:
        """All renditions; raises `Refused`: 422 for the media's fault, 500 for a lost child."""
        try:
            return await self._pool.transcode(segment, contract, cheat=self._cheat)
        except SourceFault as exc:
            raise Refused(422, str(exc)) from exc
        except ChildDied as exc:
            self._tally.crashes += 1
            log.error("a media child was lost", extra={"job": job_id, "why": str(exc)})
            raise Refused(500, "this segment was lost in transcoding", "lost") from exc

    async def judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        *,
        rungs: Sequence[int] | None = None,
    ) -> Judgement:
        """A committee seat's verdict; raises `ChildDied`."""
        return await self._judges.judge(source, renditions, contract, claim, rungs=rungs)
