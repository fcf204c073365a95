# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
"""
@title JobsManager
@license MIT
@notice Broadcasters order transcoding and set its price aside; transcoders claim what they did by a Merkle root, open
        the leaves that chance draws, and are paid once a committee has judged those leaves.
@dev Deadlines run on the protocol clock. No path depends on the accused: whoever pokes, every claim ends. The current
     round need not be initialised; the last snapshot serves.
@custom:pause Pausing the Controller stops every state change here and the clock of every window with it.
"""

from ..governance import manager
from ..interfaces import IBeacon
from ..interfaces import IBondingManager
from ..interfaces import IJobsManager
from ..interfaces import IRoundsManager
from ..interfaces import IVerifierCommittee
from ..lib import names
from . import claims
from . import disputes
from . import jobs
from . import ledger
from . import openings
from . import parameters
from . import prices
from ..lib import reasons

initializes: manager
initializes: parameters
initializes: ledger
initializes: prices
initializes: jobs[ledger := ledger, parameters := parameters, prices := prices]
initializes: claims[jobs := jobs, ledger := ledger, parameters := parameters]
initializes: openings[claims := claims, jobs := jobs]
initializes: disputes[
    claims := claims,
    jobs := jobs,
    ledger := ledger,
    parameters := parameters,
    prices := prices
]

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    jobs.numJobs,
    ledger.credits,
    parameters.parametersVersion,
)


# Logged by JobsSettlement's code; declared here again to be part of this ABI. IJobsManager explains them.
event JobAccepted:
    jobId: indexed(uint256)
    transcoder: indexed(address)


event JobLapsed:
    jobId: indexed(uint256)
    newJobId: indexed(uint256)
    transcoder: indexed(address)
    electionBlock: uint256


event JobCancelled:
    jobId: indexed(uint256)
    broadcaster: indexed(address)
    refund: uint256


event JobFunded:
    jobId: indexed(uint256)
    funder: indexed(address)
    amount: uint256
    escrow: uint256


event JobEnding:
    jobId: indexed(uint256)
    endBlock: uint256


event JobClosed:
    jobId: indexed(uint256)
    broadcaster: indexed(address)
    refund: uint256


event TranscoderPriceSet:
    transcoder: indexed(address)
    pricePerUnit: uint256
    pixelsPerUnit: uint256
    effectiveRound: uint256


event Challenged:
    jobId: indexed(uint256)
    claimId: indexed(uint256)
    challenger: indexed(address)
    index: uint256
    bond: uint256


event ChallengeResolved:
    jobId: indexed(uint256)
    claimId: indexed(uint256)
    challenger: indexed(address)
    index: uint256
    returned: uint256


event FeesDistributed:
    jobId: indexed(uint256)
    claimId: indexed(uint256)
    transcoder: indexed(address)
    fees: uint256
    protocolFee: uint256
    round: uint256


event ClaimRefunded:
    jobId: indexed(uint256)
    claimId: indexed(uint256)
    transcoder: indexed(address)
    fees: uint256
    status: uint8


event TranscoderConvicted:
    jobId: indexed(uint256)
    claimId: indexed(uint256)
    transcoder: indexed(address)
    finder: address
    fault: uint8
    slash: uint256


event ParametersSet:
    version: indexed(uint256)
    parameters: IJobsManager.Parameters


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller; the proxy has its own entry in the same slot.
    """
    manager.__init__(_controller)


# ---------------------------------------------------------------- prices and jobs


@external
def setTranscoderPrice(_pricePerUnit: uint256, _pixelsPerUnit: uint256):
    """
    @notice Sets what the caller, a registered transcoder, asks from the next round on. In the lock window the price
            may only fall.
    @param _pricePerUnit Wei, below 2^64.
    @param _pixelsPerUnit For so many pixels of output, below 2^64.
    """
    self._in_settlement()


@external
@payable
def job(
    _streamId: String[64],
    _profiles: String[2048],
    _signer: address,
    _maxPricePerUnit: uint256,
    _pixelsPerUnit: uint256,
    _segmentPixels: uint256,
    _maxSegments: uint256,
    _endBlock: uint256,
) -> uint256:
    """
    @notice Orders a job from whoever an election by stake finds. The value sent is the job's escrow.
    @param _streamId The broadcaster's name for the stream.
    @param _profiles The quality contract as canonical JSON.
    @param _signer Key that signs segments; zero for the caller's own.
    @param _maxPricePerUnit The most the caller pays, in wei.
    @param _pixelsPerUnit For so many pixels of output.
    @param _segmentPixels Pixels of output every segment is paid for, the most one may have.
    @param _maxSegments The most segments that can be claimed.
    @param _endBlock Last protocol clock block in which claims are accepted.
    @return The job's id.
    """
    clock: uint256 = self._running_clock()
    bonding: address = self._bonding()
    round: uint256 = staticcall IBondingManager(bonding).lastSnapshotRound()
    snapshot: address = staticcall IBondingManager(bonding).activeSetPointer(round)
    if snapshot == empty(address):
        reasons.fail("no transcoder is active")

    return jobs.create(
        snapshot,
        empty(address),
        round,
        clock,
        _streamId,
        _profiles,
        _signer,
        _maxPricePerUnit,
        _pixelsPerUnit,
        _segmentPixels,
        _maxSegments,
        _endBlock,
    )


@external
@payable
def jobFor(
    _transcoder: address,
    _streamId: String[64],
    _profiles: String[2048],
    _signer: address,
    _pricePerUnit: uint256,
    _pixelsPerUnit: uint256,
    _segmentPixels: uint256,
    _maxSegments: uint256,
    _endBlock: uint256,
) -> uint256:
    """
    @notice Offers a job to a transcoder by name, at a price it takes by accepting. The value sent is the escrow.
    @param _transcoder Who is to do it.
    @param _streamId The broadcaster's name for the stream.
    @param _profiles The quality contract as canonical JSON.
    @param _signer Key that signs segments; zero for the caller's own.
    @param _pricePerUnit The price offered, in wei.
    @param _pixelsPerUnit For so many pixels of output.
    @param _segmentPixels Pixels of output every segment is paid for, the most one may have.
    @param _maxSegments The most segments that can be claimed.
    @param _endBlock Last protocol clock block in which claims are accepted.
    @return The job's id.
    """
    if _transcoder == empty(address):
        reasons.fail("transcoder must not be zero")

    return jobs.create(
        empty(address),
        _transcoder,
        0,
        self._running_clock(),
        _streamId,
        _profiles,
        _signer,
        _pricePerUnit,
        _pixelsPerUnit,
        _segmentPixels,
        _maxSegments,
        _endBlock,
    )


@external
def elect(_jobId: uint256) -> address:
    """
    @notice Elects a job's transcoder once the seed of its election block is proven.
    @param _jobId The job.
    @return The elected, or zero if sixteen draws found nobody who works at the job's price.
    """
    state: uint256 = jobs.state(_jobId)
    if jobs.status(state) != jobs.ELECTING:
        reasons.fail("job is not electing")
    seed: bytes32 = staticcall IBeacon(manager.contract_at(names.RANDAO_BEACON)).seed(jobs.time(state))
    if seed == empty(bytes32):
        reasons.fail("seed is not proven")

    return jobs.elect(_jobId, seed, self._running_clock())


@external
def acceptJob(_jobId: uint256):
    """
    @notice Accepts a job offered to the caller, a registered transcoder.
    @param _jobId The job.
    """
    self._in_settlement()


@external
def lapseJob(_jobId: uint256) -> uint256:
    """
    @notice Moves an elected job that was not accepted in time, or whose transcoder was convicted, to a new election
            with the escrow that is left. Anyone may call, three times along one job.
    @param _jobId The job that lapsed.
    @return The id of the job that takes its place.
    """
    return abi_decode(self._settlement_answer(), uint256)


@external
def cancelJob(_jobId: uint256):
    """
    @notice Takes back a job nobody has accepted; all of its escrow is credited to the broadcaster.
    @param _jobId The job.
    """
    self._in_settlement()


@external
@payable
def fundJob(_jobId: uint256):
    """
    @notice Adds the value sent to a job's escrow.
    @param _jobId The job.
    """
    self._in_settlement()


@external
def endJob(_jobId: uint256):
    """
    @notice Ends the caller's job one claim window from now, so that what was signed can still be claimed.
    @param _jobId The job.
    """
    self._in_settlement()


@external
def closeJob(_jobId: uint256):
    """
    @notice Credits what is left of an ended job's escrow to its broadcaster, once every claim is final.
    @param _jobId The job.
    """
    self._in_settlement()


# ---------------------------------------------------------------- claims


@external
@payable
@nonreentrant
def claimWork(
    _jobId: uint256,
    _firstSequence: uint256,
    _lastSequence: uint256,
    _segmentCount: uint256,
    _claimRoot: bytes32,
) -> uint256:
    """
    @notice Claims segments of a job by the root of a tree of their receipts. The value sent is the verification fee.
    @param _jobId A job the caller accepted.
    @param _firstSequence Lowest sequence number in the claim, above every one claimed before.
    @param _lastSequence Highest sequence number in the claim.
    @param _segmentCount Number of leaves; sequence numbers may have gaps.
    @param _claimRoot Root of the tree, its leaves in the order of their sequence numbers.
    @return The claim's id within the job.
    """
    clock: uint256 = self._running_clock()
    state: uint256 = jobs.state(_jobId)
    if jobs.status(state) != jobs.ACTIVE:
        reasons.fail("job is not active")
    if jobs.transcoder(state) != msg.sender:
        reasons.fail("caller must be the job's transcoder")
    if jobs.is_lost(state):
        reasons.fail("transcoder was convicted since it accepted")
    bonding: address = self._bonding()
    stake: uint256 = staticcall IBondingManager(bonding).slashableStake(msg.sender)
    round: uint256 = staticcall IBondingManager(bonding).lastSnapshotRound()

    claim_id: uint256 = claims.create(
        _jobId,
        state,
        clock,
        round,
        stake,
        _firstSequence,
        _lastSequence,
        _segmentCount,
        _claimRoot,
    )

    dispute: uint256 = parameters.longest_dispute(parameters.terms(jobs.version(state)))
    extcall IBondingManager(bonding).backWork(msg.sender, clock + dispute)
    return claim_id


@external
@nonreentrant
def openSegments(
    _jobId: uint256,
    _claimId: uint256,
    _openings: DynArray[IJobsManager.Opening, 32],
    _proof: DynArray[bytes32, 640],
):
    """
    @notice Opens drawn and challenged leaves of a claim, in order of increasing index, under one multiproof. The last
            opening owed hands the claim to the committee if challenges are over by then.
    @param _jobId The job.
    @param _claimId The claim.
    @param _openings The leaves.
    @param _proof The hashes missing between leaves and root, level by level from the leaves, left to right.
    """
    clock: uint256 = self._running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.COMMITTED:
        reasons.fail("claim takes no openings")
    if disputes.is_void(claim):
        reasons.fail("claim is void")
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = self._windows(claim)
    if windows.openBy == 0:
        reasons.fail("seed is not proven in time")
    # Drawn leaves come first; what is challenged late may still be opened after them.
    if (
        clock > windows.openBy and not claims.draws_open(claim.state, claim.progress)
        or clock > windows.openChallengedBy
    ):
        reasons.fail("open window has passed")

    claim.progress = openings.open(_jobId, _claimId, claim, seed, _openings, _proof)
    claims.set_progress(_jobId, _claimId, claim.progress)
    if not (
        claims.draws_open(claim.state, claim.progress) and claims.challenges_open(claim.progress)
    ):
        return

    claim.state = claims.with_status(claim.state, claims.OPENED)
    claims.set_state(_jobId, _claimId, claim.state)
    if clock > windows.challengeBy:
        self._request(_jobId, _claimId, claim, seed)


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
    self._in_settlement()


@external
@nonreentrant
def requestVerification(_jobId: uint256, _claimId: uint256) -> uint256:
    """
    @notice Hands a claim whose owed leaves are all open to the committee, once its challenge window is over.
    @param _jobId The job.
    @param _claimId The claim.
    @return The committee's request, or zero where too few transcoders are eligible to judge.
    """
    clock: uint256 = self._running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.OPENED:
        reasons.fail("claim is not fully opened")
    if disputes.is_void(claim):
        reasons.fail("claim is void")
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = self._windows(claim)
    if clock <= windows.challengeBy:
        reasons.fail("challenge window is open")

    return self._request(_jobId, _claimId, claim, seed)


@external
@payable
def receiveVerification(_jobId: uint256, _claimId: uint256, _verdict: uint8):
    """
    @notice Takes the committee's verdict. What follows from it happens in `settle`.
    @param _jobId The job.
    @param _claimId The claim.
    @param _verdict 1 VALID, 2 INVALID, 3 UNAVAILABLE, 4 inconclusive.
    """
    self._in_settlement()


@external
def settle(_jobId: uint256, _claimId: uint256):
    """
    @notice Carries out the verdict on a claim, or ends a claim its claimant's conviction voided.
    @param _jobId The job.
    @param _claimId The claim.
    """
    self._in_settlement()


@external
def distributeFees(_jobId: uint256, _claimId: uint256):
    """
    @notice Pays a claim judged VALID to its transcoder and those who bonded to it.
    @param _jobId The job.
    @param _claimId The claim.
    """
    self._in_settlement()


@external
def batchDistributeFees(_jobIds: DynArray[uint256, 64], _claimIds: DynArray[uint256, 64]):
    """
    @notice Pays several claims judged VALID; one that cannot be paid fails them all.
    @param _jobIds The jobs.
    @param _claimIds The claim of each.
    """
    self._in_settlement()


@external
def missedVerificationSlash(_jobId: uint256, _claimId: uint256):
    """
    @notice Convicts a claimant whose seed was not proven in time, or who left an owed leaf unopened.
    @param _jobId The job.
    @param _claimId The claim.
    """
    self._in_settlement()


@external
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
    self._in_settlement()


@external
@nonreentrant
def withdraw() -> uint256:
    """
    @notice Pays the caller's credit out.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return ledger.pay_out(msg.sender)


@external
@nonreentrant
def withdrawFor(_account: address) -> uint256:
    """
    @notice Pays an account's credit out to it; anyone may call.
    @param _account Whose credit.
    @return Wei paid.
    """
    manager.when_system_not_paused()

    return ledger.pay_out(_account)


@external
def setParameters(_parameters: IJobsManager.Parameters):
    """
    @notice Sets the parameters of jobs made from now on. Only the Controller's owner may.
    @param _parameters All of them; units stand with the struct.
    """
    self._in_settlement()


# ---------------------------------------------------------------- views


@view
@external
def getJob(_jobId: uint256) -> IJobsManager.Job:
    """
    @notice A job.
    @param _jobId Its id.
    @return All of it; status 0 where there is none.
    """
    return jobs.unpacked(_jobId)


@view
@external
def getClaim(_jobId: uint256, _claimId: uint256) -> IJobsManager.Claim:
    """
    @notice A claim.
    @param _jobId Its job.
    @param _claimId Its id within the job.
    @return All of it.
    """
    return claims.unpacked(_jobId, _claimId)


@view
@external
def getChallenge(
    _jobId: uint256, _claimId: uint256, _challenge: uint256
) -> IJobsManager.Challenge:
    """
    @notice A challenge of a claim.
    @param _jobId The job.
    @param _claimId The claim.
    @param _challenge Its number, from 0.
    @return The challenge.
    """
    claim: claims.View = claims.read(_jobId, _claimId)
    if _challenge >= claims.challenges(claim.progress):
        reasons.fail("challenge does not exist")
    challenger: address = empty(address)
    index: uint256 = 0
    challenger, index = claims.challenge_at(_jobId, _claimId, _challenge)
    return IJobsManager.Challenge(
        index=index,
        challenger=challenger,
        bond=parameters.challenge_bond(parameters.money(jobs.version(claim.job_state))),
        opened=(claim.progress >> (claims.OPENED_CHALLENGES + _challenge)) & 1 == 1,
        resolved=claims.status(claim.state) > claims.JUDGED,
    )


@view
@external
def partiesOf(_jobId: uint256, _claimId: uint256) -> DynArray[address, 66]:
    """
    @notice Who, beside the claimant, has a stake in the outcome of a claim.
    @param _jobId The job.
    @param _claimId The claim.
    @return The broadcaster, its signer, and every challenger.
    """
    return self._parties(_jobId, _claimId, claims.read(_jobId, _claimId))


@view
@external
def drawnIndices(_jobId: uint256, _claimId: uint256) -> DynArray[uint256, 64]:
    """
    @notice The leaves drawn for a claim, in order of the draws; the same leaf may come twice.
    @param _jobId The job.
    @param _claimId The claim.
    @return Leaf indices; empty while the seed is unproven.
    """
    claim: claims.View = claims.read(_jobId, _claimId)
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = self._windows(claim)
    indices: DynArray[uint256, 64] = []
    if windows.provenAt != 0:
        for draw: uint256 in range(claims.draws(claim.state), bound=64):
            indices.append(claims.drawn(seed, _jobId, _claimId, claim.state, draw))
    return indices


@view
@external
def claimDeadlines(_jobId: uint256, _claimId: uint256) -> IJobsManager.Deadlines:
    """
    @notice The windows of a claim on the protocol clock.
    @param _jobId The job.
    @param _claimId The claim.
    @return Last blocks for proof, challenges and openings.
    """
    return self._windows(claims.read(_jobId, _claimId))[1]


@view
@external
def verificationFee(_jobId: uint256, _segmentCount: uint256) -> uint256:
    """
    @notice What `claimWork` must bring along.
    @param _jobId The job.
    @param _segmentCount Segments to claim.
    @return Wei.
    """
    version: uint256 = jobs.version(jobs.state(_jobId))
    return parameters.draws(
        parameters.terms(version), _segmentCount
    ) * parameters.leaf_pay(parameters.money(version))


@view
@external
def claimFees(_jobId: uint256, _segmentCount: uint256) -> uint256:
    """
    @notice What segments of a job are paid, protocol fee included.
    @param _jobId The job.
    @param _segmentCount Segments.
    @return Wei.
    """
    return jobs.fees(jobs.price(_jobId), _segmentCount)


@view
@external
def challengeBond(_jobId: uint256, _claimId: uint256) -> uint256:
    """
    @notice What `challenge` must bring along.
    @param _jobId The job.
    @param _claimId The claim; all of one job cost the same.
    @return Wei.
    """
    return parameters.challenge_bond(parameters.money(jobs.version(jobs.state(_jobId))))


@view
@external
def priceOf(_transcoder: address, _round: uint256) -> (uint256, uint256):
    """
    @notice What a transcoder asks in a round, this one or the next.
    @param _transcoder The transcoder.
    @param _round The round.
    @return Wei, and for how many pixels; zeros where it asks nothing.
    """
    ask: uint256 = prices.in_force(_transcoder, _round)
    return ask & (2**64 - 1), ask >> 64


@view
@external
def feesAtRisk(_transcoder: address) -> uint256:
    """
    @notice Fees in a transcoder's unfinished claims.
    @param _transcoder The transcoder.
    @return Wei.
    """
    return ledger.fees_at_risk(_transcoder)


@view
@external
def settledWork(_round: uint256, _transcoder: address) -> (uint256, uint256):
    """
    @notice A transcoder's fees settled as VALID in a round, and the protocol fee they paid.
    @param _round The round of settlement.
    @param _transcoder The transcoder.
    @return Fees and protocol fee in wei.
    """
    return ledger.settled(_round, _transcoder)


@view
@external
def settledWorkTotal(_round: uint256) -> (uint256, uint256):
    """
    @notice All fees settled as VALID in a round, and the protocol fee they paid.
    @param _round The round of settlement.
    @return Fees and protocol fee in wei.
    """
    return ledger.settled_total(_round)


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
def longestDispute() -> uint256:
    """
    @notice How long after its claim a verdict can come at the latest, under the current parameters.
    @return Blocks of the protocol clock.
    """
    return parameters.longest_dispute(parameters.terms(parameters.parametersVersion))


# Named as in the interface, which the module's own name would shadow.
@view
@external
def parametersOf(_version: uint256) -> IJobsManager.Parameters:
    """
    @notice The parameters of one version.
    @param _version The version, from 1.
    @return All of them.
    """
    return parameters.unpacked(_version)


# ---------------------------------------------------------------- private


@internal
@view
def _running_clock() -> uint256:
    manager.when_system_not_paused()
    return manager.protocol_clock()


@internal
@view
def _bonding() -> address:
    return manager.contract_at(names.BONDING_MANAGER)


@internal
@view
def _windows(_claim: claims.View) -> (bytes32, IJobsManager.Deadlines):
    seed: bytes32 = empty(bytes32)
    proven_at: uint256 = 0
    seed, proven_at = staticcall IBeacon(manager.contract_at(names.RANDAO_BEACON)).proven(
        claims.seed_block(_claim.state)
    )
    return seed, claims.deadlines(_claim, proven_at)


@internal
@view
def _parties(
    _jobId: uint256, _claimId: uint256, _claim: claims.View
) -> DynArray[address, 66]:
    parties: DynArray[address, 66] = [
        jobs.broadcaster(_jobId), jobs.signer(_jobId, _claim.job_state)
    ]
    for i: uint256 in range(claims.challenges(_claim.progress), bound=64):
        challenger: address = empty(address)
        index: uint256 = 0
        challenger, index = claims.challenge_at(_jobId, _claimId, i)
        parties.append(challenger)
    return parties


@internal
def _request(_jobId: uint256, _claimId: uint256, _claim: claims.View, _seed: bytes32) -> uint256:
    """
    @dev One request over all opened leaves. With too few to judge, a claim nobody challenged is good and one that was
         challenged stays unpaid.
    """
    bonding: address = self._bonding()
    round: uint256 = claims.round(_claim.state)
    snapshot: address = empty(address)
    if round != 0:
        snapshot = staticcall IBondingManager(bonding).activeSetPointer(round - 1)
    if snapshot == empty(address):
        # The protocol's first round has none before it.
        snapshot = staticcall IBondingManager(bonding).activeSetPointer(round)

    transcoder: address = jobs.transcoder(_claim.job_state)
    count: uint256 = claims.challenges(_claim.progress)
    leaf_pay: uint256 = parameters.leaf_pay(parameters.money(jobs.version(_claim.job_state)))
    draws: uint256 = claims.draws(_claim.state)
    committee: address = manager.contract_at(names.VERIFIER_COMMITTEE)
    request: uint256 = extcall IVerifierCommittee(committee).requestVerification(
        _jobId, _claimId, transcoder, draws + count, _seed, snapshot, self._parties(_jobId, _claimId, _claim)
    )
    if request == 0:
        verdict: uint256 = claims.VALID
        if count != 0:
            verdict = claims.INCONCLUSIVE
        claims.set_state(
            _jobId,
            _claimId,
            claims.with_status(_claim.state, claims.JUDGED) | (verdict << claims.VERDICT),
        )
        ledger.credit(transcoder, draws * leaf_pay)
        log IJobsManager.VerificationReceived(
            jobId=_jobId, claimId=_claimId, request=0, verdict=convert(verdict, uint8)
        )
        return 0

    claims.set_state(_jobId, _claimId, claims.with_status(_claim.state, claims.VOTING))
    claims.set_progress(_jobId, _claimId, _claim.progress | (request << claims.REQUEST))
    extcall IVerifierCommittee(committee).fundRequest(
        request, count * leaf_pay, value=(draws + count) * leaf_pay
    )

    log IJobsManager.VerificationRequested(
        jobId=_jobId, claimId=_claimId, request=request, leaves=draws + count
    )
    return request


@internal
def _in_settlement():
    """
    @dev Runs this call by JobsSettlement's code on this contract's state. Failures pass through unchanged.
    """
    raw_call(self._settlement(), msg.data, is_delegate_call=True)


@internal
def _settlement_answer() -> Bytes[32]:
    return raw_call(self._settlement(), msg.data, max_outsize=32, is_delegate_call=True)


@internal
@view
def _settlement() -> address:
    settlement: address = manager.contract_at(names.JOBS_SETTLEMENT)
    # A delegatecall to an address without code succeeds and does nothing.
    if not settlement.is_contract:
        reasons.fail("JobsSettlement must be registered")
    return settlement
