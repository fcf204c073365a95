# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Functions of the JobsManager whose code is in JobsSettlement
@license MIT
@notice Each runs, with the same call data and on the JobsManager's state, the function of its name there.
"""

from ..governance import manager
from ..interfaces import IJobsManager
from ..lib import names
from ..lib import reasons

uses: manager


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
def acceptJob(_jobId: uint256):
    """
    @notice Accepts a job offered to the caller, a registered transcoder.
    @param _jobId The job.
    """
    self._in_settlement()


@external
def noteStake():
    """
    @notice Notes the caller's stake ahead of its next claim, which then costs less.
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
def setParameters(_parameters: IJobsManager.Parameters):
    """
    @notice Sets the parameters of jobs made from now on. Only the Controller's owner may.
    @param _parameters All of them; units stand with the struct.
    """
    self._in_settlement()


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
