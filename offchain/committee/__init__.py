"""A seat on verification committees, and a claimant's defence before them."""

from offchain.committee.appeals import Appeals
from offchain.committee.seat import Seat
from offchain.committee.weigh import BlobSource, Judge

__all__ = ["Appeals", "BlobSource", "Judge", "Seat"]
