"""What was found bad stays found, by job and sequence, also after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offchain.store import Database, Findings

if TYPE_CHECKING:
    from pathlib import Path


async def test_findings__reopened__first_reason_of_each_segment_stands(tmp_path: Path) -> None:
    async with Database(tmp_path / "node.db") as db:
        findings = Findings(db)
        for job, sequence, reason in ((2**70, 3, "a logo"), (2**70, 3, "late"), (1, 4, "mute")):
            await findings.add(job, sequence, reason)
        await findings.add(2**70, 9, "frozen")

    async with Database(tmp_path / "node.db") as db:
        findings = Findings(db)
        assert await findings.between(2**70, 0, 8) == {3: "a logo"}
        assert await findings.between(2**70, 3, 9) == {3: "a logo", 9: "frozen"}
        assert await findings.between(1, 5, 9) == {}
