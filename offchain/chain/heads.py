"""New blocks announced over a WebSocket, only to wake the follower earlier than its timer would."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_SUBSCRIBE = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
_LONGEST_PAUSE = 60.0


async def announce_heads(url: str, wake: Callable[[], None], *, pause: float = 1.0) -> None:
    """Call `wake` at each new block until cancelled; `url` is a ws:// or wss:// endpoint.

    A lost connection is made again after `pause` seconds, twice as long each time it fails. Nothing
    depends on it: whoever misses an announcement still looks by the timer.
    """
    wait = pause
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.ws_connect(url, heartbeat=30.0) as socket:
                    await socket.send_json(_SUBSCRIBE)
                    async for message in socket:
                        if message.type is not aiohttp.WSMsgType.TEXT:
                            break
                        wait = pause
                        if json.loads(message.data).get("method") == "eth_subscription":
                            wake()
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                logger.info("no announcements of new blocks: %s", error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_PAUSE)
