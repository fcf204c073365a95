# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Parameters of the committee, by version
@license MIT
@notice A request keeps the version in force when it was made; setting parameters only adds a version.
@dev Packed words a version:
     windows: commitWindow 24 | revealWindow 24 | appealWindow 24 | seatDelay 16 | seatWindow 24 | seatPay 80 |
              scoreBits 8
     bonds:   seatBond 128 | noCommitPenalty 128
     fines:   minorityPenalty 128 | noRevealPenalty 128
     bands:   the dead band, as bands.vy has it
"""

from ..interfaces import IVerifierCommittee
from ..lib import reasons

WINDOW: constant(uint256) = 2**24 - 1
AMOUNT: constant(uint256) = 2**128 - 1

version: uint256

_windows: HashMap[uint256, uint256]
_bonds: HashMap[uint256, uint256]
_fines: HashMap[uint256, uint256]
_bands: HashMap[uint256, uint256]


@internal
def store(_p: IVerifierCommittee.Parameters):
    self._check_window(_p.commitWindow)
    self._check_window(_p.revealWindow)
    self._check_window(_p.appealWindow)
    self._check_window(_p.seatWindow)
    if _p.seatDelay == 0 or _p.seatDelay >= 2**16:
        reasons.fail("window out of range")
    if _p.seatPay >= 2**80:
        reasons.fail("seat pay out of range")
    # As many fields as bands.vy takes.
    if _p.scoreBits < 16 or _p.scoreBits > 128:
        reasons.fail("score bits out of range")
    # The penalties are no larger, as checked below.
    if _p.seatBond > AMOUNT:
        reasons.fail("amount out of range")
    if _p.noCommitPenalty == 0:
        reasons.fail("penalties must be positive")
    if _p.minorityPenalty < _p.noCommitPenalty or _p.noRevealPenalty < _p.minorityPenalty:
        reasons.fail("graver faults must cost no less")
    # A seat must be able to pay for its worst fault.
    if _p.seatBond < _p.noRevealPenalty:
        reasons.fail("seat bond is below its penalties")

    version: uint256 = self.version + 1
    if version >= 2**16:
        reasons.fail("too many versions")
    self.version = version
    self._windows[version] = (
        _p.commitWindow
        | (_p.revealWindow << 24)
        | (_p.appealWindow << 48)
        | (_p.seatDelay << 72)
        | (_p.seatWindow << 88)
        | (_p.seatPay << 112)
        | (_p.scoreBits << 192)
    )
    self._bonds[version] = _p.seatBond | (_p.noCommitPenalty << 128)
    self._fines[version] = _p.minorityPenalty | (_p.noRevealPenalty << 128)
    self._bands[version] = convert(_p.deadBand, uint256)

    log IVerifierCommittee.ParametersSet(parameters=_p)


@internal
@view
def windows(_version: uint256) -> uint256:
    return self._windows[_version]


@internal
@pure
def commit_window(_windows: uint256) -> uint256:
    return _windows & WINDOW


@internal
@pure
def vote_window(_windows: uint256) -> uint256:
    """
    @dev Blocks for commit and reveal together.
    """
    return (_windows & WINDOW) + ((_windows >> 24) & WINDOW)


@internal
@pure
def appeal_window(_windows: uint256) -> uint256:
    return (_windows >> 48) & WINDOW


@internal
@pure
def seat_delay(_windows: uint256) -> uint256:
    return (_windows >> 72) & (2**16 - 1)


@internal
@pure
def seat_window(_windows: uint256) -> uint256:
    return (_windows >> 88) & WINDOW


@internal
@pure
def seat_pay(_windows: uint256) -> uint256:
    return (_windows >> 112) & (2**80 - 1)


@internal
@view
def seat_bond(_version: uint256) -> uint256:
    return self._bonds[_version] & AMOUNT


@internal
@pure
def score_bits(_windows: uint256) -> uint256:
    return _windows >> 192


@internal
@view
def dead_band(_version: uint256) -> uint256:
    return self._bands[_version]


@internal
@view
def penalty(_version: uint256, _fault: uint256) -> uint256:
    """
    @dev LPT for fault 1 no commit, 2 minority, 3 no reveal.
    """
    if _fault == 1:
        return self._bonds[_version] >> 128
    if _fault == 2:
        return self._fines[_version] & AMOUNT
    return self._fines[_version] >> 128


@internal
@pure
def longest(_windows: uint256) -> uint256:
    """
    @dev Blocks from a request to its last possible verdict: three votes, two seatings, one appeal.
    """
    return (
        3 * self.vote_window(_windows)
        + 2 * (self.seat_delay(_windows) + self.seat_window(_windows))
        + self.appeal_window(_windows)
    )


@internal
@view
def unpacked() -> IVerifierCommittee.Parameters:
    version: uint256 = self.version
    windows: uint256 = self._windows[version]
    return IVerifierCommittee.Parameters(
        commitWindow=windows & WINDOW,
        revealWindow=(windows >> 24) & WINDOW,
        appealWindow=self.appeal_window(windows),
        seatDelay=self.seat_delay(windows),
        seatWindow=self.seat_window(windows),
        seatBond=self.seat_bond(version),
        noCommitPenalty=self.penalty(version, 1),
        minorityPenalty=self.penalty(version, 2),
        noRevealPenalty=self.penalty(version, 3),
        seatPay=self.seat_pay(windows),
        scoreBits=self.score_bits(windows),
        deadBand=convert(self._bands[version], bytes32),
    )


@internal
@pure
def _check_window(_blocks: uint256):
    if _blocks == 0 or _blocks > WINDOW:
        reasons.fail("window out of range")
