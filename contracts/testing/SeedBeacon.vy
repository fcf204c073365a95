# pragma version 0.4.3
# pragma evm-version cancun
"""
@title SeedBeacon
@license MIT
@notice A beacon for tests: answers the seeds it is told, where the in-process EVM has no headers to prove.
"""

from ..governance import manager
from ..interfaces import IBeacon

initializes: manager

_seeds: HashMap[uint256, bytes32]
_clocks: HashMap[uint256, uint256]


@deploy
def __init__(_controller: address):
    manager.__init__(_controller)


@external
def tell(_blockNumber: uint256, _seed: bytes32):
    self._seeds[_blockNumber] = _seed
    self._clocks[_blockNumber] = manager.protocol_clock()

    log IBeacon.SeedProven(blockNumber=_blockNumber, seed=_seed, clock=self._clocks[_blockNumber])


@view
@external
def seed(_blockNumber: uint256) -> bytes32:
    return self._seeds[_blockNumber]


@view
@external
def provenAt(_blockNumber: uint256) -> uint256:
    return self._clocks[_blockNumber]


@view
@external
def proven(_blockNumber: uint256) -> (bytes32, uint256):
    return self._seeds[_blockNumber], self._clocks[_blockNumber]
