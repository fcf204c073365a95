"""Real renditions for `exactness`, and its section of the report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.calibration.clips import CLIPS, Reel, fetch
from bench.calibration.exactness import SURROUNDINGS, Piece, judged_in, page
from bench.calibration.material import material
from bench.calibration.report import EXACT
from offchain.media.pipeline import transcode
from offchain.media.profiles import MODES, QualityContract
from offchain.verify.cheats import Cheat, CheatingTranscoder

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLIPS = {"bunny": 2, "bikes": 0, "city": 1}  # which rung of the ladder
_CHEATS = (Cheat.UPSCALE, Cheat.BITRATE, Cheat.REPEAT)


def write() -> None:
    """Judges everywhere and keeps the section for `report`."""
    pieces = list(_pieces())
    judgements: dict[str, list[dict[str, Any]]] = {}
    for name in SURROUNDINGS:
        judgements[name] = judged_in(name, pieces)
    EXACT.write_text(json.dumps({"page": page(judgements)}))
    print("\n".join(page(judgements)))


def _pieces() -> Iterator[Piece]:
    for clip in CLIPS:
        if clip.name not in _CLIPS or not fetch(clip):
            continue
        reel = Reel.open(clip)
        source = material(reel, 2.0).source
        for mode in MODES:
            contract = QualityContract((reel.ladder()[_CLIPS[clip.name]],), mode=mode)  # type: ignore[arg-type]
            made = [transcode(source, replace(contract, preset="faster"))]
            for cheat in _CHEATS:
                with CheatingTranscoder(contract, cheat) as transcoder:
                    made.append(transcoder.transcode(source))
            for each in made:
                yield Piece(source, each.renditions[0], contract, each.duration_ms, each.pixels)
