"""What the routing core knows of others, what it is told, and what it asks for.

Times are seconds of whatever clock the driver uses; names of nodes and streams are 32 bytes, near
each other by XOR. Signatures and addresses are the driver's business: what reaches the core has
been checked.
"""

from __future__ import annotations

from dataclasses import dataclass

NodeId = bytes
StreamId = bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """A node as its signed record says: where it is, whose stake is behind it, until when it holds.

    `place` is the address range it counts against, such as a /24; `staker` is empty for a node
    without stake.
    """

    id: NodeId
    url: str
    place: str
    staker: str
    expiry: float


@dataclass(frozen=True, slots=True)
class Announcement:
    """A node's word that it carries a stream, until when."""

    stream: StreamId
    peer: Peer
    expiry: float


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Met:
    """A peer's record came in, from the peer itself (`direct`) or from another."""

    peer: Peer
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A probe or a transfer ended: seconds there and back, bytes a second; neither: it failed."""

    peer: NodeId
    round_trip_s: float | None = None
    bytes_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Misbehaved:
    """A peer sent something false."""

    peer: NodeId


@dataclass(frozen=True, slots=True)
class Found:
    """A peer's answer to `Ask`: peers nearer to the stream, and who carries it."""

    stream: StreamId
    peer: NodeId
    nearer: tuple[Peer, ...] = ()
    carriers: tuple[Announcement, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """A peer did not answer `Ask`."""

    stream: StreamId
    peer: NodeId


@dataclass(frozen=True, slots=True)
class Announced:
    """A peer says that it carries a stream, to be remembered for those who ask."""

    announcement: Announcement


@dataclass(frozen=True, slots=True)
class Published:
    """This node is the stream's broadcaster."""

    stream: StreamId


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody asks this node for a stream: `ticket` names the request, `relay` a node that would
    be a child, or nothing for a player."""

    ticket: int
    stream: StreamId
    relay: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The reader that was let in under this ticket has gone."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A parent handed over the newest of a stream; `depth` is its own distance.

    `sequence` grows with time, also from one run to the next.
    """

    stream: StreamId
    parent: NodeId
    sequence: int
    depth: int


@dataclass(frozen=True, slots=True)
class ParentLost:
    """A feed broke, was refused, or was silent for too long; `elsewhere` are nodes it named."""

    stream: StreamId
    parent: NodeId
    elsewhere: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class Slow:
    """What a parent delivers falls further and further behind what is live."""

    stream: StreamId
    parent: NodeId


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream's run is over, in the broadcaster's own words."""

    stream: StreamId


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = (
    Met | Measured | Misbehaved | Found | NotFound | Announced | Published | Wanted | Left
    | Delivered | ParentLost | Slow | Ended | Tick
)  # fmt: skip


# ---------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer who is near a stream and who carries it."""

    stream: StreamId
    peer: Peer


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell a peer that this node carries a stream."""

    stream: StreamId
    peer: Peer


@dataclass(frozen=True, slots=True)
class Probe:
    """Measure the way to a peer."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class Attach:
    """Open a feed from a peer; it becomes the parent with its first news."""

    stream: StreamId
    parent: Peer


@dataclass(frozen=True, slots=True)
class Detach:
    """Close the feed from a peer."""

    stream: StreamId
    parent: NodeId


@dataclass(frozen=True, slots=True)
class Serve:
    """Let the asker in; it holds a place until `Left`."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the asker on: these carry the stream, or nobody is known to."""

    ticket: int
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants the stream any more: forget its bytes."""

    stream: StreamId


Action = Ask | Announce | Probe | Attach | Detach | Serve | Redirect | Drop
