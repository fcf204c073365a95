"""Jobs as their events tell them, whatever strangers write into them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.media.profiles import QualityContract, ladder_for
from offchain.node.config import Price
from offchain.node.jobbook import known_job
from offchain.node.offers import OfferPolicy, least_segment_pixels

CONTRACT = QualityContract(ladder_for(640, 360, Fraction(24), most=2), segment_ms=2000)


def created(**changes: Any) -> dict[str, Any]:
    """The arguments of a job's creation event."""
    terms = {
        "jobId": 1,
        "broadcaster": "0xB",
        "transcoder": "0xT",
        "signer": "0xS",
        "streamId": "live",
        "profiles": CONTRACT.to_json(),
        "pricePerUnit": 10,
        "pixelsPerUnit": 3,
        "segmentPixels": 426 * 240 * 48 + 256 * 144 * 48,
        "maxSegments": 5,
        "endBlock": 100,
    }
    return {**terms, **changes}


@given(st.text(max_size=2048))
def test_no_text_of_terms_makes_a_node_fail(text: str) -> None:
    job = known_job(created(profiles=text))
    assert (job.contract is None) == bool(job.problem)


@pytest.mark.parametrize("text", ["[" * 2000, '{"a":' * 400, "9" * 2048, "", "{}", "null"])
def test_hostile_terms_are_a_problem_in_words(text: str) -> None:
    job = known_job(created(profiles=text))
    assert job.contract is None
    assert job.problem


@pytest.mark.parametrize(
    ("changes", "least", "words"),
    [
        ({}, Price(10, 3), ""),
        ({}, Price(3, 1), ""),
        ({}, Price(10, 2), "asks 10/2"),
        ({}, Price(3_333_334, 1_000_000), "it pays 10/3"),
        ({"segmentPixels": 426 * 240 * 48}, Price(0, 1), "a segment of its ladder has"),
        ({"profiles": "{}"}, Price(0, 1), "its terms cannot be met"),
    ],
)
def test_only_what_pays_enough_and_can_be_done_is_taken(
    changes: dict[str, Any], least: Price, words: str
) -> None:
    job = known_job(created(**changes))
    policy = OfferPolicy(None, None, least)  # type: ignore[arg-type]

    problem = policy.problem(job, job.price)

    assert words in problem
    assert bool(problem) == bool(words)


def test_nothing_is_taken_while_draining() -> None:
    job = known_job(created())
    policy = OfferPolicy(None, None, Price(0, 1))  # type: ignore[arg-type]
    policy.draining = True

    assert "about to stop" in policy.problem(job, job.price)


def test_pixels_of_a_nominal_segment() -> None:
    assert least_segment_pixels(known_job(created())) == (426 * 240 + 256 * 144) * 48
