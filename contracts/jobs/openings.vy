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

# Leaves in one call, as the multiproof takes them.
MAX_LEAVES: constant(uint256) = 20

SEGMENT_TYPE: constant(bytes32) = keccak256(
    "Segment(uint256 jobId,uint256 sequence,uint256 durationMs,bytes32 dataHash)"
)


@external
@nonreentrant
def openSegments(
    _jobId: uint256,
    _claimId: uint256,
    _openings: DynArray[IJobsManager.Opening, MAX_LEAVES],
    _proof: DynArray[bytes32, MAX_LEAVES * 20],
):
    """
    @notice Opens drawn and challenged leaves of a claim, in order of increasing index, under one multiproof. The last
            opening owed hands the claim to the committee if challenges are over by then.
    @param _jobId The job.
    @param _claimId The claim.
    @param _openings The leaves, at most 20. Where their bytes are, the first says for all.
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
    indices: DynArray[uint256, MAX_LEAVES] = []
    leaves: DynArray[bytes32, MAX_LEAVES] = []
    opened: DynArray[IJobsManager.OpenedLeaf, MAX_LEAVES] = []
    # A bit for each index modulo 256: whoever is not among them need not be looked for.
    sieve: uint256 = 0
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

        indices.append(opening.index)
        sieve |= 1 << (opening.index & 255)
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

        opened.append(
            IJobsManager.OpenedLeaf(
                index=opening.index,
                sequence=opening.sequence,
                durationMs=opening.durationMs,
                dataHash=opening.dataHash,
                renditionRoot=opening.renditionRoot,
                pixels=opening.pixels,
            )
        )

    root: bytes32 = claims.root(_jobId, _claimId)
    if merkle.root(claims.segment_count(state), indices, leaves, _proof) != root:
        reasons.fail("proof does not lead to the claim's root")

    progress: uint256 = self._marked(_jobId, _claimId, seed, state, claim.progress, indices, sieve)
    claims.set_progress(_jobId, _claimId, progress)
    log IJobsManager.SegmentsOpened(
        jobId=_jobId, claimId=_claimId, location=_openings[0].location, leaves=opened
    )
    if not (claims.draws_open(state, progress) and claims.challenges_open(progress)):
        return

    claim.progress = progress
    claim.state = claims.with_status(state, claims.OPENED)
    claims.set_state(_jobId, _claimId, claim.state)
    if clock > windows.challengeBy:
        hearings.request(_jobId, _claimId, claim, seed)


@internal
@view
def _marked(
    _jobId: uint256,
    _claimId: uint256,
    _seed: bytes32,
    _state: uint256,
    _progress: uint256,
    _indices: DynArray[uint256, MAX_LEAVES],
    _sieve: uint256,
) -> uint256:
    """
    @dev Progress with every draw and challenge marked that falls on one of the leaves, each of which some draw or challenge
         must have been waiting for. `_indices` increase.
    """
    progress: uint256 = _progress
    found: uint256 = 0
    draws: uint256 = claims.draws(_state)
    for i: uint256 in range(draws + claims.challenges(_progress), bound=128):
        # Draws take bits 0 to 63, challenges 64 to 127.
        mark: uint256 = 1 << (i if i < draws else 64 + i - draws)
        if progress & mark != 0:
            continue
        index: uint256 = 0
        if i < draws:
            index = claims.drawn(_seed, _jobId, _claimId, _state, i)
        else:
            challenger: address = empty(address)
            challenger, index = claims.challenge_at(_jobId, _claimId, i - draws)
        if (_sieve >> (index & 255)) & 1 == 0:
            continue

        low: uint256 = 0
        high: uint256 = len(_indices) - 1
        for step: uint256 in range(5):
            if low == high:
                break
            middle: uint256 = unsafe_add(low, high) >> 1
            if _indices[middle] < index:
                low = unsafe_add(middle, 1)
            else:
                high = middle
        if _indices[low] == index:
            progress |= mark
            found |= 1 << low

    if found != (1 << len(_indices)) - 1:
        reasons.fail("leaf is not owed")
    return progress
