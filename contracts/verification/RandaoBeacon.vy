# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title RandaoBeacon
@license MIT
@notice The prevRandao of past blocks, each proven once by anyone from the block's header. A seed is fixed by its
        block, so neither who proves it nor when can change it.
@dev A header is believed if its hash is one the chain still knows (256 blocks by BLOCKHASH, 8,191 through the
     history contract of EIP-2935), or the parent hash of a header that is believed or was proven before.
@custom:pause Runs on while the system is paused, or seeds could expire in a pause.
"""

from ..governance import manager
from ..interfaces import IBeacon
from ..lib import rlp_header

initializes: manager

implements: IBeacon

exports: (
    manager.controller,
    manager.setController,
    manager.targetContractId,
)


# EIP-2935: called with a block number, answers that block's hash for the last 8,191 blocks.
HISTORY: constant(address) = 0x0000F90827F1C53a10cb7A02335B175320002935
BLOCKHASH_WINDOW: constant(uint256) = 256
CLOCK_BITS: constant(uint256) = 40
CLOCK_MASK: constant(uint256) = 2**40 - 1

_seeds: HashMap[uint256, bytes32]

# Upper 216 bits of the block hash | protocol clock of the proof 40. So much of a hash has no second preimage,
# and one word is written instead of two.
_proofs: HashMap[uint256, uint256]


@deploy
def __init__(_controller: address):
    """
    @param _controller The Controller whose pauses the protocol clock leaves out.
    """
    manager.__init__(_controller)


@external
def prove(_header: Bytes[1024]) -> uint256:
    """
    @notice Proves the seed of a block whose hash the chain still knows.
    @param _header The block's header in RLP.
    @return The block's number.
    """
    parent_hash: bytes32 = empty(bytes32)
    number: uint256 = 0
    seed: bytes32 = empty(bytes32)
    parent_hash, number, seed = rlp_header.read(_header)
    block_hash: bytes32 = keccak256(_header)
    assert self._known_hash(number) == block_hash, "header is not of a known block"

    self._record(number, block_hash, seed)

    return number


@external
def proveByChild(_parentHeader: Bytes[1024], _childHeader: Bytes[1024]) -> uint256:
    """
    @notice Proves the seed of the block before one which the chain still knows or which was proven before.
            Headers can be proven backwards like this without end, so no seed ever expires.
    @param _parentHeader The header to prove, in RLP.
    @param _childHeader The header of the block after it, in RLP.
    @return The parent's number.
    """
    child_parent_hash: bytes32 = empty(bytes32)
    child_number: uint256 = 0
    child_seed: bytes32 = empty(bytes32)
    child_parent_hash, child_number, child_seed = rlp_header.read(_childHeader)
    child_hash: bytes32 = keccak256(_childHeader)
    if not self._was_proven(child_number, child_hash):
        assert self._known_hash(child_number) == child_hash, "child is not of a known block"

    parent_hash: bytes32 = empty(bytes32)
    number: uint256 = 0
    seed: bytes32 = empty(bytes32)
    parent_hash, number, seed = rlp_header.read(_parentHeader)
    block_hash: bytes32 = keccak256(_parentHeader)
    assert block_hash == child_parent_hash, "header is not the child's parent"

    self._record(number, block_hash, seed)

    return number


@external
@view
def seed(_blockNumber: uint256) -> bytes32:
    """
    @notice The seed of a block.
    @param _blockNumber The block's number.
    @return Its prevRandao, or zero while unproven.
    """
    return self._seeds[_blockNumber]


@external
@view
def provenAt(_blockNumber: uint256) -> uint256:
    """
    @notice When a seed was proven.
    @param _blockNumber The block's number.
    @return The protocol clock of the proof in blocks, or zero while unproven.
    """
    return self._proofs[_blockNumber] & CLOCK_MASK


@external
@view
def proven(_blockNumber: uint256) -> (bytes32, uint256):
    """
    @notice Seed and time of its proof at once.
    @param _blockNumber The block's number.
    @return prevRandao and the protocol clock of the proof, zeros while unproven.
    """
    return self._seeds[_blockNumber], self._proofs[_blockNumber] & CLOCK_MASK


@internal
def _record(_number: uint256, _hash: bytes32, _seed: bytes32):
    assert self._proofs[_number] == 0, "seed is already proven"
    assert _seed != empty(bytes32), "header carries no seed"

    clock: uint256 = manager.protocol_clock()
    self._seeds[_number] = _seed
    self._proofs[_number] = (convert(_hash, uint256) >> CLOCK_BITS << CLOCK_BITS) | clock

    log IBeacon.SeedProven(blockNumber=_number, seed=_seed, clock=clock)


@internal
@view
def _was_proven(_number: uint256, _hash: bytes32) -> bool:
    return self._proofs[_number] >> CLOCK_BITS == convert(_hash, uint256) >> CLOCK_BITS


@internal
@view
def _known_hash(_number: uint256) -> bytes32:
    """
    @dev The hash of a past block, or zero where the chain has forgotten it.
    """
    if _number >= block.number:
        return empty(bytes32)
    if _number + BLOCKHASH_WINDOW >= block.number:
        return blockhash(_number)
    # A chain without the history contract answers nothing; out of its range the contract reverts.
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        HISTORY,
        abi_encode(_number),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 32:
        return empty(bytes32)
    return convert(answer, bytes32)
