"""Block announcements over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from offchain.chain.heads import announce_heads

if TYPE_CHECKING:
    from tests.offchain.conftest import Anvil


async def test_announce_heads__wakes_at_each_block(anvil: Anvil) -> None:
    woken: asyncio.Queue[None] = asyncio.Queue()
    url = anvil.url.replace("http://", "ws://")
    task = asyncio.ensure_future(announce_heads(url, lambda: woken.put_nowait(None)))
    async with asyncio.timeout(10):
        # The subscription may begin a moment after the first block.
        while woken.empty():
            await asyncio.to_thread(anvil.mine)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await woken.get()
                    break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
