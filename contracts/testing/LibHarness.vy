# pragma version 0.4.3
# pragma evm-version cancun
"""
@title LibHarness
@license MIT
@notice Lets tests call the library modules directly.
"""

from ..lib import merkle
from ..lib import rlp_header
from ..lib import signatures
from ..lib import snapshot
from ..verification import bands
from ..verification import tally


@external
@pure
def root(
    _count: uint256,
    _indices: DynArray[uint256, 20],
    _leaves: DynArray[bytes32, 20],
    _proof: DynArray[bytes32, 400],
) -> bytes32:
    return merkle.root(_count, _indices, _leaves, _proof)


@external
@pure
def recover(_digest: bytes32, _signature: Bytes[65]) -> address:
    return signatures.recover(_digest, _signature)


@external
@pure
def readHeader(_header: Bytes[1024]) -> (bytes32, uint256, bytes32):
    return rlp_header.read(_header)


@external
@view
def find(_pointer: address, _point: uint256) -> (uint256, address):
    position: uint256 = snapshot.find(_pointer, snapshot.size(_pointer), _point)
    holder: address = empty(address)
    cumulative: uint256 = 0
    holder, cumulative = snapshot.entry(_pointer, position)
    return position, holder


@external
@pure
def outcome(
    _stage: uint256,
    _seats: uint256,
    _valid: uint256,
    _invalid: uint256,
    _unavailable: uint256,
    _published: bool,
) -> uint256:
    return tally.outcome(_stage, _seats, _valid, _invalid, _unavailable, _published)


@external
@pure
def medians(_scores: DynArray[uint256, 33], _bits: uint256) -> bytes32:
    return convert(bands.medians(_scores, _bits), bytes32)
