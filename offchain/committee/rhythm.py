"""The beat of what runs beside a chain: once a block, and now and then without one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offchain.chain.errors import ChainError, RpcUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offchain.chain.onchain import OnChain

log = logging.getLogger("livepeer.committee")


async def at_every_block(
    node: OnChain, what: str, step: Callable[[int], Awaitable[None]], *, idle_s: float = 5.0
) -> None:
    """Call `step(head)` at each new block, and every `idle_s` seconds without one, until cancelled.

    Trouble with the chain is logged and passes.
    """
    seen = -1
    while True:
        try:
            async with asyncio.timeout(idle_s):
                seen = (await node.follower.advanced(seen)).number
        except TimeoutError:
            pass
        try:
            await step(max(seen, 0))
        except RpcUnavailable as error:
            log.warning("waiting for the chain", extra={"part": what, "why": str(error)})
        except ChainError as error:
            log.error("in trouble", extra={"part": what, "why": str(error)})
