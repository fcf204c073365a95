# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Views of the committee
@license MIT
@notice Everything a seat or a party reads of requests.
"""

from ..governance import manager
from ..interfaces import IVerifierCommittee
from ..lib import signatures
from . import phases
from . import requests
from . import seating
from . import settings

uses: manager
uses: phases
uses: requests
uses: seating
uses: settings


@external
@view
def getRequest(_request: uint256) -> IVerifierCommittee.Request:
    """
    @notice A request.
    @param _request Its number, from 1.
    @return All of it; phase 0 where there is none.
    """
    state: uint256 = requests.state(_request)
    place: uint256 = requests.place(_request)
    stage: uint256 = requests.stage(state)
    phase: uint256 = requests.phase(state)
    counts: uint256[4] = requests.counts(state)
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request, state)
    voting: bool = phase == requests.VOTING
    shown: uint256 = phase
    if voting:
        clock: uint256 = manager.protocol_clock()
        if clock > phases.reveal_by(state):
            shown = 4
        elif clock > phases.commit_by(state) or phases.all_committed(state):
            shown = 3
    return IVerifierCommittee.Request(
        jobId=requests.job_id(place),
        claimId=requests.claim_id(place),
        claimant=phases.claimant(place),
        stage=stage,
        phase=convert(shown, uint8),
        leaves=requests.leaves(state),
        pot=pot if phase != requests.CONCLUDED else 0,
        snapshot=requests.snapshot(place),
        seedBlock=requests.seed_block(state) if stage > 1 else 0,
        commitBy=phases.commit_by(state) if voting else 0,
        revealBy=phases.reveal_by(state) if voting else 0,
        appealBy=(
            phases.appeal_by(requests.clock(state), state) if phase == requests.APPEAL else 0
        ),
        seats=requests.seats(state),
        committed=counts[0],
        revealed=counts[1] + counts[2] + counts[3],
        verdict=convert(requests.verdict(state), uint8),
    )


@external
@view
def seatsOf(_request: uint256, _stage: uint256) -> DynArray[address, 33]:
    """
    @notice Who sits in a stage.
    @param _request The request.
    @param _stage 1 to 3.
    @return Their addresses; a seat's position is its number.
    """
    return seating.holders(_request, _stage, requests.seats(phases.stage_state(_request, _stage)))


@external
@view
def seatOf(_request: uint256, _stage: uint256, _verifier: address) -> (bool, uint256):
    """
    @notice Whether and where an account sits in a stage.
    @param _request The request.
    @param _stage 1 to 3.
    @param _verifier The account.
    @return Whether it sits there, and its seat.
    """
    return phases.seat_of(_request, _stage, _verifier)


@external
@view
def commitmentOf(_request: uint256, _stage: uint256, _seat: uint256) -> bytes32:
    """
    @notice What binds a seat: keccak256(abi.encode(commitment, holder)); its scores once it has revealed.
    @param _request The request.
    @param _stage 1 to 3.
    @param _seat The seat.
    @return The word; zero before the commitment.
    """
    return requests.vote(_request, _stage, _seat)


@external
@view
def verdictOf(_request: uint256, _stage: uint256, _seat: uint256) -> uint8:
    """
    @notice What a seat has revealed.
    @param _request The request.
    @param _stage 1 to 3.
    @param _seat The seat.
    @return Its verdict, or zero.
    """
    state: uint256 = phases.stage_state(_request, _stage)
    return convert(requests.verdict_of(state, _seat), uint8)


@external
@view
def pendingRequests(
    _verifier: address, _fromRequest: uint256, _count: uint256
) -> DynArray[uint256, 32]:
    """
    @notice Requests being voted on in which an account sits and has not revealed yet.
    @param _verifier The account.
    @param _fromRequest First request to look at.
    @param _count How many requests to look at, 256 at most.
    @return The first 32 found.
    """
    found: DynArray[uint256, 32] = []
    for i: uint256 in range(min(_count, 256), bound=256):
        request: uint256 = _fromRequest + i
        if request > requests.numRequests or len(found) == 32:
            break
        state: uint256 = requests.state(request)
        if requests.phase(state) != requests.VOTING:
            continue
        sits: bool = False
        seat: uint256 = 0
        sits, seat = phases.seat_of(request, requests.stage(state), _verifier)
        if sits and not requests.has_revealed(state, seat):
            found.append(request)
    return found


@external
@view
def verdictDigest(
    _request: uint256,
    _stage: uint256,
    _verifier: address,
    _verdict: uint8,
    _measurementRoot: bytes32,
    _salt: bytes32,
) -> bytes32:
    """
    @notice The commitment to a verdict.
    @param _request The request.
    @param _stage The stage.
    @param _verifier Whose seat it is; nobody else can reveal it.
    @param _verdict 1 VALID, 2 INVALID, 3 UNAVAILABLE.
    @param _measurementRoot keccak256 of scores and details.
    @param _salt Secret until the reveal.
    @return The EIP-712 digest.
    """
    return phases.digest(
        signatures.domain(), _request, _stage, _verifier, _verdict, _measurementRoot, _salt
    )


@external
@view
def appealBond(_request: uint256) -> uint256:
    """
    @notice What `appeal` must bring along.
    @param _request The request.
    @return Wei.
    """
    return phases.appeal_bond(_request, requests.state(_request))


@external
@view
def currentClock() -> uint256:
    """
    @notice The protocol clock, on which all deadlines run.
    @return block.number less the blocks spent paused.
    """
    return manager.protocol_clock()


@external
@view
def parameters() -> IVerifierCommittee.Parameters:
    """
    @notice The parameters of requests made now.
    @return All of them.
    """
    return settings.unpacked()


@external
@view
def longestVerification() -> uint256:
    """
    @notice How long after its request a verdict can come at the latest.
    @return Blocks of the protocol clock.
    """
    return settings.longest(settings.windows(settings.version))
