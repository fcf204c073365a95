"""What a transcoder says about itself, signed: who it is, where, for how much, until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from offchain.proof.hashes import keccak
from offchain.proof.signatures import BadSignature, recover, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offchain.proof.typed import Domain

_TYPE: Final = keccak(
    b"TranscoderInfo(address transcoder,string url,uint256 pricePerUnit,uint256 pixelsPerUnit,"
    b"uint256 capacity,string encoders,uint256 expiry)"
)


class BadInfo(Exception):
    """A TranscoderInfo that cannot be trusted; the text says why."""


@dataclass(frozen=True, slots=True)
class TranscoderInfo:
    """A transcoder's offer.

    The price is `price_per_unit` wei for `pixels_per_unit` pixels of output; `capacity` is how many
    more segments it would take at this moment; `expiry` is in Unix seconds.
    """

    transcoder: str
    url: str
    price_per_unit: int
    pixels_per_unit: int
    capacity: int
    encoders: tuple[str, ...]
    expiry: int

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest that is signed."""
        numbers = (self.price_per_unit, self.pixels_per_unit, self.capacity)
        struct = keccak(
            _TYPE
            + bytes(12)
            + bytes.fromhex(self.transcoder[2:])
            + keccak(self.url.encode())
            + b"".join(number.to_bytes(32, "big") for number in numbers)
            + keccak(",".join(self.encoders).encode())
            + self.expiry.to_bytes(32, "big")
        )
        return keccak(b"\x19\x01" + domain.separator() + struct)

    def signed(self, domain: Domain, private_key: bytes) -> dict[str, Any]:
        """The JSON that `GET /v1/info` answers."""
        return {
            "transcoder": self.transcoder,
            "url": self.url,
            "pricePerUnit": str(self.price_per_unit),
            "pixelsPerUnit": str(self.pixels_per_unit),
            "capacity": self.capacity,
            "encoders": list(self.encoders),
            "expiry": self.expiry,
            "signature": "0x" + sign(self.digest(domain), private_key).hex(),
        }


def read_info(
    answer: Mapping[str, Any], domain: Domain, expected: str, now: float
) -> TranscoderInfo:
    """The offer in a peer's JSON, if `expected` signed it and it has not run out by `now`."""
    try:
        info = TranscoderInfo(
            transcoder=str(answer["transcoder"]),
            url=str(answer["url"]),
            price_per_unit=int(answer["pricePerUnit"]),
            pixels_per_unit=int(answer["pixelsPerUnit"]),
            capacity=int(answer["capacity"]),
            encoders=tuple(str(name) for name in answer["encoders"]),
            expiry=int(answer["expiry"]),
        )
        signature = bytes.fromhex(str(answer["signature"]).removeprefix("0x"))
        signer = recover(info.digest(domain), signature)
    except (KeyError, TypeError, ValueError, OverflowError, BadSignature) as exc:
        raise BadInfo(f"the transcoder's info cannot be read ({exc})") from exc
    if signer.lower() != expected.lower() or info.transcoder.lower() != expected.lower():
        raise BadInfo(f"the transcoder's info is signed by {signer}, not by {expected}")
    if info.expiry < now:
        raise BadInfo("the transcoder's info has expired")
    return info
