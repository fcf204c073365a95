"""Every crash point that is named is in the code, and every one in the code is killed in a test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from offchain.store.crashpoints import CRASH_POINTS

ROOT = Path(__file__).resolve().parents[3]
_CALL = re.compile(r'crashpoint\(\s*"([a-z_.]+)"(?: if [^"]*else "([a-z_.]+)")?')


def test_named_points__are_those_in_the_code_and_in_the_kill_matrix() -> None:
    called: set[str] = set()
    for file in (ROOT / "offchain").rglob("*.py"):
        for found in _CALL.finditer(file.read_text()):
            called.update(name for name in found.groups() if name)
    assert called == CRASH_POINTS
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in sorted(CRASH_POINTS) if f'"{name}"' not in tests] == []


def test_crashpoint__armed_with_an_unknown_name__says_so() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from offchain.store.crashpoints import crashpoint as c; c('typo')"],
        env={**os.environ, "LIVEPEER_CRASH_AT": "typo"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no crash point is called typo" in ended.stderr
