"""`python offchain/relay.py` is `livepeer relay`."""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    # Run as a file: Python put this folder on the path, where our packages would hide others.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from offchain.cli.relay import relay

if __name__ == "__main__":
    relay(prog_name="relay.py")
