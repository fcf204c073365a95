# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title CommitteeAppeals
@license MIT
@notice The half of the VerifierCommittee for votes that were not unanimous at once: later stages, tallies, appeals, fines.
        It has no state of its own; the VerifierCommittee runs it on its state from the functions of the
        same names.
@dev One contract cannot hold the code of both halves. Both initialise the same modules in the same order, which
     makes their storage layouts one; a test compares them. Only ever registered together with a
     VerifierCommittee built from the same sources.
@custom:pause As the VerifierCommittee.
"""

from ..governance import manager
from ..interfaces import IBeacon
from ..interfaces import IJobsManager
from ..interfaces import ILivepeerToken
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons
from . import accounts
from . import phases
from . import reckoning
from . import requests
from . import seating
from . import settings
from . import tally

initializes: manager
initializes: settings
initializes: requests
initializes: accounts
initializes: seating[accounts := accounts, requests := requests]
initializes: phases[
    manager := manager,
    requests := requests,
    seating := seating,
    settings := settings
]
initializes: reckoning[
    accounts := accounts,
    requests := requests,
    seating := seating,
    settings := settings
]


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller; the VerifierCommittee's proxy has its own entry in the same slot.
    """
    manager.__init__(_controller)


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

    place: uint256 = requests.place(_request)
    stage: uint256 = requests.stage(state)
    version: uint256 = requests.version(state)
    seats: DynArray[uint256, 33] = seating.draw(
        requests.claim_key(place),
        stage,
        tally.stage_size(stage),
        requests.snapshot(place),
        seed,
        phases.claimant(place),
        phases.parties(place),
        seating.earlier_seats(_request, state),
        manager.contract_at(names.BONDING_MANAGER),
        settings.seat_bond(version),
    )
    seating.save(_request, stage, seats)
    opened: uint256 = requests.opened(
        stage, requests.VOTING, requests.leaves(state), len(seats), clock, version
    ) | (state & (1 << requests.PUBLISHED))
    requests.set_state(_request, opened)

    log IVerifierCommittee.SeatsDrawn(
        request=_request,
        jobId=requests.job_id(place),
        claimId=requests.claim_id(place),
        stage=stage,
        leaves=requests.leaves(opened),
        seats=seating.holders(_request, stage, len(seats)),
        commitBy=phases.commit_by(opened),
        revealBy=phases.reveal_by(opened),
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
            stage,
            requests.seats(state),
            counts[1],
            counts[2],
            counts[3],
            requests.is_published(state),
        )
        # The next phase begins where this one ended, whenever someone looks.
        end: uint256 = min(clock, phases.reveal_by(state))
        if verdict == tally.INCONCLUSIVE and stage < tally.LAST_STAGE:
            self._escalate(_request, state, end)
        elif stage == 2:
            requests.set_state(
                _request,
                requests.moved(state & ~(1 << requests.PUBLISHED), requests.APPEAL, verdict, end),
            )
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
    place: uint256 = requests.place(_request)
    if msg.sender != phases.claimant(place) and msg.sender not in phases.parties(place):
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
    @notice Says where a claim's bytes can be had now. Only the claimant may: until the next stage is seated, whose
            seats look there too, or with an appeal still open against UNAVAILABLE. It counts if two thirds of
            that stage's seats then have the bytes.
    @param _request The request.
    @param _location Where.
    """
    clock: uint256 = phases.running_clock()
    if msg.sender != phases.claimant(requests.place(_request)):
        reasons.fail("caller must be the claimant")
    state: uint256 = requests.state(_request)
    phase: uint256 = requests.phase(state)
    if phase == requests.SEATING:
        if clock > phases.seat_by(state):
            reasons.fail("seat window has passed")
    elif phase == requests.APPEAL and requests.verdict(state) == tally.UNAVAILABLE:
        if clock > phases.appeal_by(requests.clock(state), state):
            reasons.fail("appeal window has passed")
    else:
        reasons.fail("bytes cannot be published now")

    requests.set_state(_request, state | (1 << requests.PUBLISHED))

    log IVerifierCommittee.BytesPublished(
        request=_request, publisher=msg.sender, location=_location
    )


# ---------------------------------------------------------------- money


@external
@nonreentrant
def withdrawTokens() -> uint256:
    """
    @notice Pays the caller's LPT credit out.
    @return LPT wei paid.
    """
    manager.when_system_not_paused()
    amount: uint256 = accounts.take_tokens(msg.sender)

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
    amount: uint256 = accounts.penaltiesToBurn
    accounts.penaltiesToBurn = 0

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
def _escalate(_request: uint256, _state: uint256, _clock: uint256) -> uint256:
    """
    @dev To the next stage, whose seats a block yet to come draws. What was published for the stage that ends counts
         no more; what was published against its verdict does.
    """
    version: uint256 = requests.version(_state)
    seed_block: uint256 = block.number + settings.seat_delay(settings.windows(version))
    stage: uint256 = requests.stage(_state)
    published: uint256 = 0
    if requests.phase(_state) == requests.APPEAL:
        published = _state & (1 << requests.PUBLISHED)
    requests.keep_stage(_request, _state)
    requests.set_state(
        _request,
        requests.opened(
            stage + 1, requests.SEATING, requests.leaves(_state), 0, _clock, version
        )
        | (seed_block << requests.SEED_BLOCK)
        | published,
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
    place: uint256 = requests.place(_request)
    requests.set_state(
        _request,
        requests.moved(_state, requests.CONCLUDED, _verdict, requests.clock(_state)),
    )
    left: uint256 = reckoning.reckon(
        _request, _state, _verdict, manager.contract_at(names.BONDING_MANAGER)
    )
    pot: uint256 = 0
    sent: uint256 = 0
    pot, sent = requests.money(_request, _state)
    if _verdict == tally.VALID:
        sent = 0
    if _verdict == tally.INVALID:
        sent += left
    elif left != 0:
        accounts.credit(phases.claimant(place), left)

    extcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).receiveVerification(
        requests.job_id(place),
        requests.claim_id(place),
        convert(_verdict, uint8),
        value=sent,
    )

    log IVerifierCommittee.VerificationConcluded(
        request=_request,
        jobId=requests.job_id(place),
        claimId=requests.claim_id(place),
        stage=requests.stage(_state),
        verdict=convert(_verdict, uint8),
    )
