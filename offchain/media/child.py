"""The process in which strangers' media is decoded: one per stream, kept warm, expendable.

It imports PyAV, numpy and this package's pure code only, locks itself down, and answers messages on
its standard input and output until that closes. What goes wrong inside is an answer where Python
still can give one, and otherwise the death of this process alone.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import av

from offchain.media.encoding import TIME_BASE, RungEncoder
from offchain.media.framing import HEADER, BadMessage, lengths, pack, unpack
from offchain.media.lockdown import lock_down
from offchain.media.pipeline import Transcoder
from offchain.media.profiles import BadContract, QualityContract, Rung
from offchain.media.reader import TICKS, SourceFault
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.cheats import Cheat, CheatingTranscoder
from offchain.verify.judge import judge
from offchain.verify.judgement import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

Answer = tuple[dict[str, Any], "Sequence[bytes]"]


class Worker:
    """Carries out the messages; keeps the transcoder of the contract last used."""

    def __init__(self) -> None:
        self._key: tuple[str, str | None] | None = None
        self._transcoder: Transcoder | CheatingTranscoder | None = None

    def answer(self, content: dict[str, Any], blobs: list[bytes]) -> Answer:
        """One message's answer; what the sender's bytes are to blame for is an answer too."""
        try:
            if content["op"] == "transcode":
                return self._transcode(content, blobs)
            if content["op"] == "judge":
                return _judge(content, blobs)
            return {"fault": "message", "reason": f"no operation {content['op']!r}"}, ()
        except SourceFault as fault:
            return {"fault": "source", "reason": str(fault)}, ()
        except BadContract as fault:
            return {"fault": "contract", "reason": str(fault)}, ()
        except MemoryError:
            return {"fault": "source", "reason": "the segment needs too much memory"}, ()

    def _transcode(self, content: dict[str, Any], blobs: list[bytes]) -> Answer:
        key = (content["contract"], content.get("cheat"))
        if self._transcoder is None or key != self._key:
            if self._transcoder is not None:
                self._transcoder.close()
            contract = QualityContract.parse(key[0])
            cheat = key[1]
            self._transcoder = (
                CheatingTranscoder(contract, cheat) if cheat else Transcoder(contract)
            )
            self._key = key
        done = self._transcoder.transcode(blobs[0])
        numbers = {
            "frames": done.frames,
            "pixels": done.pixels,
            "duration_ms": done.duration_ms,
        }
        return numbers, done.renditions


def _judge(content: dict[str, Any], blobs: list[bytes]) -> Answer:
    """Blobs are the source's parts, then the parts of each rendition in the order of `parts`."""
    supply = iter(blobs)
    source = [next(supply) for _ in range(content["source_parts"])]
    renditions = {
        int(rung): [next(supply) for _ in range(count)] for rung, count in content["parts"]
    }
    judgement = judge(
        source or None,
        renditions,
        QualityContract.parse(content["contract"]),
        Claim.from_json(content["claim"]),
        rungs=content["rungs"],
    )
    return judgement.to_json(), ()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers messages until the other side closes."""
    rehearse()
    held = lock_down()
    worker = Worker()
    _write(sink, pack({"ready": True, "held": held}))
    while header := source.read(HEADER.size):
        try:
            text, total = lengths(header)
            content, blobs = unpack(source.read(text), source.read(total))
        except BadMessage:
            return
        _write(sink, pack(*worker.answer(content, blobs)))


def rehearse() -> None:
    """Does a small piece of all there is to do, so that everything that loads late is loaded.

    Afterwards no file can be opened, not even to import a module.
    """
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    rungs = (Rung("rehearsal", 32, 32, 100_000, Fraction(24)),)
    contract = QualityContract(rungs, mode="live")
    encoder = RungEncoder(contract, rungs[0])
    for index in range(3):
        frame = av.VideoFrame(32, 32, "yuv420p")
        frame.pts, frame.time_base = (index + 24) * TICKS // 24, TIME_BASE
        encoder.encode(frame)
    segment = encoder.finish()
    for cheat in (Cheat.LOGO, Cheat.BLUR):
        with CheatingTranscoder(contract, cheat) as transcoder:
            done = transcoder.transcode(segment)
        hashes = tuple(data_hash([rendition]) for rendition in done.renditions)
        claim = Claim(
            data_hash([segment]), rendition_root(hashes), hashes, done.duration_ms, done.pixels
        )
        judge(segment, dict(enumerate(done.renditions)), contract, claim)


def main() -> None:
    """Keeps standard output for messages: whatever prints goes to standard error."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


def _write(sink: BinaryIO, pieces: list[bytes]) -> None:
    for piece in pieces:
        sink.write(piece)
    sink.flush()
