"""A seat on verification committees."""

from offchain.committee.seat import Seat
from offchain.committee.weigh import BlobSource, Judge

__all__ = ["BlobSource", "Judge", "Seat"]
