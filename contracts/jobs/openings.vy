# pragma version 0.4.3
#pragma evm-version cancun
#pragma optimize codesize
"""
@title Openings
@license MIT
@notice Shows leaves of a claim: every drawn and every challenged one must be opened, with the broadcaster's signature
        over its segment and the place where the bytes can be fetched by hash.
"""

from ..interfaces import IJobsManager
from ..lib import merkle
from ..lib import reasons
from ..lib import signatures
from . import claims
from . import jobs

uses: claims
uses: jobs


SEGMENT_TYPE: constant(bytes32) = keccak256(
    "Segment(uint256 jobId,uint256 sequence,uint256 durationMs,bytes32 dataHash)"
)


@internal
def open(
    _jobId: uint256,
    _claimId: uint256,
    _claim: claims.View,
    _seed: bytes32,
    _openings: DynArray[IJobsManager.Opening, 32],
    _proof: DynArray[bytes32, 640],
) -> uint256:
    """
    @dev Checks the openings under one multiproof and returns the claim's progress with them marked.
    """
    state: uint256 = _claim.state
    first: uint256 = claims.first_sequence(state)
    last: uint256 = claims.last_sequence(state)
    signer: address = jobs.signer(_jobId, _claim.job_state)
    domain: bytes32 = signatures.domain()
    progress: uint256 = _claim.progress
    owed: DynArray[uint256, 128] = self._owed(_jobId, _claimId, _seed, state, progress)
    draws: uint256 = claims.draws(state)
    indices: DynArray[uint256, 32] = []
    leaves: DynArray[bytes32, 32] = []
    for opening: IJobsManager.Opening in _openings:
        if first > opening.sequence or opening.sequence > last:
            reasons.fail("sequence outside the claim")
        digest: bytes32 = signatures.digest(
            domain,
            keccak256(
                abi_encode(
                    SEGMENT_TYPE,
                    _jobId,
                    opening.sequence,
                    opening.durationMs,
                    opening.dataHash,
                )
            ),
        )
        if signatures.recover(digest, opening.broadcasterSig) != signer:
            reasons.fail("segment is not signed by the broadcaster")

        # Draws take bits 0 to 63, challenges 64 to 127.
        marks: uint256 = 0
        for i: uint256 in range(len(owed), bound=128):
            if owed[i] == opening.index:
                marks |= 1 << (i if i < draws else 64 + i - draws)
        if marks & ~progress == 0:
            reasons.fail("leaf is not owed")
        progress |= marks

        indices.append(opening.index)
        leaves.append(
            merkle.leaf(
                keccak256(
                    abi_encode(
                        _jobId,
                        opening.sequence,
                        opening.durationMs,
                        opening.dataHash,
                        opening.renditionRoot,
                        opening.pixels,
                        keccak256(opening.broadcasterSig),
                    )
                )
            )
        )

        log IJobsManager.SegmentOpened(
            jobId=_jobId,
            claimId=_claimId,
            index=opening.index,
            sequence=opening.sequence,
            durationMs=opening.durationMs,
            dataHash=opening.dataHash,
            renditionRoot=opening.renditionRoot,
            pixels=opening.pixels,
            broadcasterSig=opening.broadcasterSig,
            location=opening.location,
        )

    if merkle.root(claims.segment_count(state), indices, leaves, _proof) != _claim.root:
        reasons.fail("proof does not lead to the claim's root")
    return progress


@internal
@pure
def check_double(
    _jobId: uint256,
    _state: uint256,
    _root: bytes32,
    _first: IJobsManager.Leaf,
    _second: IJobsManager.Leaf,
    _proof: DynArray[bytes32, 64],
):
    """
    @dev Two leaves of one tree whose sequence numbers do not increase with their indices are a double claim,
         whoever signed them.
    """
    if _first.sequence < _second.sequence:
        reasons.fail("sequences increase")
    root: bytes32 = merkle.root(
        claims.segment_count(_state),
        [_first.index, _second.index],
        [self._leaf(_jobId, _first), self._leaf(_jobId, _second)],
        _proof,
    )
    if root != _root:
        reasons.fail("proof does not lead to the claim's root")


@internal
@pure
def _leaf(_jobId: uint256, _leaf: IJobsManager.Leaf) -> bytes32:
    return merkle.leaf(
        keccak256(
            abi_encode(
                _jobId,
                _leaf.sequence,
                _leaf.durationMs,
                _leaf.dataHash,
                _leaf.renditionRoot,
                _leaf.pixels,
                _leaf.broadcasterSigHash,
            )
        )
    )


@internal
@view
def _owed(
    _jobId: uint256, _claimId: uint256, _seed: bytes32, _state: uint256, _progress: uint256
) -> DynArray[uint256, 128]:
    """
    @dev The leaves of all draws, then of all challenges.
    """
    owed: DynArray[uint256, 128] = []
    for draw: uint256 in range(claims.draws(_state), bound=64):
        owed.append(claims.drawn(_seed, _jobId, _claimId, _state, draw))
    for i: uint256 in range(claims.challenges(_progress), bound=64):
        challenger: address = empty(address)
        index: uint256 = 0
        challenger, index = claims.challenge_at(_jobId, _claimId, i)
        owed.append(index)
    return owed
