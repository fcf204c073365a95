"""How a node is told what to do: typed settings, and the TOML file they may come from.

Flags win over environment variables (`LIVEPEER_…`), those over the file, those over defaults; the
command line builds these objects in that order, and nothing else reads the environment.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from offchain.media.profiles import BadContract, Rung
from offchain.net.hls_server import SAFE_NAME
from offchain.net.reach import Reach
from offchain.node.errors import BadSetup

if TYPE_CHECKING:
    from pathlib import Path

_RUNG = re.compile(r"([A-Za-z0-9_-]{1,32}):(\d{2,4})x(\d{2,4}):(\d{2,6})k")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host and a port, 0 for any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `host:port`, `[v6]:port`, or a port alone, which means this machine only."""
        host, _, port = text.rpartition(":")
        if not (port.isascii() and port.isdigit() and int(port) < 65536):
            raise BadSetup(f"{text!r} is not HOST:PORT")
        return cls(host.strip("[]") or "127.0.0.1", int(port))


@dataclass(frozen=True, slots=True)
class Price:
    """`wei` for `pixels` pixels of output."""

    wei: int
    pixels: int

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read `WEI/PIXELS`, or wei for one pixel."""
        wei, _, pixels = text.partition("/")
        pixels = pixels or "1"
        if not (wei.isascii() and wei.isdigit() and pixels.isascii() and pixels.isdigit()):
            raise BadSetup(f"{text!r} is not a price: write WEI/PIXELS, such as 300/1000")
        price = cls(int(wei), int(pixels))
        if price.pixels == 0 or max(price.wei, price.pixels) >= 1 << 64:
            raise BadSetup(f"{text!r} is not a price: both numbers are below 2^64, pixels above 0")
        return price

    def at_most(self, other: Price) -> bool:
        """Whether this price is not above the other."""
        return self.wei * other.pixels <= other.wei * self.pixels

    @property
    def ratio(self) -> Fraction:
        """Wei for one pixel, exactly."""
        return Fraction(self.wei, self.pixels)

    def __str__(self) -> str:
        return f"{self.wei}/{self.pixels}"


def parse_rung(text: str, fps: Any) -> Rung:
    """Read `NAME:WIDTHxHEIGHT:KBITSk`, such as `360p:640x360:800k`."""
    found = _RUNG.fullmatch(text)
    if found is None:
        raise BadSetup(f"{text!r} is not a rung: write NAME:WIDTHxHEIGHT:KBITSk")
    name, width, height, kbits = found.groups()
    try:
        return Rung(name, int(width), int(height), int(kbits) * 1000, fps)
    except BadContract as exc:
        raise BadSetup(str(exc)) from exc


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """Which deployment on which chain, reached how.

    `network` is the name of a file in a `deployments` folder or the path of one. Peers outside
    development chains are spoken to at public addresses and in `peers_within` (`10.0.0.0/8`).
    """

    network: str
    rpc: tuple[str, ...]
    poll_s: float = 1.0
    peers_within: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            Reach.within(self.peers_within)
        except ValueError as exc:
            raise BadSetup(f"{exc}: write a network such as 10.0.0.0/8") from exc


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The encrypted keystore a node signs with, and the file its password is in."""

    keystore: Path
    password_file: Path


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a transcoder runs with. `parallel` segments at once; `claim_every` segments a claim.

    `appeal_budget` is the most wei in bonds of appeals that are out or were lost. `cheat` names a
    way of cheating, `stubborn` a committee's request in which to vote against the truth once; both
    for development chains.
    """

    chain: ChainSettings
    key: KeySettings
    data: Path
    listen: Address = Address("127.0.0.1", 8935)
    admin: Address = Address("127.0.0.1", 7935)
    service_uri: str | None = None
    price: Price = Price(0, 1)
    parallel: int = 1
    claim_every: int = 10
    drain_s: float = 60.0
    appeal_budget: int = 10**16
    cheat: str | None = None
    stubborn: int | None = None


@dataclass(frozen=True, slots=True)
class BroadcasterSettings:
    """What a broadcaster runs with.

    The input is the file `source`, or what is published over RTMP at `publish` or pushed over HTTP
    at `push` by whoever knows the key in `stream_key`; `duration_s` of it, or all of it.
    `most_segments` bounds what each job pays for;
    `source_height` caps the source's short side in pixels; `late_after` in segment durations;
    `transcoders` are main and standby, or none to choose them from the pool; one segment in
    `elect_every` goes to one elected by stake, 0 for none. `bond_budget` is the most wei that lie
    in bonds of challenges at one time.
    """

    chain: ChainSettings
    key: KeySettings
    data: Path
    source: Path | None = None
    publish: Address | None = None
    push: Address | None = None
    stream_key: Path | None = None
    publish_cert: Path | None = None
    publish_cert_key: Path | None = None
    name: str = "live"
    listen: Address = Address("127.0.0.1", 8936)
    transcoders: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()
    most_rungs: int = 2
    mode: str = "throughput"
    preset: str = "veryfast"
    segment_s: float = 2.0
    source_height: int | None = None
    late_after: float = 1.0
    loop: bool = False
    realtime: bool = True
    duration_s: float | None = None
    price: Price = Price(1000, 1)
    most_segments: int = 1000
    window: int = 30
    check_every: int = 15
    bond_budget: int = 10**16
    elect_every: int = 0
    stay: bool = False
    drain_s: float = 30.0

    def __post_init__(self) -> None:
        if SAFE_NAME.fullmatch(self.name) is None:
            raise BadSetup(f"{self.name!r} cannot name a stream: use A-Z a-z 0-9 _ -, at most 64")
        if len(self.transcoders) > 2:
            raise BadSetup("a stream has a main and a standby transcoder, not more")
        if [self.source, self.publish, self.push].count(None) != 2:
            raise BadSetup(
                "give one input: --input FILE, --rtmp HOST:PORT to be published to,"
                " or --push HOST:PORT for segments"
            )


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """What a relay runs with: `places` for readers, `streams` at once, `peers` to begin with."""

    chain: ChainSettings
    key: KeySettings
    data: Path
    listen: Address = Address("127.0.0.1", 8937)
    admin: Address = Address("127.0.0.1", 7937)
    public_url: str | None = None
    peers: tuple[str, ...] = ()
    places: int = 64
    streams: int = 32


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """A gateway for players on this machine: one stream, and whom to ask for it first."""

    network: str
    stream: str
    peers: tuple[str, ...]
    listen: Address = Address("127.0.0.1", 8938)
    peers_within: tuple[str, ...] = ()


def read_config_file(path: Path, known: set[str]) -> dict[str, Any]:
    """The settings of a TOML file, by option name; refuses what is not an option."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as exc:
        raise BadSetup(f"the configuration {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadSetup(f"the configuration {path} is not TOML: {exc}") from exc
    settings = {key.replace("-", "_"): value for key, value in content.items()}
    unknown = sorted(settings.keys() - known)
    if unknown:
        raise BadSetup(f"{path} sets {', '.join(unknown)}, which is not an option here")
    return settings
