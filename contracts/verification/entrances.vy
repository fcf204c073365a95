# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Functions of the VerifierCommittee whose code is in CommitteeAppeals
@license MIT
@notice Each runs, with the same call data and on the VerifierCommittee's state, the function of its name there.
"""

from ..governance import manager
from ..interfaces import IVerifierCommittee
from ..lib import names
from ..lib import reasons

uses: manager


@external
def seatStage(_request: uint256):
    """
    @notice Seats the next stage of a request once the seed of its block is proven.
    @param _request The request.
    """
    self._in_appeals()


@external
def conclude(_request: uint256):
    """
    @notice Ends whatever phase of a request has run its time: tallies a vote, lets a verdict stand that was not
            appealed, or gives up on seats nobody drew.
    @param _request The request.
    """
    self._in_appeals()


@external
@payable
def appeal(_request: uint256):
    """
    @notice Takes a verdict of the second stage to the third. Only a party to the claim may; the value sent is the bond,
            which comes back if the verdict changes.
    @param _request The request.
    """
    self._in_appeals()


@external
def publishBytes(_request: uint256, _location: String[256]):
    """
    @notice Says where a claim's bytes can be had now. Only the claimant may: until the next stage is seated, whose
            seats look there too, or with an appeal still open against UNAVAILABLE. It counts if two thirds of
            that stage's seats then have the bytes.
    @param _request The request.
    @param _location Where.
    """
    self._in_appeals()


@external
def withdrawTokens() -> uint256:
    """
    @notice Pays the caller's LPT credit out.
    @return LPT wei paid.
    """
    return abi_decode(self._appeals_answer(), uint256)


@external
def burnPenalties() -> uint256:
    """
    @notice Destroys the LPT of fines that goes to nobody; anyone may call.
    @return LPT wei destroyed.
    """
    return abi_decode(self._appeals_answer(), uint256)


@external
def setParameters(_parameters: IVerifierCommittee.Parameters):
    """
    @notice Sets the parameters of requests made from now on. Only the Controller's owner may.
    @param _parameters All of them; units stand with the struct.
    """
    self._in_appeals()


@internal
def _in_appeals():
    """
    @dev Runs this call by CommitteeAppeals' code on this contract's state. Failures pass through unchanged.
    """
    raw_call(self._appeals(), msg.data, is_delegate_call=True)


@internal
def _appeals_answer() -> Bytes[32]:
    return raw_call(self._appeals(), msg.data, max_outsize=32, is_delegate_call=True)


@internal
@view
def _appeals() -> address:
    appeals: address = manager.contract_at(names.COMMITTEE_APPEALS)
    # A delegatecall to an address without code succeeds and does nothing.
    if not appeals.is_contract:
        reasons.fail("CommitteeAppeals must be registered")
    return appeals
