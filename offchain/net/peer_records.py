"""What relays say of themselves, signed and expiring: where they are, and what they carry."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from offchain.proof.hashes import keccak
from offchain.proof.signatures import BadSignature, recover, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.proof.typed import Domain

RECORD_LIFE_S = 900
"""Seconds a peer's record holds."""
LONGEST_LIFE_S = 3_600
MAX_URL = 256


class BadPeer(Exception):
    """A peer's record that cannot be trusted; the text says why."""


@dataclass(frozen=True, slots=True)
class SignedPeer:
    """A node's address (an account's, 0x…), its URL, and until when that holds (Unix seconds)."""

    TYPE: ClassVar[bytes] = keccak(b"Peer(address node,string url,uint256 expiry)")

    node: str
    url: str
    expiry: int
    signature: bytes

    @classmethod
    def make(cls, domain: Domain, key: bytes, node: str, url: str, expiry: int) -> SignedPeer:
        """Sign one's own record."""
        unsigned = cls(node, url, expiry, b"")
        return cls(node, url, expiry, sign(unsigned.digest(domain), key))

    @property
    def id(self) -> bytes:
        """The node's name among relays: keccak256 of its address."""
        return node_id(self.node)

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest that the node signs."""
        return _digest(
            domain,
            self.TYPE
            + _address_word(self.node)
            + keccak(self.url.encode())
            + self.expiry.to_bytes(32, "big"),
        )

    def as_json(self) -> dict[str, Any]:
        """As peers exchange it."""
        return {
            "node": self.node,
            "url": self.url,
            "expiry": self.expiry,
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def read(cls, value: Any, domain: Domain, now: float) -> SignedPeer:
        """A record from a peer's JSON, if it is the node's own and holds; raises `BadPeer`."""
        try:
            record = cls(
                str(value["node"]),
                str(value["url"]),
                int(value["expiry"]),
                bytes.fromhex(str(value["signature"]).removeprefix("0x")),
            )
            _check(record.digest(domain), record.signature, record.node)
        except (KeyError, TypeError, ValueError, OverflowError, BadSignature) as exc:
            raise BadPeer(f"a peer's record cannot be read ({exc})") from exc
        if not now < record.expiry <= now + LONGEST_LIFE_S:
            raise BadPeer("a peer's record has run out, or holds too long")
        parts = urlsplit(record.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or len(record.url) > MAX_URL:
            raise BadPeer("a peer's record names no http address")
        return record


@dataclass(frozen=True, slots=True)
class SignedCarrier:
    """A node's word that it carries a stream until `expiry` (Unix seconds)."""

    TYPE: ClassVar[bytes] = keccak(b"Carries(address node,bytes32 streamId,uint256 expiry)")

    peer: SignedPeer
    stream: bytes
    expiry: int
    signature: bytes

    @classmethod
    def make(
        cls, domain: Domain, key: bytes, peer: SignedPeer, stream: bytes, expiry: int
    ) -> SignedCarrier:
        """Sign for oneself."""
        unsigned = cls(peer, stream, expiry, b"")
        return cls(peer, stream, expiry, sign(unsigned.digest(domain), key))

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest that the node signs."""
        return _digest(
            domain,
            self.TYPE
            + _address_word(self.peer.node)
            + self.stream
            + self.expiry.to_bytes(32, "big"),
        )

    def as_json(self) -> dict[str, Any]:
        """As peers exchange it."""
        return {
            "peer": self.peer.as_json(),
            "stream": "0x" + self.stream.hex(),
            "expiry": self.expiry,
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def read(cls, value: Any, domain: Domain, now: float) -> SignedCarrier:
        """An announcement from a peer's JSON; raises `BadPeer`."""
        try:
            peer = SignedPeer.read(value["peer"], domain, now)
            carrier = cls(
                peer,
                bytes.fromhex(str(value["stream"]).removeprefix("0x")),
                int(value["expiry"]),
                bytes.fromhex(str(value["signature"]).removeprefix("0x")),
            )
            if len(carrier.stream) != 32:
                raise ValueError("a stream is 32 bytes")
            _check(carrier.digest(domain), carrier.signature, peer.node)
        except (KeyError, TypeError, ValueError, OverflowError, BadSignature) as exc:
            raise BadPeer(f"an announcement cannot be read ({exc})") from exc
        if carrier.expiry <= now:
            raise BadPeer("an announcement has run out")
        return carrier


_TALLY: Final = keccak(b"Tally(address server,address reader,uint256 bytesServed,uint256 since)")


def tally_digest(domain: Domain, server: str, reader: str, served: int, since: int) -> bytes:
    """What a reader signs: so many bytes from this server since then (Unix seconds)."""
    return _digest(
        domain,
        _TALLY
        + _address_word(server)
        + _address_word(reader)
        + served.to_bytes(32, "big")
        + since.to_bytes(32, "big"),
    )


def read_tally(value: Mapping[str, Any], domain: Domain, server: str) -> tuple[str, int, int]:
    """Reader, bytes and beginning of a signed tally about `server`; raises `BadPeer`."""
    try:
        reader, served, since = str(value["reader"]), int(value["bytes"]), int(value["since"])
        signature = bytes.fromhex(str(value["signature"]).removeprefix("0x"))
        _check(tally_digest(domain, server, reader, served, since), signature, reader)
    except (KeyError, TypeError, ValueError, OverflowError, BadSignature) as exc:
        raise BadPeer(f"a tally cannot be read ({exc})") from exc
    return reader, served, since


def node_id(address: str) -> bytes:
    """A node's name among relays: keccak256 of its account's 20 bytes."""
    return keccak(bytes.fromhex(address.removeprefix("0x")))


def place_of(url: str) -> str:
    """The address range a URL counts against: a /24, a /48, or itself where it is not public."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Names are cheap below one that was bought.
        return ".".join(host.split(".")[-2:]) if "." in host else urlsplit(url).netloc
    if not address.is_global:
        return urlsplit(url).netloc
    width = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{width}", strict=False))


def _check(digest: bytes, signature: bytes, node: str) -> None:
    signer = recover(digest, signature)
    if signer.lower() != node.lower():
        raise ValueError(f"it is signed by {signer}")


def _digest(domain: Domain, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain.separator() + keccak(struct))


def _address_word(address: str) -> bytes:
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(f"{address!r} is not an address")
    return bytes(12) + raw
