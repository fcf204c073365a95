# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Parameters of jobs, by version
@license MIT
@notice A job keeps the version that was in force when it was made; setting parameters only adds a version.
@dev Two packed words a version:
     terms: verificationRate 16 | maxSamples 8 | seedDelay 16 | electionDelay 16 | seedWindow 24 |
            challengeWindow 24 | openWindow 24 | acceptWindow 24 | claimWindow 24 | verdictWindow 24 |
            protocolFee 20 | finderShare 20
     money: seatPay 80 | maxFeesAtRisk 96 | invalidSlash 20 | missedSlash 20 | doubleClaimSlash 20
"""

from ..interfaces import IJobsManager
from ..lib import reasons

PERC_DIVISOR: constant(uint256) = 1_000_000
MAX_SAMPLES: constant(uint256) = 64
# Seats of the first stage, whose pay the claimant brings along.
SEATS: constant(uint256) = 3

parametersVersion: public(uint256)

# The longest dispute of any version, in blocks: jobs of old versions may still be running.
longestDispute: public(uint256)

_terms: HashMap[uint256, uint256]
_money: HashMap[uint256, uint256]


@internal
def store(_p: IJobsManager.Parameters):
    if _p.verificationRate == 0 or _p.verificationRate >= 2**16:
        reasons.fail("verification rate out of range")
    if _p.maxSamples == 0 or _p.maxSamples > MAX_SAMPLES:
        reasons.fail("max samples out of range")
    self._check_window(_p.seedDelay, 2**16)
    self._check_window(_p.electionDelay, 2**16)
    self._check_window(_p.seedWindow, 2**24)
    self._check_window(_p.challengeWindow, 2**24)
    self._check_window(_p.openWindow, 2**24)
    self._check_window(_p.acceptWindow, 2**24)
    self._check_window(_p.claimWindow, 2**24)
    self._check_window(_p.verdictWindow, 2**24)
    if _p.seatPay >= 2**80:
        reasons.fail("seat pay out of range")
    if _p.protocolFee > PERC_DIVISOR // 2:
        reasons.fail("protocol fee out of range")
    if _p.invalidSlash == 0:
        reasons.fail("slash must be positive")
    if _p.invalidSlash > _p.missedSlash:
        reasons.fail("missing must cost no less than invalid work")
    if _p.missedSlash > _p.doubleClaimSlash:
        reasons.fail("double claims must cost no less than missing")
    if _p.doubleClaimSlash > PERC_DIVISOR:
        reasons.fail("slash out of range")
    # Above half, whoever finds its own fault would profit from it.
    if _p.finderShare > PERC_DIVISOR // 2:
        reasons.fail("finder share out of range")
    if _p.maxFeesAtRisk == 0 or _p.maxFeesAtRisk >= 2**96:
        reasons.fail("fees at risk out of range")

    version: uint256 = self.parametersVersion + 1
    if version >= 2**16:
        reasons.fail("too many versions")
    self.parametersVersion = version
    self._terms[version] = (
        _p.verificationRate
        | (_p.maxSamples << 16)
        | (_p.seedDelay << 24)
        | (_p.electionDelay << 40)
        | (_p.seedWindow << 56)
        | (_p.challengeWindow << 80)
        | (_p.openWindow << 104)
        | (_p.acceptWindow << 128)
        | (_p.claimWindow << 152)
        | (_p.verdictWindow << 176)
        | (_p.protocolFee << 200)
        | (_p.finderShare << 220)
    )
    self._money[version] = (
        _p.seatPay
        | (_p.maxFeesAtRisk << 80)
        | (_p.invalidSlash << 176)
        | (_p.missedSlash << 196)
        | (_p.doubleClaimSlash << 216)
    )
    self.longestDispute = max(self.longestDispute, self.longest_dispute(self._terms[version]))

    log IJobsManager.ParametersSet(version=version, parameters=_p)


@internal
@view
def terms(_version: uint256) -> uint256:
    return self._terms[_version]


@internal
@view
def money(_version: uint256) -> uint256:
    return self._money[_version]


@internal
@pure
def seed_delay(_terms: uint256) -> uint256:
    return (_terms >> 24) & (2**16 - 1)


@internal
@pure
def election_delay(_terms: uint256) -> uint256:
    return (_terms >> 40) & (2**16 - 1)


@internal
@pure
def seed_window(_terms: uint256) -> uint256:
    return (_terms >> 56) & (2**24 - 1)


@internal
@pure
def challenge_window(_terms: uint256) -> uint256:
    return (_terms >> 80) & (2**24 - 1)


@internal
@pure
def open_window(_terms: uint256) -> uint256:
    return (_terms >> 104) & (2**24 - 1)


@internal
@pure
def accept_window(_terms: uint256) -> uint256:
    return (_terms >> 128) & (2**24 - 1)


@internal
@pure
def claim_window(_terms: uint256) -> uint256:
    return (_terms >> 152) & (2**24 - 1)


@internal
@pure
def protocol_fee(_terms: uint256) -> uint256:
    return (_terms >> 200) & (2**20 - 1)


@internal
@pure
def finder_share(_terms: uint256) -> uint256:
    return (_terms >> 220) & (2**20 - 1)


@internal
@pure
def draws(_terms: uint256, _segments: uint256) -> uint256:
    """
    @dev max(1, min(ceil(segments / rate), maxSamples)) for at least one segment.
    """
    rate: uint256 = _terms & (2**16 - 1)
    return min((_segments + rate - 1) // rate, (_terms >> 16) & 255)


@internal
@pure
def longest_dispute(_terms: uint256) -> uint256:
    """
    @dev Blocks from a claim to its last possible verdict: both delays, every window, and one block for each
         poke between them.
    """
    return (
        self.seed_delay(_terms)
        + self.seed_window(_terms)
        + self.challenge_window(_terms)
        + self.open_window(_terms)
        + ((_terms >> 176) & (2**24 - 1))
    )


@internal
@pure
def leaf_pay(_money: uint256) -> uint256:
    """
    @dev What the seats of a first stage earn for one leaf, in wei.
    """
    return SEATS * (_money & (2**80 - 1))


@internal
@pure
def challenge_bond(_money: uint256) -> uint256:
    """
    @dev Twice what judging one leaf costs: half for the seats, half for a claimant who did nothing wrong.
    """
    return 2 * self.leaf_pay(_money)


@internal
@pure
def max_fees_at_risk(_money: uint256) -> uint256:
    return (_money >> 80) & (2**96 - 1)


@internal
@pure
def slash_for(_money: uint256, _fault: uint256) -> uint256:
    """
    @dev `_fault` is 1 invalid work, 2 missed verification, 3 double claim.
    """
    return (_money >> (156 + 20 * _fault)) & (2**20 - 1)


@internal
@view
def unpacked(_version: uint256) -> IJobsManager.Parameters:
    terms: uint256 = self._terms[_version]
    money: uint256 = self._money[_version]
    return IJobsManager.Parameters(
        verificationRate=terms & (2**16 - 1),
        maxSamples=(terms >> 16) & 255,
        seedDelay=self.seed_delay(terms),
        electionDelay=self.election_delay(terms),
        seedWindow=self.seed_window(terms),
        challengeWindow=self.challenge_window(terms),
        openWindow=self.open_window(terms),
        acceptWindow=self.accept_window(terms),
        claimWindow=self.claim_window(terms),
        verdictWindow=(terms >> 176) & (2**24 - 1),
        seatPay=money & (2**80 - 1),
        protocolFee=self.protocol_fee(terms),
        invalidSlash=self.slash_for(money, 1),
        missedSlash=self.slash_for(money, 2),
        doubleClaimSlash=self.slash_for(money, 3),
        finderShare=self.finder_share(terms),
        maxFeesAtRisk=self.max_fees_at_risk(money),
    )


@internal
@pure
def _check_window(_blocks: uint256, _limit: uint256):
    if _blocks == 0 or _blocks >= _limit:
        reasons.fail("window out of range")
