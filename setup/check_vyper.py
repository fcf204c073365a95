"""House rules of the Vyper sources that a machine can check. Run by `make lint`.

Formatting is mamushi's; the rest are the rules of STYLE.md that reviews kept finding broken.
mamushi wants an environment of its own, so this runs under `.venv-lint`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
PRAGMAS = ("# pragma version 0.4.3", "# pragma evm-version cancun")
MAX_LINES = 600


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Statements with their continuation lines joined, and the number of their first line."""
    number, parts, depth = 0, [], 0
    for index, line in enumerate(text.splitlines(), 1):
        code = line.split("#")[0].rstrip() if '"' not in line else line.rstrip()
        if not parts:
            number = index
        parts.append(code.strip())
        depth += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
        if depth <= 0:
            yield number, " ".join(parts)
            parts, depth = [], 0


def broken_rules(path: Path) -> Iterator[str]:
    """Each breach of a house rule, as `file:line: what is wrong`."""
    text = path.read_text()
    name = path.relative_to(ROOT)
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"{name}: {lines} lines; split it by idea (at most {MAX_LINES})"
    if path.suffix == ".vyi":
        return
    for pragma in PRAGMAS:
        if pragma not in text and pragma.replace("# ", "#", 1) not in text:
            yield f"{name}: lacks `{pragma}`"
    if '"""' not in text:
        yield f"{name}: lacks a docstring that says what it is for"
    for number, statement in logical_lines(text):
        if re.match(r"assert\b", statement) and not re.search(r',\s*[f]?"[^"]+"\s*$', statement):
            yield f"{name}:{number}: assert without a reason string"
        if "# dev:" in statement:
            yield f"{name}:{number}: `# dev:` reasons do not reach callers; use a string"


def unformatted(sources: list[Path]) -> list[str]:
    """What mamushi would change; it starts slowly, so each core gets its share in one process."""
    mamushi = Path(sys.executable).with_name("mamushi")
    cores = min(len(os.sched_getaffinity(0)), len(sources))
    running = [
        subprocess.Popen(
            [str(mamushi), "--check", "-l", "100", *map(str, sources[core::cores])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for core in range(cores)
    ]
    words = "would reformat "
    lines = [line for process in running for line in process.communicate()[0].splitlines()]
    return [
        f"{Path(line.removeprefix(words)).relative_to(ROOT)}: run `make format`"
        for line in lines
        if line.startswith(words)
    ]


def main() -> int:
    sources = sorted([*CONTRACTS.rglob("*.vy"), *CONTRACTS.rglob("*.vyi")])
    faults = [fault for path in sources for fault in broken_rules(path)] + unformatted(sources)
    for fault in faults:
        sys.stderr.write(fault + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
