"""The running node's own door: a Unix socket in its data folder, for its owner only.

One JSON object a line each way: `{"call": "status"}` is answered by `{"ok": …}` or by
`{"error": "one sentence"}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from typing import TYPE_CHECKING, Any

from offchain.node import intents
from offchain.node.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from offchain.node.base import Node

    Call = Callable[[dict[str, Any]], Awaitable[Any]]

log = logging.getLogger("livepeer.node")

SOCKET_NAME = "control.sock"
_LINE_CAP = 1 << 20
_ANSWER_TIMEOUT_S = 20.0
# The kernel takes at most 108 bytes for a socket's address.
_PATH_CAP = 100


class NoNode(NodeError):
    """No node is running on that data folder."""


def intent_calls(node: Node) -> dict[str, Call]:
    """`livepeer tx` for a running node."""

    async def list_all(question: dict[str, Any]) -> Any:
        return await intents.list_intents(node.db, everything=bool(question.get("everything")))

    async def explain(question: dict[str, Any]) -> Any:
        return await intents.explain_intent(node.db, str(question.get("purpose")))

    async def cancel(question: dict[str, Any]) -> Any:
        return await intents.cancel_intent(node.outbox, str(question.get("purpose")))

    return {"tx.list": list_all, "tx.explain": explain, "tx.cancel": cancel}


@contextlib.asynccontextmanager
async def control_socket(data: Path, calls: Mapping[str, Call]) -> AsyncIterator[None]:
    """Answer `calls` on the data folder's socket while the context is open."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _reply(calls, line), default=str).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    with _short(data) as folder:
        path = f"{folder}/{SOCKET_NAME}"
        with contextlib.suppress(FileNotFoundError):
            # Left by a node that was killed; the database's lock says that we are alone.
            os.unlink(path)
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(answer, path, limit=_LINE_CAP)
        finally:
            os.umask(before)
        try:
            async with server:
                yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


async def ask(data: Path, call: str, **arguments: Any) -> Any:
    """Ask the node running on a data folder; raises `NoNode` or `NodeError` with its words."""
    try:
        with _short(data) as folder:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(
                    f"{folder}/{SOCKET_NAME}", limit=1 << 26
                )
                try:
                    writer.write(json.dumps({"call": call, **arguments}).encode() + b"\n")
                    line = await reader.readline()
                finally:
                    writer.close()
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        raise NoNode(f"no node is running on {data}") from None
    except TimeoutError:
        raise NodeError(f"the node on {data} did not answer in time") from None
    except OSError as exc:
        raise NodeError(f"the node on {data} cannot be asked: {exc.strerror}") from exc
    if not line:
        raise NodeError(f"the node on {data} stopped before it answered")
    reply = json.loads(line)
    if "error" in reply:
        raise NodeError(str(reply["error"]))
    return reply["ok"]


async def _reply(calls: Mapping[str, Call], line: bytes) -> dict[str, Any]:
    try:
        question = json.loads(line)
        call = calls[question.pop("call")]
    except (ValueError, KeyError, AttributeError, TypeError):
        return {"error": "this node does not know that call"}
    try:
        return {"ok": await call(question)}
    except NodeError as exc:
        return {"error": str(exc)}
    except Exception as exc:
        log.exception("control call failed")
        return {"error": f"the node failed to answer ({type(exc).__name__}); its log says why"}


@contextlib.contextmanager
def _short(data: Path) -> Iterator[str]:
    """A spelling of the folder that is short enough for a socket's address."""
    folder = str(data.absolute())
    if len(os.fsencode(folder)) + len(SOCKET_NAME) < _PATH_CAP:
        yield folder
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
