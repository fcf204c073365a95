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
from ..lib import signatures
from . import purse
from . import reckoning
from . import requests
from . import seating
from . import settings
from . import tally

initializes: manager
initializes: settings
initializes: requests
initializes: purse
initializes: seating[requests := requests, settings := settings]
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
)


VERDICT_TYPE: constant(bytes32) = keccak256(
    "Verdict(uint256 request,uint256 stage,address verifier,uint8 verdict,bytes32 measurementRoot,bytes32 salt)"
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
    clock: uint256 = self._running_clock()
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
    clock: uint256 = self._running_clock()
    state: uint256 = requests.state(_request)
    if requests.phase(state) != requests.SEATING:
        reasons.fail("request is not waiting for seats")
    if clock > self._seat_by(state):
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
        self._claimant(subject),
        self._parties(subject),
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


# ---------------------------------------------------------------- votes


@external
def commitVerdicts(_commitments: DynArray[IVerifierCommittee.Commitment, 32]):
    """
    @notice Commits the caller's verdicts on requests in which it sits.
    @param _commitments Request, seat and commitment of each.
    """
    clock: uint256 = self._running_clock()
    for each: IVerifierCommittee.Commitment in _commitments:
        state: uint256 = requests.state(each.request)
        self._check_seat(each.request, each.seat, state)
        if clock > self._commit_by(state):
            reasons.fail("commit window has passed")
        if requests.has_committed(state, each.seat):
            reasons.fail("seat has committed")
        if each.commitment == empty(bytes32):
            reasons.fail("commitment must not be zero")

        stage: uint256 = requests.stage(state)
        requests.set_state(each.request, state | (1 << (requests.COMMITTED + each.seat)))
        requests.set_vote(each.request, stage, each.seat, each.commitment)

        log IVerifierCommittee.VerdictCommitted(
            request=each.request, verifier=msg.sender, stage=stage, commitment=each.commitment
        )


@external
def revealVerdicts(_reveals: DynArray[IVerifierCommittee.Reveal, 32]):
    """
    @notice Reveals verdicts the caller has committed, once the commit window is over or every seat has committed.
    @param _reveals Request, seat, verdict, measurements and salt of each.
    """
    clock: uint256 = self._running_clock()
    domain: bytes32 = signatures.domain()
    for each: IVerifierCommittee.Reveal in _reveals:
        state: uint256 = requests.state(each.request)
        self._check_seat(each.request, each.seat, state)
        if not requests.has_committed(state, each.seat):
            reasons.fail("seat has not committed")
        if requests.has_revealed(state, each.seat):
            reasons.fail("seat has revealed")
        if clock <= self._commit_by(state) and not self._all_committed(state):
            reasons.fail("commit window is open")
        if clock > self._reveal_by(state):
            reasons.fail("reveal window has passed")
        if each.verdict == 0 or each.verdict > 3:
            reasons.fail("verdict out of range")

        stage: uint256 = requests.stage(state)
        root: bytes32 = keccak256(abi_encode(each.scores, each.details))
        digest: bytes32 = self._digest(
            domain, each.request, stage, msg.sender, each.verdict, root, each.salt
        )
        if digest != requests.vote(each.request, stage, each.seat):
            reasons.fail("reveal does not match the commitment")

        requests.set_state(
            each.request,
            state
            | (1 << (requests.REVEALED + each.seat))
            | (convert(each.verdict, uint256) << (requests.VERDICTS + 2 * each.seat)),
        )
        requests.set_vote(each.request, stage, each.seat, each.scores)

        log IVerifierCommittee.VerdictRevealed(
            request=each.request,
            verifier=msg.sender,
            stage=stage,
            verdict=each.verdict,
            scores=each.scores,
            details=each.details,
        )


@external
@nonreentrant
def conclude(_request: uint256):
    """
    @notice Ends whatever phase of a request has run its time: tallies a vote, lets a verdict stand that was not
            appealed, or gives up on seats nobody drew.
    @param _request The request.
    """
    clock: uint256 = self._running_clock()
    state: uint256 = requests.state(_request)
    phase: uint256 = requests.phase(state)
    if phase == requests.VOTING:
        counts: uint256[4] = requests.counts(state)
        revealed: uint256 = counts[1] + counts[2] + counts[3]
        over: bool = clock > self._reveal_by(state) or revealed == requests.seats(state)
        if not over and (clock <= self._commit_by(state) or revealed < counts[0]):
            reasons.fail("vote is not over")

        stage: uint256 = requests.stage(state)
        verdict: uint256 = tally.outcome(
            stage, requests.seats(state), counts[1], counts[2], counts[3]
        )
        # The next phase begins where this one ended, whenever someone looks.
        end: uint256 = min(clock, self._reveal_by(state))
        if verdict == tally.INCONCLUSIVE and stage < tally.LAST_STAGE:
            self._escalate(_request, state, end)
        elif stage == 2:
            requests.set_state(_request, requests.moved(state, requests.APPEAL, verdict, end))
            log IVerifierCommittee.StageConcluded(
                request=_request,
                stage=stage,
                verdict=convert(verdict, uint8),
                appealBy=self._appeal_by(end, state),
            )
        else:
            self._finish(_request, state, verdict)
    elif phase == requests.APPEAL:
        if clock <= self._appeal_by(requests.clock(state), state):
            reasons.fail("appeal window is open")
        self._finish(_request, state, requests.verdict(state))
    elif phase == requests.SEATING:
        if clock <= self._seat_by(state):
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
    clock: uint256 = self._running_clock()
    state: uint256 = requests.state(_request)
    if requests.phase(state) != requests.APPEAL:
        reasons.fail("request cannot be appealed")
    if clock > self._appeal_by(requests.clock(state), state):
        reasons.fail("appeal window has passed")
    if msg.value != self._appeal_bond(_request, state):
        reasons.fail("value must be the appeal bond")
    subject: uint256 = requests.subject(_request)
    if msg.sender != self._claimant(subject) and msg.sender not in self._parties(subject):
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
    if msg.sender != self._claimant(requests.subject(_request)):
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


# ---------------------------------------------------------------- views


@view
@external
def getRequest(_request: uint256) -> IVerifierCommittee.Request:
    """
    @notice A request.
    @param _request Its number, from 1.
    @return All of it; phase 0 where there is none.
    """
    state: uint256 = requests.state(_request)
    subject: uint256 = requests.subject(_request)
    phase: uint256 = requests.phase(state)
    counts: uint256[4] = requests.counts(state)
    pot: uint256 = 0
    returnable: uint256 = 0
    pot, returnable = requests.money(_request)
    voting: bool = phase == requests.VOTING
    shown: uint256 = phase
    if voting:
        clock: uint256 = manager.protocol_clock()
        if clock > self._reveal_by(state):
            shown = 4
        elif clock > self._commit_by(state) or self._all_committed(state):
            shown = 3
    return IVerifierCommittee.Request(
        jobId=requests.job_id(subject),
        claimId=requests.claim_id(subject),
        claimant=self._claimant(subject),
        stage=requests.stage(state),
        phase=convert(shown, uint8),
        leaves=requests.leaves(state),
        pot=pot,
        snapshot=requests.snapshot(_request),
        seedBlock=requests.seed_block(state),
        commitBy=self._commit_by(state) if voting else 0,
        revealBy=self._reveal_by(state) if voting else 0,
        appealBy=(
            self._appeal_by(requests.clock(state), state) if phase == requests.APPEAL else 0
        ),
        seats=requests.seats(state),
        committed=counts[0],
        revealed=counts[1] + counts[2] + counts[3],
        verdict=convert(requests.verdict(state), uint8),
    )


@view
@external
def seatsOf(_request: uint256, _stage: uint256) -> DynArray[address, 33]:
    """
    @notice Who sits in a stage.
    @param _request The request.
    @param _stage 1 to 3.
    @return Their addresses; a seat's position is its number.
    """
    return seating.holders(
        _request, _stage, requests.seats(self._stage_state(_request, _stage))
    )


@view
@external
def seatOf(_request: uint256, _stage: uint256, _verifier: address) -> (bool, uint256):
    """
    @notice Whether and where an account sits in a stage.
    @param _request The request.
    @param _stage 1 to 3.
    @param _verifier The account.
    @return Whether it sits there, and its seat.
    """
    return self._seat_of(_request, _stage, _verifier)


@view
@external
def commitmentOf(_request: uint256, _stage: uint256, _seat: uint256) -> bytes32:
    """
    @notice What a seat has committed; its scores once it has revealed.
    @param _request The request.
    @param _stage 1 to 3.
    @param _seat The seat.
    @return The word; zero before the commitment.
    """
    return requests.vote(_request, _stage, _seat)


@view
@external
def verdictOf(_request: uint256, _stage: uint256, _seat: uint256) -> uint8:
    """
    @notice What a seat has revealed.
    @param _request The request.
    @param _stage 1 to 3.
    @param _seat The seat.
    @return Its verdict, or zero.
    """
    state: uint256 = self._stage_state(_request, _stage)
    return convert(requests.verdict_of(state, _seat), uint8)


@view
@external
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
        sits, seat = self._seat_of(request, requests.stage(state), _verifier)
        if sits and not requests.has_revealed(state, seat):
            found.append(request)
    return found


@view
@external
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
    return self._digest(
        signatures.domain(), _request, _stage, _verifier, _verdict, _measurementRoot, _salt
    )


@view
@external
def appealBond(_request: uint256) -> uint256:
    """
    @notice What `appeal` must bring along.
    @param _request The request.
    @return Wei.
    """
    return self._appeal_bond(_request, requests.state(_request))


@view
@external
def currentClock() -> uint256:
    """
    @notice The protocol clock, on which all deadlines run.
    @return block.number less the blocks spent paused.
    """
    return manager.protocol_clock()


@view
@external
def parameters() -> IVerifierCommittee.Parameters:
    """
    @notice The parameters of requests made now.
    @return All of them.
    """
    return settings.unpacked()


@view
@external
def longestVerification() -> uint256:
    """
    @notice How long after its request a verdict can come at the latest.
    @return Blocks of the protocol clock.
    """
    return settings.longest(settings.windows(settings.version))


# ---------------------------------------------------------------- private


@internal
@view
def _running_clock() -> uint256:
    manager.when_system_not_paused()
    return manager.protocol_clock()


@internal
@view
def _only_jobs_manager():
    if msg.sender != manager.contract_at(names.JOBS_MANAGER):
        reasons.fail("caller must be JobsManager")


@internal
@view
def _check_seat(_request: uint256, _seat: uint256, _state: uint256):
    if requests.phase(_state) != requests.VOTING:
        reasons.fail("request is not being voted on")
    if _seat >= requests.seats(_state):
        reasons.fail("seat does not exist")
    if seating.holder(_request, requests.stage(_state), _seat) != msg.sender:
        reasons.fail("caller does not hold the seat")


@internal
@view
def _claimant(_subject: uint256) -> address:
    return staticcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).transcoderOf(
        requests.job_id(_subject)
    )


@internal
@view
def _parties(_subject: uint256) -> DynArray[address, 66]:
    """
    @dev Broadcaster, its signer, and every challenger.
    """
    return staticcall IJobsManager(manager.contract_at(names.JOBS_MANAGER)).partiesOf(
        requests.job_id(_subject), requests.claim_id(_subject)
    )


@internal
@view
def _commit_by(_state: uint256) -> uint256:
    return requests.clock(_state) + settings.commit_window(
        settings.windows(requests.version(_state))
    )


@internal
@view
def _reveal_by(_state: uint256) -> uint256:
    return requests.clock(_state) + settings.vote_window(
        settings.windows(requests.version(_state))
    )


@internal
@view
def _seat_by(_state: uint256) -> uint256:
    windows: uint256 = settings.windows(requests.version(_state))
    return requests.clock(_state) + settings.seat_delay(windows) + settings.seat_window(windows)


@internal
@view
def _appeal_by(_start: uint256, _state: uint256) -> uint256:
    return _start + settings.appeal_window(settings.windows(requests.version(_state)))


@internal
@view
def _appeal_bond(_request: uint256, _state: uint256) -> uint256:
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
    pot, returnable = requests.money(_request)
    return max(cost, 4 * returnable)


@internal
@pure
def _all_committed(_state: uint256) -> bool:
    return (_state >> requests.COMMITTED) & requests.SEAT_MASK == (
        1 << requests.seats(_state)
    ) - 1


@internal
@view
def _stage_state(_request: uint256, _stage: uint256) -> uint256:
    return requests.stage_state(_request, _stage, requests.state(_request))


@internal
@view
def _seat_of(_request: uint256, _stage: uint256, _verifier: address) -> (bool, uint256):
    for seat: uint256 in range(
        requests.seats(self._stage_state(_request, _stage)), bound=33
    ):
        if seating.holder(_request, _stage, seat) == _verifier:
            return True, seat
    return False, 0


@internal
@pure
def _digest(
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
            abi_encode(
                VERDICT_TYPE, _request, _stage, _verifier, _verdict, _measurementRoot, _salt
            )
        ),
    )


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
        commitBy=self._commit_by(_state),
        revealBy=self._reveal_by(_state),
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
        purse.credit(self._claimant(subject), left)
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
