# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What a transcoder's own stake answers for
@license MIT
@notice Takes stake from a transcoder: what it has bonded itself, and its own locks that could not be withdrawn yet.
        Delegators' stakes are never taken.
@dev The price of a slash does not depend on how many delegate to the transcoder or how many locks it has made.
"""

from ..interfaces import IBondingManager
from . import earnings
from . import exits
from . import ledger
from . import reasons
from . import transcoder_pool

uses: earnings
uses: exits
uses: ledger
uses: transcoder_pool

# Parts per million.
PERC_DIVISOR: constant(uint256) = 1_000_000

MAX_CLOCK: constant(uint256) = 2**32 - 1
MAX_ROUND: constant(uint256) = 2**24 - 1


@internal
def back_work(_transcoder: address, _until_clock: uint256):
    if _until_clock > MAX_CLOCK:
        reasons.fail("clock is too far ahead")
    if _until_clock > ledger.backed_until(_transcoder):
        ledger.set_backed_until(_transcoder, _until_clock)

        log IBondingManager.WorkBacked(transcoder=_transcoder, untilClock=_until_clock)


@internal
@view
def within_reach(_transcoder: address, _round: uint256, _clock: uint256) -> uint256:
    """
    @dev What a slash in `_round` at `_clock` could take, in wei of LPT.
    """
    return (earnings.pending(_transcoder, _round)[0] + exits.reachable(_transcoder, _round, _clock))


@internal
def take(
    _transcoder: address,
    _most: uint256,
    _fraction: uint256,
    _snapshot: uint256,
    _round: uint256,
    _clock: uint256,
) -> uint256:
    """
    @dev Takes `_fraction` (parts per million), but no more than `_most`, from what a transcoder has bonded, its commission
         and its open locks, in proportion, and without a claim: one before the round's reward would forgo that. Returns
         what was taken. A transcoder left with too little stake of its own leaves the pool with the next round.
    """
    delegate: address = ledger.delegate(_transcoder)
    stored: uint256 = ledger.bonded(_transcoder)
    commission: uint256 = 0
    if delegate == _transcoder:
        commission = ledger.commission(_transcoder)
    start: uint256 = 0
    end: uint256 = 0
    start, end = earnings.since_claim(_transcoder, delegate)
    bonded: uint256 = 0
    fees: uint256 = 0
    bonded, fees = earnings.grow(stored, start, end)

    whole: uint256 = bonded + commission + exits.reachable(_transcoder, _round, _clock)
    if whole == 0:
        return 0
    part: uint256 = min(_most, whole * _fraction // PERC_DIVISOR)
    from_locks: uint256 = exits.take(_transcoder, part, whole, _round, _clock)
    from_commission: uint256 = commission * part // whole
    # The others are rounded down, so the bond may have to give a few wei more than its share.
    part = min(part - from_locks - from_commission, bonded)
    if part != 0:
        # In stake as of the last claim, which goes on earning; what the rest earned up to now is not lost.
        stored = stored * (bonded - part) // bonded
        if fees != 0:
            fees -= earnings.grow(stored, start, end)[1]
        if fees > 1:
            # One less, since what it goes on earning may round up by what was cut off here.
            ledger.set_fees(_transcoder, ledger.fees(_transcoder) + fees - 1)
        if stored == 0:
            ledger.set_delegate(_transcoder, empty(address), 0)
    part += from_commission
    if part != 0:
        if delegate == _transcoder:
            ledger.set_bonded_and_commission(_transcoder, stored, commission - from_commission)
            self.expel_if_light(_transcoder, _snapshot + 1)
        else:
            ledger.set_bonded(_transcoder, stored)
        transcoder_pool.remove_stake(delegate, part, _snapshot, empty(address), empty(address))
    return part + from_locks


@internal
def expel_if_light(_transcoder: address, _from_round: uint256):
    """
    @dev Takes a transcoder out of the pool whose own stake is gone or below the least.
    """
    if ledger.seat(_transcoder) != 0:
        own: uint256 = ledger.bonded(_transcoder)
        if own == 0 or own < transcoder_pool.min_self_stake():
            transcoder_pool.leave(_transcoder, _from_round)


@internal
def bar(_transcoder: address, _snapshot: uint256, _until_round: uint256):
    """
    @dev Takes a convicted transcoder out of the pool and out of the round now running.
    """
    if ledger.seat(_transcoder) != 0:
        transcoder_pool.leave(_transcoder, _snapshot)
    elif ledger.deactivation(_transcoder) > _snapshot:
        ledger.set_active_rounds(_transcoder, ledger.activation(_transcoder), _snapshot)
    ledger.set_barred_until(
        _transcoder, max(ledger.barred_until(_transcoder), min(_until_round, MAX_ROUND))
    )
