# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Reckoning
@license MIT
@notice Pays and fines the seats of all stages by the final verdict, from what is in hand: the claim's verification fee,
        lost bonds, and the fines themselves. Never from new money, and never failing for want of it.
@dev A seat that revealed the final verdict earns its share. One that revealed another is fined; but UNAVAILABLE in a
     stage before the last only goes unpaid, since bytes may be published later. Not revealing what was committed
     costs most, not committing least. Half of every fine is burned, the rest goes to the seats that earned.
     Of those that revealed the final verdict, one whose scores lie outside the dead band around the final
     stage's median earns nothing. The first stage judges one rung of a segment and later ones all, so its scores
     are only compared with its own.
"""

from ..interfaces import IBondingManager
from ..interfaces import IVerifierCommittee
from . import accounts
from . import bands
from . import requests
from . import seating
from . import settings
from . import tally

uses: accounts
uses: requests
uses: seating
uses: settings


@internal
def reckon(_request: uint256, _state: uint256, _verdict: uint256, _bonding: address) -> uint256:
    """
    @dev Returns the wei in hand that belong to nobody here: for the claimant, or with an INVALID verdict for the
         JobsManager to dispose of.
    """
    windows: uint256 = settings.windows(requests.version(_state))
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request, _state)
    if _verdict != tally.VALID:
        pot -= returnable
    first_pay: uint256 = pot // tally.stage_size(1)
    later_pay: uint256 = requests.leaves(_state) * settings.seat_pay(windows)
    pot += self._settle_appeal(_request, _verdict)

    # First the fines, and how much there is to pay.
    place: uint256 = requests.place(_request)
    last: uint256 = requests.stage(_state)
    bits: uint256 = settings.score_bits(windows)
    median: uint256 = self._median(_request, _state, _verdict, bits)
    band: uint256 = settings.dead_band(requests.version(_state))
    fines: uint256 = 0
    owed: uint256 = 0
    earners: uint256 = 0
    # A bit for each seat that earns, by stage.
    earning: uint256[4] = [0, 0, 0, 0]
    for stage: uint256 in range(1, last + 1, bound=3):
        votes: uint256 = requests.stage_state(_request, stage, _state)
        compared: bool = _verdict <= tally.INVALID and (stage > 1 or last == 1)
        for seat: uint256 in range(requests.seats(votes), bound=33):
            fault: uint256 = self._fault(votes, seat, _verdict, stage == last)
            if fault == 0:
                earns: bool = self._earns(votes, seat, _verdict)
                if earns and compared:
                    earns = bands.agree(
                        convert(requests.vote(_request, stage, seat), uint256), median, band, bits
                    )
                if earns:
                    owed += first_pay if stage == 1 else later_pay
                    earners += 1
                    earning[stage] |= 1 << seat
                continue

            holder: address = seating.holder(_request, place, stage, seat)
            taken: uint256 = extcall IBondingManager(_bonding).penalizeSeat(
                holder, settings.penalty(requests.version(_state), fault)
            )
            fines += taken
            accounts.look_again(holder)
            log IVerifierCommittee.SeatPenalized(
                request=_request,
                verifier=holder,
                stage=stage,
                fault=convert(fault, uint8),
                amount=taken,
            )

    # Rounded against the seats; with nobody to earn all of it burns.
    prize: uint256 = 0
    if earners != 0:
        prize = fines // 2 // earners
    accounts.penaltiesToBurn += fines - prize * earners

    paid: uint256 = 0
    spendable: uint256 = min(pot, owed)
    for stage: uint256 in range(1, last + 1, bound=3):
        pay: uint256 = 0
        if owed != 0:
            pay = (first_pay if stage == 1 else later_pay) * spendable // owed
        seats: uint256 = requests.seats(requests.stage_state(_request, stage, _state))
        for seat: uint256 in range(seats, bound=33):
            holder: address = seating.holder(_request, place, stage, seat)
            if (earning[stage] >> seat) & 1 == 0:
                accounts.leave_seat(holder, 0, 0)
                continue

            paid += pay
            accounts.leave_seat(holder, pay, prize)
            log IVerifierCommittee.SeatPaid(request=_request, verifier=holder, amount=pay)
    return pot - paid


@internal
@view
def _median(_request: uint256, _state: uint256, _verdict: uint256, _bits: uint256) -> uint256:
    """
    @dev Of the scores of the final stage's seats that revealed the verdict.
    """
    stage: uint256 = requests.stage(_state)
    scores: DynArray[uint256, 33] = []
    for seat: uint256 in range(requests.seats(_state), bound=33):
        if self._earns(_state, seat, _verdict):
            scores.append(convert(requests.vote(_request, stage, seat), uint256))
    if len(scores) == 0:
        return 0
    return bands.medians(scores, _bits)


@internal
def _settle_appeal(_request: uint256, _verdict: uint256) -> uint256:
    """
    @dev An appeal that changed the verdict has its bond back; another's bond is in hand for the seats.
    """
    appellant: address = empty(address)
    bond: uint256 = 0
    appellant, bond = requests.appellant(_request)
    if bond == 0:
        return 0
    # Set aside when the appeal was made, the votes of stage 2 carry the verdict appealed against.
    appealed: uint256 = requests.verdict(requests.stage_state(_request, 2, 3))
    if appealed == _verdict:
        return bond

    accounts.credit(appellant, bond)
    return 0


@internal
@pure
def _earns(_votes: uint256, _seat: uint256, _verdict: uint256) -> bool:
    """
    @dev Where there is no verdict every reveal was an honest try.
    """
    if not requests.has_revealed(_votes, _seat):
        return False
    return _verdict == tally.INCONCLUSIVE or requests.verdict_of(_votes, _seat) == _verdict


@internal
@pure
def _fault(_votes: uint256, _seat: uint256, _verdict: uint256, _isLast: bool) -> uint256:
    """
    @dev 0 none, 1 no commit, 2 minority, 3 no reveal.
    """
    if not requests.has_committed(_votes, _seat):
        return 1
    if not requests.has_revealed(_votes, _seat):
        return 3
    verdict: uint256 = requests.verdict_of(_votes, _seat)
    if _verdict == tally.INCONCLUSIVE or verdict == _verdict:
        return 0
    if verdict == tally.UNAVAILABLE and not _isLast:
        return 0
    return 2
