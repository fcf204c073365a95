# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Jobs and their escrow
@license MIT
@notice What a broadcaster ordered, from whom, at which price, until when, and the wei set aside for it. Every job has
        an escrow of its own, so one job can never make another unpayable.
@dev Words of a job:
     state:    snapshot while ELECTING, then transcoder 160 | time 40 | round 24 | version 16 | status 4 |
               convictions 8 | lapses 2 | signer named 1 | by election 1.
               time is the election block (chain), then the last clock for accepting.
               convictions is the transcoder's count when it accepted: with more, it has lost the job.
     price:    pricePerUnit 64 | pixelsPerUnit 64 | segmentPixels 64 | maxSegments 32
     activity: escrow 96 | nextSequence 48 | claims 24 | segmentsClaimed 32 | unfinished 16 | endBlock 40
     The snapshot's address shares its place with the transcoder's, since an election trades one for the other.
"""

from ..interfaces import IJobsManager
from ..lib import reasons
from ..lib import snapshot
from . import ledger
from . import parameters
from . import prices

uses: ledger
uses: parameters
uses: prices


struct Words:
    state: uint256
    price: uint256
    activity: uint256
    broadcaster: address
    profilesHash: bytes32


ELECTING: constant(uint256) = 1
OFFERED: constant(uint256) = 2
ACTIVE: constant(uint256) = 3
LAPSED: constant(uint256) = 4
CANCELLED: constant(uint256) = 5
CLOSED: constant(uint256) = 6

# Draws of one election, and elections that may lapse one after another.
MAX_REDRAWS: constant(uint256) = 16
MAX_LAPSES: constant(uint256) = 3

ADDRESS: constant(uint256) = 2**160 - 1
TIME: constant(uint256) = 160
TIME_MASK: constant(uint256) = 2**40 - 1
ROUND: constant(uint256) = 200
VERSION: constant(uint256) = 224
STATUS: constant(uint256) = 240
CONVICTIONS: constant(uint256) = 244
LAPSES: constant(uint256) = 252
HAS_SIGNER: constant(uint256) = 254
BY_ELECTION: constant(uint256) = 255

WORD: constant(uint256) = 2**64 - 1
MAX_SEGMENTS: constant(uint256) = 192
ESCROW: constant(uint256) = 2**96 - 1
NEXT_SEQUENCE: constant(uint256) = 96
SEQUENCE_MASK: constant(uint256) = 2**48 - 1
CLAIMS: constant(uint256) = 144
SEGMENTS: constant(uint256) = 168
UNFINISHED: constant(uint256) = 200
END_BLOCK: constant(uint256) = 216

numJobs: public(uint256)

_jobs: HashMap[uint256, Words]
# Only where another key than the broadcaster's signs.
_signers: HashMap[uint256, address]
# The most a job by election pays, kept for the next election if this one lapses: as in price.
_maxPrices: HashMap[uint256, uint256]
_previous: HashMap[uint256, uint256]


# ---------------------------------------------------------------- making jobs


@internal
@payable
def create(
    _snapshot: address,
    _transcoder: address,
    _round: uint256,
    _clock: uint256,
    _streamId: String[64],
    _profiles: String[2048],
    _signer: address,
    _pricePerUnit: uint256,
    _pixelsPerUnit: uint256,
    _segmentPixels: uint256,
    _maxSegments: uint256,
    _endBlock: uint256,
) -> uint256:
    """
    @dev With a transcoder the job is offered to it, without one the snapshot's stake elects.
    """
    prices.check(_pricePerUnit, _pixelsPerUnit)
    if _segmentPixels == 0 or _segmentPixels >= 2**64:
        reasons.fail("segment pixels out of range")
    if _maxSegments == 0 or _maxSegments >= 2**32:
        reasons.fail("max segments out of range")
    if _clock >= _endBlock or _endBlock >= 2**40:
        reasons.fail("end block out of range")
    if len(_profiles) == 0:
        reasons.fail("profiles must not be empty")
    if msg.value == 0 or msg.value > ESCROW:
        reasons.fail("escrow out of range")

    job_id: uint256 = self.numJobs + 1
    self.numJobs = job_id

    version: uint256 = parameters.parametersVersion
    terms: uint256 = parameters.terms(version)
    state: uint256 = (_round << ROUND) | (version << VERSION)
    election_block: uint256 = 0
    accept_by: uint256 = 0
    if _transcoder == empty(address):
        election_block = block.number + parameters.election_delay(terms)
        state |= (
            convert(_snapshot, uint256)
            | (election_block << TIME)
            | (ELECTING << STATUS)
            | (1 << BY_ELECTION)
        )
    else:
        accept_by = _clock + parameters.accept_window(terms)
        state |= convert(_transcoder, uint256) | (accept_by << TIME) | (OFFERED << STATUS)

    signer: address = msg.sender
    if _signer != empty(address) and _signer != msg.sender:
        signer = _signer
        state |= 1 << HAS_SIGNER
        self._signers[job_id] = _signer

    price: uint256 = (
        _pricePerUnit
        | (_pixelsPerUnit << 64)
        | (_segmentPixels << 128)
        | (_maxSegments << MAX_SEGMENTS)
    )
    self._jobs[job_id] = Words(
        state=state,
        price=price,
        activity=msg.value | (_endBlock << END_BLOCK),
        broadcaster=msg.sender,
        profilesHash=keccak256(_profiles),
    )
    if _transcoder == empty(address):
        self._maxPrices[job_id] = price

    log IJobsManager.JobCreated(
        jobId=job_id,
        broadcaster=msg.sender,
        transcoder=_transcoder,
        streamId=_streamId,
        profiles=_profiles,
        signer=signer,
        pricePerUnit=_pricePerUnit,
        pixelsPerUnit=_pixelsPerUnit,
        segmentPixels=_segmentPixels,
        maxSegments=_maxSegments,
        endBlock=_endBlock,
        escrow=msg.value,
        electionBlock=election_block,
        acceptBy=accept_by,
    )
    return job_id


@internal
def elect(_jobId: uint256, _seed: bytes32, _clock: uint256) -> address:
    """
    @dev Draws by stake and redraws while the drawn asks nothing or too much, or has let this job lapse before. The
         price is what the elected asks; what it asks less than the maximum stays the broadcaster's.
    """
    state: uint256 = self._jobs[_jobId].state
    price: uint256 = self._jobs[_jobId].price
    pointer: address = convert(state & ADDRESS, address)
    size: uint256 = snapshot.size(pointer)
    transcoder: address = empty(address)
    ask: uint256 = 0
    if size != 0:
        total: uint256 = 0
        transcoder, total = snapshot.entry(pointer, size - 1)
        transcoder = empty(address)
        for attempt: uint256 in range(MAX_REDRAWS):
            point: uint256 = convert(keccak256(abi_encode(_seed, _jobId, attempt)), uint256) % total
            drawn: address = empty(address)
            cumulative: uint256 = 0
            drawn, cumulative = snapshot.entry(pointer, snapshot.find(pointer, size, point))
            ask = prices.in_force(drawn, (state >> ROUND) & (2**24 - 1))
            if ask == 0 or prices.above(ask, price) or self._has_lapsed(_jobId, state, drawn):
                continue

            transcoder = drawn
            break
    kept: uint256 = state & ~(ADDRESS | (TIME_MASK << TIME) | (15 << STATUS))
    if transcoder == empty(address):
        self._jobs[_jobId].state = kept | (LAPSED << STATUS)
        log IJobsManager.ElectionFailed(jobId=_jobId)
        return transcoder

    accept_by: uint256 = _clock + parameters.accept_window(parameters.terms(self.version(state)))
    self._jobs[_jobId].state = (
        kept | convert(transcoder, uint256) | (accept_by << TIME) | (OFFERED << STATUS)
    )
    self._jobs[_jobId].price = (price >> 128 << 128) | ask

    log IJobsManager.JobElected(
        jobId=_jobId,
        transcoder=transcoder,
        pricePerUnit=ask & WORD,
        pixelsPerUnit=ask >> 64,
        acceptBy=accept_by,
    )
    return transcoder


@internal
def accept(_jobId: uint256, _transcoder: address, _clock: uint256):
    state: uint256 = self._jobs[_jobId].state
    if self.status(state) != OFFERED:
        reasons.fail("job is not on offer")
    if convert(state & ADDRESS, address) != _transcoder:
        reasons.fail("caller must be the job's transcoder")
    if _clock > self.time(state):
        reasons.fail("acceptance window has passed")

    convictions: uint256 = ledger.convictions(_transcoder)
    self._jobs[_jobId].state = (
        (state & ~(15 << STATUS)) | (ACTIVE << STATUS) | (convictions << CONVICTIONS)
    )

    log IJobsManager.JobAccepted(jobId=_jobId, transcoder=_transcoder)


@internal
def lapse(_jobId: uint256, _snapshot: address, _round: uint256, _clock: uint256) -> uint256:
    """
    @dev Moves terms and free escrow of a job whose elected transcoder did not accept in time, or was convicted,
         to a new job and a new election.
    """
    words: Words = self._jobs[_jobId]
    state: uint256 = words.state
    if state >> BY_ELECTION != 1:
        reasons.fail("job is not by election")
    status: uint256 = self.status(state)
    lapsed: bool = status == OFFERED and _clock > self.time(state)
    if not (lapsed or (status == ACTIVE and self.is_lost(state))):
        reasons.fail("transcoder still has the job")
    lapses: uint256 = ((state >> LAPSES) & 3) + 1
    if lapses > MAX_LAPSES:
        reasons.fail("no election left")
    end_block: uint256 = words.activity >> END_BLOCK
    if _clock >= end_block:
        reasons.fail("job has ended")

    new_id: uint256 = self.numJobs + 1
    self.numJobs = new_id
    escrow: uint256 = words.activity & ESCROW
    version: uint256 = self.version(state)
    election_block: uint256 = (block.number + parameters.election_delay(parameters.terms(version)))
    transcoder: address = convert(state & ADDRESS, address)
    self._jobs[_jobId].activity = words.activity - escrow
    if status == OFFERED:
        self._jobs[_jobId].state = (state & ~(15 << STATUS)) | (LAPSED << STATUS)
    else:
        # It stays active for its claims, and lapses no second time.
        self._jobs[_jobId].state = state & ~(1 << BY_ELECTION)
    self._jobs[new_id] = Words(
        state=(
            convert(_snapshot, uint256)
            | (election_block << TIME)
            | (_round << ROUND)
            | (version << VERSION)
            | (ELECTING << STATUS)
            | (lapses << LAPSES)
            | (state & (1 << HAS_SIGNER))
            | (1 << BY_ELECTION)
        ),
        price=self._maxPrices[_jobId],
        activity=escrow | (end_block << END_BLOCK),
        broadcaster=words.broadcaster,
        profilesHash=words.profilesHash,
    )
    self._maxPrices[new_id] = self._maxPrices[_jobId]
    self._previous[new_id] = _jobId
    if (state >> HAS_SIGNER) & 1 == 1:
        self._signers[new_id] = self._signers[_jobId]

    log IJobsManager.JobLapsed(
        jobId=_jobId, newJobId=new_id, transcoder=transcoder, electionBlock=election_block
    )
    return new_id


# ---------------------------------------------------------------- ending jobs


@internal
def cancel(_jobId: uint256, _caller: address, _clock: uint256):
    """
    @dev The broadcaster may until the job is accepted; anyone may once its end has passed.
    """
    words: Words = self._jobs[_jobId]
    status: uint256 = self.status(words.state)
    if status != ELECTING and status != OFFERED and status != LAPSED:
        reasons.fail("job cannot be cancelled")
    if _clock <= words.activity >> END_BLOCK:
        if _caller != words.broadcaster:
            reasons.fail("caller must be the broadcaster")
    refund: uint256 = self._finish(_jobId, words, CANCELLED)

    log IJobsManager.JobCancelled(jobId=_jobId, broadcaster=words.broadcaster, refund=refund)


@internal
@payable
def fund(_jobId: uint256):
    status: uint256 = self.status(self._jobs[_jobId].state)
    if status == 0 or status >= LAPSED:
        reasons.fail("job takes no funds")
    activity: uint256 = self._jobs[_jobId].activity
    escrow: uint256 = (activity & ESCROW) + msg.value
    if msg.value == 0 or escrow > ESCROW:
        reasons.fail("escrow out of range")

    self._jobs[_jobId].activity = activity + msg.value

    log IJobsManager.JobFunded(jobId=_jobId, funder=msg.sender, amount=msg.value, escrow=escrow)


@internal
def end(_jobId: uint256, _caller: address, _clock: uint256):
    """
    @dev Only brings the end nearer, and never nearer than the claim window: what was signed stays claimable.
    """
    words: Words = self._jobs[_jobId]
    if _caller != words.broadcaster:
        reasons.fail("caller must be the broadcaster")
    if self.status(words.state) != ACTIVE:
        reasons.fail("job is not active")
    end_block: uint256 = _clock + parameters.claim_window(
        parameters.terms(self.version(words.state))
    )
    if end_block >= words.activity >> END_BLOCK:
        reasons.fail("job ends sooner already")

    self._jobs[_jobId].activity = (
        (words.activity & (2**END_BLOCK - 1)) | (end_block << END_BLOCK)
    )

    log IJobsManager.JobEnding(jobId=_jobId, endBlock=end_block)


@internal
def close(_jobId: uint256, _clock: uint256):
    """
    @dev Once nothing can be claimed any more and every claim is final, what is left is the broadcaster's.
    """
    words: Words = self._jobs[_jobId]
    if self.status(words.state) != ACTIVE:
        reasons.fail("job is not active")
    if _clock <= words.activity >> END_BLOCK and not self.is_lost(words.state):
        reasons.fail("job has not ended")
    if (words.activity >> UNFINISHED) & (2**16 - 1) != 0:
        reasons.fail("job has unfinished claims")

    refund: uint256 = self._finish(_jobId, words, CLOSED)

    log IJobsManager.JobClosed(jobId=_jobId, broadcaster=words.broadcaster, refund=refund)


# ---------------------------------------------------------------- what claims do to their job


@internal
def reserve(
    _jobId: uint256,
    _activity: uint256,
    _nextSequence: uint256,
    _segments: uint256,
    _fees: uint256,
) -> uint256:
    """
    @dev Moves a claim's fees out of the free escrow and returns the claim's id.
    """
    claim_id: uint256 = (_activity >> CLAIMS) & (2**24 - 1)
    if claim_id == 2**24 - 1:
        reasons.fail("too many claims")
    if (_activity >> UNFINISHED) & (2**16 - 1) == 2**16 - 1:
        reasons.fail("too many unfinished claims")
    if _fees > _activity & ESCROW:
        reasons.fail("escrow does not cover the fees")

    activity: uint256 = _activity & ~(SEQUENCE_MASK << NEXT_SEQUENCE)
    self._jobs[_jobId].activity = (
        activity - _fees + (1 << CLAIMS) + (_segments << SEGMENTS) + (1 << UNFINISHED)
        | (_nextSequence << NEXT_SEQUENCE)
    )
    return claim_id


@internal
def finish_claim(_jobId: uint256, _refund: uint256):
    """
    @dev A claim is final; what it did not earn goes back to the free escrow.
    """
    self._jobs[_jobId].activity = self._jobs[_jobId].activity + _refund - (1 << UNFINISHED)


# ---------------------------------------------------------------- reading


@internal
@view
def state(_jobId: uint256) -> uint256:
    return self._jobs[_jobId].state


@internal
@view
def price(_jobId: uint256) -> uint256:
    return self._jobs[_jobId].price


@internal
@view
def activity(_jobId: uint256) -> uint256:
    return self._jobs[_jobId].activity


@internal
@view
def broadcaster(_jobId: uint256) -> address:
    return self._jobs[_jobId].broadcaster


@internal
@view
def signer(_jobId: uint256, _state: uint256) -> address:
    if (_state >> HAS_SIGNER) & 1 == 1:
        return self._signers[_jobId]
    return self._jobs[_jobId].broadcaster


@internal
@pure
def transcoder(_state: uint256) -> address:
    return convert(_state & ADDRESS, address)


@internal
@pure
def status(_state: uint256) -> uint256:
    return (_state >> STATUS) & 15


@internal
@pure
def version(_state: uint256) -> uint256:
    return (_state >> VERSION) & (2**16 - 1)


@internal
@pure
def time(_state: uint256) -> uint256:
    return (_state >> TIME) & TIME_MASK


@internal
@view
def is_lost(_state: uint256) -> bool:
    """
    @dev Whether the transcoder was convicted since it accepted.
    """
    return self.convictions(_state) != ledger.convictions(self.transcoder(_state))


@internal
@pure
def convictions(_state: uint256) -> uint256:
    return (_state >> CONVICTIONS) & 255


@internal
@pure
def fees(_price: uint256, _segments: uint256) -> uint256:
    """
    @dev What `_segments` segments cost, in wei, rounded down.
    """
    return (_segments * ((_price >> 128) & WORD) * (_price & WORD) // ((_price >> 64) & WORD))


@internal
@view
def unpacked(_jobId: uint256) -> IJobsManager.Job:
    words: Words = self._jobs[_jobId]
    state: uint256 = words.state
    status: uint256 = self.status(state)
    electing: bool = status == ELECTING
    return IJobsManager.Job(
        broadcaster=words.broadcaster,
        signer=self.signer(_jobId, state),
        transcoder=empty(address) if electing else self.transcoder(state),
        status=convert(status, uint8),
        pricePerUnit=words.price & WORD,
        pixelsPerUnit=(words.price >> 64) & WORD,
        segmentPixels=(words.price >> 128) & WORD,
        maxSegments=words.price >> MAX_SEGMENTS,
        endBlock=words.activity >> END_BLOCK,
        electionBlock=self.time(state) if electing else 0,
        acceptBy=0 if electing else self.time(state),
        escrow=words.activity & ESCROW,
        nextSequence=(words.activity >> NEXT_SEQUENCE) & SEQUENCE_MASK,
        claims=(words.activity >> CLAIMS) & (2**24 - 1),
        segmentsClaimed=(words.activity >> SEGMENTS) & (2**32 - 1),
        unfinishedClaims=(words.activity >> UNFINISHED) & (2**16 - 1),
        lapses=(state >> LAPSES) & 3,
        previousJob=self._previous[_jobId],
        version=self.version(state),
        profilesHash=words.profilesHash,
    )


# ---------------------------------------------------------------- private


@internal
def _finish(_jobId: uint256, _words: Words, _status: uint256) -> uint256:
    refund: uint256 = _words.activity & ESCROW
    state: uint256 = _words.state & ~(15 << STATUS)
    if self.status(_words.state) == ELECTING:
        # Nobody was elected: neither the snapshot nor its block says anything any more.
        state &= ~(ADDRESS | (TIME_MASK << TIME))
    self._jobs[_jobId].state = state | (_status << STATUS)
    self._jobs[_jobId].activity = _words.activity - refund
    ledger.credit(_words.broadcaster, refund)
    return refund


@internal
@view
def _has_lapsed(_jobId: uint256, _state: uint256, _transcoder: address) -> bool:
    """
    @dev Whether this transcoder had the job before and lost it.
    """
    job_id: uint256 = _jobId
    for i: uint256 in range((_state >> LAPSES) & 3, bound=MAX_LAPSES):
        job_id = self._previous[job_id]
        if self.transcoder(self._jobs[job_id].state) == _transcoder:
            return True
    return False
