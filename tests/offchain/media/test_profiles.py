"""Quality contracts: one spelling each, clear refusals, ladders in the source's shape."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.media.profiles import (
    MAX_TEXT,
    MODES,
    PRESETS,
    SCALINGS,
    THRESHOLDS,
    BadContract,
    QualityContract,
    Rung,
    ladder_for,
)
from offchain.verify.thresholds import VERSIONS

sides = st.integers(8, 2048).map(lambda half: half * 2)
rates = st.fractions(1, 120, max_denominator=1001)
rungs = st.builds(
    Rung,
    name=st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True).filter(lambda n: n != "source"),
    width=sides,
    height=sides,
    bitrate=st.integers(10_000, 100_000_000),
    fps=rates,
)
contracts = st.builds(
    QualityContract,
    rungs=st.lists(rungs, min_size=1, max_size=8, unique_by=lambda rung: rung.name).map(tuple),
    mode=st.sampled_from(MODES),
    preset=st.sampled_from(PRESETS),
    segment_ms=st.integers(250, 10_000),
    thresholds=st.sampled_from(THRESHOLDS),
    scaling=st.sampled_from(SCALINGS),
)
GOOD = QualityContract((Rung("360p", 640, 360, 800_000, Fraction(24)),))


@given(contracts)
def test_parse__inverts_to_json__and_accepts_no_other_spelling(contract: QualityContract) -> None:
    text = contract.to_json()
    assert QualityContract.parse(text) == contract
    assert len(text.encode()) <= MAX_TEXT
    with pytest.raises(BadContract, match="canonical"):
        QualityContract.parse(json.dumps(json.loads(text), indent=1))


def test_to_json__is_the_text_that_jobs_publish() -> None:
    assert GOOD.to_json() == (
        '{"audio":"copy","container":"mpegts","encoder":"libx264","mode":"throughput",'
        '"preset":"veryfast","rungs":[{"bitrate":800000,"fps":[24,1],"height":360,"name":"360p",'
        '"width":640}],"segmentMs":2000,"thresholds":2,"version":1}'
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 2 is not supported"),
        ({"container": "fmp4"}, "container 'fmp4' is not supported"),
        ({"mode": "fast"}, "mode 'fast' is none of"),
        ({"preset": "placebo"}, "preset 'placebo' is unknown"),
        ({"rungs": []}, "1 to 8 rungs"),
        ({"rungs": 7}, "rungs is not a list"),
        ({"rungs": [{"name": "x"}]}, "a rung lacks bitrate, fps, height, width"),
        ({"segmentMs": 2.0}, "segmentMs 2.0 is not a whole number"),
        ({"segmentMs": 100}, "250 to 10000 ms"),
        ({"thresholds": 9}, "version 9 of the thresholds is unknown"),
        ({"colour": "blue"}, "unknown colour"),
        ({"scaling": "best"}, "scaling 'best' is unknown"),
    ],
)
def test_parse__field_out_of_place__says_which(change: dict[str, object], words: str) -> None:
    content = json.loads(GOOD.to_json()) | change
    with pytest.raises(BadContract, match=words):
        QualityContract.parse(json.dumps(content, sort_keys=True, separators=(",", ":")))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 641}, "side 641"),
        ({"height": 8}, "side 8"),
        ({"bitrate": 1}, "1 bits a second"),
        ({"fps": [0, 1]}, "numerator, denominator"),
        ({"fps": [1000, 1]}, "1000 frames a second"),
        ({"name": "../x"}, "not plain"),
        ({"name": "source"}, "untouched rung"),
    ],
)
def test_parse__rung_out_of_bounds__says_which(change: dict[str, object], words: str) -> None:
    content = json.loads(GOOD.to_json())
    content["rungs"][0] |= change
    with pytest.raises(BadContract, match=words):
        QualityContract.parse(json.dumps(content, sort_keys=True, separators=(",", ":")))


@pytest.mark.parametrize("text", ["", "[]", "{", "x" * 3000])
def test_parse__no_contract_at_all__says_so(text: str) -> None:
    with pytest.raises(BadContract):
        QualityContract.parse(text)


@given(st.integers(16, 4096), st.integers(16, 4096), rates)
def test_ladder_for__keeps_the_shape_and_goes_down(width: int, height: int, fps: Fraction) -> None:
    ladder = ladder_for(width, height, fps)
    QualityContract(ladder)  # every ladder makes a contract
    shorts = [min(rung.width, rung.height) for rung in ladder]
    assert shorts == sorted(set(shorts), reverse=True)
    assert [rung.bitrate for rung in ladder] == sorted(
        (rung.bitrate for rung in ladder), reverse=True
    )
    for rung in ladder:
        assert (rung.height > rung.width) == (height > width) or rung.width == rung.height
        ideal = Fraction(max(width, height), min(width, height)) * min(rung.width, rung.height)
        assert abs(max(rung.width, rung.height) - min(ideal, 4096)) <= 1


def test_ladder_for__full_hd__is_the_usual_one() -> None:
    ladder = ladder_for(1920, 1080, Fraction(24))
    assert [(r.name, r.width, r.height, r.bitrate) for r in ladder] == [
        ("720p", 1280, 720, 2_800_000),
        ("480p", 854, 480, 1_400_000),
        ("360p", 640, 360, 800_000),
        ("240p", 426, 240, 400_000),
    ]
    assert [(r.width, r.height) for r in ladder_for(1080, 1920, Fraction(24))] == [
        (r.height, r.width) for r in ladder
    ]


def test_thresholds__every_version_a_contract_may_name_exists() -> None:
    assert set(THRESHOLDS) == set(VERSIONS)
