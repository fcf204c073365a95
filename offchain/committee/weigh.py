"""Fetches what was opened and has it judged: many judgements become one verdict with one word of
scores."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from offchain.net.peers import PeerError
from offchain.proof.hashes import leaf_hash
from offchain.proof.merkle import merkle_root
from offchain.store.crashpoints import crashpoint
from offchain.verify.judgement import INVALID, UNAVAILABLE, VALID, Claim, Judgement, Scores

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from offchain.committee.case import Case, Leaf
    from offchain.media.profiles import QualityContract

log = logging.getLogger("livepeer.committee")


class BlobSource(Protocol):
    """Fetches by hash and checks what comes; `offchain.net.fetcher.BlobFetcher` is one.

    Both raise `PeerError` when none of the sources has it.
    """

    async def blob(self, blob_hash: bytes, sources: Sequence[str]) -> list[bytes]:
        """The parts of a blob."""
        ...

    async def renditions(self, root: bytes, sources: Sequence[str]) -> list[bytes]:
        """The rendition hashes under a root, in rung order."""
        ...


class Judge(Protocol):
    """Judges one leaf in a sandbox; `offchain.media.sandbox.TranscoderChild` is one."""

    async def judge(
        self,
        source: bytes | Sequence[bytes] | None,
        renditions: Mapping[int, bytes | Sequence[bytes]],
        contract: QualityContract,
        claim: Claim,
        *,
        rungs: Sequence[int] | None = None,
    ) -> Judgement:
        """The judgement on one leaf."""
        ...


@dataclass(frozen=True, slots=True)
class Weighed:
    """A seat's finding on a whole request, as it is committed to and revealed."""

    verdict: int
    scores: bytes
    details: bytes
    reason: str


async def weigh(case: Case, source: BlobSource, judge: Judge) -> Weighed:
    """Judge every opened leaf. One invalid leaf makes the claim invalid."""
    found: list[Judgement] = []
    for leaf in case.leaves:
        judgement = await _judge(case, leaf, source, judge)
        log.info(
            "leaf judged",
            extra={
                "request": case.request,
                "leaf": leaf.index,
                "verdict": judgement.verdict,
                "why": judgement.reason,
            },
        )
        found.append(judgement)
    return combine(found)


def combine(found: Sequence[Judgement]) -> Weighed:
    """The worst verdict, the worst scores, and a root over all measurements."""
    if not found:
        return Weighed(VALID, bytes(32), bytes(32), "nothing was opened")
    worst = next(
        (each for verdict in (INVALID, UNAVAILABLE) for each in found if each.verdict == verdict),
        found[0],
    )
    scores = Scores()
    for each in found:
        scores = scores.worst_with(Scores.unpack(each.scores))
    return Weighed(
        worst.verdict,
        scores.pack().to_bytes(32, "big"),
        merkle_root([leaf_hash(each.measurement_root()) for each in found]),
        worst.reason,
    )


async def _judge(case: Case, leaf: Leaf, source: BlobSource, judge: Judge) -> Judgement:
    if case.contract is None:
        return Judgement(VALID, "terms", "the job's terms cannot be read, which is their author's")
    if leaf.pixels > case.segment_pixels:
        return Judgement(
            INVALID, "pixels", f"{leaf.pixels} pixels are claimed, {case.segment_pixels} are paid"
        )
    places = [leaf.location, *case.published]
    rungs = case.rungs_of(leaf)
    hashes = await _or_none(source.renditions(leaf.rendition_root, places)) or []
    original = await _or_none(source.blob(leaf.data_hash, places))
    made: dict[int, bytes | Sequence[bytes]] = {}
    for rung in rungs:
        if rung < len(hashes):
            parts = await _or_none(source.blob(hashes[rung], places))
            if parts is not None:
                made[rung] = parts
    crashpoint("seat.fetched")
    claim = Claim(
        data_hash=leaf.data_hash,
        rendition_root=leaf.rendition_root,
        rendition_hashes=tuple(hashes),
        duration_ms=leaf.duration_ms,
        pixels=leaf.pixels,
    )
    return await judge.judge(original, made, case.contract, claim, rungs=rungs)


async def _or_none(fetching: Awaitable[list[bytes]]) -> list[bytes] | None:
    try:
        return await fetching
    except (PeerError, TimeoutError) as error:
        log.info("bytes not fetched", extra={"why": str(error)})
        return None
