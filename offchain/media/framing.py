"""Messages between a node and its media child: a JSON header and any number of byte strings."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = struct.Struct(">II")  # lengths in bytes of the JSON and of all blobs together
MAX_JSON = 1 << 20
MAX_BLOBS = 512 << 20


class BadMessage(ValueError):
    """The other side sent something that is no message."""


def pack(content: dict[str, Any], blobs: Sequence[bytes] = ()) -> list[bytes]:
    """The pieces of one message, to be written in order."""
    text = json.dumps({**content, "blobs": [len(blob) for blob in blobs]}).encode()
    total = sum(len(blob) for blob in blobs)
    if len(text) > MAX_JSON or total > MAX_BLOBS:
        raise BadMessage(f"a message of {len(text)} + {total} bytes is too long")
    return [HEADER.pack(len(text), total), text, *blobs]


def lengths(header: bytes) -> tuple[int, int]:
    """What follows a header: bytes of JSON, bytes of blobs."""
    text, total = HEADER.unpack(header)
    if text > MAX_JSON or total > MAX_BLOBS:
        raise BadMessage(f"a message of {text} + {total} bytes is too long")
    return text, total


def unpack(text: bytes, body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The content and blobs of one message."""
    try:
        content = json.loads(text)
        sizes = content.pop("blobs")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadMessage("a message has no header") from error
    if not all(type(size) is int and size >= 0 for size in sizes) or sum(sizes) != len(body):
        raise BadMessage("a message's blobs do not add up")
    blobs: list[bytes] = []
    at = 0
    for size in sizes:
        blobs.append(body[at : at + size])
        at += size
    return content, blobs
