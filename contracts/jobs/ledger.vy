# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What accounts have with the JobsManager
@license MIT
@notice Credits in wei to be withdrawn by pull; each transcoder's fees in unfinished claims and its convictions; the
        work settled in each round.
@dev _accounts[transcoder]: feesAtRisk 96 | convictions 8 | last slash 20 (parts per million) | stake fresh until 32
     (block) | round fresh until 32 (block) | round 24 | stake 44 (10^12 LPT wei, or all ones).
     Stake and round are what the BondingManager last said, each good until its block.
     A claim remembers the number of convictions (modulo 256) at which it was made; when the transcoder has more, the
     claim is void. That is how one conviction ends every unfinished claim in one write.
     _settled[round][transcoder] and _settledTotal[round]: fees 128 | protocol fee 128, in wei.
"""

from ..interfaces import IJobsManager
from ..lib import reasons

AMOUNT: constant(uint256) = 2**128 - 1
AT_RISK: constant(uint256) = 2**96 - 1
CONVICTIONS: constant(uint256) = 96
LAST_SLASH: constant(uint256) = 104
SLASH_MASK: constant(uint256) = 2**20 - 1
STAKE_UNTIL: constant(uint256) = 124
ROUND_UNTIL: constant(uint256) = 156
BLOCK_MASK: constant(uint256) = 2**32 - 1
ROUND: constant(uint256) = 188
ROUND_MASK: constant(uint256) = 2**24 - 1
STAKE: constant(uint256) = 212
STAKE_MASK: constant(uint256) = 2**44 - 1
STAKE_UNIT: constant(uint256) = 10**12
# ETH paid here is out of everyone's reach.
BURN: constant(address) = 0x000000000000000000000000000000000000dEaD

credits: public(HashMap[address, uint256])

_accounts: HashMap[address, uint256]
_settled: HashMap[uint256, HashMap[address, uint256]]
_settledTotal: HashMap[uint256, uint256]


@internal
def credit(_account: address, _amount: uint256):
    if _amount == 0:
        return

    self.credits[_account] += _amount

    log IJobsManager.Credited(account=_account, amount=_amount)


@internal
def pay_out(_account: address) -> uint256:
    """
    @dev Pays all of an account's credit. A recipient that refuses only fails its own withdrawal.
    """
    amount: uint256 = self.credits[_account]
    if amount == 0:
        reasons.fail("nothing to withdraw")

    self.credits[_account] = 0

    raw_call(_account, b"", value=amount)
    log IJobsManager.Withdrawn(account=_account, amount=amount)
    return amount


@internal
@view
def account(_transcoder: address) -> uint256:
    return self._accounts[_transcoder]


@internal
@view
def fees_at_risk(_transcoder: address) -> uint256:
    return self._accounts[_transcoder] & AT_RISK


@internal
@view
def convictions(_transcoder: address) -> uint256:
    return (self._accounts[_transcoder] >> CONVICTIONS) & 255


@internal
@view
def is_stake_fresh(_account: uint256) -> bool:
    return block.number <= (_account >> STAKE_UNTIL) & BLOCK_MASK


@internal
@view
def is_round_fresh(_account: uint256) -> bool:
    return block.number <= (_account >> ROUND_UNTIL) & BLOCK_MASK


@internal
@pure
def refreshed(
    _account: uint256, _stakeUntil: uint256, _roundUntil: uint256, _round: uint256, _stake: uint256
) -> uint256:
    """
    @dev The account with what the BondingManager says now. Stake is rounded down to its unit.
    """
    return (
        (_account & (2**STAKE_UNTIL - 1))
        | (min(_stakeUntil, BLOCK_MASK) << STAKE_UNTIL)
        | (min(_roundUntil, BLOCK_MASK) << ROUND_UNTIL)
        | (_round << ROUND)
        | (min(_stake // STAKE_UNIT, STAKE_MASK) << STAKE)
    )


@internal
@pure
def in_round(_account: uint256, _round: uint256) -> uint256:
    return (_account & ~(ROUND_MASK << ROUND)) | (_round << ROUND)


@internal
def set_account(_transcoder: address, _account: uint256):
    self._accounts[_transcoder] = _account


@internal
def put_at_risk(_transcoder: address, _account: uint256, _fees: uint256, _feesPerLpt: uint256):
    """
    @dev Adds a claim's fees to those at risk, up to what the stake backs.
    """
    limit: uint256 = min((_account >> STAKE) * _feesPerLpt // 10**6, AT_RISK)
    if (_account & AT_RISK) + _fees > limit:
        reasons.fail("fees at risk exceed what the stake backs")

    self._accounts[_transcoder] = _account + _fees


@internal
def release(_transcoder: address, _fees: uint256):
    """
    @dev Takes a finished claim's fees out again; only for claims that are not void.
    """
    self._accounts[_transcoder] -= _fees


@internal
def convict(_transcoder: address, _slash: uint256):
    """
    @dev One conviction more: nothing is at risk any longer, since every unfinished claim is void, and what was known of the
         stake no longer holds.
    """
    convictions: uint256 = ((self._accounts[_transcoder] >> CONVICTIONS) + 1) & 255
    self._accounts[_transcoder] = (convictions << CONVICTIONS) | (_slash << LAST_SLASH)


@internal
def top_up(_transcoder: address, _slash: uint256) -> uint256:
    """
    @dev What a graver fault adds to the last slash, in parts per million.
    """
    account: uint256 = self._accounts[_transcoder]
    last: uint256 = (account >> LAST_SLASH) & SLASH_MASK
    if _slash <= last:
        return 0

    self._accounts[_transcoder] = account + ((_slash - last) << LAST_SLASH)
    return _slash - last


@internal
def record_work(_round: uint256, _transcoder: address, _fees: uint256, _protocolFee: uint256):
    work: uint256 = _fees | (_protocolFee << 128)
    self._settled[_round][_transcoder] += work
    self._settledTotal[_round] += work


@internal
@view
def settled(_round: uint256, _transcoder: address) -> (uint256, uint256):
    work: uint256 = self._settled[_round][_transcoder]
    return work & AMOUNT, work >> 128


@internal
@view
def settled_total(_round: uint256) -> (uint256, uint256):
    work: uint256 = self._settledTotal[_round]
    return work & AMOUNT, work >> 128
