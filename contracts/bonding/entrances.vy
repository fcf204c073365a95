# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Calls that BondingControl carries out
@license MIT
@notice BondingManager exports these functions; each runs BondingControl's function of the same name on BondingManager's state.
"""

from ..governance import manager
from ..lib import names
from . import reasons

uses: manager


@external
def setUnbondingPeriod(_unbondingPeriod: uint64):
    """
    @notice Sets how long stake takes to leave, and how long a conviction bars. Only the Controller's owner may.
    @param _unbondingPeriod Rounds.
    """
    self._control_call()


@external
def setTreasuryRewardCutRate(_cutRate: uint256):
    """
    @notice Sets the treasury's part of newly minted LPT, from the next round on. Only the Controller's owner may.
    @param _cutRate Of 10^27.
    """
    self._control_call()


@external
def setTreasuryBalanceCeiling(_ceiling: uint256):
    """
    @notice Sets the balance at which the treasury gets no more. Only the Controller's owner may.
    @param _ceiling Wei of LPT; 0 for none.
    """
    self._control_call()


@external
def setNumActiveTranscoders(_numActiveTranscoders: uint256):
    """
    @notice Makes room for more transcoders in the pool. Only the Controller's owner may.
    @param _numActiveTranscoders More than before, 256 at most.
    """
    self._control_call()


@external
def setMinSelfStake(_minSelfStake: uint256):
    """
    @notice Sets how much of its own a transcoder must have bonded to join the pool, or to stay when it unbonds, is
            rewarded or penalised. Only the Controller's owner may.
    @param _minSelfStake Wei of LPT.
    """
    self._control_call()


@external
def setWorkWeight(_weight: uint256):
    """
    @notice Sets which part of a round's new LPT goes by work instead of stake, from the next round on. Only the
            Controller's owner may.
    @param _weight Parts per million; 0 to pay stake alone.
    """
    self._control_call()


@external
def setWorkRebate(_rebate: uint256):
    """
    @notice Sets the most that work is paid in LPT, from the next round on. Only the Controller's owner may.
    @param _rebate Wei of LPT per ETH of protocol fee.
    """
    self._control_call()


@external
def transcoder(_rewardCut: uint256, _feeShare: uint256):
    """
    @notice Sets the caller's rates from the next round on, and joins the pool if there is a place.
    @param _rewardCut The transcoder's part of rewards, in parts per million.
    @param _feeShare The delegators' part of fees, in parts per million.
    """
    self._control_call()


@external
def transcoderWithHint(
    _rewardCut: uint256, _feeShare: uint256, _newPosPrev: address, _newPosNext: address
):
    """
    @notice Sets the caller's rates from the next round on, with hints where it will stand in the pool.
    @param _rewardCut The transcoder's part of rewards, in parts per million.
    @param _feeShare The delegators' part of fees, in parts per million.
    @param _newPosPrev Who will stand before the caller; zero if unknown.
    @param _newPosNext Who will stand behind the caller; zero if unknown.
    """
    self._control_call()


@external
def roundLengthChanged():
    """
    @notice Makes this contract note anew when the current round ends. Only RoundsManager may.
    """
    self._control_call()


@external
def slashTranscoder(
    _transcoder: address, _finder: address, _slashAmount: uint256, _finderFee: uint256
):
    """
    @notice Takes a part of a transcoder's own stake and bars it for one unbonding period. Only the Verifier may.
    @param _transcoder The convicted.
    @param _finder Who found it out; zero if nobody.
    @param _slashAmount Parts per million of its own stake, bonded or still unbonding.
    @param _finderFee Parts per million of the penalty for the finder, half at most; the rest is burned.
    """
    self._control_call()


@external
def penalizeSeat(_transcoder: address, _amount: uint256) -> uint256:
    """
    @notice Takes stake of its own from a transcoder who sat on a committee badly. Only VerifierCommittee may, and gets
            the LPT.
    @param _transcoder The seat's owner.
    @param _amount Wei of LPT.
    @return What was taken, in wei of LPT; less than asked for where there was less.
    """
    return convert(self._control_answer(), uint256)


@external
def backWork(_transcoder: address, _untilClock: uint256):
    """
    @notice Keeps a transcoder's own stake where a slash can reach it. Only JobsManager may.
    @param _transcoder Whose stake.
    @param _untilClock Block of the protocol's clock, pauses not counted.
    """
    self._control_call()


@internal
def _control_call():
    """
    @dev Runs this call by BondingControl's code on this contract's state. Failures pass through unchanged.
    """
    raw_call(self._control(), msg.data, is_delegate_call=True)


@internal
def _control_answer() -> Bytes[32]:
    return raw_call(self._control(), msg.data, max_outsize=32, is_delegate_call=True)


@internal
def control(_call: Bytes[68]) -> uint256:
    """
    @dev Runs a call that nobody can make from outside, by BondingControl's code.
    """
    return convert(raw_call(self._control(), _call, max_outsize=32, is_delegate_call=True), uint256)


@internal
@view
def _control() -> address:
    control: address = manager.contract_at(names.BONDING_CONTROL)
    # A delegatecall to an address without code succeeds and does nothing.
    if not control.is_contract:
        reasons.fail("BondingControl must be registered")
    return control
