# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Seating
@license MIT
@notice Draws the seats of a stage from a snapshot, without replacement, each draw by the stake of those not drawn yet.
@dev Who is drawn or turned away leaves the range of the next draw, as if it had never been in the set: draws are exact
     and end, however stake is spread. The same seed seats the same set for whoever asks.
"""

from ..interfaces import IBondingManager
from ..lib import snapshot
from . import requests
from . import settings

uses: requests
uses: settings

MAX_SEATS: constant(uint256) = 33
# Entries that can leave one draw; past them the seats found so far must do.
MAX_REMOVED: constant(uint256) = 256


@internal
def draw(
    _request: uint256,
    _stage: uint256,
    _count: uint256,
    _snapshot: address,
    _seed: bytes32,
    _claimant: address,
    _excluded: DynArray[address, 66],
    _bonding: address,
    _version: uint256,
) -> DynArray[uint256, MAX_SEATS]:
    """
    @dev Positions in the snapshot of min(_count, eligible) seats. Seats of earlier stages are left out while enough
         others remain.
    """
    chosen: DynArray[uint256, MAX_SEATS] = []
    size: uint256 = snapshot.size(_snapshot)
    if size == 0:
        return chosen

    first: address = empty(address)
    total: uint256 = 0
    first, total = snapshot.entry(_snapshot, size - 1)
    bond: uint256 = settings.seat_bond(_version)
    earlier: DynArray[uint256, 48] = self._earlier_seats(_request, _stage)
    starts: DynArray[uint256, MAX_REMOVED] = []
    stakes: DynArray[uint256, MAX_REMOVED] = []
    spare: DynArray[uint256, 48] = []
    removed: uint256 = 0
    for attempt: uint256 in range(MAX_REMOVED):
        if len(chosen) == _count or removed == total:
            break

        point: uint256 = convert(
            keccak256(abi_encode(_seed, _request, _stage, attempt)), uint256
        ) % (total - removed)
        place: uint256 = 0
        for i: uint256 in range(len(starts), bound=MAX_REMOVED):
            if point < starts[i]:
                break
            point += stakes[i]
            place = i + 1

        position: uint256 = snapshot.find(_snapshot, size, point)
        start: uint256 = 0
        end: uint256 = 0
        holder: address = empty(address)
        if position != 0:
            holder, start = snapshot.entry(_snapshot, position - 1)
        holder, end = snapshot.entry(_snapshot, position)
        removed += end - start

        # Kept in order: everything from `place` on moves up by one.
        starts.append(0)
        stakes.append(0)
        for i: uint256 in range(MAX_REMOVED):
            at: uint256 = len(starts) - 1 - i
            if at == place:
                break
            starts[at] = starts[at - 1]
            stakes[at] = stakes[at - 1]
        starts[place] = start
        stakes[place] = end - start

        if position in earlier:
            spare.append(position)
        elif (
            holder != _claimant
            and holder not in _excluded
            and self._can_sit(holder, bond, _bonding)
        ):
            chosen.append(position)
            requests.take_seat(holder)
    for position: uint256 in spare:
        if len(chosen) == _count:
            break

        holder: address = empty(address)
        end: uint256 = 0
        holder, end = snapshot.entry(_snapshot, position)
        if self._can_sit(holder, bond, _bonding):
            chosen.append(position)
            requests.take_seat(holder)
    return chosen


@internal
def save(_request: uint256, _stage: uint256, _positions: DynArray[uint256, MAX_SEATS]):
    """
    @dev Sixteen positions to a word.
    """
    word: uint256 = 0
    seat: uint256 = 0
    for position: uint256 in _positions:
        word |= position << ((seat & 15) << 4)
        seat += 1
        if seat & 15 == 0 or seat == len(_positions):
            requests.set_seat_words(_request, _stage, (seat - 1) >> 4, word)
            word = 0


@internal
@view
def holder(_request: uint256, _stage: uint256, _seat: uint256) -> address:
    first: uint256 = requests.first(_request)
    transcoder: address = empty(address)
    stake: uint256 = 0
    transcoder, stake = snapshot.entry(
        convert(first & (2**160 - 1), address),
        requests.seat_position(_request, first, _stage, _seat),
    )
    return transcoder


@internal
@view
def holders(_request: uint256, _stage: uint256, _seats: uint256) -> DynArray[address, MAX_SEATS]:
    found: DynArray[address, MAX_SEATS] = []
    for seat: uint256 in range(_seats, bound=MAX_SEATS):
        found.append(self.holder(_request, _stage, seat))
    return found


@internal
@view
def _can_sit(_holder: address, _bond: uint256, _bonding: address) -> bool:
    """
    @dev Own stake has to cover the bond of every open seat and of this one.
    """
    if staticcall IBondingManager(_bonding).isBarred(_holder):
        return False
    stake: uint256 = staticcall IBondingManager(_bonding).slashableStake(_holder)
    return stake != 0 and stake >= _bond * (requests.openSeats[_holder] + 1)


@internal
@view
def _earlier_seats(_request: uint256, _stage: uint256) -> DynArray[uint256, 48]:
    positions: DynArray[uint256, 48] = []
    for stage: uint256 in range(1, _stage, bound=2):
        state: uint256 = requests.stage_state(_request, stage, requests.state(_request))
        for seat: uint256 in range(requests.seats(state), bound=MAX_SEATS):
            positions.append(
                requests.seat_position(_request, requests.first(_request), stage, seat)
            )
    return positions
