# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
"""
@title VerifierCommittee
@license MIT
@notice Transcoders drawn by stake judge the opened leaves of a claim. They commit to verdict and measurements, reveal,
        and the tally decides or hands over to a larger stage: 3 seats, then 15, then 33.
@dev Deadlines run on the protocol clock. No path depends on a party: whoever pokes, every request is concluded.
@custom:pause Pausing the Controller stops every state change here and the clock of every window with it.
"""

from ..governance import manager
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons
from ..lib import snapshot
from . import accounts
from . import entrances
from . import phases
from . import requests
from . import seating
from . import settings
from . import tally
from . import unanimity
from . import views
from . import votes

initializes: manager
initializes: settings
initializes: requests
initializes: accounts
initializes: entrances[manager := manager]
initializes: seating[accounts := accounts, requests := requests]
initializes: phases[
    manager := manager,
    requests := requests,
    seating := seating,
    settings := settings
]
initializes: unanimity[
    accounts := accounts,
    manager := manager,
    phases := phases,
    requests := requests,
    seating := seating,
    settings := settings
]
initializes: votes[
    phases := phases,
    requests := requests,
    seating := seating,
    unanimity := unanimity
]
initializes: views[
    manager := manager,
    phases := phases,
    requests := requests,
    seating := seating,
    settings := settings
]

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    accounts.credits,
    accounts.openSeats,
    accounts.penaltiesToBurn,
    accounts.tokenCredits,
    entrances.seatStage,
    entrances.conclude,
    entrances.appeal,
    entrances.publishBytes,
    entrances.withdrawTokens,
    entrances.burnPenalties,
    entrances.setParameters,
    requests.numRequests,
    votes.commitVerdicts,
    votes.revealVerdicts,
    views.getRequest,
    views.seatsOf,
    views.seatOf,
    views.commitmentOf,
    views.verdictOf,
    views.pendingRequests,
    views.verdictDigest,
    views.appealBond,
    views.currentClock,
    views.parameters,
    views.longestVerification,
)


# Logged by CommitteeAppeals' code; declared here again to be part of this ABI. IVerifierCommittee explains them.
event StageEscalated:
    request: indexed(uint256)
    stage: uint256
    verdict: uint8
    seedBlock: uint256


event StageConcluded:
    request: indexed(uint256)
    stage: uint256
    verdict: uint8
    appealBy: uint256


event Appealed:
    request: indexed(uint256)
    appellant: indexed(address)
    stage: uint256
    bond: uint256
    seedBlock: uint256


event BytesPublished:
    request: indexed(uint256)
    publisher: indexed(address)
    location: String[256]


event SeatPenalized:
    request: indexed(uint256)
    verifier: indexed(address)
    stage: uint256
    fault: uint8
    amount: uint256


event TokensWithdrawn:
    account: indexed(address)
    amount: uint256


event ParametersSet:
    parameters: IVerifierCommittee.Parameters


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller; the proxy has its own entry in the same slot.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------- requests


@external
@payable
def requestVerification(
    _jobId: uint256,
    _claimId: uint256,
    _claimant: address,
    _draws: uint256,
    _challenges: uint256,
    _seatPay: uint256,
    _seed: bytes32,
    _snapshot: address,
    _excluded: DynArray[address, 66],
) -> uint256:
    """
    @notice Seats the first stage over a claim's opened leaves. Only JobsManager may. The value sent pays for the draws;
            where fewer than three are eligible it is credited to the claimant.
    @param _jobId The job.
    @param _claimId The claim.
    @param _claimant Whose claim it is.
    @param _draws How many leaves were drawn.
    @param _challenges How many leaves were challenged.
    @param _seatPay What a seat earns for one leaf, in wei.
    @param _seed The claim's seed.
    @param _snapshot The active set to draw from.
    @param _excluded Who else has a stake in the outcome.
    @return The request, or zero where fewer than three are eligible.
    """
    clock: uint256 = phases.running_clock()
    phases.only_jobs_manager()
    if _jobId >= 2**40 or _claimId >= 2**24:
        reasons.fail("claim out of range")

    version: uint256 = settings.version
    seats: DynArray[uint256, 33] = seating.draw(
        _jobId | (_claimId << 40),
        1,
        tally.stage_size(1),
        _snapshot,
        _seed,
        _claimant,
        _excluded,
        [],
        manager.contract_at(names.BONDING_MANAGER),
        settings.seat_bond(version),
    )
    if len(seats) < requests.FIRST_SEATS:
        for position: uint256 in seats:
            holder: address = empty(address)
            stake: uint256 = 0
            holder, stake = snapshot.entry(_snapshot, position)
            accounts.leave_seat(holder, 0, 0)
        accounts.credit(_claimant, msg.value)
        return 0

    state: uint256 = (
        requests.opened(1, requests.VOTING, _draws + _challenges, len(seats), clock, version)
        | (_seatPay << requests.SEAT_PAY)
        | (_challenges << requests.CHALLENGES)
    )
    request: uint256 = requests.add(_jobId, _claimId, _snapshot, seats, state)

    log IVerifierCommittee.SeatsDrawn(
        request=request,
        jobId=_jobId,
        claimId=_claimId,
        stage=1,
        leaves=_draws + _challenges,
        seats=seating.holders(request, 1, len(seats)),
        commitBy=phases.commit_by(state),
        revealBy=phases.reveal_by(state),
    )
    return request


@external
@payable
def fundRequest(_request: uint256):
    """
    @notice Brings what challengers pay the seats. Only JobsManager may.
    @param _request The request, which knows how much it is.
    """
    phases.only_jobs_manager()


@external
def lookAgain(_verifier: address):
    """
    @notice Has an account's own stake looked at before its next seat, as after a conviction. Anyone may call.
    @param _verifier The account.
    """
    accounts.look_again(_verifier)


# ---------------------------------------------------------------- money


@external
@nonreentrant
def withdraw() -> uint256:
    """
    @notice Pays the caller's ETH credit out.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return accounts.pay_out(msg.sender)


@external
@nonreentrant
def withdrawFor(_account: address) -> uint256:
    """
    @notice Pays an account's ETH credit out to it; anyone may call.
    @param _account Whose credit.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return accounts.pay_out(_account)
