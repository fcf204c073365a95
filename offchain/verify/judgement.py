"""What is judged and what comes out: a claim's leaf, a verdict, and quantised scores.

Scores are differences to the verifier's own reference encode, in 0.01 dB and 10^-4 of SSIM, packed
into one word that a seat reveals. Two seats never measure exactly alike on two machines, so words
are compared field by field, by distance.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from offchain.proof.hashes import leaf_hash
from offchain.proof.merkle import merkle_root
from offchain.proof.typed import INVALID, UNAVAILABLE, VALID

__all__ = ["INVALID", "UNAVAILABLE", "VALID", "Claim", "Judgement", "RungScores", "Scores"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a transcoder's receipt says of one segment.

    `rendition_hashes`, in rung order, must hash into `rendition_root`; the rest is the receipt's.
    """

    data_hash: bytes
    rendition_root: bytes
    rendition_hashes: tuple[bytes, ...]
    duration_ms: int
    pixels: int

    def to_json(self) -> dict[str, Any]:
        """For the way to a child process."""
        return {
            "data_hash": self.data_hash.hex(),
            "rendition_root": self.rendition_root.hex(),
            "rendition_hashes": [digest.hex() for digest in self.rendition_hashes],
            "duration_ms": self.duration_ms,
            "pixels": self.pixels,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(
            bytes.fromhex(content["data_hash"]),
            bytes.fromhex(content["rendition_root"]),
            tuple(bytes.fromhex(digest) for digest in content["rendition_hashes"]),
            content["duration_ms"],
            content["pixels"],
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """The worst over the judged rungs, rendition minus reference; all zero for equal bytes.

    PSNR in 0.01 dB, SSIM and detail in 10^-4, shade in 0.01 grey levels: below zero is worse than
    the reference. PSNR counts up to what can be seen, in `psnr_full` beyond that. `stalled` is a
    share of frames in 10^-4, the more the worse; `size` how much larger than the reference's the
    pictures are in bytes, in 10^-4.
    """

    psnr_mean: int = 0
    psnr_frame: int = 0
    ssim_mean: int = 0
    ssim_frame: int = 0
    ssim_region: int = 0
    psnr_region: int = 0
    shade_region: int = 0
    detail: int = 0
    stalled: int = 0
    psnr_full: int = 0
    size: int = 0

    BITS: ClassVar[int] = 23
    # How far apart two honest seats may be: other CPU levels and library builds move them.
    DEAD_BAND: ClassVar[tuple[int, ...]] = (50, 150, 50, 200, 400, 150, 300, 500, 500, 100, 500)

    def pack(self) -> int:
        """One unsigned 256-bit word: eleven signed 23-bit fields, the first one highest."""
        word = 0
        for value in self._values():
            limit = 1 << (self.BITS - 1)
            clamped = max(-limit, min(limit - 1, value))
            word = word << self.BITS | (clamped & ((1 << self.BITS) - 1))
        return word

    @classmethod
    def unpack(cls, word: int) -> Self:
        """The inverse of `pack`."""
        if not 0 <= word < 1 << (cls.BITS * len(fields(cls))):
            raise ValueError("the word holds no scores")
        values: dict[str, int] = {}
        for place, field in zip(reversed(range(len(fields(cls)))), fields(cls), strict=True):
            value = word >> (place * cls.BITS) & ((1 << cls.BITS) - 1)
            values[field.name] = value - (1 << cls.BITS) if value >> (cls.BITS - 1) else value
        return cls(**values)

    def agrees_with(self, other: Scores) -> bool:
        """Whether both can be honest measurements of the same work."""
        pairs = zip(self._values(), other._values(), self.DEAD_BAND, strict=True)
        return all(abs(mine - theirs) <= band for mine, theirs, band in pairs)

    def worst_with(self, other: Scores) -> Scores:
        """The worse of both in every field."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, mine in values.items():
            worse = max if name == "stalled" else min
            values[name] = worse(mine, getattr(other, name))
        return Scores(**values)

    def _values(self) -> tuple[int, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class RungScores:
    """One rung's scores, and whether its bytes equal the reference's."""

    rung: int
    equal: bool
    scores: Scores


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the check that decided it, and why in one sentence."""

    verdict: int
    check: str
    reason: str
    measurements: tuple[RungScores, ...] = ()

    @property
    def scores(self) -> int:
        """The packed word that a seat reveals: the worst over the judged rungs."""
        worst = Scores()
        for measured in self.measurements:
            worst = worst.worst_with(measured.scores)
        return worst.pack()

    def measurement_root(self) -> bytes:
        """A root over the packed word and every rung's scores, for a seat's commitment to bind."""
        leaves = [leaf_hash(self.scores.to_bytes(32, "big"))]
        leaves += [
            leaf_hash(json.dumps(asdict(measured), sort_keys=True).encode())
            for measured in self.measurements
        ]
        return merkle_root(leaves)

    def to_json(self) -> dict[str, Any]:
        """For the way from a child process, and for logs."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        measurements = tuple(
            RungScores(item["rung"], item["equal"], Scores(**item["scores"]))
            for item in content["measurements"]
        )
        return cls(content["verdict"], content["check"], content["reason"], measurements)
