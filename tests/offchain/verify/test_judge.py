"""Honest work passes, every cheat is caught, and blame falls on whom it belongs to."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from offchain.media import encoding
from offchain.media.pipeline import Transcoded, transcode
from offchain.media.profiles import MODES, BadContract, QualityContract, Rung
from offchain.media.segmenter import Segmenter
from offchain.proof.hashes import data_hash, rendition_root
from offchain.verify.cheats import Cheat, CheatingTranscoder
from offchain.verify.judge import judge
from offchain.verify.judgement import INVALID, UNAVAILABLE, VALID, Claim, Judgement
from tests.conftest import CLIP
from tests.offchain.media.clips import Clip, write_clip

if TYPE_CHECKING:
    from pathlib import Path

# Which check ends each cheat; the others are ended by the picture.
CHECKS = {
    Cheat.DROP: {"frames", "timestamps"},
    Cheat.LOWRUNG: {"resolution"},
    Cheat.MUTE: {"audio"},
    Cheat.SWAPAUDIO: {"audio"},
    Cheat.TRUNCATE: {"decoding", "frames"},
    Cheat.PHANTOM: {"decoding"},
}


def claim_for(source: bytes, done: Transcoded) -> Claim:
    hashes = tuple(data_hash([rendition]) for rendition in done.renditions)
    return Claim(data_hash([source]), rendition_root(hashes), hashes, done.duration_ms, done.pixels)


def judged(source: bytes, done: Transcoded, contract: QualityContract) -> Judgement:
    return judge(source, dict(enumerate(done.renditions)), contract, claim_for(source, done))


@pytest.fixture(scope="session")
def ladder() -> QualityContract:
    return QualityContract((Rung("96p", 144, 96, 150_000, Fraction(24)),))


@pytest.mark.parametrize("mode", MODES)
def test_judge__own_encode__is_valid_by_its_bytes(
    moving: list[bytes], ladder: QualityContract, mode: str
) -> None:
    contract = replace(ladder, mode=mode)  # type: ignore[arg-type]
    for source in moving:
        judgement = judged(source, transcode(source, contract), contract)
        assert (judgement.verdict, judgement.check) == (VALID, "equal")
        assert judgement.scores == 0


@pytest.mark.parametrize(
    "change", [{"preset": "faster"}, {"preset": "medium"}, {"params": "asm=sse2"}]
)
@pytest.mark.parametrize("mode", MODES)
def test_judge__honest_but_other_bytes__is_valid_by_the_picture(
    moving: list[bytes],
    ladder: QualityContract,
    mode: str,
    change: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = replace(ladder, mode=mode)  # type: ignore[arg-type]
    honest = encoding.encoder_options

    def other(contract: QualityContract, rung: Rung) -> dict[str, str]:
        options = honest(contract, rung)
        options["preset"] = change.get("preset", options["preset"])
        if "params" in change:
            options["x264-params"] += ":" + change["params"]
        return options

    for source in moving:
        with monkeypatch.context() as patch:
            patch.setattr(encoding, "encoder_options", other)
            done = transcode(source, contract)
        assert done.renditions != transcode(source, contract).renditions
        judgement = judged(source, done, contract)
        assert (judgement.verdict, judgement.check) == (VALID, "picture"), judgement


@pytest.mark.parametrize("cheat", Cheat)
@pytest.mark.parametrize("mode", MODES)
def test_judge__cheat__is_invalid(
    moving: list[bytes], ladder: QualityContract, mode: str, cheat: Cheat
) -> None:
    contract = replace(ladder, mode=mode)  # type: ignore[arg-type]
    with CheatingTranscoder(contract, cheat) as transcoder:
        done = [transcoder.transcode(source) for source in moving]
    # A stale rendition needs a segment before: the second one is the first that cheats.
    judgement = judged(moving[1], done[1], contract)
    assert judgement.verdict == INVALID
    assert judgement.check in CHECKS.get(cheat, {"picture"}), judgement
    assert contract.rungs[0].name in judgement.reason


def test_cheats__unknown__says_so(ladder: QualityContract) -> None:
    with pytest.raises(BadContract, match="'magic'"):
        CheatingTranscoder(ladder, "magic")


@pytest.mark.needs("clip")
@pytest.mark.timeout(60)
def test_judge__film__honest_passes_and_cheats_do_not() -> None:
    segmenter = Segmenter(CLIP, source_height=240)
    # The first seconds are fog: there half the bits are enough.
    source = next(itertools.islice(segmenter, 2, None)).data
    contract = QualityContract((Rung("144p", 256, 144, 200_000, Fraction(24)),))
    assert judged(source, transcode(source, contract), contract).check == "equal"
    slower = transcode(source, replace(contract, preset="medium"))
    assert judged(source, slower, contract).verdict == VALID
    for cheat in (Cheat.LOGO, Cheat.UPSCALE, Cheat.BITRATE, Cheat.BLUR):
        with CheatingTranscoder(contract, cheat) as transcoder:
            assert judged(source, transcoder.transcode(source), contract).verdict == INVALID


def test_judge__source_at_fault__is_valid_whatever_was_made(
    moving: list[bytes], ladder: QualityContract
) -> None:
    done = transcode(moving[0], ladder)
    nonsense = Transcoded([b"nonsense"], done.frames, done.pixels, done.duration_ms)
    for broken in (
        b"no video",
        moving[0][: 188 * 60] + moving[0][188 * 64 :],
        moving[0][: len(moving[0]) // 3 // 188 * 188],
    ):
        judgement = judged(broken, nonsense, ladder)
        assert (judgement.verdict, judgement.check) == (VALID, "source"), judgement
    # The same nonsense under a whole source is the transcoder's.
    assert judged(moving[0], nonsense, ladder).verdict == INVALID


def test_judge__signed_duration_is_wrong__is_the_signers_fault(
    moving: list[bytes], ladder: QualityContract
) -> None:
    done = transcode(moving[0], ladder)
    judgement = judged(moving[0], replace(done, duration_ms=1500), ladder)
    assert (judgement.verdict, judgement.check) == (VALID, "source")


def test_judge__bytes_missing_or_other_than_claimed__is_unavailable(
    moving: list[bytes], contract: QualityContract
) -> None:
    source = moving[0]
    done = transcode(source, contract)
    made = dict(enumerate(done.renditions))
    claim = claim_for(source, done)
    root_only = replace(claim, rendition_hashes=claim.rendition_hashes[::-1])
    for told, given, what, check in (
        (None, made, claim, "source bytes"),
        (moving[1], made, claim, "source bytes"),
        ([], made, claim, "source bytes"),
        (source, {0: made[0]}, claim, "rendition bytes"),
        (source, {0: made[1], 1: made[0]}, claim, "rendition bytes"),
        (source, made, root_only, "hashes"),
        (source, made, replace(claim, rendition_hashes=()), "hashes"),
    ):
        judgement = judge(told, given, contract, what)
        assert (judgement.verdict, judgement.check) == (UNAVAILABLE, check), judgement
    # Only what is to be judged needs to be there.
    assert judge(source, {1: made[1]}, contract, claim, rungs=[1]).verdict == VALID


def test_judge__parts__are_hashed_as_parts(moving: list[bytes], ladder: QualityContract) -> None:
    source, done = moving[0], transcode(moving[0], ladder)
    rendition = done.renditions[0]
    parts = [rendition[:1000], rendition[1000:]]
    hashes = (data_hash(parts),)
    claim = Claim(
        data_hash([source[:500], source[500:]]),
        rendition_root(hashes),
        hashes,
        done.duration_ms,
        done.pixels,
    )
    pieces = [source[:500], source[500:]]
    assert judge(pieces, {0: parts}, ladder, claim).verdict == VALID
    assert judge(source, {0: parts}, ladder, claim).verdict == UNAVAILABLE
    assert judge(pieces, {0: rendition}, ladder, claim).verdict == UNAVAILABLE


def test_judge__pixels__may_be_fewer_than_owed_but_not_more(
    moving: list[bytes], contract: QualityContract
) -> None:
    done = transcode(moving[0], contract)
    assert done.pixels == 64 * 48 * 48 + 32 * 24 * 24
    for claimed, verdict in ((done.pixels - 1, VALID), (done.pixels + 1, INVALID)):
        judgement = judged(moving[0], replace(done, pixels=claimed), contract)
        assert judgement.verdict == verdict
    assert judgement.check == "pixels"


def test_judge__more_bits_than_the_contract__is_invalid(
    moving: list[bytes], ladder: QualityContract
) -> None:
    richer = replace(ladder.rungs[0], bitrate=2_000_000)
    done = transcode(moving[0], replace(ladder, rungs=(richer,)))
    judgement = judged(moving[0], done, ladder)
    assert (judgement.verdict, judgement.check) == (INVALID, "bitrate")


def test_judge__sound_added_to_a_mute_source__is_invalid(
    tmp_path: Path, moving: list[bytes], ladder: QualityContract
) -> None:
    mute = write_clip(tmp_path / "mute.mp4", Clip(width=192, height=128, audio=None))
    source = next(iter(Segmenter(mute))).data
    honest = transcode(source, ladder)
    assert judged(source, honest, ladder).verdict == VALID
    judgement = judged(source, transcode(moving[0], ladder), ladder)
    assert (judgement.verdict, judgement.check) == (INVALID, "audio")
