"""Whether another machine would judge alike: the same renditions judged in changed surroundings.

Each surrounding is a process of its own. It is told what to change, judges what it is sent, and
answers with the verdicts and scores.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from offchain.media import encoding, reader
from offchain.media.framing import HEADER, lengths, pack, unpack
from offchain.media.profiles import QualityContract
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.judge import judge
from offchain.verify.judgement import Claim, Scores

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
USUAL = "as it is"


@dataclass(frozen=True, slots=True)
class Piece:
    """One rendition of the contract's first rung, and what its receipt claims."""

    source: bytes
    rendition: bytes
    contract: QualityContract
    duration_ms: int
    pixels: int


def _plain_ffmpeg() -> None:
    """FFmpeg without any vector instructions, like `-cpuflags 0`: decoder, scaler and filters."""
    folder = Path(av.__file__).resolve().parents[1] / "av.libs"
    ctypes.CDLL(str(next(folder.glob("libavutil-*")))).av_force_cpu_flags(0)


def _old_x264() -> None:
    """The reference encoder with the instructions that every x86-64 has."""
    encoding._pinned_level = lambda: ":asm=sse2"  # type: ignore[assignment]


def _unpinned_x264() -> None:
    """The reference encoder with whatever the processor has."""
    encoding._pinned_level = lambda: ""  # type: ignore[assignment]


def _two_decoding() -> None:
    """Every decoder with two threads."""
    honest = reader.SegmentReader.__init__

    def threaded(self: Any, data: bytes, limits: Any = None, *, threads: int = 1) -> None:
        honest(self, data, limits, threads=2)

    reader.SegmentReader.__init__ = threaded  # type: ignore[assignment]


def _two_encoding() -> None:
    """The reference encoder with two threads, which no contract allows."""
    honest = encoding.RungEncoder.__init__

    def threaded(
        self: Any, contract: Any, rung: Any, options: Any = None, threads: int = 1
    ) -> None:
        honest(self, contract, rung, options, 2)

    encoding.RungEncoder.__init__ = threaded  # type: ignore[assignment]


SURROUNDINGS: dict[str, Callable[[], None]] = {
    USUAL: lambda: None,
    "again": lambda: None,
    "decoders with 2 threads": _two_decoding,
    "FFmpeg without vector instructions": _plain_ffmpeg,
    "x264 with any instructions": _unpinned_x264,
    "x264 asm=sse2": _old_x264,
    "x264 with 2 threads": _two_encoding,
}


def judged_in(surrounding: str, pieces: list[Piece]) -> list[dict[str, Any]]:
    """The judgements of another process, as JSON, in the order of `pieces`."""
    blobs = [blob for piece in pieces for blob in (piece.source, piece.rendition)]
    told = [[p.contract.to_json(), p.duration_ms, p.pixels] for p in pieces]
    message = b"".join(pack({"pieces": told}, blobs))
    done = subprocess.run(
        [sys.executable, "-m", "bench.calibration.exactness", surrounding],
        input=message,
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    text, _ = lengths(done.stdout[: HEADER.size])
    content, _ = unpack(done.stdout[HEADER.size : HEADER.size + text], b"")
    found: list[dict[str, Any]] = content["judgements"]
    return found


def moved(usual: list[dict[str, Any]], other: list[dict[str, Any]]) -> dict[str, int]:
    """How far each score is from the usual one, at most."""
    most: dict[str, int] = {}
    for one, two in zip(usual, other, strict=True):
        for mine, theirs in zip(one["measurements"], two["measurements"], strict=True):
            for name, value in mine["scores"].items():
                apart = abs(value - theirs["scores"][name])
                most[name] = max(most.get(name, 0), apart)
    return {name: apart for name, apart in most.items() if apart}


def page(judgements: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A section of the report: what changes in which surrounding."""
    usual = judgements[USUAL]
    lines = [
        "",
        "## The same on other machines",
        "",
        f"{len(usual)} renditions, honest and cheating, of three clips in both modes, were judged",
        "in processes whose surroundings were changed. Scores move by so many of their units; two",
        "seats may differ by the dead band.",
        "",
        "| surrounding | verdicts that differ | scores that move, by at most |",
        "|---|--:|---|",
    ]
    for name, found in judgements.items():
        if name == USUAL:
            continue
        pairs = zip(usual, found, strict=True)
        other = sum(one["verdict"] != two["verdict"] for one, two in pairs)
        apart = ", ".join(f"{key} {value}" for key, value in moved(usual, found).items())
        lines.append(f"| {name} | {other} | {apart or 'none'} |")
    bands = zip(Scores.__slots__, Scores.DEAD_BAND, strict=True)
    lines.append("| (dead band) | | " + ", ".join(f"{key} {band}" for key, band in bands) + " |")
    return lines


def main() -> None:
    """The other process: reads a message, judges, answers."""
    data = sys.stdin.buffer.read()
    text, _ = lengths(data[: HEADER.size])
    end = HEADER.size + text
    content, blobs = unpack(data[HEADER.size : end], data[end:])
    SURROUNDINGS[sys.argv[1]]()
    judgements = []
    for place, (contract, duration_ms, pixels) in enumerate(content["pieces"]):
        source, rendition = blobs[2 * place : 2 * place + 2]
        terms = QualityContract.parse(contract)
        hashes = (data_hash([rendition]), *[bytes(32)] * (len(terms.rungs) - 1))
        claim = Claim(data_hash([source]), rendition_root(hashes), hashes, duration_ms, pixels)
        judgements.append(judge(source, {0: rendition}, terms, claim, rungs=[0]).to_json())
    sys.stdout.buffer.write(b"".join(pack({"judgements": judgements})))


if __name__ == "__main__":
    main()
