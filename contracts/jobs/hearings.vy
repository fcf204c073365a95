# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Hearings
@license MIT
@notice Hands a claim over to the committee, once all it owed is open and nobody can challenge it any more.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..interfaces import IJobsManager
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons
from . import claims
from . import context
from . import jobs
from . import parameters

uses: manager
uses: claims
uses: context
uses: parameters


@external
@nonreentrant
def requestVerification(_jobId: uint256, _claimId: uint256) -> uint256:
    """
    @notice Hands a claim whose owed leaves are all open to the committee, once its challenge window is over.
    @param _jobId The job.
    @param _claimId The claim.
    @return The committee's request, or zero where too few transcoders are eligible to judge.
    """
    clock: uint256 = context.running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.OPENED:
        reasons.fail("claim is not fully opened")
    if claims.is_void(claim):
        reasons.fail("claim is void")
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = context.windows(claim)
    if clock <= windows.challengeBy:
        reasons.fail("challenge window is open")

    return self.request(_jobId, _claimId, claim, seed)


@internal
def request(_jobId: uint256, _claimId: uint256, _claim: claims.View, _seed: bytes32) -> uint256:
    """
    @dev One request over all opened leaves. With too few to judge, a claim nobody challenged is good and one that was
         challenged stays unpaid.
    """
    bonding: address = context.bonding()
    round: uint256 = claims.round(_claim.state)
    snapshot: address = empty(address)
    if round != 0:
        snapshot = staticcall IBondingManager(bonding).activeSetPointer(round - 1)
    if snapshot == empty(address):
        # The protocol's first round has none before it.
        snapshot = staticcall IBondingManager(bonding).activeSetPointer(round)

    count: uint256 = claims.challenges(_claim.progress)
    leaf_pay: uint256 = parameters.leaf_pay(parameters.money(jobs.version(_claim.job_state)))
    draws: uint256 = claims.draws(_claim.state)
    committee: address = manager.contract_at(names.VERIFIER_COMMITTEE)
    request: uint256 = extcall IVerifierCommittee(committee).requestVerification(
        _jobId,
        _claimId,
        jobs.transcoder(_claim.job_state),
        draws,
        count,
        leaf_pay // parameters.SEATS,
        _seed,
        snapshot,
        context.parties(_jobId, _claimId, _claim),
        value=draws * leaf_pay,
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
        log IJobsManager.VerificationReceived(
            jobId=_jobId, claimId=_claimId, request=0, verdict=convert(verdict, uint8)
        )
        return 0

    claims.set_state(_jobId, _claimId, claims.with_status(_claim.state, claims.VOTING))
    claims.set_progress(_jobId, _claimId, _claim.progress | (request << claims.REQUEST))
    if count != 0:
        extcall IVerifierCommittee(committee).fundRequest(request, value=count * leaf_pay)

    log IJobsManager.VerificationRequested(
        jobId=_jobId, claimId=_claimId, request=request, leaves=draws + count
    )
    return request
