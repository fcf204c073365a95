"""Reveals leave room for concluding, each of them; other acts do not."""

from __future__ import annotations

import pytest

from offchain.committee.gas import CONCLUDING, spare_gas


@pytest.mark.parametrize(
    ("purpose", "reveals"),
    [("reveal:12.1", 1), ("reveal:12.1,13.1,14.2", 3), ("commit:12.1,13.1", 0), ("claim:1:0", 0)],
)
def test_spare_gas__by_purpose__one_conclusion_for_each_reveal(purpose: str, reveals: int) -> None:
    assert spare_gas(purpose) == reveals * CONCLUDING
