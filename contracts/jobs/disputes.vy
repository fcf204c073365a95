# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title How claims end
@license MIT
@notice Challenges, convictions and settlement: a claim is paid, forfeited, left unpaid or void, and never leaves that
        state again.
@dev A conviction counts up at once and thereby voids every other unfinished claim of the transcoder; what follows from it
     for each claim is done by whoever pokes that claim.
"""

from ..interfaces import IBondingManager
from ..interfaces import IJobsManager
from ..interfaces import IMinter
from ..lib import merkle
from ..lib import reasons
from . import claims
from . import jobs
from . import ledger
from . import parameters
from . import prices

uses: claims
uses: jobs
uses: ledger
uses: parameters
uses: prices


# Where money and stake are, looked up by the caller.
struct Places:
    bonding: address
    minter: address
    # takes the protocol's fees; never zero
    treasury: address


@internal
@payable
def challenge(
    _jobId: uint256,
    _claimId: uint256,
    _claim: claims.View,
    _by: uint256,
    _clock: uint256,
    _index: uint256,
):
    status: uint256 = claims.status(_claim.state)
    if status != claims.COMMITTED and status != claims.OPENED:
        reasons.fail("claim cannot be challenged now")
    # Before the seed is proven no window has begun.
    if _by != 0 and _clock > _by:
        reasons.fail("challenge window has passed")
    if claims.is_void(_claim):
        reasons.fail("claim is void")
    if _index >= claims.segment_count(_claim.state):
        reasons.fail("leaf index out of range")
    bond: uint256 = parameters.challenge_bond(parameters.money(jobs.version(_claim.job_state)))
    if msg.value != bond:
        reasons.fail("value must be the challenge bond")
    for i: uint256 in range(claims.challenges(_claim.progress), bound=64):
        challenger: address = empty(address)
        index: uint256 = 0
        challenger, index = claims.challenge_at(_jobId, _claimId, i)
        if index == _index:
            reasons.fail("leaf is already challenged")
    progress: uint256 = claims.add_challenge(_jobId, _claimId, _claim.progress, msg.sender, _index)
    if status == claims.OPENED:
        # One leaf more to open.
        claims.set_state(_jobId, _claimId, claims.with_status(_claim.state, claims.COMMITTED))

    log IJobsManager.Challenged(
        jobId=_jobId, claimId=_claimId, challenger=msg.sender, index=_index, bond=bond
    )


@internal
def convict(
    _jobId: uint256, _claimId: uint256, _claim: claims.View, _fault: uint256, _finder: address
) -> (uint256, uint256):
    """
    @dev Records a fault. Returns the claim's state with the fault in it and the slash due, in parts per million.
         A second fault under the same conviction only adds what makes it graver.
    """
    transcoder: address = jobs.transcoder(_claim.job_state)
    slash: uint256 = parameters.slash_for(parameters.money(jobs.version(_claim.job_state)), _fault)
    count: uint256 = ledger.convictions(transcoder)
    made_at: uint256 = claims.convictions(_claim.state)
    if made_at == count:
        ledger.convict(transcoder, slash)
        prices.drop(transcoder)
    elif (made_at + 1) & 255 == count:
        slash = ledger.top_up(transcoder, slash)
    else:
        slash = 0

    log IJobsManager.TranscoderConvicted(
        jobId=_jobId,
        claimId=_claimId,
        transcoder=transcoder,
        finder=_finder,
        fault=convert(_fault, uint8),
        slash=slash,
    )
    return _claim.state | (_fault << claims.FAULT), slash


@internal
def slash(_claim: claims.View, _slash: uint256, _finder: address, _bonding: address):
    if _slash == 0:
        return

    share: uint256 = 0
    if _finder != empty(address):
        share = parameters.finder_share(_claim.terms)
    extcall IBondingManager(_bonding).slashTranscoder(
        jobs.transcoder(_claim.job_state), _finder, _slash, share
    )


@internal
def settle(_jobId: uint256, _claimId: uint256, _claim: claims.View, _places: Places):
    """
    @dev Ends a claim which the committee has judged, or which its claimant's conviction voids.
    """
    status: uint256 = claims.status(_claim.state)
    verdict: uint256 = claims.verdict(_claim.state)
    fault: uint256 = claims.fault(_claim.state)
    void: bool = claims.is_void(_claim)
    if status != claims.JUDGED:
        if status != claims.COMMITTED and status != claims.OPENED:
            reasons.fail("claim cannot be settled now")
        if not void:
            reasons.fail("claim has not been judged")
    if fault != 0:
        self._refund(_jobId, _claimId, _claim, _claim.state, claims.FORFEITED, _places)
        if fault == claims.FAULT_INVALID:
            finder: address = empty(address)
            if claims.challenges(_claim.progress) != 0:
                index: uint256 = 0
                finder, index = claims.challenge_at(_jobId, _claimId, 0)
            self.slash(_claim, _claim.state >> claims.SLASH_DUE, finder, _places.bonding)
    elif void:
        self._refund(_jobId, _claimId, _claim, _claim.state, claims.VOID, _places)
    elif verdict == claims.VALID:
        self._pay(_jobId, _claimId, _claim, _places)
    else:
        fees: uint256 = jobs.fees(jobs.price(_jobId), claims.segment_count(_claim.state))
        ledger.release(jobs.transcoder(_claim.job_state), fees)
        self._refund(_jobId, _claimId, _claim, _claim.state, claims.UNPAID, _places)


@internal
def forfeit(
    _jobId: uint256, _claimId: uint256, _claim: claims.View, _state: uint256, _places: Places
):
    """
    @dev Ends a claim convicted without the committee.
    """
    self._refund(_jobId, _claimId, _claim, _state, claims.FORFEITED, _places)


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


# ---------------------------------------------------------------- private


@internal
def _pay(_jobId: uint256, _claimId: uint256, _claim: claims.View, _places: Places):
    transcoder: address = jobs.transcoder(_claim.job_state)
    round: uint256 = claims.round(_claim.state)
    fees: uint256 = jobs.fees(jobs.price(_jobId), claims.segment_count(_claim.state))
    # Rounded up, in favour of the protocol.
    protocol_fee: uint256 = (
        fees * parameters.protocol_fee(_claim.terms) + parameters.PERC_DIVISOR - 1
    ) // parameters.PERC_DIVISOR
    fees -= protocol_fee
    claims.set_state(_jobId, _claimId, claims.with_status(_claim.state, claims.PAID))
    jobs.finish_claim(_jobId, 0)
    ledger.release(transcoder, fees + protocol_fee)
    ledger.credit(_places.treasury, protocol_fee)
    self._resolve_challenges(_jobId, _claimId, _claim, _claim.state, claims.PAID)
    ledger.record_work(
        staticcall IBondingManager(_places.bonding).lastSnapshotRound(),
        transcoder,
        fees + protocol_fee,
        protocol_fee,
    )

    if fees != 0:
        extcall IMinter(_places.minter).depositETH(value=fees)
        extcall IBondingManager(_places.bonding).updateTranscoderWithFees(transcoder, fees, round)

    log IJobsManager.FeesDistributed(
        jobId=_jobId,
        claimId=_claimId,
        transcoder=transcoder,
        fees=fees,
        protocolFee=protocol_fee,
        round=round,
    )


@internal
def _refund(
    _jobId: uint256,
    _claimId: uint256,
    _claim: claims.View,
    _state: uint256,
    _status: uint256,
    _places: Places,
):
    """
    @dev The fees go back into the job's escrow. A verification fee the committee never got returns to the claimant
         of a void claim and is lost to the protocol by a convict.
    """
    transcoder: address = jobs.transcoder(_claim.job_state)
    fees: uint256 = jobs.fees(jobs.price(_jobId), claims.segment_count(_state))
    claims.set_state(_jobId, _claimId, claims.with_status(_state, _status))
    jobs.finish_claim(_jobId, fees)
    if claims.status(_state) < claims.VOTING:
        ledger.credit(
            transcoder if _status == claims.VOID else _places.treasury,
            claims.draws(_state)
            * parameters.leaf_pay(parameters.money(jobs.version(_claim.job_state))),
        )
    self._resolve_challenges(_jobId, _claimId, _claim, _state, _status)

    log IJobsManager.ClaimRefunded(
        jobId=_jobId,
        claimId=_claimId,
        transcoder=transcoder,
        fees=fees,
        status=convert(_status, uint8),
    )


@internal
def _resolve_challenges(
    _jobId: uint256, _claimId: uint256, _claim: claims.View, _state: uint256, _status: uint256
):
    """
    @dev Good work gives half of each bond to the claimant, the committee having kept the other half for the seats.
         Otherwise the bond goes back, less the half the seats earned where they found a claim VALID that ended
         for another reason.
    """
    count: uint256 = claims.challenges(_claim.progress)
    if count == 0:
        return

    bond: uint256 = parameters.challenge_bond(parameters.money(jobs.version(_claim.job_state)))
    returned: uint256 = bond
    if claims.verdict(_state) == claims.VALID:
        returned = bond // 2
        if _status == claims.PAID:
            returned = 0
            ledger.credit(jobs.transcoder(_claim.job_state), count * (bond // 2))
    for i: uint256 in range(count, bound=64):
        challenger: address = empty(address)
        index: uint256 = 0
        challenger, index = claims.challenge_at(_jobId, _claimId, i)
        ledger.credit(challenger, returned)
        log IJobsManager.ChallengeResolved(
            jobId=_jobId,
            claimId=_claimId,
            challenger=challenger,
            index=index,
            returned=returned,
        )


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
