# pragma version 0.4.3
# pragma evm-version cancun
"""
@title DrawHarness
@license MIT
@notice Draws the seats of many committees in one call, to count who sits how often.
"""

from ..lib import snapshot
from ..verification import accounts
from ..verification import requests
from ..verification import seating

initializes: requests
initializes: accounts
initializes: seating[accounts := accounts, requests := requests]


@external
def draws(
    _first: uint256,
    _count: uint256,
    _seats: uint256,
    _snapshot: address,
    _claimant: address,
    _excluded: DynArray[address, 66],
    _bonding: address,
    _bond: uint256,
) -> DynArray[uint256, 1024]:
    """
    @notice The seats of `_count` committees, by seeds made of the numbers from `_first` on.
    @param _first First number.
    @param _count How many committees.
    @param _seats Seats of each.
    @param _snapshot The active set.
    @param _claimant Who has no seat.
    @param _excluded Nor these.
    @param _bonding The BondingManager.
    @param _bond The bond of a seat.
    @return Positions in the snapshot, committee after committee, in the order of the draws.
    """
    found: DynArray[uint256, 1024] = []
    for i: uint256 in range(_count, bound=256):
        chosen: DynArray[uint256, 33] = seating.draw(
            1,
            1,
            _seats,
            _snapshot,
            keccak256(abi_encode(_first + i)),
            _claimant,
            _excluded,
            [],
            _bonding,
            _bond,
        )
        for position: uint256 in chosen:
            found.append(position)
            accounts.leave_seat(snapshot.entry(_snapshot, position)[0], 0, 0)
    return found
