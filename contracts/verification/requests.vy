# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Requests
@license MIT
@notice One request judges all opened leaves of one claim, through up to three stages.
@dev Two words a request:
     place:   snapshot 160 | positions of the first stage's seats in it, 3 x 10 | jobId 40 | claimId 24
     state:   stage 2 | phase 4 | verdict 3 | leaves 8 | seats 6 | clock 40 | version 16 | committed 33 |
              revealed 33 | verdicts 2 x 33 | seedBlock 40 | published 1
              clock is when the phase began; committed, revealed and verdicts are of the current stage, a bit or
              two for each seat. The first stage has three seats and no seed block: there, what it pays
              takes the place of other seats' verdicts, as seatPay 80 | challenges 8.
     _seats[request][stage * 3 + n]: positions of 16 seats of a later stage, 16 bits each.
     _past[request][stage]: the state at the end of an earlier stage.
     _votes[request][stage << 8 | seat]: the seat's commitment hashed with its holder, then its scores.
"""

struct Words:
    place: uint256
    state: uint256


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
PUBLISHED: constant(uint256) = 251
# In the first stage's state.
SEAT_PAY: constant(uint256) = 151
SEAT_PAY_MASK: constant(uint256) = 2**80 - 1
CHALLENGES: constant(uint256) = 231

FIRST_SEATS: constant(uint256) = 3
FIRST_POSITIONS: constant(uint256) = 160
POSITION: constant(uint256) = 10
POSITION_MASK: constant(uint256) = 2**10 - 1
JOB: constant(uint256) = 190
CLAIM: constant(uint256) = 230

numRequests: public(uint256)

_requests: HashMap[uint256, Words]
_seats: HashMap[uint256, HashMap[uint256, uint256]]
_past: HashMap[uint256, HashMap[uint256, uint256]]
_votes: HashMap[uint256, HashMap[uint256, bytes32]]
_appellants: HashMap[uint256, address]
_appealBonds: HashMap[uint256, uint256]


@internal
def add(
    _jobId: uint256,
    _claimId: uint256,
    _snapshot: address,
    _positions: DynArray[uint256, 33],
    _state: uint256,
) -> uint256:
    """
    @dev Stores a request that begins with three seats, and returns its number.
    """
    place: uint256 = convert(_snapshot, uint256) | (_jobId << JOB) | (_claimId << CLAIM)
    at: uint256 = FIRST_POSITIONS
    for position: uint256 in _positions:
        place |= position << at
        at += POSITION
    request: uint256 = self.numRequests + 1
    self.numRequests = request
    self._requests[request] = Words(place=place, state=_state)
    return request


@internal
@view
def state(_request: uint256) -> uint256:
    return self._requests[_request].state


@internal
def set_state(_request: uint256, _state: uint256):
    self._requests[_request].state = _state


@internal
@view
def place(_request: uint256) -> uint256:
    return self._requests[_request].place


@internal
@pure
def snapshot(_place: uint256) -> address:
    return convert(_place & (2**160 - 1), address)


@internal
@view
def money(_request: uint256, _state: uint256) -> (uint256, uint256):
    """
    @dev Wei in hand for the seats of the first stage, and what of it goes back unless the verdict is VALID.
    """
    first: uint256 = self.stage_state(_request, 1, _state)
    leaf_pay: uint256 = FIRST_SEATS * ((first >> SEAT_PAY) & SEAT_PAY_MASK)
    return leaf_pay * self.leaves(first), leaf_pay * ((first >> CHALLENGES) & 255)


@internal
def set_seat_words(_request: uint256, _stage: uint256, _number: uint256, _word: uint256):
    self._seats[_request][_stage * 3 + _number] = _word


@internal
@view
def seat_position(_request: uint256, _place: uint256, _stage: uint256, _seat: uint256) -> uint256:
    """
    @dev Where in the snapshot a seat's holder stands.
    """
    if _stage == 1:
        return (_place >> (FIRST_POSITIONS + POSITION * _seat)) & POSITION_MASK
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
@pure
def bound(_commitment: bytes32, _holder: address) -> bytes32:
    """
    @dev A commitment as it is stored. A seat that copied another's could else be revealed by that other.
    """
    return keccak256(abi_encode(_commitment, _holder))


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


# ---------------------------------------------------------------- fields


@internal
@pure
def job_id(_place: uint256) -> uint256:
    return (_place >> JOB) & (2**40 - 1)


@internal
@pure
def claim_id(_place: uint256) -> uint256:
    return (_place >> CLAIM) & (2**24 - 1)


@internal
@pure
def claim_key(_place: uint256) -> uint256:
    """
    @dev Job and claim in one word, by which seats are drawn: fixed before the seed is known, unlike a request's number.
    """
    return _place >> JOB


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
    """
    @dev Of a stage after the first.
    """
    return (_state >> SEED_BLOCK) & CLOCK_MASK


@internal
@pure
def is_published(_state: uint256) -> bool:
    """
    @dev Whether the claimant published its bytes before this stage was seated.
    """
    return (_state >> PUBLISHED) & 1 == 1


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
