# pragma version 0.4.3
#pragma evm-version cancun
"""
@title What work was settled, as JobsManager says it
@license MIT
@notice Stands at the JobsManager's address, so that a test can have any work settled in any round.
@dev For tests only.
"""

_settled: HashMap[uint256, HashMap[address, uint256[2]]]
_total: HashMap[uint256, uint256[2]]


interface BondingManager:
    def backWork(_transcoder: address, _untilClock: uint256): nonpayable


BONDING: immutable(BondingManager)


@deploy
def __init__(_bonding: address):
    """
    @param _bonding The BondingManager.
    """
    BONDING = BondingManager(_bonding)


@external
def backWork(_transcoder: address, _untilClock: uint256):
    """
    @notice Calls the BondingManager's function of this name, as JobsManager does.
    @param _transcoder Whose stake.
    @param _untilClock Block of the protocol's clock.
    """
    extcall BONDING.backWork(_transcoder, _untilClock)


@external
def record(_round: uint256, _transcoder: address, _fees: uint256, _protocolFee: uint256):
    """
    @notice Notes work as settled.
    @param _round The round of settlement.
    @param _transcoder Who did it.
    @param _fees Its price, in wei.
    @param _protocolFee The protocol fee paid on it, in wei.
    """
    self._settled[_round][_transcoder][0] += _fees
    self._settled[_round][_transcoder][1] += _protocolFee
    self._total[_round][0] += _fees
    self._total[_round][1] += _protocolFee


@external
@view
def settledWork(_round: uint256, _transcoder: address) -> (uint256, uint256):
    """
    @notice Work of one transcoder.
    @param _round The round of settlement.
    @param _transcoder The transcoder.
    @return Fees and protocol fee, in wei.
    """
    return self._settled[_round][_transcoder][0], self._settled[_round][_transcoder][1]


@external
@view
def settledWorkTotal(_round: uint256) -> (uint256, uint256):
    """
    @notice Work of all.
    @param _round The round of settlement.
    @return Fees and protocol fee, in wei.
    """
    return self._total[_round][0], self._total[_round][1]
