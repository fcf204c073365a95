# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Unanimous first stages
@license MIT
@notice Most requests end here: three seats, all revealed VALID. No appeal, no fine, and the fee of the draws and
        of any challenges is shared among the three.
"""

from ..governance import manager
from ..interfaces import IJobsManager
from ..interfaces import IVerifierCommittee
from ..lib import names
from . import accounts
from . import bands
from . import phases
from . import requests
from . import seating
from . import settings
from . import tally

uses: manager
uses: accounts
uses: phases
uses: requests
uses: seating
uses: settings

# Three seats that revealed, all VALID.
ALL_REVEALED: constant(uint256) = 7
ALL_VALID: constant(uint256) = 21


@internal
@pure
def is_reached(_state: uint256) -> bool:
    """
    @dev Whether this is a first stage of which every seat has revealed VALID.
    """
    return (
        requests.stage(_state) == 1
        and (_state >> requests.REVEALED) & ALL_REVEALED == ALL_REVEALED
        and (_state >> requests.VERDICTS) & 63 == ALL_VALID
    )


@internal
def conclude(_request: uint256, _state: uint256):
    """
    @dev Pays each seat within the dead band its third; that of another is the claimant's.
    """
    place: uint256 = requests.place(_request)
    requests.set_state(
        _request,
        requests.moved(_state, requests.CONCLUDED, tally.VALID, requests.clock(_state)),
    )
    scores: DynArray[uint256, 33] = []
    for seat: uint256 in range(requests.FIRST_SEATS):
        scores.append(convert(requests.vote(_request, 1, seat), uint256))
    version: uint256 = requests.version(_state)
    bits: uint256 = settings.score_bits(settings.windows(version))
    median: uint256 = bands.medians(scores, bits)
    band: uint256 = 0
    if scores[0] != median or scores[1] != median or scores[2] != median:
        band = settings.dead_band(version)
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request, _state)
    share: uint256 = pot // requests.FIRST_SEATS
    for seat: uint256 in range(requests.FIRST_SEATS):
        holder: address = seating.holder(_request, place, 1, seat)
        if not bands.agree(scores[seat], median, band, bits):
            accounts.leave_seat(holder, 0, 0)
            continue

        pot -= share
        accounts.leave_seat(holder, share, 0)
        log IVerifierCommittee.SeatPaid(request=_request, verifier=holder, amount=share)
    if pot != 0:
        accounts.credit(phases.claimant(place), pot)

    extcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).receiveVerification(
        requests.job_id(place), requests.claim_id(place), convert(tally.VALID, uint8)
    )

    log IVerifierCommittee.VerificationConcluded(
        request=_request,
        jobId=requests.job_id(place),
        claimId=requests.claim_id(place),
        stage=1,
        verdict=convert(tally.VALID, uint8),
    )
