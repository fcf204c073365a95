# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title JobsSettlement
@license MIT
@notice The half of the JobsManager in which jobs and claims end: lapses, challenges, verdicts, convictions, payment. It has no
        state of its own; the JobsManager runs it on its state from the functions of the same names.
@dev One contract cannot hold the code of both halves. Both initialise the same modules in the same order, which
     makes their storage layouts one; a test compares them. Only ever registered together with a JobsManager
     built from the same sources.
@custom:pause As the JobsManager.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..interfaces import IJobsManager
from ..interfaces import IRoundsManager
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons
from . import backing
from . import claims
from . import context
from . import disputes
from . import jobs
from . import ledger
from . import parameters
from . import prices

initializes: manager
initializes: parameters
initializes: ledger
initializes: prices
initializes: jobs[ledger := ledger, parameters := parameters, prices := prices]
initializes: claims[jobs := jobs, ledger := ledger, parameters := parameters]
initializes: context[manager := manager, claims := claims, jobs := jobs]
initializes: backing[manager := manager, context := context, parameters := parameters]
initializes: disputes[
    claims := claims, jobs := jobs, ledger := ledger, parameters := parameters, prices := prices
]


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller; the JobsManager's proxy has its own entry in the same slot.
    """
    manager.__init__(_controller)


@external
def setTranscoderPrice(_pricePerUnit: uint256, _pixelsPerUnit: uint256):
    """
    @notice Sets what the caller, a registered transcoder, asks from the next round on. In the lock window the price
            may only fall.
    @param _pricePerUnit Wei, below 2^64.
    @param _pixelsPerUnit For so many pixels of output, below 2^64.
    """
    manager.when_system_not_paused()
    self._only_transcoder(context.bonding())
    round: uint256 = 0
    initialised: bool = False
    locked: bool = False
    start: uint256 = 0
    round, initialised, locked, start = staticcall IRoundsManager(
        manager.contract_at(names.ROUNDS_MANAGER)
    ).roundState()

    prices.set_ask(msg.sender, _pricePerUnit, _pixelsPerUnit, round, locked)


@external
def acceptJob(_jobId: uint256):
    """
    @notice Accepts a job offered to the caller, a registered transcoder.
    @param _jobId The job.
    """
    clock: uint256 = context.running_clock()
    self._only_transcoder(context.bonding())

    jobs.accept(_jobId, msg.sender, clock)
    self._note(clock)


@external
def noteStake():
    """
    @notice Notes the caller's stake ahead of its next claim, which then costs less.
    """
    clock: uint256 = context.running_clock()
    self._only_transcoder(context.bonding())

    self._note(clock)


@external
@payable
def fundJob(_jobId: uint256):
    """
    @notice Adds the value sent to a job's escrow.
    @param _jobId The job.
    """
    manager.when_system_not_paused()

    jobs.fund(_jobId)


@external
def lapseJob(_jobId: uint256) -> uint256:
    """
    @notice Moves an elected job that was not accepted in time, or whose transcoder was convicted, to a new election
            with the escrow that is left. Anyone may call, three times along one job.
    @param _jobId The job that lapsed.
    @return The id of the job that takes its place.
    """
    clock: uint256 = context.running_clock()
    bonding: address = context.bonding()
    round: uint256 = staticcall IBondingManager(bonding).lastSnapshotRound()
    snapshot: address = staticcall IBondingManager(bonding).activeSetPointer(round)
    if snapshot == empty(address):
        reasons.fail("no transcoder is active")

    return jobs.lapse(_jobId, snapshot, round, clock)


@external
def cancelJob(_jobId: uint256):
    """
    @notice Takes back a job nobody has accepted; all of its escrow is credited to the broadcaster.
    @param _jobId The job.
    """
    jobs.cancel(_jobId, msg.sender, context.running_clock())


@external
def endJob(_jobId: uint256):
    """
    @notice Ends the caller's job one claim window from now, so that what was signed can still be claimed.
    @param _jobId The job.
    """
    jobs.end(_jobId, msg.sender, context.running_clock())


@external
def closeJob(_jobId: uint256):
    """
    @notice Credits what is left of an ended job's escrow to its broadcaster, once every claim is final.
    @param _jobId The job.
    """
    jobs.close(_jobId, context.running_clock())


@external
@payable
def challenge(_jobId: uint256, _claimId: uint256, _index: uint256):
    """
    @notice Demands that a leaf be opened and judged. The value sent is the bond: bad work returns it and rewards the
            first challenger from the slash, good work gives it to claimant and seats.
    @param _jobId The job.
    @param _claimId The claim.
    @param _index The leaf's index.
    """
    clock: uint256 = context.running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = context.windows(claim)

    disputes.challenge(_jobId, _claimId, claim, windows.challengeBy, clock, _index)


@external
@payable
@nonreentrant
def receiveVerification(_jobId: uint256, _claimId: uint256, _verdict: uint8):
    """
    @notice Takes the committee's verdict. What follows from it happens in `settle`.
    @param _jobId The job.
    @param _claimId The claim.
    @param _verdict 1 VALID, 2 INVALID, 3 UNAVAILABLE, 4 inconclusive.
    """
    manager.when_system_not_paused()
    committee: address = manager.contract_at(names.VERIFIER_COMMITTEE)
    if msg.sender != committee:
        reasons.fail("caller must be VerifierCommittee")
    if _verdict == 0 or _verdict > 4:
        reasons.fail("verdict out of range")
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.VOTING:
        reasons.fail("claim is not being judged")

    verdict: uint256 = convert(_verdict, uint256)
    owed: uint256 = 0
    if verdict != claims.VALID:
        owed = claims.challenges(claim.progress) * parameters.leaf_pay(
            parameters.money(jobs.version(claim.job_state))
        )
    if msg.value < owed:
        reasons.fail("challenge bonds must come back")
    if msg.value != owed:
        ledger.credit(context.treasury(), msg.value - owed)
    if verdict == claims.INVALID and claims.fault(claim.state) == 0:
        slash: uint256 = 0
        claim.state, slash = disputes.convict(
            _jobId, _claimId, claim, claims.FAULT_INVALID, empty(address)
        )
        claim.state |= slash << claims.SLASH_DUE
    claims.set_state(
        _jobId,
        _claimId,
        claims.with_status(claim.state, claims.JUDGED) | (verdict << claims.VERDICT),
    )

    log IJobsManager.VerificationReceived(
        jobId=_jobId,
        claimId=_claimId,
        request=claims.request(claim.progress),
        verdict=_verdict,
    )


@external
@nonreentrant
def settle(_jobId: uint256, _claimId: uint256):
    """
    @notice Carries out the verdict on a claim, or ends a claim its claimant's conviction voided.
    @param _jobId The job.
    @param _claimId The claim.
    """
    manager.when_system_not_paused()

    claim: claims.View = claims.read(_jobId, _claimId)
    disputes.settle(_jobId, _claimId, claim, self._places())
    if claims.fault(claim.state) == claims.FAULT_INVALID:
        self._unseat(claim)


@external
@nonreentrant
def distributeFees(_jobId: uint256, _claimId: uint256):
    """
    @notice Pays a claim judged VALID to its transcoder and those who bonded to it.
    @param _jobId The job.
    @param _claimId The claim.
    """
    manager.when_system_not_paused()

    self._distribute(_jobId, _claimId, self._places())


@external
@nonreentrant
def batchDistributeFees(_jobIds: DynArray[uint256, 64], _claimIds: DynArray[uint256, 64]):
    """
    @notice Pays several claims judged VALID; one that cannot be paid fails them all.
    @param _jobIds The jobs.
    @param _claimIds The claim of each.
    """
    manager.when_system_not_paused()
    if len(_jobIds) != len(_claimIds):
        reasons.fail("lists differ in length")

    places: disputes.Places = self._places()
    for i: uint256 in range(len(_jobIds), bound=64):
        self._distribute(_jobIds[i], _claimIds[i], places)


@external
@nonreentrant
def missedVerificationSlash(_jobId: uint256, _claimId: uint256):
    """
    @notice Convicts a claimant whose seed was not proven in time, or who left an owed leaf unopened.
    @param _jobId The job.
    @param _claimId The claim.
    """
    clock: uint256 = context.running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.COMMITTED:
        reasons.fail("nothing was missed")
    if claims.is_void(claim):
        # It could not be opened.
        reasons.fail("claim is void")
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = context.windows(claim)
    if windows.openBy == 0:
        if clock <= windows.seedBy:
            reasons.fail("seed can still be proven")
    else:
        late_draws: bool = (
            clock > windows.openBy and not claims.draws_open(claim.state, claim.progress)
        )
        late_challenges: bool = (
            clock > windows.openChallengedBy and not claims.challenges_open(claim.progress)
        )
        if not (late_draws or late_challenges):
            reasons.fail("nothing was missed")
    self._convict(_jobId, _claimId, claim, claims.FAULT_MISSED)


@external
@nonreentrant
def doubleClaimSegmentSlash(
    _jobId: uint256,
    _claimId: uint256,
    _first: IJobsManager.Leaf,
    _second: IJobsManager.Leaf,
    _proof: DynArray[bytes32, 64],
):
    """
    @notice Convicts a claimant whose tree holds two leaves with the same sequence number, or out of order.
    @param _jobId The job.
    @param _claimId A claim that is not final.
    @param _first The leaf with the lower index.
    @param _second The leaf with the higher index, its sequence number not higher.
    @param _proof Multiproof of both leaves.
    """
    manager.when_system_not_paused()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) > claims.JUDGED:
        reasons.fail("claim is final")
    if claims.fault(claim.state) != 0:
        reasons.fail("claim is convicted already")
    disputes.check_double(
        _jobId, claim.state, claims.root(_jobId, _claimId), _first, _second, _proof
    )

    self._convict(_jobId, _claimId, claim, claims.FAULT_DOUBLE)


@external
def setParameters(_parameters: IJobsManager.Parameters):
    """
    @notice Sets the parameters of jobs made from now on. Only the Controller's owner may.
    @param _parameters All of them; units stand with the struct.
    """
    manager.only_controller_owner()
    parameters.store(_parameters)

    # A dispute must end while the stake behind it can still be reached.
    dispute: uint256 = parameters.longest_dispute(parameters.terms(parameters.parametersVersion))
    period: uint256 = convert(
        staticcall IBondingManager(context.bonding()).unbondingPeriod(), uint256
    )
    length: uint256 = staticcall IRoundsManager(
        manager.contract_at(names.ROUNDS_MANAGER)
    ).roundLength()
    if 10 * dispute > 8 * period * length:
        reasons.fail("disputes would outlast unbonding")
    committee: address = manager.contract_at(names.VERIFIER_COMMITTEE)
    if committee != empty(address):
        longest: uint256 = staticcall IVerifierCommittee(committee).longestVerification()
        if longest > _parameters.verdictWindow:
            reasons.fail("verdict window is shorter than the committee's")


# ---------------------------------------------------------------- private


@internal
@view
def _only_transcoder(_bonding: address):
    if not staticcall IBondingManager(_bonding).isRegisteredTranscoder(msg.sender):
        reasons.fail("caller must be a registered transcoder")
    if staticcall IBondingManager(_bonding).isBarred(msg.sender):
        reasons.fail("transcoder is barred")


@internal
def _note(_clock: uint256):
    """
    @dev Backs the caller's claims to come with its stake, and notes it.
    """
    account: uint256 = ledger.account(msg.sender)
    noted: uint256 = backing.noted(msg.sender, account, _clock)
    if noted != account:
        ledger.set_account(msg.sender, noted)


@internal
@view
def _places() -> disputes.Places:
    return disputes.Places(
        bonding=context.bonding(),
        minter=manager.contract_at(names.MINTER),
        treasury=context.treasury(),
    )


@internal
def _distribute(_jobId: uint256, _claimId: uint256, _places: disputes.Places):
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.verdict(claim.state) != claims.VALID:
        reasons.fail("claim was not judged valid")

    disputes.settle(_jobId, _claimId, claim, _places)


@internal
def _convict(_jobId: uint256, _claimId: uint256, _claim: claims.View, _fault: uint256):
    """
    @dev Convicts without the committee. A claim the committee is judging stays there until its verdict.
    """
    state: uint256 = 0
    slash: uint256 = 0
    state, slash = disputes.convict(_jobId, _claimId, _claim, _fault, msg.sender)
    places: disputes.Places = self._places()
    if claims.status(state) == claims.VOTING:
        claims.set_state(_jobId, _claimId, state)
    else:
        disputes.forfeit(_jobId, _claimId, _claim, state, places)

    disputes.slash(_claim, slash, msg.sender, places.bonding)
    self._unseat(_claim)


@internal
def _unseat(_claim: claims.View):
    """
    @dev The committee remembers for a while who may sit: not a convict.
    """
    extcall IVerifierCommittee(manager.contract_at(names.VERIFIER_COMMITTEE)).lookAgain(
        jobs.transcoder(_claim.job_state)
    )
