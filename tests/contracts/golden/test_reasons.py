"""Every reason a contract may revert with is made to happen by some test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
# `assert x, "reason"`, over several lines too, and `fail("reason")` of the modules that share it.
REASON = re.compile(r'(?:assert\b[^"\n]*(?:\n[^"]*?)?,\s*|fail\(\s*)"([^"]+)"')


def reasons(path: Path) -> set[str]:
    """The reasons a source file names."""
    return set(REASON.findall(path.read_text()))


# Folders whose every reason is held to.
FOLDERS = ("bonding", "governance", "jobs", "lib", "registry", "rounds", "token", "verification")


def sources() -> list[Path]:
    """Every source file that names a reason."""
    found = [path for folder in FOLDERS for path in (CONTRACTS / folder).rglob("*.vy")]
    return [path for path in sorted(found) if reasons(path)]


@pytest.fixture(scope="session")
def tests() -> str:
    """The text of all tests of contracts but this one."""
    files = (ROOT / "tests" / "contracts").rglob("*.py")
    return "\n".join(path.read_text() for path in files if path != Path(__file__))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_reasons__are_each_tested(path: Path, tests: str) -> None:
    untested = {reason for reason in reasons(path) if f'"{reason}' not in tests}

    assert not untested


def test_asserts__all_have_a_reason() -> None:
    bare = [
        f"{path.relative_to(CONTRACTS)}: {statement}"
        for path in CONTRACTS.rglob("*.vy")
        for statement in re.findall(r"^\s*assert (?:.*[^,(\n])$", path.read_text(), re.MULTILINE)
        if '"' not in statement
    ]

    assert not bare
