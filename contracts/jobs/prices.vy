# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What transcoders ask
@license MIT
@notice One asking price per transcoder, as a fraction of wei by pixels, in force from the round after it was set.
@dev _asks[transcoder]: pricePerUnit 64 | pixelsPerUnit 64 | first round 32. _earlier holds what was in force before,
     which an election over an older round's snapshot still needs.
"""

from ..interfaces import IJobsManager
from ..lib import reasons

WORD: constant(uint256) = 2**64 - 1

_asks: HashMap[address, uint256]
_earlier: HashMap[address, uint256]


@internal
@pure
def check(_pricePerUnit: uint256, _pixelsPerUnit: uint256):
    if _pricePerUnit >= 2**64:
        reasons.fail("price per unit out of range")
    if _pixelsPerUnit == 0 or _pixelsPerUnit >= 2**64:
        reasons.fail("pixels per unit out of range")


@internal
@view
def in_force(_transcoder: address, _round: uint256) -> uint256:
    """
    @dev pricePerUnit 64 | pixelsPerUnit 64; zero where there is no ask.
    """
    ask: uint256 = self._asks[_transcoder]
    if ask >> 128 > _round:
        ask = self._earlier[_transcoder]
        if ask >> 128 > _round:
            return 0
    return ask & (2**128 - 1)


@internal
def set_ask(
    _transcoder: address,
    _pricePerUnit: uint256,
    _pixelsPerUnit: uint256,
    _round: uint256,
    _locked: bool,
):
    """
    @dev `_round` is the current one. In the lock window jobs of the next round are being planned already: there
         an ask may only fall.
    """
    self.check(_pricePerUnit, _pixelsPerUnit)
    ask: uint256 = self._asks[_transcoder]
    if _locked and ask != 0:
        if self.above(_pricePerUnit | (_pixelsPerUnit << 64), ask):
            reasons.fail("price may only fall now")
    if ask != 0 and ask >> 128 <= _round:
        self._earlier[_transcoder] = ask
    self._asks[_transcoder] = _pricePerUnit | (_pixelsPerUnit << 64) | ((_round + 1) << 128)

    log IJobsManager.TranscoderPriceSet(
        transcoder=_transcoder,
        pricePerUnit=_pricePerUnit,
        pixelsPerUnit=_pixelsPerUnit,
        effectiveRound=_round + 1,
    )


@internal
def drop(_transcoder: address):
    """
    @dev Whoever is convicted asks nothing any more, so no election draws it.
    """
    self._asks[_transcoder] = 0
    self._earlier[_transcoder] = 0


@internal
@pure
def above(_one: uint256, _other: uint256) -> bool:
    """
    @dev Whether fraction `_one` is greater than `_other`; both as returned by `in_force`, higher bits ignored.
    """
    return (_one & WORD) * ((_other >> 64) & WORD) > (_other & WORD) * ((_one >> 64) & WORD)
