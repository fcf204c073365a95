# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Phases
@license MIT
@notice Where a request stands: its deadlines, its parties, and who may act in it.
"""

from ..governance import manager
from ..interfaces import IJobsManager
from ..lib import names
from ..lib import reasons
from ..lib import signatures
from . import requests
from . import seating
from . import settings
from . import tally

uses: manager
uses: requests
uses: seating
uses: settings

VERDICT_TYPE: constant(bytes32) = keccak256(
    "Verdict(uint256 request,uint256 stage,address verifier,uint8 verdict,bytes32 measurementRoot,bytes32 salt)"
)


@internal
@view
def running_clock() -> uint256:
    manager.when_system_not_paused()
    return manager.protocol_clock()


@internal
@view
def claimant(_place: uint256) -> address:
    return staticcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).transcoderOf(
        requests.job_id(_place)
    )


@internal
@view
def parties(_place: uint256) -> DynArray[address, 66]:
    """
    @dev Broadcaster, its signer, and every challenger.
    """
    return staticcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).partiesOf(
        requests.job_id(_place), requests.claim_id(_place)
    )


@internal
@view
def commit_by(_state: uint256) -> uint256:
    return requests.clock(_state) + settings.commit_window(
        settings.windows(requests.version(_state))
    )


@internal
@view
def reveal_by(_state: uint256) -> uint256:
    return requests.clock(_state) + settings.vote_window(settings.windows(requests.version(_state)))


@internal
@view
def seat_by(_state: uint256) -> uint256:
    windows: uint256 = settings.windows(requests.version(_state))
    return requests.clock(_state) + settings.seat_delay(windows) + settings.seat_window(windows)


@internal
@view
def appeal_by(_start: uint256, _state: uint256) -> uint256:
    return _start + settings.appeal_window(settings.windows(requests.version(_state)))


@internal
@view
def appeal_bond(_request: uint256, _state: uint256) -> uint256:
    """
    @dev At least what the last stage costs, and twice what challengers put at stake.
    """
    cost: uint256 = (
        tally.stage_size(tally.LAST_STAGE)
        * requests.leaves(_state)
        * settings.seat_pay(settings.windows(requests.version(_state)))
    )
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request, _state)
    return max(cost, 4 * returnable)


@internal
@pure
def all_committed(_state: uint256) -> bool:
    return (_state >> requests.COMMITTED) & requests.SEAT_MASK == (1 << requests.seats(_state)) - 1


@internal
@pure
def digest(
    _domain: bytes32,
    _request: uint256,
    _stage: uint256,
    _verifier: address,
    _verdict: uint8,
    _measurementRoot: bytes32,
    _salt: bytes32,
) -> bytes32:
    return signatures.digest(
        _domain,
        keccak256(
            abi_encode(VERDICT_TYPE, _request, _stage, _verifier, _verdict, _measurementRoot, _salt)
        ),
    )


@internal
@view
def stage_state(_request: uint256, _stage: uint256) -> uint256:
    return requests.stage_state(_request, _stage, requests.state(_request))


@internal
@view
def seat_of(_request: uint256, _stage: uint256, _verifier: address) -> (bool, uint256):
    place: uint256 = requests.place(_request)
    for seat: uint256 in range(requests.seats(self.stage_state(_request, _stage)), bound=33):
        if seating.holder(_request, place, _stage, seat) == _verifier:
            return True, seat
    return False, 0


@internal
@pure
def check_voting(_state: uint256):
    if requests.phase(_state) != requests.VOTING:
        reasons.fail("request is not being voted on")


@internal
@view
def only_jobs_manager():
    if msg.sender != manager.contract_at(names.JOBS_MANAGER):
        reasons.fail("caller must be JobsManager")
