# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Views of the JobsManager
@license MIT
@notice Everything a node reads of jobs, claims, prices and credits.
"""

from ..governance import manager
from ..interfaces import IJobsManager
from ..lib import reasons
from . import claims
from . import context
from . import jobs
from . import ledger
from . import parameters
from . import prices

uses: manager
uses: claims
uses: context
uses: jobs
uses: ledger
uses: parameters
uses: prices


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
def getChallenge(_jobId: uint256, _claimId: uint256, _challenge: uint256) -> IJobsManager.Challenge:
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
def transcoderOf(_jobId: uint256) -> address:
    """
    @notice Whose a job is.
    @param _jobId The job.
    @return The transcoder it is offered to or was accepted by; while it is electing, the set it elects from.
    """
    return jobs.transcoder(jobs.state(_jobId))


@view
@external
def partiesOf(_jobId: uint256, _claimId: uint256) -> DynArray[address, 66]:
    """
    @notice Who, beside the claimant, has a stake in the outcome of a claim.
    @param _jobId The job.
    @param _claimId The claim.
    @return The broadcaster, its signer, and every challenger.
    """
    return context.parties(_jobId, _claimId, claims.read(_jobId, _claimId))


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
    seed, windows = context.windows(claim)
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
    return context.windows(claims.read(_jobId, _claimId))[1]


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
    return parameters.draws(parameters.terms(version), _segmentCount) * parameters.leaf_pay(
        parameters.money(version)
    )


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
def parametersOf(_version: uint256) -> IJobsManager.Parameters:
    """
    @notice The parameters of one version.
    @param _version The version, from 1.
    @return All of them.
    """
    return parameters.unpacked(_version)
