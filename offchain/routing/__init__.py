"""Where to get a stream: one state machine, `Core.step(now, event) -> [action]`, without I/O.

Relays drive it with sockets and real time, `sim/network.py` with neither; there is no other copy.
"""

from offchain.routing.core import Core, Limits
from offchain.routing.table import PeerTable, Quotas
from offchain.routing.types import Announcement, Peer

__all__ = ["Announcement", "Core", "Limits", "Peer", "PeerTable", "Quotas"]
