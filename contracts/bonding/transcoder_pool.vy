# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title The transcoder pool
@license MIT
@notice Who will be active in the next round, as a list sorted by stake: the most first, of equals the one placed last.
@dev A doubly linked list of seats. Seat 0 is no transcoder's; its links lead to the first and the last, so that the
     list has no special ends. The key of a seat is the total behind its transcoder, kept in the ledger only.
     A hint is where the search for a place starts. Every search ends behind the last seat with more stake, so hints
     change what a call costs and never what it does.
"""

from ..interfaces import IBondingManager
from . import ledger
from . import reasons

uses: ledger


# Bounds every walk, the memory of the snapshot, and its code: 256 entries of 32 bytes.
MAX_POOL: constant(uint256) = 256

M16: constant(uint256) = 2**16 - 1
M24: constant(uint256) = 2**24 - 1
M32: constant(uint256) = 2**32 - 1
M92: constant(uint256) = 2**92 - 1
M96: constant(uint256) = 2**96 - 1
M160: constant(uint256) = 2**160 - 1

# A seat: transcoder 160 | previous seat 16 | next seat 16.
# Seat 0: size 16 | most there may be 16 | first of the free seats 16 | seats ever used 16 |
# least self-stake to be active 96 | last seat 16 | first seat 16.
MAX_AT: constant(uint256) = 16
FREE_AT: constant(uint256) = 32
USED_AT: constant(uint256) = 48
SELF_STAKE_AT: constant(uint256) = 64
PREVIOUS_AT: constant(uint256) = 160
NEXT_AT: constant(uint256) = 176

_seats: uint256[MAX_POOL + 1]

# What nearly every call needs: active stake of the current round 92 | of the next round 92 | last round that was
# initialised 24 | block it ends before 32, mixed with the RoundsManager's address | unbonding period 14 (rounds) |
# whether something changes when the next round begins 1 | whether rewards are more than the stake's share 1.
ROUND_AT: constant(uint256) = 184
ENDS_AT: constant(uint256) = 208
PERIOD_AT: constant(uint256) = 240
FLAGS_AT: constant(uint256) = 254

_totals: uint256

# Rounds that end later than so many blocks ahead are asked for each time.
MAX_AHEAD: constant(uint256) = 2**16


@internal
@view
def current_total() -> uint256:
    return self._totals & M92


@internal
@view
def next_total() -> uint256:
    return (self._totals >> 92) & M92


@internal
@view
def last_round() -> uint256:
    """
    @dev The last round that was initialised.
    """
    return (self._totals >> ROUND_AT) & M24


@internal
@view
def unbonding_period() -> uint256:
    return (self._totals >> PERIOD_AT) & (2**14 - 1)


@internal
@view
def changes_next() -> bool:
    """
    @dev Whether rates were set that hold from the next round on.
    """
    return (self._totals >> FLAGS_AT) & 1 != 0


@internal
@view
def has_extras() -> bool:
    """
    @dev Whether the treasury has a part of rewards, or work has.
    """
    return self._totals >> (FLAGS_AT + 1) != 0


@internal
@view
def round_runs(_rounds: address) -> bool:
    """
    @dev Whether the last round that was initialised is known to be still running, by the RoundsManager that is registered
         now. Where it is not known, the RoundsManager has to be asked. Its address is mixed into the block, so that what
         another has said makes no sense any more: it passes for a block to come once in 2^16 times, and then only until
         that block, or until the other starts its first round.
    """
    ends: uint256 = ((self._totals >> ENDS_AT) ^ convert(_rounds, uint256)) & M32
    return self.is_near(ends) and self.last_round() != 0


@internal
@view
def is_near(_block: uint256) -> bool:
    """
    @dev Whether a block makes sense as the one before which a round now running ends.
    """
    return block.number < _block and _block <= block.number + MAX_AHEAD


@internal
@view
def size() -> uint256:
    return self._seats[0] & M16


@internal
@view
def max_size() -> uint256:
    return (self._seats[0] >> MAX_AT) & M16


@internal
@view
def min_self_stake() -> uint256:
    return (self._seats[0] >> SELF_STAKE_AT) & M96


@internal
@view
def first() -> address:
    return self._at(self._next(0))


@internal
@view
def after(_transcoder: address) -> address:
    """
    @dev The next transcoder in the pool; zero for the last and for one who is not in it.
    """
    seat: uint256 = ledger.seat(_transcoder)
    if seat == 0:
        return empty(address)
    return self._at(self._next(seat))


@internal
@view
def following(_seat: uint256) -> (uint256, address):
    """
    @dev The seat behind another, and who has it; zeros behind the last. The first is behind seat 0. Walking by seats
         reads no account.
    """
    seat: uint256 = self._next(_seat)
    return seat, self._at(seat)


@internal
def start_round(_round: uint256, _rounds: address, _ends: uint256) -> uint256:
    """
    @dev What was the next round's total becomes the current one's, and is returned. `_ends` is the block before which the
         round runs if nothing is said, as `_rounds` has it; 0 if that cannot be said.
    """
    total: uint256 = self.next_total()
    kept: uint256 = (self._totals >> PERIOD_AT) << PERIOD_AT
    self._totals = kept | total | (total << 92) | (_round << ROUND_AT)
    self.set_round_end(_rounds, _ends)
    return total


@internal
def set_flags(_changes_next: bool, _extras: bool):
    flags: uint256 = convert(_changes_next, uint256) | (convert(_extras, uint256) << 1)
    self._totals ^= ((self._totals >> FLAGS_AT) ^ flags) << FLAGS_AT


@internal
def set_round_end(_rounds: address, _ends: uint256):
    word: uint256 = self._totals
    change: uint256 = ((word >> ENDS_AT) ^ convert(_rounds, uint256) ^ _ends) & M32
    self._totals = word ^ (change << ENDS_AT)


@internal
def set_unbonding_period(_rounds: uint256):
    if _rounds >= 2**14:
        reasons.fail("unbonding period is too long")
    self._totals ^= (self.unbonding_period() ^ _rounds) << PERIOD_AT


@internal
def set_max_size(_size: uint256):
    if _size <= self.max_size():
        reasons.fail("new max size must be greater than old max size")
    if _size > MAX_POOL:
        reasons.fail("pool size is too large")
    self._put(0, MAX_AT, M16, _size)


@internal
def set_min_self_stake(_amount: uint256):
    if _amount > M96:
        reasons.fail("stake is too large")
    self._put(0, SELF_STAKE_AT, M96, _amount)


@internal
def add_stake(
    _delegate: address, _amount: uint256, _round: uint256, _previous: address, _next: address
):
    """
    @dev More stake behind a delegate: it moves up, or joins if it is a transcoder and now has enough.
    """
    total: uint256 = ledger.change_total(_delegate, _amount, 0, _round)
    seat: uint256 = ledger.seat(_delegate)
    if seat == 0:
        self.join(_delegate, _round, _previous, _next)
        return
    self._change_next_total(_amount, 0)
    # Whoever stands behind it had no more before, so only the one before it is looked at.
    neighbour: uint256 = self._previous(seat)
    if neighbour != 0 and self._key(neighbour) <= total:
        self._unlink(seat)
        self._link(seat, total, neighbour, _previous, _next)


@internal
def remove_stake(
    _delegate: address, _amount: uint256, _round: uint256, _previous: address, _next: address
):
    """
    @dev Less stake behind a delegate: it moves down. It stays in the pool however little is left.
    """
    total: uint256 = ledger.change_total(_delegate, 0, _amount, _round)
    seat: uint256 = ledger.seat(_delegate)
    if seat == 0:
        return
    self._change_next_total(0, _amount)
    neighbour: uint256 = self._next(seat)
    if neighbour != 0 and self._key(neighbour) > total:
        self._unlink(seat)
        self._link(seat, total, neighbour, _previous, _next)


@internal
def join(_transcoder: address, _round: uint256, _previous: address, _next: address):
    """
    @dev Takes a registered transcoder into the pool if it is eligible and outweighs the last of a full one.
    """
    if not ledger.is_registered(_transcoder) or ledger.barred_until(_transcoder) > _round:
        return
    if ledger.bonded(_transcoder) < self.min_self_stake():
        return

    total: uint256 = ledger.total(_transcoder)
    if self.size() >= self.max_size():
        last: uint256 = self._previous(0)
        if last == 0 or total <= self._key(last):
            return
        self.leave(self._at(last), _round + 1)

    seat: uint256 = (self._seats[0] >> FREE_AT) & M16
    if seat != 0:
        self._put(0, FREE_AT, M16, self._next(seat))
    else:
        seat = ((self._seats[0] >> USED_AT) & M16) + 1
        self._put(0, USED_AT, M16, seat)
    self._seats[0] += 1
    self._seats[seat] = convert(_transcoder, uint256)
    # Newcomers mostly belong at one of the ends; from there no walk is needed.
    start: uint256 = self._previous(0)
    if self._key(self._next(0)) <= total:
        start = 0
    self._link(seat, total, start, _previous, _next)

    # Whoever left and came back within a round was active in it all along.
    activation: uint256 = _round + 1
    if ledger.is_active(_transcoder, _round):
        activation = ledger.activation(_transcoder)
    ledger.set_active_rounds(_transcoder, activation, ledger.NEVER)
    ledger.set_seat(_transcoder, seat)
    ledger.set_backed_until(_transcoder, max(ledger.backed_until(_transcoder), ledger.ONCE_IN_POOL))
    self._change_next_total(total, 0)

    log IBondingManager.TranscoderActivated(transcoder=_transcoder, activationRound=_round + 1)


@internal
def leave(_transcoder: address, _from_round: uint256):
    """
    @dev Takes a transcoder out of the pool; from `_from_round` on it is not active.
    """
    seat: uint256 = ledger.seat(_transcoder)
    self._unlink(seat)
    head: uint256 = self._seats[0]
    free: uint256 = (head >> FREE_AT) & M16
    self._seats[seat] = free << NEXT_AT
    self._seats[0] = (head ^ ((free ^ seat) << FREE_AT)) - 1
    self._change_next_total(0, ledger.total(_transcoder))
    ledger.set_out(_transcoder, _from_round)

    log IBondingManager.TranscoderDeactivated(transcoder=_transcoder, deactivationRound=_from_round)


@internal
def _change_next_total(_added: uint256, _removed: uint256):
    before: uint256 = self.next_total()
    total: uint256 = before + _added - _removed
    if total > M92:
        reasons.fail("stake is too large")
    self._totals ^= (before ^ total) << 92


@internal
@view
def _at(_seat: uint256) -> address:
    if _seat == 0:
        return empty(address)
    return convert(self._seats[_seat] & M160, address)


@internal
@view
def _previous(_seat: uint256) -> uint256:
    return (self._seats[_seat] >> PREVIOUS_AT) & M16


@internal
@view
def _next(_seat: uint256) -> uint256:
    return (self._seats[_seat] >> NEXT_AT) & M16


@internal
@view
def _key(_seat: uint256) -> uint256:
    return ledger.total(self._at(_seat))


@internal
def _put(_seat: uint256, _at: uint256, _mask: uint256, _value: uint256):
    """
    @dev Replaces one field of a word. The value must fit.
    """
    word: uint256 = self._seats[_seat]
    self._seats[_seat] = word ^ ((((word >> _at) & _mask) ^ _value) << _at)


@internal
def _unlink(_seat: uint256):
    word: uint256 = self._seats[_seat]
    previous: uint256 = (word >> PREVIOUS_AT) & M16
    next: uint256 = (word >> NEXT_AT) & M16
    self._put(previous, NEXT_AT, M16, next)
    self._put(next, PREVIOUS_AT, M16, previous)


@internal
def _link(
    _seat: uint256, _key: uint256, _start: uint256, _previous_hint: address, _next_hint: address
):
    """
    @dev Puts a seat behind the last one with a greater key, searching from a hint or else from `_start`.
    """
    previous: uint256 = _start
    hint: uint256 = 0
    if _previous_hint != empty(address):
        hint = ledger.seat(_previous_hint)
    if hint != 0 and hint != _seat:
        previous = hint
    elif _next_hint != empty(address):
        hint = ledger.seat(_next_hint)
        if hint != 0 and hint != _seat:
            # May be seat 0: "before the first" is a good hint.
            previous = self._previous(hint)

    # At most as many steps up, and then down, as there are seats: both loops end where they should.
    for _: uint256 in range(MAX_POOL):
        if previous == 0 or self._key(previous) > _key:
            break
        previous = self._previous(previous)
    next: uint256 = self._next(previous)
    for _: uint256 in range(MAX_POOL):
        if next == 0 or self._key(next) <= _key:
            break
        previous = next
        next = self._next(next)

    word: uint256 = self._seats[_seat] & M160
    self._seats[_seat] = word | (previous << PREVIOUS_AT) | (next << NEXT_AT)
    self._put(previous, NEXT_AT, M16, _seat)
    self._put(next, PREVIOUS_AT, M16, _seat)
