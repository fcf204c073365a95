"""Judges one segment's work, in the order in which blame can be laid.

The source first, for a broken source frames nobody; then whether the bytes are those claimed; then
shape; then the picture, measured relative to the verifier's own encode by the same contract. Equal
bytes need no measuring. Pure: the same input gives the same judgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.media.reader import SourceFault
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.judgement import (
    INVALID,
    UNAVAILABLE,
    VALID,
    Claim,
    Judgement,
    RungScores,
    Scores,
)
from offchain.verify.reference import Reference
from offchain.verify.shape import Breach
from offchain.verify.thresholds import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offchain.media.profiles import QualityContract

    Bytes = bytes | Sequence[bytes]

_DURATION_SLACK_MS = 100


def judge(
    source: Bytes | None,
    renditions: Mapping[int, Bytes],
    contract: QualityContract,
    claim: Claim,
    *,
    rungs: Sequence[int] | None = None,
) -> Judgement:
    """The verdict on one opened leaf.

    `source` and each rendition (by rung index) are bytes, or the parts they were hashed in;
    what could not be fetched is None or left out. `rungs` are those to be judged, else all.
    """
    try:
        wanted = list(range(len(contract.rungs))) if rungs is None else list(rungs)
        made = _available(source, renditions, contract, claim, wanted)
        reference = Reference(contract, _joined(source or b""), wanted)
        _check_claim(reference, claim)
        measured = tuple(_measure(reference, rung, made[rung]) for rung in wanted)
    except SourceFault as fault:
        return Judgement(VALID, "source", f"the source is at fault: {fault}")
    except _Verdict as verdict:
        return verdict.judgement
    return _weigh(measured, contract)


class _Verdict(Exception):
    def __init__(self, verdict: int, check: str, reason: str) -> None:
        super().__init__(reason)
        self.judgement = Judgement(verdict, check, reason)


def _available(
    source: Bytes | None,
    renditions: Mapping[int, Bytes],
    contract: QualityContract,
    claim: Claim,
    wanted: Sequence[int],
) -> dict[int, bytes]:
    """The renditions to be judged. Other bytes than those claimed count as none at all."""
    if source is None or source == []:
        raise _Verdict(UNAVAILABLE, "source bytes", "the source cannot be fetched")
    if data_hash(_as_parts(source)) != claim.data_hash:
        raise _Verdict(UNAVAILABLE, "source bytes", "the bytes fetched are not the source's")
    hashes = claim.rendition_hashes
    if len(hashes) != len(contract.rungs) or rendition_root(hashes) != claim.rendition_root:
        raise _Verdict(UNAVAILABLE, "hashes", "the renditions' hashes are not those claimed")
    made: dict[int, bytes] = {}
    for rung in wanted:
        name = contract.rungs[rung].name
        rendition = renditions.get(rung)
        if rendition is None or rendition == []:
            raise _Verdict(UNAVAILABLE, "rendition bytes", f"{name} cannot be fetched")
        if data_hash(_as_parts(rendition)) != hashes[rung]:
            raise _Verdict(
                UNAVAILABLE,
                "rendition bytes",
                f"the bytes fetched for {name} are not those claimed",
            )
        made[rung] = _joined(rendition)
    return made


def _check_claim(reference: Reference, claim: Claim) -> None:
    """Pixels are the transcoder's word; the duration is the signer's."""
    if abs(claim.duration_ms - reference.duration_ms) > _DURATION_SLACK_MS:
        raise SourceFault(
            f"{claim.duration_ms} ms were signed, the segment lasts {reference.duration_ms} ms"
        )
    if claim.pixels > reference.pixels:
        raise _Verdict(
            INVALID, "pixels", f"{claim.pixels} pixels are claimed, {reference.pixels} are owed"
        )


def _measure(reference: Reference, place: int, rendition: bytes) -> RungScores:
    """One rung against its reference; equal bytes need no decoding."""
    owed = reference.owed[place]
    if rendition == owed.data:
        return RungScores(place, True, Scores())
    try:
        return RungScores(place, False, reference.measure(place, rendition))
    except SourceFault as fault:
        raise _Verdict(INVALID, "decoding", f"{owed.rung.name}: {fault}") from fault
    except Breach as breach:
        raise _Verdict(INVALID, breach.check, f"{owed.rung.name}: {breach}") from breach


def _weigh(measured: tuple[RungScores, ...], contract: QualityContract) -> Judgement:
    table = VERSIONS[contract.thresholds]
    for result in measured:
        if result.equal:
            continue
        rung = contract.rungs[result.rung]
        broken = table.of(contract.mode, rung).broken_by(result.scores)
        if broken is not None:
            return Judgement(INVALID, "picture", f"{rung.name}: {broken}", measured)
    if all(result.equal for result in measured):
        return Judgement(VALID, "equal", "the bytes are the reference's own", measured)
    return Judgement(VALID, "picture", "the pictures are as good as the reference's", measured)


def _as_parts(data: Bytes) -> Sequence[bytes]:
    return [data] if isinstance(data, bytes) else data


def _joined(data: Bytes) -> bytes:
    return data if isinstance(data, bytes) else b"".join(data)
