"""A publisher as FFmpeg's library is one, in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Packets as they are, as fast as they go.
_PROGRAM = """
import sys, av
with av.open(sys.argv[1]) as clip, av.open(sys.argv[2], "w", format="flv") as out:
    streams = {s: out.add_stream_from_template(s) for s in clip.streams}
    for packet in clip.demux():
        if packet.size:
            packet.stream = streams[packet.stream]
            out.mux(packet)
"""


async def publish(source: Path, url: str) -> int:
    """Send a file to `url`, its key included; the exit status, not 0 where it was turned away."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, str(source), url, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()
