# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
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
    return (
        earnings.pending(_transcoder, _round)[0] + exits.reachable(_transcoder, _round, _clock)
    )


@internal
def take(
    _transcoder: address, _wanted: uint256, _snapshot: uint256, _round: uint256, _clock: uint256
) -> uint256:
    """
    @dev Takes up to `_wanted` from what a transcoder has bonded and, in proportion, from its open locks. Returns what
         was taken. A transcoder left with too little stake of its own leaves the pool with the next round.
    """
    delegate: address = ledger.delegate(_transcoder)
    start: uint256 = 0
    end: uint256 = 0
    start, end = earnings.growth(_transcoder, _snapshot)
    bonded: uint256 = ledger.bonded(_transcoder) * end // start

    whole: uint256 = bonded + exits.reachable(_transcoder, _round, _clock)
    if whole == 0:
        return 0
    part: uint256 = min(_wanted, whole)
    taken: uint256 = exits.take(_transcoder, part, whole, _round, _clock)
    # Locks are rounded down, so the bond may have to give a few wei more than its share.
    part = min(part - taken, bonded)
    if part == 0:
        return taken

    # In stake as of the last claim, so that nothing it will still earn is lost.
    bonded = (bonded - part) * start // end
    ledger.set_bonded(_transcoder, bonded)
    if bonded == 0:
        ledger.set_delegate(_transcoder, empty(address), 0)
    if delegate == _transcoder:
        self.expel_if_light(_transcoder, _snapshot + 1)
    transcoder_pool.remove_stake(delegate, part, _snapshot, empty(address), empty(address))
    return taken + part


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
