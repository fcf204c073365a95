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
"""

from ..interfaces import IBondingManager
from ..interfaces import IVerifierCommittee
from . import purse
from . import requests
from . import seating
from . import settings
from . import tally

uses: purse
uses: requests
uses: seating
uses: settings


# LPT wei of fines, waiting to be destroyed.
penaltiesToBurn: public(uint256)


@internal
def reckon(_request: uint256, _state: uint256, _verdict: uint256, _bonding: address) -> uint256:
    """
    @dev Returns the wei in hand that belong to nobody here: for the claimant, or with an INVALID verdict for the
         JobsManager to dispose of.
    """
    windows: uint256 = settings.windows(requests.version(_state))
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request)
    if _verdict != tally.VALID:
        pot -= returnable
    first_pay: uint256 = pot // tally.stage_size(1)
    later_pay: uint256 = requests.leaves(_state) * settings.seat_pay(windows)
    pot += self._settle_appeal(_request, _verdict)

    # First the fines, and how much there is to pay.
    fines: uint256 = 0
    owed: uint256 = 0
    earners: uint256 = 0
    last: uint256 = requests.stage(_state)
    for stage: uint256 in range(1, last + 1, bound=3):
        votes: uint256 = requests.stage_state(_request, stage, _state)
        for seat: uint256 in range(requests.seats(votes), bound=33):
            holder: address = seating.holder(_request, stage, seat)
            requests.leave_seat(holder)
            fault: uint256 = self._fault(votes, seat, _verdict, stage == last)
            if fault == 0:
                if self._earns(votes, seat, _verdict):
                    owed += first_pay if stage == 1 else later_pay
                    earners += 1
                continue

            taken: uint256 = extcall IBondingManager(_bonding).penalizeSeat(
                holder, settings.penalty(requests.version(_state), fault)
            )
            fines += taken
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
    self.penaltiesToBurn += fines - prize * earners
    if owed == 0:
        return pot

    paid: uint256 = 0
    spendable: uint256 = min(pot, owed)
    for stage: uint256 in range(1, last + 1, bound=3):
        votes: uint256 = requests.stage_state(_request, stage, _state)
        pay: uint256 = (first_pay if stage == 1 else later_pay) * spendable // owed
        for seat: uint256 in range(requests.seats(votes), bound=33):
            if not self._earns(votes, seat, _verdict):
                continue

            holder: address = seating.holder(_request, stage, seat)
            paid += pay
            purse.credit(holder, pay)
            if prize != 0:
                purse.credit_tokens(holder, prize)
            log IVerifierCommittee.SeatPaid(request=_request, verifier=holder, amount=pay)
    return pot - paid


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

    purse.credit(appellant, bond)
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
