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

from ..lib import snapshot
from . import accounts
from . import requests

uses: accounts
uses: requests

MAX_SEATS: constant(uint256) = 33
# Seats of the two stages before the last.
MAX_EARLIER: constant(uint256) = 48
# More than a stage has seats.
MAX_BUSY: constant(uint256) = 81
# Entries that can leave one draw; past them the seats found so far must do.
MAX_REMOVED: constant(uint256) = 256


@internal
def draw(
    _key: uint256,
    _stage: uint256,
    _count: uint256,
    _snapshot: address,
    _seed: bytes32,
    _claimant: address,
    _excluded: DynArray[address, 66],
    _earlier: DynArray[uint256, MAX_EARLIER],
    _bonding: address,
    _bond: uint256,
) -> DynArray[uint256, MAX_SEATS]:
    """
    @dev Takes min(_count, eligible) seats, each for the bond of a seat, and returns their positions in the snapshot. Those
         in `_earlier`, who sat in stages before, are left out while enough others remain, and those whose stake
         other seats take up already come last: nobody can make a committee small by keeping it busy.
    """
    chosen: DynArray[uint256, MAX_SEATS] = []
    size: uint256 = snapshot.size(_snapshot)
    if size == 0:
        return chosen

    first: address = empty(address)
    total: uint256 = 0
    first, total = snapshot.entry(_snapshot, size - 1)
    starts: DynArray[uint256, MAX_REMOVED] = []
    stakes: DynArray[uint256, MAX_REMOVED] = []
    spare: DynArray[uint256, MAX_EARLIER] = []
    busy: DynArray[uint256, MAX_BUSY] = []
    removed: uint256 = 0
    for attempt: uint256 in range(MAX_REMOVED):
        if len(chosen) == _count or removed == total:
            break

        point: uint256 = convert(
            keccak256(abi_encode(_seed, _key, _stage, attempt)), uint256
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

        if position in _earlier:
            spare.append(position)
        elif holder != _claimant and holder not in _excluded:
            sits: bool = False
            eligible: bool = False
            sits, eligible = accounts.take_seat(holder, _snapshot, _bond, _bonding, False)
            if sits:
                chosen.append(position)
            elif eligible and len(busy) < MAX_BUSY:
                busy.append(position)
    for position: uint256 in spare:
        if len(chosen) == _count:
            break

        if self._seat(position, _snapshot, _bond, _bonding, False):
            chosen.append(position)
        elif len(busy) < MAX_BUSY:
            busy.append(position)
    for position: uint256 in busy:
        if len(chosen) == _count:
            break

        if self._seat(position, _snapshot, _bond, _bonding, True):
            chosen.append(position)
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
def holder(_request: uint256, _place: uint256, _stage: uint256, _seat: uint256) -> address:
    transcoder: address = empty(address)
    stake: uint256 = 0
    transcoder, stake = snapshot.entry(
        requests.snapshot(_place), requests.seat_position(_request, _place, _stage, _seat)
    )
    return transcoder


@internal
@view
def holders(_request: uint256, _stage: uint256, _seats: uint256) -> DynArray[address, MAX_SEATS]:
    place: uint256 = requests.place(_request)
    found: DynArray[address, MAX_SEATS] = []
    for seat: uint256 in range(_seats, bound=MAX_SEATS):
        found.append(self.holder(_request, place, _stage, seat))
    return found


@internal
@view
def earlier_seats(_request: uint256, _state: uint256) -> DynArray[uint256, MAX_EARLIER]:
    """
    @dev Positions of all who sat in stages before the current one.
    """
    place: uint256 = requests.place(_request)
    positions: DynArray[uint256, MAX_EARLIER] = []
    for stage: uint256 in range(1, requests.stage(_state), bound=2):
        votes: uint256 = requests.stage_state(_request, stage, _state)
        for seat: uint256 in range(requests.seats(votes), bound=MAX_SEATS):
            positions.append(requests.seat_position(_request, place, stage, seat))
    return positions


@internal
def _seat(
    _position: uint256, _snapshot: address, _bond: uint256, _bonding: address, _beyond: bool
) -> bool:
    holder: address = empty(address)
    end: uint256 = 0
    holder, end = snapshot.entry(_snapshot, _position)
    sits: bool = False
    eligible: bool = False
    sits, eligible = accounts.take_seat(holder, _snapshot, _bond, _bonding, _beyond)
    return sits
