"""Amounts as people type and read them."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts._lib.amounts import (
    ADDRESS,
    EVERYTHING,
    LPT,
    LPT_OR_ALL,
    PERCENT,
    eth,
    lpt,
    percent,
    tokens,
)


@given(st.integers(1, 10**12))
def test_amount__typed_as_shown__is_the_same(thousandths: int) -> None:
    wei = thousandths * 10**15

    assert LPT.convert(tokens(wei), None, None) == wei


@pytest.mark.parametrize(
    ("typed", "wei"),
    [("1", 10**18), ("0.5", 5 * 10**17), ("1,000", 10**21), ("0.000000000000000001", 1)],
)
def test_amount__is_exact(typed: str, wei: int) -> None:
    assert LPT.convert(typed, None, None) == wei


@pytest.mark.parametrize("typed", ["", "-1", "0", "x", "1e-19", "NaN", "Infinity", "all"])
def test_amount__of_nonsense__is_refused(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        LPT.convert(typed, None, None)


def test_amount__all__stands_for_everything() -> None:
    assert LPT_OR_ALL.convert("all", None, None) == EVERYTHING


@pytest.mark.parametrize(
    ("wei", "words"),
    [
        (0, "0 LPT"),
        (1, "1 LPT wei"),
        (10**18, "1 LPT"),
        (1_234_567 * 10**18 + 5 * 10**17, "1,234,567.5 LPT"),
        (-2 * 10**18, "-2 LPT"),
    ],
)
def test_lpt__reads_well(wei: int, words: str) -> None:
    assert lpt(wei) == words


def test_eth__keeps_more_places() -> None:
    assert eth(21_000 * 10**9) == "0.000021 ETH"
    assert eth(5) == "5 wei"


@pytest.mark.parametrize(("typed", "parts"), [("12.5", 125_000), ("100%", 1_000_000), ("0", 0)])
def test_percent__goes_both_ways(typed: str, parts: int) -> None:
    assert PERCENT.convert(typed, None, None) == parts
    assert PERCENT.convert(percent(parts), None, None) == parts


@pytest.mark.parametrize("typed", ["101", "-1", "x", "0.00001"])
def test_percent__of_nonsense__is_refused(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        PERCENT.convert(typed, None, None)


def test_address__is_checked_and_spelled_with_its_checksum() -> None:
    spelled = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

    assert ADDRESS.convert(spelled.lower(), None, None) == spelled
    with pytest.raises(click.BadParameter):
        ADDRESS.convert(spelled[:-1], None, None)
