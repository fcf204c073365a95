"""Whom a node may connect to: an address that a stranger named must not lead into our own network.

Addresses of peers come from the chain and from other peers, and anybody can write there that a
"transcoder" listens on this machine's database port. The check is made on the resolved address at
the moment of connecting, so neither a name that resolves differently the second time nor a number
in disguise (`http://0x7f.1/`) gets past it; redirects are never followed at all.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Globally routed by name, but each wraps an IPv4 address that may be anything: 6to4, Teredo, NAT64.
_TUNNELS = tuple(
    ipaddress.ip_network(text)
    for text in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48")
)


class OutOfReach(OSError):
    """An address this node must not connect to; the text names it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be connected to: public ones, and those in `allowed`.

    `anywhere` is for development chains, whose peers live on one machine.
    """

    anywhere: bool = False
    allowed: tuple[Network, ...] = ()

    @classmethod
    def within(cls, networks: Sequence[str]) -> Reach:
        """Public addresses, and the networks given such as `10.0.0.0/8`; ValueError for others."""
        return cls(allowed=tuple(ipaddress.ip_network(text, strict=False) for text in networks))

    def check(self, address: str) -> None:
        """Raise `OutOfReach` unless this IP address may be connected to."""
        if self.anywhere:
            return
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            raise OutOfReach(errno.EACCES, f"{address} is not an IP address") from None
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if any(parsed in network for network in self.allowed):
            return
        tunnel = any(parsed in network for network in _TUNNELS)
        if tunnel or parsed.is_multicast or parsed.is_reserved or not parsed.is_global:
            raise OutOfReach(errno.EACCES, f"{address} is not a public address")

    def open_socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for one resolved address, as aiohttp's connector asks for it."""
        family, kind, protocol, _, address = info
        self.check(str(address[0]))
        return socket.socket(family, kind, protocol)


PUBLIC = Reach()
ANYWHERE = Reach(anywhere=True)
