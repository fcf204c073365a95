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
from ..lib import names
from ..lib import reasons
from . import backing
from . import claims
from . import context
from . import entrances
from . import hearings
from . import jobs
from . import ledger
from . import openings
from . import parameters
from . import prices
from . import views

initializes: manager
initializes: parameters
initializes: ledger
initializes: prices
initializes: jobs[ledger := ledger, parameters := parameters, prices := prices]
initializes: claims[jobs := jobs, ledger := ledger, parameters := parameters]
initializes: entrances[manager := manager]
initializes: context[manager := manager, claims := claims, jobs := jobs]
initializes: backing[manager := manager, context := context, parameters := parameters]
initializes: hearings[
    manager := manager,
    claims := claims,
    context := context,
    parameters := parameters
]
initializes: openings[claims := claims, context := context, hearings := hearings, jobs := jobs]
initializes: views[
    manager := manager,
    claims := claims,
    context := context,
    jobs := jobs,
    ledger := ledger,
    parameters := parameters,
    prices := prices
]

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
    entrances.setTranscoderPrice,
    entrances.acceptJob,
    entrances.noteStake,
    entrances.lapseJob,
    entrances.cancelJob,
    entrances.fundJob,
    entrances.endJob,
    entrances.closeJob,
    entrances.challenge,
    entrances.receiveVerification,
    entrances.settle,
    entrances.distributeFees,
    entrances.batchDistributeFees,
    entrances.missedVerificationSlash,
    entrances.doubleClaimSegmentSlash,
    entrances.setParameters,
    hearings.requestVerification,
    jobs.numJobs,
    ledger.credits,
    openings.openSegments,
    parameters.longestDispute,
    parameters.parametersVersion,
    views.getJob,
    views.getClaim,
    views.getChallenge,
    views.transcoderOf,
    views.partiesOf,
    views.drawnIndices,
    views.claimDeadlines,
    views.verificationFee,
    views.claimFees,
    views.challengeBond,
    views.priceOf,
    views.feesAtRisk,
    views.settledWork,
    views.settledWorkTotal,
    views.currentClock,
    views.parametersOf,
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


event Credited:
    account: indexed(address)
    amount: uint256


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
    clock: uint256 = context.running_clock()
    bonding: address = context.bonding()
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
        context.running_clock(),
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

    return jobs.elect(_jobId, seed, context.running_clock())


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
    clock: uint256 = context.running_clock()
    state: uint256 = jobs.state(_jobId)
    if jobs.status(state) != jobs.ACTIVE:
        reasons.fail("job is not active")
    if jobs.transcoder(state) != msg.sender:
        reasons.fail("caller must be the job's transcoder")
    account: uint256 = ledger.account(msg.sender)
    if jobs.convictions(state) != (account >> ledger.CONVICTIONS) & 255:
        reasons.fail("transcoder was convicted since it accepted")
    account = backing.with_round(backing.noted(msg.sender, account, clock))

    return claims.create(
        _jobId,
        state,
        account,
        clock,
        _firstSequence,
        _lastSequence,
        _segmentCount,
        _claimRoot,
    )


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
