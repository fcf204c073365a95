"""Runs a node or a command to its end and turns every foreseen failure into one sentence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from offchain.cli.options import Sentence
from offchain.node.errors import (
    EXIT_BAD_INPUT,
    EXIT_CONFIG,
    EXIT_NO_KEY,
    EXIT_NO_RPC,
    EXIT_PORT_BUSY,
    EXIT_STORE,
    NodeError,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop; raises `Sentence` for what an operator can act on."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except BaseExceptionGroup as group:
        for error in _leaves(group):
            known = sentence(error)
            if known is not None:
                raise known from group
        raise
    except Exception as error:
        known = sentence(error)
        if known is None:
            raise
        raise known from error


def sentence(error: BaseException) -> Sentence | None:
    """What to tell the operator about a foreseen error, or nothing for any other."""
    from offchain.chain.errors import BadKey, ChainError, RpcUnavailable
    from offchain.media.profiles import BadContract
    from offchain.net.http import PortBusy
    from offchain.store import BlobsError, StoreError

    if isinstance(error, NodeError):
        return Sentence(str(error), error.exit_status)
    statuses: list[tuple[type[BaseException], int]] = [
        (PortBusy, EXIT_PORT_BUSY),
        (BadKey, EXIT_NO_KEY),
        (RpcUnavailable, EXIT_NO_RPC),
        (ChainError, EXIT_CONFIG),
        (StoreError, EXIT_STORE),
        (BlobsError, EXIT_STORE),
        (BadContract, EXIT_BAD_INPUT),
    ]
    for kind, status in statuses:
        if isinstance(error, kind):
            return Sentence(str(error), status)
    return None


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
