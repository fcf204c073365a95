"""The quality contract: what a job's transcoder owes for every segment, as canonical JSON.

Its text is published when the job is made and its keccak stored on chain, so one contract has
exactly one spelling: sorted keys, no spaces, defaults left out. The same contract drives the
transcoder and the verifier's own reference encode.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

Mode = Literal["throughput", "live"]
Scaling = Literal["direct", "cascade"]

MAX_TEXT = 2048  # bytes: the job event's String[2048]
MAX_RUNGS = 8
MODES = ("throughput", "live")
SCALINGS = ("direct", "cascade")
THRESHOLDS = (2,)  # versions that `offchain.verify.thresholds` knows
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_CONTRACT_KEYS = set(
    "audio container encoder mode preset rungs segmentMs thresholds version".split()
)
_RUNG_KEYS = {"bitrate", "fps", "height", "name", "width"}
# Short side in pixels and bits per second at 16:9 and up to 30 frames a second.
_LADDER = (
    (1080, 5_000_000),
    (720, 2_800_000),
    (480, 1_400_000),
    (360, 800_000),
    (240, 400_000),
    (144, 200_000),
)


class BadContract(ValueError):
    """The text is not a quality contract; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition of the ladder: pixels, bits per second, and a cap on frames per second."""

    name: str
    width: int
    height: int
    bitrate: int
    fps: Fraction

    def __post_init__(self) -> None:
        _require(
            _NAME.fullmatch(self.name) is not None, f"the rung name {self.name!r} is not plain"
        )
        for side in (self.width, self.height):
            _require(side % 2 == 0 and 16 <= side <= 4096, f"rung {self.name} has the side {side}")
        _require(
            10_000 <= self.bitrate <= 100_000_000,
            f"rung {self.name} asks for {self.bitrate} bits a second",
        )
        _require(
            1 <= self.fps <= 120 and self.fps.denominator <= 1001,
            f"rung {self.name} asks for {self.fps} frames a second",
        )


@dataclass(frozen=True, slots=True)
class QualityContract:
    """What is owed for each segment; `segment_ms` is the nominal length of one."""

    rungs: tuple[Rung, ...]
    mode: Mode = "throughput"
    preset: str = "veryfast"
    segment_ms: int = 2000
    thresholds: int = 2
    scaling: Scaling = "direct"

    def __post_init__(self) -> None:
        _require(1 <= len(self.rungs) <= MAX_RUNGS, f"a ladder has 1 to {MAX_RUNGS} rungs")
        names = [rung.name for rung in self.rungs]
        _require(len(set(names)) == len(names), "two rungs have the same name")
        _require("source" not in names, "'source' is the name of the untouched rung")
        _require(self.mode in MODES, f"the mode {self.mode!r} is none of {', '.join(MODES)}")
        _require(self.preset in PRESETS, f"the preset {self.preset!r} is unknown")
        _require(self.scaling in SCALINGS, f"the scaling {self.scaling!r} is unknown")
        _require(250 <= self.segment_ms <= 10_000, "a segment lasts 250 to 10000 ms")
        _require(
            self.thresholds in THRESHOLDS, f"version {self.thresholds} of the thresholds is unknown"
        )

    @property
    def segment_seconds(self) -> float:
        """Nominal length of a segment in seconds."""
        return self.segment_ms / 1000

    def to_json(self) -> str:
        """The one canonical text, whose keccak the job stores."""
        content: dict[str, Any] = {
            "audio": "copy",
            "container": "mpegts",
            "encoder": "libx264",
            "mode": self.mode,
            "preset": self.preset,
            "rungs": [
                {
                    "bitrate": rung.bitrate,
                    "fps": [rung.fps.numerator, rung.fps.denominator],
                    "height": rung.height,
                    "name": rung.name,
                    "width": rung.width,
                }
                for rung in self.rungs
            ],
            "segmentMs": self.segment_ms,
            "thresholds": self.thresholds,
            "version": 1,
        }
        if self.scaling != "direct":
            content["scaling"] = self.scaling
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        _require(len(text.encode()) <= MAX_TEXT, f"the contract is longer than {MAX_TEXT} bytes")
        return text

    @classmethod
    def parse(cls, text: str) -> QualityContract:
        """Reads a contract; raises `BadContract` unless `text` is its one canonical spelling."""
        _require(len(text.encode()) <= MAX_TEXT, f"the contract is longer than {MAX_TEXT} bytes")
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadContract(f"the quality contract is not JSON: {error}") from error
        fields = _keys(content, _CONTRACT_KEYS, {"scaling"}, "the quality contract")
        for key, only in (
            ("version", 1),
            ("container", "mpegts"),
            ("encoder", "libx264"),
            ("audio", "copy"),
        ):
            _require(fields[key] == only, f"{key} {fields[key]!r} is not supported, only {only!r}")
        _require(isinstance(fields["rungs"], list), "rungs is not a list")
        contract = cls(
            rungs=tuple(_parse_rung(rung) for rung in fields["rungs"]),
            mode=cast("Mode", _text(fields, "mode")),
            preset=_text(fields, "preset"),
            segment_ms=_whole(fields, "segmentMs"),
            thresholds=_whole(fields, "thresholds"),
            scaling=cast("Scaling", _text({"scaling": "direct", **fields}, "scaling")),
        )
        _require(contract.to_json() == text, "the quality contract is not spelled canonically")
        return contract


def ladder_for(width: int, height: int, fps: Fraction, *, most: int = 4) -> tuple[Rung, ...]:
    """Rungs below a source of this size, in its shape: the short side names the rung.

    Vertical video gets vertical rungs, odd sizes become even ones, and a source smaller than every
    standard rung gets one of half its size.
    """
    _require(width >= 2 and height >= 2, f"a picture of {width}x{height} has no rungs")
    fps = Fraction(fps).limit_denominator(1001)
    short, long = sorted((width, height))
    steps = [(side, rate) for side, rate in _LADDER if side < short][:most]
    if not steps:
        steps = [(max(16, _even(Fraction(short, 2))), 100_000)]
    rungs = []
    for side, rate in steps:
        other = min(4096, _even(Fraction(side * long, short)))
        area = Fraction(other * 9, side * 16) if side >= 144 else Fraction(1)
        fast = Fraction(3, 2) if fps > 30 else Fraction(1)
        bitrate = max(20_000, round(rate * area * fast / 10_000) * 10_000)
        size = (side, other) if height > width else (other, side)
        rungs.append(Rung(f"{side}p", *size, bitrate, fps))
    return tuple(rungs)


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)


def _parse_rung(content: object) -> Rung:
    fields = _keys(content, _RUNG_KEYS, set(), "a rung")
    fps = fields["fps"]
    _require(
        isinstance(fps, list)
        and len(fps) == 2
        and all(type(part) is int and part > 0 for part in fps),
        f"fps {fps!r} is not [numerator, denominator]",
    )
    return Rung(
        name=_text(fields, "name"),
        width=_whole(fields, "width"),
        height=_whole(fields, "height"),
        bitrate=_whole(fields, "bitrate"),
        fps=Fraction(*fps),
    )


def _keys(content: object, needed: set[str], also: set[str], what: str) -> dict[str, Any]:
    _require(isinstance(content, dict), f"{what} is not a JSON object")
    fields = cast("dict[str, Any]", content)
    missing = sorted(needed - fields.keys())
    _require(not missing, f"{what} lacks {', '.join(missing)}")
    extra = sorted(fields.keys() - needed - also)
    _require(not extra, f"{what} has the unknown {', '.join(extra)}")
    return fields


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields[key]
    _require(isinstance(value, str), f"{key} {value!r} is not a text")
    return cast("str", value)


def _whole(fields: dict[str, Any], key: str) -> int:
    value = fields[key]
    _require(type(value) is int, f"{key} {value!r} is not a whole number")
    return cast("int", value)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise BadContract(reason)
