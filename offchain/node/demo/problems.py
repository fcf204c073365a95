"""What can go wrong for the person who runs the demo, each with its exit status."""

from __future__ import annotations


class DemoError(Exception):
    """One clear sentence for the person at the terminal; the run failed (exit 1)."""

    exit_status = 1


class BadArgument(DemoError):
    """The input or an option cannot be used (exit 2, as for any usage error)."""

    exit_status = 2


class MissingTool(DemoError):
    """This machine lacks something the demo needs (exit 3)."""

    exit_status = 3
