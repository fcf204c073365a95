# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
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
from . import context
from . import hearings
from . import jobs

uses: claims
uses: context
uses: hearings
uses: jobs

SEGMENT_TYPE: constant(bytes32) = keccak256(
    "Segment(uint256 jobId,uint256 sequence,uint256 durationMs,bytes32 dataHash)"
)


@external
@nonreentrant
def openSegments(
    _jobId: uint256,
    _claimId: uint256,
    _openings: DynArray[IJobsManager.Opening, 16],
    _proof: DynArray[bytes32, 320],
):
    """
    @notice Opens drawn and challenged leaves of a claim, in order of increasing index, under one multiproof. The last
            opening owed hands the claim to the committee if challenges are over by then.
    @param _jobId The job.
    @param _claimId The claim.
    @param _openings The leaves.
    @param _proof The hashes missing between leaves and root, level by level from the leaves, left to right.
    """
    clock: uint256 = context.running_clock()
    claim: claims.View = claims.read(_jobId, _claimId)
    if claims.status(claim.state) != claims.COMMITTED:
        reasons.fail("claim takes no openings")
    if claims.is_void(claim):
        reasons.fail("claim is void")
    seed: bytes32 = empty(bytes32)
    windows: IJobsManager.Deadlines = empty(IJobsManager.Deadlines)
    seed, windows = context.windows(claim)
    if windows.openBy == 0:
        reasons.fail("seed is not proven in time")
    # Drawn leaves come first; what is challenged late may still be opened after them.
    if clock > windows.openChallengedBy or (
        clock > windows.openBy and not claims.draws_open(claim.state, claim.progress)
    ):
        reasons.fail("open window has passed")

    state: uint256 = claim.state
    first: uint256 = claims.first_sequence(state)
    last: uint256 = claims.last_sequence(state)
    signer: address = jobs.signer(_jobId, claim.job_state)
    domain: bytes32 = signatures.domain()
    progress: uint256 = claim.progress
    owed: DynArray[uint256, 128] = self._owed(_jobId, _claimId, seed, state, progress)
    draws: uint256 = claims.draws(state)
    indices: DynArray[uint256, 16] = []
    leaves: DynArray[bytes32, 16] = []
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

    if merkle.root(claims.segment_count(state), indices, leaves, _proof) != claim.root:
        reasons.fail("proof does not lead to the claim's root")

    claims.set_progress(_jobId, _claimId, progress)
    if not (claims.draws_open(state, progress) and claims.challenges_open(progress)):
        return

    claim.progress = progress
    claim.state = claims.with_status(state, claims.OPENED)
    claims.set_state(_jobId, _claimId, claim.state)
    if clock > windows.challengeBy:
        hearings.request(_jobId, _claimId, claim, seed)


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
