"""Every reason jobs, committee and beacon can give stands in a test that provokes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
LIBRARY = ("merkle", "signatures", "rlp_header")
SOURCES = sorted(
    [
        *(ROOT / "contracts" / "jobs").glob("*.vy"),
        *(ROOT / "contracts" / "verification").glob("*.vy"),
        *(ROOT / "contracts" / "lib" / f"{name}.vy" for name in LIBRARY),
    ]
)
REASON = re.compile(r'(?:reasons\.fail\(|assert [^"]*?, )\s*"([^"]+)"', re.DOTALL)
# The one token never answers false; the check stands for another behind the same interface.
UNREACHABLE = {"token transfer failed"}


@pytest.fixture(scope="module")
def tested() -> str:
    """The text of every unit test."""
    return "".join(path.read_text() for path in (ROOT / "tests/contracts/unit").rglob("test_*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_reasons__are_all_provoked(source: Path, tested: str) -> None:
    text = source.read_text()
    assert not re.search(r"(?m)^\s+assert [^\"]*$(?!\n.*\")", text), "an assert gives no reason"

    missing = {reason for reason in REASON.findall(text) if f'"{reason}"' not in tested}

    assert missing <= UNREACHABLE
