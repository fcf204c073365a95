"""What stops a node, each as one sentence and an exit status that scripts can tell apart.

The statuses are those of sysexits.h where it has one.
"""

from __future__ import annotations

from typing import Final

EXIT_BAD_INPUT: Final = 65
EXIT_NO_INPUT: Final = 66
EXIT_NO_RPC: Final = 69
EXIT_PORT_BUSY: Final = 73
EXIT_STORE: Final = 74
EXIT_NO_KEY: Final = 77
EXIT_CONFIG: Final = 78


class NodeError(Exception):
    """A node cannot start or go on; the message is one clear sentence."""

    exit_status: int = 1


class BadInput(NodeError):
    """The input is there but is no video a broadcaster can send."""

    exit_status = EXIT_BAD_INPUT


class NoInput(NodeError):
    """The input file is missing or cannot be read."""

    exit_status = EXIT_NO_INPUT


class NoRpc(NodeError):
    """No chain endpoint answers."""

    exit_status = EXIT_NO_RPC


class NoKey(NodeError):
    """The keystore or its password is missing or wrong."""

    exit_status = EXIT_NO_KEY


class BadSetup(NodeError):
    """The configuration cannot work: wrong network, not registered, not enough funds."""

    exit_status = EXIT_CONFIG
