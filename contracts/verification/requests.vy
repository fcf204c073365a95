# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Requests
@license MIT
@notice One request judges all opened leaves of one claim, through up to three stages.
@dev Words of a request:
     subject: jobId 40 | claimId 24 | pot 96 | returnable 96: wei in hand for the seats, of which the second part goes
              back unless the verdict is VALID.
     state:   stage 2 | phase 4 | verdict 3 | leaves 8 | seats 6 | clock 40 | version 16 | committed 33 |
              revealed 33 | verdicts 2 x 33 | seedBlock 40
              clock is when the phase began; committed, revealed and verdicts are of the current stage, a bit or
              two for each seat.
     first:   snapshot 160 | positions of the first stage's seats in it, 3 x 16
     _seats[request][stage * 3 + n]: positions of 16 seats of a later stage, 16 bits each.
     _past[request][stage]: the state at the end of an earlier stage.
     _votes[request][stage << 8 | seat]: the seat's commitment, then its scores.
"""

from ..lib import reasons


struct Words:
    subject: uint256
    state: uint256
    first: uint256


SEATING: constant(uint256) = 1
VOTING: constant(uint256) = 2
APPEAL: constant(uint256) = 5
CONCLUDED: constant(uint256) = 6

PHASE: constant(uint256) = 2
VERDICT: constant(uint256) = 6
LEAVES: constant(uint256) = 9
SEATS: constant(uint256) = 17
CLOCK: constant(uint256) = 23
CLOCK_MASK: constant(uint256) = 2**40 - 1
VERSION: constant(uint256) = 63
COMMITTED: constant(uint256) = 79
REVEALED: constant(uint256) = 112
VERDICTS: constant(uint256) = 145
SEED_BLOCK: constant(uint256) = 211
SEAT_MASK: constant(uint256) = 2**33 - 1
POT: constant(uint256) = 64
RETURNABLE: constant(uint256) = 160
AMOUNT: constant(uint256) = 2**96 - 1
FIRST_SEATS: constant(uint256) = 160

numRequests: public(uint256)

_requests: HashMap[uint256, Words]
_seats: HashMap[uint256, HashMap[uint256, uint256]]
_past: HashMap[uint256, HashMap[uint256, uint256]]
_votes: HashMap[uint256, HashMap[uint256, bytes32]]
_appellants: HashMap[uint256, address]
_appealBonds: HashMap[uint256, uint256]
# Seats an account holds in requests that are not concluded.
openSeats: public(HashMap[address, uint256])


@internal
def add(_jobId: uint256, _claimId: uint256) -> uint256:
    """
    @dev The number of a new request; it exists once it has a state.
    """
    if _jobId >= 2**40 or _claimId >= 2**24:
        reasons.fail("claim out of range")

    request: uint256 = self.numRequests + 1
    self.numRequests = request
    self._requests[request].subject = _jobId | (_claimId << 40)
    return request


@internal
def set_first(_request: uint256, _snapshot: address, _positions: DynArray[uint256, 33]):
    """
    @dev Where seats are drawn from, and the three of the first stage.
    """
    word: uint256 = convert(_snapshot, uint256)
    at: uint256 = FIRST_SEATS
    for position: uint256 in _positions:
        word |= position << at
        at += 16
    self._requests[_request].first = word


@internal
@view
def state(_request: uint256) -> uint256:
    return self._requests[_request].state


@internal
def set_state(_request: uint256, _state: uint256):
    self._requests[_request].state = _state


@internal
@view
def subject(_request: uint256) -> uint256:
    return self._requests[_request].subject


@internal
@view
def first(_request: uint256) -> uint256:
    return self._requests[_request].first


@internal
@view
def snapshot(_request: uint256) -> address:
    return convert(self._requests[_request].first & (2**160 - 1), address)


@internal
@view
def money(_request: uint256) -> (uint256, uint256):
    """
    @dev Pot, and what of it goes back unless the verdict is VALID.
    """
    subject: uint256 = self._requests[_request].subject
    return (subject >> POT) & AMOUNT, subject >> RETURNABLE


@internal
def set_money(_request: uint256, _pot: uint256, _returnable: uint256):
    if _pot > AMOUNT or _returnable > _pot:
        reasons.fail("amount out of range")

    subject: uint256 = self._requests[_request].subject
    self._requests[_request].subject = (
        (subject & (2**POT - 1)) | (_pot << POT) | (_returnable << RETURNABLE)
    )


@internal
def set_seat_words(_request: uint256, _stage: uint256, _number: uint256, _word: uint256):
    self._seats[_request][_stage * 3 + _number] = _word


@internal
@view
def seat_position(_request: uint256, _first: uint256, _stage: uint256, _seat: uint256) -> uint256:
    """
    @dev Where in the snapshot a seat's holder stands.
    """
    if _stage == 1:
        return (_first >> (FIRST_SEATS + (_seat << 4))) & (2**16 - 1)
    word: uint256 = self._seats[_request][_stage * 3 + (_seat >> 4)]
    return (word >> ((_seat & 15) << 4)) & (2**16 - 1)


@internal
@view
def vote(_request: uint256, _stage: uint256, _seat: uint256) -> bytes32:
    return self._votes[_request][(_stage << 8) | _seat]


@internal
def set_vote(_request: uint256, _stage: uint256, _seat: uint256, _vote: bytes32):
    self._votes[_request][(_stage << 8) | _seat] = _vote


@internal
def keep_stage(_request: uint256, _state: uint256):
    """
    @dev Puts a finished stage's votes aside for the reckoning at the end.
    """
    self._past[_request][self.stage(_state)] = _state


@internal
@view
def stage_state(_request: uint256, _stage: uint256, _state: uint256) -> uint256:
    """
    @dev The state with the votes of any stage up to the current one.
    """
    if _stage == self.stage(_state):
        return _state
    return self._past[_request][_stage]


@internal
def set_appeal(_request: uint256, _appellant: address, _bond: uint256):
    self._appellants[_request] = _appellant
    self._appealBonds[_request] = _bond


@internal
@view
def appellant(_request: uint256) -> (address, uint256):
    return self._appellants[_request], self._appealBonds[_request]


@internal
def take_seat(_account: address):
    self.openSeats[_account] += 1


@internal
def leave_seat(_account: address):
    self.openSeats[_account] -= 1


# ---------------------------------------------------------------- fields


@internal
@pure
def job_id(_subject: uint256) -> uint256:
    return _subject & (2**40 - 1)


@internal
@pure
def claim_id(_subject: uint256) -> uint256:
    return (_subject >> 40) & (2**24 - 1)


@internal
@pure
def stage(_state: uint256) -> uint256:
    return _state & 3


@internal
@pure
def phase(_state: uint256) -> uint256:
    return (_state >> PHASE) & 15


@internal
@pure
def verdict(_state: uint256) -> uint256:
    return (_state >> VERDICT) & 7


@internal
@pure
def leaves(_state: uint256) -> uint256:
    return (_state >> LEAVES) & 255


@internal
@pure
def seats(_state: uint256) -> uint256:
    return (_state >> SEATS) & 63


@internal
@pure
def clock(_state: uint256) -> uint256:
    return (_state >> CLOCK) & CLOCK_MASK


@internal
@pure
def version(_state: uint256) -> uint256:
    return (_state >> VERSION) & (2**16 - 1)


@internal
@pure
def seed_block(_state: uint256) -> uint256:
    return _state >> SEED_BLOCK


@internal
@pure
def has_committed(_state: uint256, _seat: uint256) -> bool:
    return (_state >> (COMMITTED + _seat)) & 1 == 1


@internal
@pure
def has_revealed(_state: uint256, _seat: uint256) -> bool:
    return (_state >> (REVEALED + _seat)) & 1 == 1


@internal
@pure
def verdict_of(_state: uint256, _seat: uint256) -> uint256:
    return (_state >> (VERDICTS + 2 * _seat)) & 3


@internal
@pure
def counts(_state: uint256) -> uint256[4]:
    """
    @dev How many seats committed, then how many revealed VALID, INVALID, UNAVAILABLE.
    """
    counts: uint256[4] = [0, 0, 0, 0]
    for seat: uint256 in range(self.seats(_state), bound=33):
        if self.has_committed(_state, seat):
            counts[0] += 1
        if self.has_revealed(_state, seat):
            counts[self.verdict_of(_state, seat)] += 1
    return counts


@internal
@pure
def opened(
    _stage: uint256,
    _phase: uint256,
    _leaves: uint256,
    _seats: uint256,
    _clock: uint256,
    _version: uint256,
) -> uint256:
    """
    @dev The state of a stage nobody has voted in yet.
    """
    return (
        _stage
        | (_phase << PHASE)
        | (_leaves << LEAVES)
        | (_seats << SEATS)
        | (_clock << CLOCK)
        | (_version << VERSION)
    )


@internal
@pure
def moved(_state: uint256, _phase: uint256, _verdict: uint256, _clock: uint256) -> uint256:
    """
    @dev The same votes in another phase.
    """
    return (
        (_state & ~((15 << PHASE) | (7 << VERDICT) | (CLOCK_MASK << CLOCK)))
        | (_phase << PHASE)
        | (_verdict << VERDICT)
        | (_clock << CLOCK)
    )
