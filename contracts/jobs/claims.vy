# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Claims
@license MIT
@notice A claim is a Merkle root over the receipts of up to 2^20 segments, the fees reserved for them, and the block
        whose seed draws which leaves must be opened.
@dev Words of a claim, all but the last written once when it is made:
     root
     state:    firstSequence 48 | lastSequence - firstSequence 20 | segmentCount 21 | seedBlock 40 | claimBlock 40 |
               round 24 | draws 7 | convictions 8 | status 4 | verdict 3 | fault 2 | slash due 20
     progress: opened draws 64 | opened challenges 64 | challenges 8 | request 48
     A challenge is one word: challenger 160 | leaf index 21.
     Fees and the verification fee are not stored: job, segments and draws tell them.
"""

from ..interfaces import IJobsManager
from ..lib import reasons
from . import jobs
from . import ledger
from . import parameters

uses: jobs
uses: ledger
uses: parameters


struct Words:
    root: bytes32
    state: uint256
    progress: uint256


# What most steps need to know of a claim, read once.
struct View:
    job_state: uint256
    terms: uint256
    state: uint256
    progress: uint256


COMMITTED: constant(uint256) = 1
OPENED: constant(uint256) = 2
VOTING: constant(uint256) = 3
JUDGED: constant(uint256) = 4
PAID: constant(uint256) = 5
FORFEITED: constant(uint256) = 6
UNPAID: constant(uint256) = 7
VOID: constant(uint256) = 8

VALID: constant(uint256) = 1
INVALID: constant(uint256) = 2
INCONCLUSIVE: constant(uint256) = 4

FAULT_INVALID: constant(uint256) = 1
FAULT_MISSED: constant(uint256) = 2
FAULT_DOUBLE: constant(uint256) = 3

MAX_SPAN: constant(uint256) = 2**20
MAX_CHALLENGES: constant(uint256) = 64

SEQUENCE_MASK: constant(uint256) = 2**48 - 1
SPAN: constant(uint256) = 48
COUNT: constant(uint256) = 68
SEED_BLOCK: constant(uint256) = 89
CLAIM_BLOCK: constant(uint256) = 129
CLOCK_MASK: constant(uint256) = 2**40 - 1
ROUND: constant(uint256) = 169
DRAWS: constant(uint256) = 193
CONVICTIONS: constant(uint256) = 200
STATUS: constant(uint256) = 208
VERDICT: constant(uint256) = 212
FAULT: constant(uint256) = 215
SLASH_DUE: constant(uint256) = 217

OPENED_MASK: constant(uint256) = 2**64 - 1
OPENED_CHALLENGES: constant(uint256) = 64
CHALLENGES: constant(uint256) = 128
REQUEST: constant(uint256) = 136

_claims: HashMap[uint256, HashMap[uint256, Words]]
_challenges: HashMap[uint256, HashMap[uint256, HashMap[uint256, uint256]]]


@internal
@payable
def create(
    _jobId: uint256,
    _jobState: uint256,
    _account: uint256,
    _clock: uint256,
    _firstSequence: uint256,
    _lastSequence: uint256,
    _segmentCount: uint256,
    _claimRoot: bytes32,
) -> uint256:
    """
    @dev Ranges of one job strictly increase, so no sequence number is ever claimed by two claims. `_account` is the
         transcoder's in the ledger, and fresh.
    """
    activity: uint256 = jobs.activity(_jobId)
    price: uint256 = jobs.price(_jobId)
    if _clock > activity >> jobs.END_BLOCK:
        reasons.fail("job has ended")
    if _firstSequence < (activity >> jobs.NEXT_SEQUENCE) & SEQUENCE_MASK:
        reasons.fail("sequence already claimed")
    if (
        _firstSequence > _lastSequence
        or _lastSequence >= SEQUENCE_MASK
        or _lastSequence - _firstSequence >= MAX_SPAN
    ):
        reasons.fail("sequence range out of range")
    if _segmentCount == 0 or _segmentCount > _lastSequence - _firstSequence + 1:
        reasons.fail("segment count out of range")
    if ((activity >> jobs.SEGMENTS) & (2**32 - 1)) + _segmentCount > price >> jobs.MAX_SEGMENTS:
        reasons.fail("job's segments exceeded")
    if _claimRoot == empty(bytes32):
        reasons.fail("claim root must not be zero")

    version: uint256 = jobs.version(_jobState)
    terms: uint256 = parameters.terms(version)
    money: uint256 = parameters.money(version)
    draws: uint256 = parameters.draws(terms, _segmentCount)
    if msg.value != draws * parameters.leaf_pay(money):
        reasons.fail("value must be the verification fee")

    transcoder: address = jobs.transcoder(_jobState)
    fees: uint256 = jobs.fees(price, _segmentCount)
    ledger.put_at_risk(transcoder, _account, fees, parameters.max_fees_at_risk(money))
    claim_id: uint256 = jobs.reserve(_jobId, activity, _lastSequence + 1, _segmentCount, fees)
    seed_block: uint256 = block.number + parameters.seed_delay(terms)
    self._claims[_jobId][claim_id].root = _claimRoot
    self._claims[_jobId][claim_id].state = (
        _firstSequence
        | ((_lastSequence - _firstSequence) << SPAN)
        | (_segmentCount << COUNT)
        | (seed_block << SEED_BLOCK)
        | (_clock << CLAIM_BLOCK)
        | (((_account >> ledger.ROUND) & ledger.ROUND_MASK) << ROUND)
        | (draws << DRAWS)
        | (((_account >> ledger.CONVICTIONS) & 255) << CONVICTIONS)
        | (COMMITTED << STATUS)
    )

    log IJobsManager.WorkClaimed(
        jobId=_jobId,
        claimId=claim_id,
        transcoder=transcoder,
        firstSequence=_firstSequence,
        lastSequence=_lastSequence,
        segmentCount=_segmentCount,
        claimRoot=_claimRoot,
        fees=fees,
        seedBlock=seed_block,
        seedBy=_clock + parameters.seed_delay(terms) + parameters.seed_window(terms),
        draws=draws,
        verificationFee=msg.value,
    )
    return claim_id


# ---------------------------------------------------------------- time and chance


@internal
@view
def read(_jobId: uint256, _claimId: uint256) -> View:
    """
    @dev Everything most steps need; fails where there is no such claim.
    """
    state: uint256 = self._claims[_jobId][_claimId].state
    if state == 0:
        reasons.fail("claim does not exist")
    job_state: uint256 = jobs.state(_jobId)
    return View(
        job_state=job_state,
        terms=parameters.terms(jobs.version(job_state)),
        state=state,
        progress=self._claims[_jobId][_claimId].progress,
    )


@internal
@view
def root(_jobId: uint256, _claimId: uint256) -> bytes32:
    return self._claims[_jobId][_claimId].root


@internal
@view
def deadlines(_view: View, _provenAt: uint256) -> IJobsManager.Deadlines:
    """
    @dev The windows after the seed count from its proof; a proof that came too late opens none.
    """
    seed_by: uint256 = (
        ((_view.state >> CLAIM_BLOCK) & CLOCK_MASK)
        + parameters.seed_delay(_view.terms)
        + parameters.seed_window(_view.terms)
    )
    if _provenAt == 0 or _provenAt > seed_by:
        return IJobsManager.Deadlines(
            seedBy=seed_by, provenAt=_provenAt, challengeBy=0, openBy=0, openChallengedBy=0
        )
    challenge_by: uint256 = _provenAt + parameters.challenge_window(_view.terms)
    open_window: uint256 = parameters.open_window(_view.terms)
    return IJobsManager.Deadlines(
        seedBy=seed_by,
        provenAt=_provenAt,
        challengeBy=challenge_by,
        openBy=_provenAt + open_window,
        openChallengedBy=challenge_by + open_window,
    )


@internal
@pure
def drawn(
    _seed: bytes32, _jobId: uint256, _claimId: uint256, _state: uint256, _draw: uint256
) -> uint256:
    """
    @dev The leaf of a draw. Draws may fall on the same leaf.
    """
    return convert(
        keccak256(abi_encode(_seed, _jobId, _claimId, _draw)), uint256
    ) % self.segment_count(_state)


@internal
@pure
def draws_open(_state: uint256, _progress: uint256) -> bool:
    """
    @dev Whether every drawn leaf has been opened.
    """
    return _progress & OPENED_MASK == (1 << ((_state >> DRAWS) & 127)) - 1


@internal
@pure
def challenges_open(_progress: uint256) -> bool:
    """
    @dev Whether every challenged leaf has been opened.
    """
    challenges: uint256 = (1 << ((_progress >> CHALLENGES) & 255)) - 1
    return (_progress >> OPENED_CHALLENGES) & OPENED_MASK == challenges


@internal
@view
def is_void(_claim: View) -> bool:
    """
    @dev Whether the transcoder was convicted after it made this claim.
    """
    return self.convictions(_claim.state) != ledger.convictions(jobs.transcoder(_claim.job_state))


# ---------------------------------------------------------------- fields


@internal
@pure
def first_sequence(_state: uint256) -> uint256:
    return _state & SEQUENCE_MASK


@internal
@pure
def last_sequence(_state: uint256) -> uint256:
    return (_state & SEQUENCE_MASK) + ((_state >> SPAN) & (2**20 - 1))


@internal
@pure
def segment_count(_state: uint256) -> uint256:
    return (_state >> COUNT) & (2**21 - 1)


@internal
@pure
def seed_block(_state: uint256) -> uint256:
    return (_state >> SEED_BLOCK) & CLOCK_MASK


@internal
@pure
def round(_state: uint256) -> uint256:
    return (_state >> ROUND) & (2**24 - 1)


@internal
@pure
def draws(_state: uint256) -> uint256:
    return (_state >> DRAWS) & 127


@internal
@pure
def status(_state: uint256) -> uint256:
    return (_state >> STATUS) & 15


@internal
@pure
def verdict(_state: uint256) -> uint256:
    return (_state >> VERDICT) & 7


@internal
@pure
def fault(_state: uint256) -> uint256:
    return (_state >> FAULT) & 3


@internal
@pure
def convictions(_state: uint256) -> uint256:
    return (_state >> CONVICTIONS) & 255


@internal
@pure
def challenges(_progress: uint256) -> uint256:
    return (_progress >> CHALLENGES) & 255


@internal
@pure
def request(_progress: uint256) -> uint256:
    return _progress >> REQUEST


@internal
@pure
def with_status(_state: uint256, _status: uint256) -> uint256:
    return (_state & ~(15 << STATUS)) | (_status << STATUS)


@internal
def set_state(_jobId: uint256, _claimId: uint256, _state: uint256):
    self._claims[_jobId][_claimId].state = _state


@internal
def set_progress(_jobId: uint256, _claimId: uint256, _progress: uint256):
    self._claims[_jobId][_claimId].progress = _progress


@internal
@view
def challenge_at(_jobId: uint256, _claimId: uint256, _challenge: uint256) -> (address, uint256):
    """
    @dev Challenger and leaf index.
    """
    word: uint256 = self._challenges[_jobId][_claimId][_challenge]
    return convert(word & (2**160 - 1), address), word >> 160


@internal
def add_challenge(
    _jobId: uint256, _claimId: uint256, _progress: uint256, _challenger: address, _index: uint256
) -> uint256:
    """
    @dev Returns the claim's progress with the challenge counted; the caller stores nothing more.
    """
    number: uint256 = self.challenges(_progress)
    if number >= MAX_CHALLENGES:
        reasons.fail("too many challenges")

    self._challenges[_jobId][_claimId][number] = convert(_challenger, uint256) | (_index << 160)
    progress: uint256 = _progress + (1 << CHALLENGES)
    self._claims[_jobId][_claimId].progress = progress
    return progress


@internal
@view
def unpacked(_jobId: uint256, _claimId: uint256) -> IJobsManager.Claim:
    claim: View = self.read(_jobId, _claimId)
    state: uint256 = claim.state
    return IJobsManager.Claim(
        transcoder=jobs.transcoder(claim.job_state),
        claimRoot=self.root(_jobId, _claimId),
        firstSequence=self.first_sequence(state),
        lastSequence=self.last_sequence(state),
        segmentCount=self.segment_count(state),
        fees=jobs.fees(jobs.price(_jobId), self.segment_count(state)),
        draws=self.draws(state),
        openedDraws=claim.progress & OPENED_MASK,
        challenges=self.challenges(claim.progress),
        openedChallenges=(claim.progress >> OPENED_CHALLENGES) & OPENED_MASK,
        seedBlock=self.seed_block(state),
        claimBlock=(state >> CLAIM_BLOCK) & CLOCK_MASK,
        round=self.round(state),
        status=convert(self.status(state), uint8),
        verdict=convert(self.verdict(state), uint8),
        request=self.request(claim.progress),
    )
