"""The broadcaster's own look at the picture: one segment in so many, one rung of it, judged.

It judges as a committee seat would, in a sandboxed child, beside the stream and never in its way.
Whoever is caught gets no more segments for a while; what it claims for them can be challenged.
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Self

from offchain.media.sandbox import ChildDied, TranscoderChild
from offchain.verify.judgement import INVALID, Claim

if TYPE_CHECKING:
    from offchain.media.profiles import QualityContract
    from offchain.media.segments import SourceSegment
    from offchain.node.answers import Checked
    from offchain.node.dispatch import Seat

log = logging.getLogger("livepeer.broadcaster")

DEADLINE_S = 60.0
PENALTY_S = 600.0
"""Seconds for which a transcoder that was caught is passed over."""


class Inspector:
    """Judges one in `every` segments; 0 for none."""

    def __init__(self, contract: QualityContract, every: int) -> None:
        self._contract = contract
        self._every = every
        self._child = TranscoderChild(deadline_s=DEADLINE_S)
        self._busy = False
        self.inspected = 0
        self.bad: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._child.close()

    def wants(self) -> bool:
        """Whether the next segment is one to look at; never two at once."""
        return self._every > 0 and not self._busy and random.randrange(self._every) == 0

    async def inspect(self, seat: Seat, source: SourceSegment, checked: Checked) -> None:
        """Judge one rung of a segment that was answered."""
        self._busy = True
        try:
            rung = random.randrange(len(checked.renditions))
            receipt = checked.receipt
            claim = Claim(
                receipt.data_hash,
                receipt.rendition_root,
                receipt.renditions,
                receipt.duration_ms,
                receipt.pixels,
            )
            judgement = await self._child.judge(
                source.data, {rung: checked.renditions[rung]}, self._contract, claim, rungs=[rung]
            )
        except ChildDied as exc:
            log.warning("a segment was not inspected", extra={"why": str(exc)})
            return
        finally:
            self._busy = False
        self.inspected += 1
        if judgement.verdict == INVALID:
            words = f"segment {source.sequence} by {seat.job.transcoder}: {judgement.reason}"
            self.bad = [*self.bad[-99:], words]
            seat.caught(judgement.reason, time.monotonic() + PENALTY_S)
            log.warning("bad work", extra={"segment": source.sequence, "why": judgement.reason})

    def as_json(self) -> dict[str, Any]:
        """What `/v1/status` says about it."""
        return {"inspected": self.inspected, "bad": self.bad}
