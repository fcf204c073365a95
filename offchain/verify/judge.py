"""Judges one segment's work, in the order in which blame can be laid.

The source first, for a broken source frames nobody; then whether the bytes are those claimed; then
shape; then the picture, measured relative to the verifier's own encode by the same contract. Equal
bytes need no measuring. Pure: the same input gives the same judgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offchain.media.encoding import FrameCap, RungEncoder, Scaler
from offchain.media.pipeline import check_duration, limits_for
from offchain.media.reader import SegmentReader, SourceFault
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
from offchain.verify.metrics import Comparison, luma
from offchain.verify.shape import Breach, rendition_frames, sound_of
from offchain.verify.thresholds import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from av.video.frame import VideoFrame

    from offchain.media.profiles import QualityContract
    from offchain.verify.metrics import Array

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
        work = _Work(contract, _joined(source or b""), wanted)
        work.check_claim(claim)
        measured = tuple(work.measure(rung, made[rung]) for rung in wanted)
    except SourceFault as fault:
        return Judgement(VALID, "source", f"the source is at fault: {fault}")
    except _Verdict as verdict:
        return verdict.judgement
    return _weigh(measured, work, contract)


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


@dataclass(slots=True)
class _Owed:
    """What the contract owes for one rung: when frames are shown, and for a judged rung more."""

    cap: FrameCap
    scaler: Scaler
    encoder: RungEncoder | None
    times: list[int] = field(default_factory=list)
    luma: list[Array] = field(default_factory=list)
    reference: bytes = b""


class _Work:
    """The source decoded once, with the reference encodes of the rungs that are judged."""

    def __init__(self, contract: QualityContract, source: bytes, wanted: Sequence[int]) -> None:
        self.contract = contract
        cascade = contract.scaling == "cascade"
        with SegmentReader(source, limits_for(contract)) as reader:
            self.owed = [
                _Owed(
                    FrameCap(rung.fps),
                    Scaler(rung.width, rung.height),
                    RungEncoder(contract, rung) if place in wanted else None,
                )
                for place, rung in enumerate(contract.rungs)
            ]
            for frame in reader.frames():
                shown = frame
                for owed in self.owed:
                    if not owed.cap.passes(shown.pts or 0):
                        continue
                    owed.times.append(shown.pts or 0)
                    # A cascade scales each rung from the one above, judged or not.
                    if owed.encoder is None and not cascade:
                        continue
                    scaled = owed.scaler.scale(shown)
                    if owed.encoder is not None:
                        owed.luma.append(luma(scaled).copy())
                        owed.encoder.encode(scaled)
                    if cascade:
                        shown = scaled
            check_duration(reader, contract)
            self.duration_ms = reader.duration_ms
            self.sound = sound_of(reader.audio_packets)
            for owed in self.owed:
                if owed.encoder is not None:
                    owed.reference = owed.encoder.finish(reader.audio, reader.audio_packets)
            self.pixels = sum(
                rung.width * rung.height * len(owed.times)
                for rung, owed in zip(contract.rungs, self.owed, strict=True)
            )

    def check_claim(self, claim: Claim) -> None:
        """Pixels are the transcoder's word; the duration is the signer's."""
        if abs(claim.duration_ms - self.duration_ms) > _DURATION_SLACK_MS:
            raise SourceFault(
                f"{claim.duration_ms} ms were signed, the segment lasts {self.duration_ms} ms"
            )
        if claim.pixels > self.pixels:
            raise _Verdict(
                INVALID, "pixels", f"{claim.pixels} pixels are claimed, {self.pixels} are owed"
            )

    def measure(self, place: int, rendition: bytes) -> RungScores:
        """One rung against its reference."""
        owed = self.owed[place]
        if rendition == owed.reference:
            return RungScores(place, True, Scores())
        assert owed.encoder is not None
        rung = self.contract.rungs[place]
        comparison = Comparison()
        ideal = reference_frames(owed.reference, self.contract)
        try:
            made = rendition_frames(
                rendition, self.contract, rung, owed.times, self.sound, owed.encoder.video_bytes
            )
            for index, frame in enumerate(made):
                comparison.add(owed.luma[index], frame, next(ideal))
        except SourceFault as fault:
            raise _Verdict(INVALID, "decoding", f"{rung.name}: {fault}") from fault
        except Breach as breach:
            raise _Verdict(INVALID, breach.check, f"{rung.name}: {breach}") from breach
        return RungScores(place, False, comparison.scores())


def reference_frames(reference: bytes, contract: QualityContract) -> Iterator[VideoFrame]:
    """The frames of an encode of our own."""
    with SegmentReader(reference, limits_for(contract)) as reader:
        yield from reader.frames()


def _weigh(measured: tuple[RungScores, ...], work: _Work, contract: QualityContract) -> Judgement:
    thresholds = VERSIONS[contract.thresholds]
    for result in measured:
        if result.equal:
            continue
        frames = len(work.owed[result.rung].times)
        broken = thresholds.broken_by(result.scores, frames)
        if broken is not None:
            name = contract.rungs[result.rung].name
            return Judgement(INVALID, "picture", f"{name}: {broken}", measured)
    if all(result.equal for result in measured):
        return Judgement(VALID, "equal", "the bytes are the reference's own", measured)
    return Judgement(VALID, "picture", "the pictures are as good as the reference's", measured)


def _as_parts(data: Bytes) -> Sequence[bytes]:
    return [data] if isinstance(data, bytes) else data


def _joined(data: Bytes) -> bytes:
    return data if isinstance(data, bytes) else b"".join(data)
