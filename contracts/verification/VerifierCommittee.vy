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
from ..interfaces import IBeacon
from ..interfaces import IJobsManager
from ..interfaces import ILivepeerToken
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons
from . import phases
from . import purse
from . import reckoning
from . import requests
from . import seating
from . import settings
from . import tally
from . import views
from . import votes

initializes: manager
initializes: settings
initializes: requests
initializes: purse
initializes: seating[requests := requests, settings := settings]
initializes: phases[
    manager := manager,
    requests := requests,
    seating := seating,
    settings := settings
]
initializes: votes[phases := phases, requests := requests]
initializes: views[
    manager := manager,
    phases := phases,
    requests := requests,
    seating := seating,
    settings := settings
]
initializes: reckoning[
    purse := purse,
    requests := requests,
    seating := seating,
    settings := settings
]

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    purse.credits,
    purse.tokenCredits,
    reckoning.penaltiesToBurn,
    requests.numRequests,
    requests.openSeats,
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


# Fewer cannot judge.
MIN_SEATS: constant(uint256) = 3


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller; the proxy has its own entry in the same slot.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------- requests


@external
def requestVerification(
    _jobId: uint256,
    _claimId: uint256,
    _claimant: address,
    _leaves: uint256,
    _seed: bytes32,
    _snapshot: address,
    _excluded: DynArray[address, 66],
) -> uint256:
    """
    @notice Seats the first stage over a claim's opened leaves. Only JobsManager may.
    @param _jobId The job.
    @param _claimId The claim.
    @param _claimant Whose claim it is.
    @param _leaves How many leaves are to be judged.
    @param _seed The claim's seed.
    @param _snapshot The active set to draw from.
    @param _excluded Who else has a stake in the outcome.
    @return The request, or zero where fewer than three are eligible.
    """
    clock: uint256 = phases.running_clock()
    self._only_jobs_manager()

    request: uint256 = requests.add(_jobId, _claimId)
    version: uint256 = settings.version
    seats: DynArray[uint256, 33] = seating.draw(
        request,
        1,
        tally.stage_size(1),
        _snapshot,
        _seed,
        _claimant,
        _excluded,
        manager.contract_at(names.BONDING_MANAGER),
        version,
    )
    requests.set_first(request, _snapshot, seats)
    if len(seats) < MIN_SEATS:
        for seat: uint256 in range(len(seats), bound=MIN_SEATS):
            requests.leave_seat(seating.holder(request, 1, seat))
        requests.set_state(
            request,
            requests.moved(
                requests.opened(1, requests.CONCLUDED, _leaves, 0, clock, version),
                requests.CONCLUDED,
                tally.INCONCLUSIVE,
                clock,
            ),
        )
        return 0

    self._open(
        request, requests.opened(1, requests.VOTING, _leaves, len(seats), clock, version)
    )
    return request


@external
@payable
def fundRequest(_request: uint256, _returnable: uint256):
    """
    @notice Brings what the seats are paid from. Only JobsManager may.
    @param _request The request.
    @param _returnable So many wei of the value go back unless the verdict is VALID.
    """
    self._only_jobs_manager()

    requests.set_money(_request, msg.value, _returnable)


@external
def seatStage(_request: uint256):
    """
    @notice Seats the next stage of a request once the seed of its block is proven.
    @param _request The request.
    """
    clock: uint256 = phases.running_clock()
    state: uint256 = requests.state(_request)
    if requests.phase(state) != requests.SEATING:
        reasons.fail("request is not waiting for seats")
    if clock > phases.seat_by(state):
        reasons.fail("seat window has passed")
    seed: bytes32 = staticcall IBeacon(manager.contract_at(names.RANDAO_BEACON)).seed(
        requests.seed_block(state)
    )
    if seed == empty(bytes32):
        reasons.fail("seed is not proven")

    subject: uint256 = requests.subject(_request)
    stage: uint256 = requests.stage(state)
    seats: DynArray[uint256, 33] = seating.draw(
        _request,
        stage,
        tally.stage_size(stage),
        requests.snapshot(_request),
        seed,
        phases.claimant(subject),
        phases.parties(subject),
        manager.contract_at(names.BONDING_MANAGER),
        requests.version(state),
    )
    seating.save(_request, stage, seats)
    self._open(
        _request,
        requests.opened(
            stage,
            requests.VOTING,
            requests.leaves(state),
            len(seats),
            clock,
            requests.version(state),
        ),
    )


@external
@nonreentrant
def conclude(_request: uint256):
    """
    @notice Ends whatever phase of a request has run its time: tallies a vote, lets a verdict stand that was not
            appealed, or gives up on seats nobody drew.
    @param _request The request.
    """
    clock: uint256 = phases.running_clock()
    state: uint256 = requests.state(_request)
    phase: uint256 = requests.phase(state)
    if phase == requests.VOTING:
        counts: uint256[4] = requests.counts(state)
        revealed: uint256 = counts[1] + counts[2] + counts[3]
        over: bool = clock > phases.reveal_by(state) or revealed == requests.seats(state)
        if not over and (clock <= phases.commit_by(state) or revealed < counts[0]):
            reasons.fail("vote is not over")

        stage: uint256 = requests.stage(state)
        verdict: uint256 = tally.outcome(
            stage, requests.seats(state), counts[1], counts[2], counts[3]
        )
        # The next phase begins where this one ended, whenever someone looks.
        end: uint256 = min(clock, phases.reveal_by(state))
        if verdict == tally.INCONCLUSIVE and stage < tally.LAST_STAGE:
            self._escalate(_request, state, end)
        elif stage == 2:
            requests.set_state(_request, requests.moved(state, requests.APPEAL, verdict, end))
            log IVerifierCommittee.StageConcluded(
                request=_request,
                stage=stage,
                verdict=convert(verdict, uint8),
                appealBy=phases.appeal_by(end, state),
            )
        else:
            self._finish(_request, state, verdict)
    elif phase == requests.APPEAL:
        if clock <= phases.appeal_by(requests.clock(state), state):
            reasons.fail("appeal window is open")
        self._finish(_request, state, requests.verdict(state))
    elif phase == requests.SEATING:
        if clock <= phases.seat_by(state):
            reasons.fail("seat window is open")
        self._finish(_request, state, tally.INCONCLUSIVE)
    else:
        reasons.fail("nothing to conclude")


@external
@payable
def appeal(_request: uint256):
    """
    @notice Takes a verdict of the second stage to the third. Only a party to the claim may; the value sent is the bond,
            which comes back if the verdict changes.
    @param _request The request.
    """
    clock: uint256 = phases.running_clock()
    state: uint256 = requests.state(_request)
    if requests.phase(state) != requests.APPEAL:
        reasons.fail("request cannot be appealed")
    if clock > phases.appeal_by(requests.clock(state), state):
        reasons.fail("appeal window has passed")
    if msg.value != phases.appeal_bond(_request, state):
        reasons.fail("value must be the appeal bond")
    subject: uint256 = requests.subject(_request)
    if msg.sender != phases.claimant(subject) and msg.sender not in phases.parties(subject):
        reasons.fail("caller must be a party to the claim")

    requests.set_appeal(_request, msg.sender, msg.value)
    seed_block: uint256 = self._escalate(_request, state, clock)

    log IVerifierCommittee.Appealed(
        request=_request,
        appellant=msg.sender,
        stage=tally.LAST_STAGE,
        bond=msg.value,
        seedBlock=seed_block,
    )


@external
def publishBytes(_request: uint256, _location: String[256]):
    """
    @notice Says where a claim's bytes can be had now. Only the claimant may; seats of the next stage look there too.
    @param _request The request.
    @param _location Where.
    """
    manager.when_system_not_paused()
    if msg.sender != phases.claimant(requests.subject(_request)):
        reasons.fail("caller must be the claimant")
    if requests.phase(requests.state(_request)) == requests.CONCLUDED:
        reasons.fail("request is concluded")

    log IVerifierCommittee.BytesPublished(
        request=_request, publisher=msg.sender, location=_location
    )


# ---------------------------------------------------------------- money


@external
@nonreentrant
def withdraw() -> uint256:
    """
    @notice Pays the caller's ETH credit out.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return purse.pay_out(msg.sender)


@external
@nonreentrant
def withdrawFor(_account: address) -> uint256:
    """
    @notice Pays an account's ETH credit out to it; anyone may call.
    @param _account Whose credit.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return purse.pay_out(_account)


@external
@nonreentrant
def withdrawTokens() -> uint256:
    """
    @notice Pays the caller's LPT credit out.
    @return LPT wei paid.
    """
    manager.when_system_not_paused()
    amount: uint256 = purse.take_tokens(msg.sender)

    sent: bool = extcall ILivepeerToken(manager.contract_at(names.LIVEPEER_TOKEN)).transfer(
        msg.sender, amount
    )
    if not sent:
        reasons.fail("token transfer failed")
    return amount


@external
@nonreentrant
def burnPenalties() -> uint256:
    """
    @notice Destroys the LPT of fines that goes to nobody; anyone may call.
    @return LPT wei destroyed.
    """
    manager.when_system_not_paused()
    amount: uint256 = reckoning.penaltiesToBurn
    reckoning.penaltiesToBurn = 0

    extcall ILivepeerToken(manager.contract_at(names.LIVEPEER_TOKEN)).burn(amount)
    return amount


@external
def setParameters(_parameters: IVerifierCommittee.Parameters):
    """
    @notice Sets the parameters of requests made from now on. Only the Controller's owner may.
    @param _parameters All of them; units stand with the struct.
    """
    manager.only_controller_owner()
    settings.store(_parameters)

    # What jobs were promised about the length of disputes has to hold.
    jobs: address = manager.contract_at(names.JOBS_MANAGER)
    if jobs != empty(address):
        version: uint256 = staticcall IJobsManager(jobs).parametersVersion()
        if version != 0:
            promised: uint256 = (
                staticcall IJobsManager(jobs).parametersOf(version)
            ).verdictWindow
            if settings.longest(settings.windows(settings.version)) > promised:
                reasons.fail("verdicts would outlast the verdict window")


# ---------------------------------------------------------------- private


@internal
@view
def _only_jobs_manager():
    if msg.sender != manager.contract_at(names.JOBS_MANAGER):
        reasons.fail("caller must be JobsManager")


@internal
def _open(_request: uint256, _state: uint256):
    requests.set_state(_request, _state)

    subject: uint256 = requests.subject(_request)
    log IVerifierCommittee.SeatsDrawn(
        request=_request,
        jobId=requests.job_id(subject),
        claimId=requests.claim_id(subject),
        stage=requests.stage(_state),
        leaves=requests.leaves(_state),
        seats=seating.holders(_request, requests.stage(_state), requests.seats(_state)),
        commitBy=phases.commit_by(_state),
        revealBy=phases.reveal_by(_state),
    )


@internal
def _escalate(_request: uint256, _state: uint256, _clock: uint256) -> uint256:
    """
    @dev To the next stage, whose seats a block yet to come draws.
    """
    version: uint256 = requests.version(_state)
    seed_block: uint256 = block.number + settings.seat_delay(settings.windows(version))
    stage: uint256 = requests.stage(_state)
    requests.keep_stage(_request, _state)
    requests.set_state(
        _request,
        requests.opened(
            stage + 1, requests.SEATING, requests.leaves(_state), 0, _clock, version
        )
        | (seed_block << requests.SEED_BLOCK),
    )

    log IVerifierCommittee.StageEscalated(
        request=_request,
        stage=stage,
        verdict=convert(requests.verdict(_state), uint8),
        seedBlock=seed_block,
    )
    return seed_block


@internal
def _finish(_request: uint256, _state: uint256, _verdict: uint256):
    """
    @dev What is left over is the claimant's; an INVALID claim's goes with the verdict, as do challengers' halves
         unless the verdict is VALID.
    """
    subject: uint256 = requests.subject(_request)
    requests.set_state(
        _request,
        requests.moved(_state, requests.CONCLUDED, _verdict, requests.clock(_state)),
    )
    left: uint256 = reckoning.reckon(
        _request, _state, _verdict, manager.contract_at(names.BONDING_MANAGER)
    )
    pot: uint256 = 0
    sent: uint256 = 0
    pot, sent = requests.money(_request)
    if _verdict == tally.VALID:
        sent = 0
    if _verdict == tally.INVALID:
        sent += left
    elif left != 0:
        purse.credit(phases.claimant(subject), left)
    requests.set_money(_request, 0, 0)

    extcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).receiveVerification(
        requests.job_id(subject),
        requests.claim_id(subject),
        convert(_verdict, uint8),
        value=sent,
    )

    log IVerifierCommittee.VerificationConcluded(
        request=_request,
        jobId=requests.job_id(subject),
        claimId=requests.claim_id(subject),
        stage=requests.stage(_state),
        verdict=convert(_verdict, uint8),
    )
