"""Named places where a node may die, so that tests can kill it at each one in turn.

Every write, commit and send that must survive `kill -9` has a name here. In normal life a crash
point costs one comparison. With LIVEPEER_CRASH_AT=NAME in the environment the process kills
itself there with SIGKILL: no handlers, no clean-up, exactly like a power cut of the process.
"""

from __future__ import annotations

import os
import signal

CRASH_POINTS = frozenset(
    {
        "blobs.written",
        "blobs.renamed",
        "follower.fetched",
        "follower.applied",
        "outbox.stored",
        "outbox.signed",
        "outbox.sent",
        "outbox.marked_sent",
        "outbox.replacement_stored",
        "outbox.replacement_sent",
        "outbox.mined",
        "outbox.final",
        "seat.fetched",
        "seat.judged",
        "seat.stored",
        "seat.commit_submitted",
        "seat.reveal_submitted",
    }
)

_armed = os.environ.get("LIVEPEER_CRASH_AT", "")


def crashpoint(name: str) -> None:
    """Die here if the environment asks for it; otherwise nothing."""
    if name != _armed:
        return
    if name not in CRASH_POINTS:
        raise ValueError(f"no crash point is called {name}")
    os.kill(os.getpid(), signal.SIGKILL)
