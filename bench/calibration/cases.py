"""Cases: what is measured of one rendition, and how they are made, unit by unit.

A unit is one segment in one mode; its source is decoded and its reference encoded once for all that
is tried on it. Units are stored whole, in an order that mixes clips, so that a run can be ended and
taken up at any time.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.calibration import encodes
from bench.calibration.clips import CLIPS, FOLDER, Reel, fetch
from bench.calibration.encodes import Shown
from bench.calibration.material import material
from offchain.media.profiles import MODES, QualityContract
from offchain.media.reader import SegmentReader, SourceFault
from offchain.verify.meter import Meter
from offchain.verify.metrics import compare, luma, psnr
from offchain.verify.reference import OwedRung, Reference
from offchain.verify.shape import Breach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.calibration.encodes import Frames, Made

STORE = FOLDER / "cases.jsonl"
VISIBLE = 45.0  # dB: a frame or block further than this from the honest one is a changed picture
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Case:
    """One rendition measured. `check` ended it before its picture was weighed, or is empty.

    `apart` is the worst PSNR, in dB, of a frame or block to the honest rendition's; None where the
    pictures were not compared.
    """

    clip: str
    start: float
    mode: str
    side: int
    kind: str
    cheat: bool
    check: str
    scores: tuple[int, ...]
    apart: float | None
    sound: str

    @property
    def visible(self) -> bool:
        """Whether the picture differs from the honest one; other checks' cheats always do."""
        return self.apart is None or self.apart < VISIBLE


def load() -> list[Case]:
    """All cases stored so far."""
    if not STORE.exists():
        return []
    return [
        Case(**{**item, "scores": tuple(item["scores"])})
        for line in STORE.read_text().splitlines()
        for item in json.loads(line)
    ]


def measure(units: int | None, minutes: float | None) -> None:
    """Measures what is not stored yet, at most `units` of them, for about `minutes`."""
    done = {(case.clip, case.start, case.mode) for case in load()}
    until = None if minutes is None else time.monotonic() + 60 * minutes
    reels = {clip.name: Reel.open(clip) for clip in CLIPS if fetch(clip)}
    count = 0
    for name, start, mode in _order(reels):
        if (name, start, mode) in done:
            continue
        if count == units or (until is not None and time.monotonic() > until):
            break
        began = time.process_time()
        cases = list(unit(reels[name], start, mode))
        with STORE.open("a") as store:
            store.write(json.dumps([asdict(case) for case in cases]) + "\n")
        count += 1
        spent = time.process_time() - began
        print(f"{count}: {name} {start} {mode}: {len(cases)} cases, {spent:.1f} s", flush=True)


def _order(reels: dict[str, Reel]) -> list[tuple[str, float, str]]:
    """Every clip in turn; within a clip its segments at random, each in both modes."""
    queues = []
    for name, reel in sorted(reels.items()):
        starts = reel.starts
        random.Random(name).shuffle(starts)
        queues.append([(name, start, mode) for start in starts for mode in MODES])
    return [
        queue[place]
        for place in range(max(map(len, queues), default=0))
        for queue in queues
        if place < len(queue)
    ]


def unit(reel: Reel, start: float, mode: str) -> Iterator[Case]:
    """All that is tried on one segment."""
    stuff = material(reel, start)
    contract = QualityContract(
        reel.ladder(),
        mode=mode,
        segment_ms=max(1000, stuff.milliseconds),  # type: ignore[arg-type]
    )
    reference = Reference(contract, stuff.source, range(len(contract.rungs)))
    above: Frames | None = None
    with SegmentReader(stuff.source) as sound:
        for _ in sound.frames():
            pass
        for place, owed in enumerate(reference.owed):
            trial = _Trial(reference, place)
            common = (reel.clip.name, start, mode, min(owed.rung.width, owed.rung.height))
            for kind, made in encodes.honest(contract, owed, above, sound):
                yield Case(*common, kind, False, *trial.tried(made), stuff.sound)
            for cheat, made in encodes.cheats(contract, owed, stuff.before, sound):
                yield Case(*common, str(cheat), True, *trial.tried(made), stuff.sound)
            for cheat, made in encodes.small_cheats(owed):
                yield Case(*common, str(cheat), True, *trial.tried(made), stuff.sound)
            above = owed.frames


class _Trial:
    """One rung of a reference, and the honest pictures that a viewer would compare with."""

    def __init__(self, reference: Reference, place: int) -> None:
        self._reference, self._place = reference, place
        self._owed: OwedRung = reference.owed[place]
        self._honest = encodes.decoded(self._owed.data)
        self._meter = Meter(self._owed.rung.width, self._owed.rung.height)

    def tried(self, made: Made) -> tuple[str, tuple[int, ...], float | None]:
        """The check that ended it, its scores, and how far its pictures are apart."""
        try:
            if isinstance(made, Shown):
                frames = made.frames
                if len(frames) != len(self._honest):
                    return "frames", (), None
                track = self._owed.track(frames)
                track.size = made.size
            else:
                track = self._reference.track(self._place, made)
                frames = encodes.decoded(made)
        except SourceFault:
            return "decoding", (), None
        except Breach as breach:
            return breach.check, (), None
        ideal = self._owed.ideal
        scores = tuple(asdict(compare(track, ideal)).values())
        return "", scores, self._apart(frames)

    def _apart(self, frames: Frames) -> float:
        worst = 99.0
        for index, (honest, shown) in enumerate(zip(self._honest, frames, strict=True)):
            worst = min(worst, psnr(self._meter.mean_error(honest, shown)))
            if index % 6 == 3:
                worst = min(worst, _worst_block(honest, shown))
        return round(worst, 2)


def _worst_block(one: Any, other: Any) -> float:
    error = (luma(one).astype(np.float32) - luma(other)) ** 2
    height, width = (side // _BLOCK * _BLOCK for side in error.shape)
    blocks = error[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return psnr(float(blocks.mean(axis=(1, 3)).max()))
