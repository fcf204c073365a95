"""Amounts as read by viewers: short, and never rounded up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.web.words import UNIT, coins, count, joined, numbered, percent, short


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (1_200_000_000_000_000, "0.0012"),
        (123_456_789_000_000, "0.0001234"),
        (UNIT, "1"),
        (12 * UNIT + UNIT // 2, "12.5"),
        (1_234_567 * UNIT + 1, "1,234,567"),
        (-UNIT // 2, "-0.5"),
    ],
)
def test_coins__known_amount__returns_text(amount: int, text: str) -> None:
    assert coins(amount) == text


@given(st.integers(0, 10**30))
def test_coins__any_amount__is_at_most_the_amount_and_within_a_hundredth(amount: int) -> None:
    shown = Decimal(coins(amount).replace(",", ""))
    exact = Decimal(amount) / UNIT

    assert shown <= exact
    assert exact - shown <= exact / 100


def test_counts_and_lists__read_as_english() -> None:
    assert count(1, "segment") == "1 segment"
    assert count(1_200, "segment") == "1,200 segments"
    assert joined([]) == ""
    assert joined(["Ada"]) == "Ada"
    assert joined([3, 5, 7]) == "3, 5 and 7"
    assert numbered("segment", [3]) == "segment 3"
    assert numbered("segment", list(range(1, 10))) == "segments 1, 2, 3, 4, 5, 6 and 3 more"
    assert percent(25_000) == "2.5 %"
    assert short("0x" + "ab" * 20) == "0xabab…abab"
