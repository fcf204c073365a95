# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Accounts
@license MIT
@notice Everything known of an account, be it a delegator, a delegate, a transcoder or all three, in six words.
@dev Vyper gives each field a slot of its own, and a call that touches five would pay for five; so fields that change
     together share a word here. Each field has one function that reads it, and one that writes it. Amounts of LPT and
     ETH take 96 bits (7.9e10 tokens), rounds 24 or 32, block numbers 32. Stake is checked against that where it grows; all
     the ETH there is fits.
     A round here is the last one that was initialised, for stake counts as it stood when that round began.
"""

from . import reasons

M16: constant(uint256) = 2**16 - 1
M20: constant(uint256) = 2**20 - 1
M24: constant(uint256) = 2**24 - 1
M32: constant(uint256) = 2**32 - 1
M64: constant(uint256) = 2**64 - 1
M96: constant(uint256) = 2**96 - 1
M160: constant(uint256) = 2**160 - 1

# A deactivation round that never comes: the transcoder is in the pool.
NEVER: constant(uint256) = 2**24 - 1

# What `backedUntil` is at least for who has ever been in the pool: such stake may have work or seats to answer for.
ONCE_IN_POOL: constant(uint256) = 1

# Whom the account backs: delegate 160 | startRound 32 | lastClaimRound 32 | nextUnbondingLockId 32
BOND: constant(uint256) = 0

# With how much, as of its last claim: bondedAmount 96 | backedUntil 32 (block of the protocol's clock) |
# cumulativeRewards 96 (LPT a transcoder earned beside its stake) | lastFeeRound 32
STAKE: constant(uint256) = 1

# ETH: fees 96 | cumulativeFees 96 (a transcoder's own part, not yet claimed)
EARNED: constant(uint256) = 2

# What stands behind it: delegatedAmount 96 | what that was when round `changed - 1` began 96 | changed 32 |
# lastRewardRound 32
BACKING: constant(uint256) = 3

# cumulativeRewards as they were when the round of the last reward began 96
ACTIVE: constant(uint256) = 4

# Its place: seat 16 | rates 64 | activationRound 24 | deactivationRound 24 | barredUntil 24 | newest tranche of own
# locks 32 | the rates before 64. Rates: rewardCut 20 | feeShare 20 | round since which both hold 24
STANDING: constant(uint256) = 5

_accounts: HashMap[address, uint256[6]]


# Whom it backs


@internal
@view
def delegate(_account: address) -> address:
    return convert(self._accounts[_account][BOND] & M160, address)


@internal
@view
def start_round(_account: address) -> uint256:
    return (self._accounts[_account][BOND] >> 160) & M32


@internal
@view
def last_claim(_account: address) -> uint256:
    return (self._accounts[_account][BOND] >> 192) & M32


@internal
@view
def next_lock(_account: address) -> uint256:
    return self._accounts[_account][BOND] >> 224


@internal
def set_delegate(_account: address, _delegate: address, _start_round: uint256):
    self._put(_account, BOND, 0, 2**192 - 1, convert(_delegate, uint256) | (_start_round << 160))


@internal
def set_last_claim(_account: address, _round: uint256):
    self._put(_account, BOND, 192, M32, _round)


@internal
def use_lock_id(_account: address) -> uint256:
    """
    @dev The id of a new lock.
    """
    id: uint256 = self.next_lock(_account)
    self._put(_account, BOND, 224, M32, id + 1)
    return id


# With how much


@internal
@view
def bonded(_account: address) -> uint256:
    return self._accounts[_account][STAKE] & M96


@internal
@view
def backed_until(_account: address) -> uint256:
    return (self._accounts[_account][STAKE] >> 96) & M32


@internal
@view
def commission(_account: address) -> uint256:
    return (self._accounts[_account][STAKE] >> 128) & M96


@internal
@view
def fee_round(_account: address) -> uint256:
    return self._accounts[_account][STAKE] >> 224


@internal
def set_bonded(_account: address, _amount: uint256):
    self._put(_account, STAKE, 0, M96, _amount)


@internal
def set_backed_until(_account: address, _clock: uint256):
    self._put(_account, STAKE, 96, M32, _clock)


@internal
def set_commission(_account: address, _amount: uint256):
    self._put(_account, STAKE, 128, M96, _amount)


@internal
def set_bonded_and_commission(_account: address, _bonded: uint256, _commission: uint256):
    stake: uint256 = self._accounts[_account][STAKE] & ~(M96 | (M96 << 128))
    self._accounts[_account][STAKE] = stake | _bonded | (_commission << 128)


@internal
def set_fee_round(_account: address, _round: uint256):
    self._put(_account, STAKE, 224, M32, _round)


@internal
@view
def is_registered(_account: address) -> bool:
    """
    @dev Whether an account backs itself.
    """
    return self.delegate(_account) == _account and self.bonded(_account) != 0


# ETH


@internal
@view
def fees(_account: address) -> uint256:
    return self._accounts[_account][EARNED] & M96


@internal
@view
def commission_fees(_account: address) -> uint256:
    return self._accounts[_account][EARNED] >> 96


@internal
def set_fees(_account: address, _fees: uint256):
    self._put(_account, EARNED, 0, M96, _fees)


@internal
def set_commission_fees(_account: address, _fees: uint256):
    self._put(_account, EARNED, 96, M96, _fees)


# What stands behind it


@internal
@view
def total(_account: address) -> uint256:
    return self._accounts[_account][BACKING] & M96


@internal
@view
def total_changed(_account: address) -> uint256:
    return (self._accounts[_account][BACKING] >> 192) & M32


@internal
@view
def reward_round(_account: address) -> uint256:
    return self._accounts[_account][BACKING] >> 224


@internal
@view
def total_at_start(_account: address, _round: uint256) -> uint256:
    """
    @dev Stake behind a delegate when `_round`, the current one, began. Nothing that happens in the round changes it.
    """
    backing: uint256 = self._accounts[_account][BACKING]
    if (backing >> 192) & M32 > _round:
        return (backing >> 96) & M96
    return backing & M96


@internal
def change_total(_account: address, _added: uint256, _removed: uint256, _round: uint256) -> uint256:
    """
    @dev Moves the total, keeping what it was when the round began. Returns the new one.
    """
    backing: uint256 = self._accounts[_account][BACKING]
    total: uint256 = backing & M96
    if (backing >> 192) & M32 <= _round:
        backing = ((backing >> 224) << 224) | (total << 96) | ((_round + 1) << 192)
    else:
        backing -= total
    total = total + _added - _removed
    if total > M96:
        reasons.fail("stake is too large")
    self._accounts[_account][BACKING] = backing | total
    return total


@internal
def set_reward_round(_account: address, _round: uint256):
    self._put(_account, BACKING, 224, M32, _round)


@internal
@view
def active_commission(_account: address) -> uint256:
    return self._accounts[_account][ACTIVE]


@internal
def set_active_commission(_account: address, _amount: uint256):
    self._accounts[_account][ACTIVE] = _amount


# Its place


@internal
@view
def seat(_account: address) -> uint256:
    return self._accounts[_account][STANDING] & M16


@internal
@view
def rates(_account: address) -> uint256:
    return (self._accounts[_account][STANDING] >> 16) & M64


@internal
@view
def earlier_rates(_account: address) -> uint256:
    return self._accounts[_account][STANDING] >> 184


@internal
@view
def activation(_account: address) -> uint256:
    return (self._accounts[_account][STANDING] >> 80) & M24


@internal
@view
def deactivation(_account: address) -> uint256:
    return (self._accounts[_account][STANDING] >> 104) & M24


@internal
@view
def barred_until(_account: address) -> uint256:
    return (self._accounts[_account][STANDING] >> 128) & M24


@internal
@view
def newest_tranche(_account: address) -> uint256:
    return (self._accounts[_account][STANDING] >> 152) & M32


@internal
@view
def is_active(_account: address, _round: uint256) -> bool:
    standing: uint256 = self._accounts[_account][STANDING]
    return (
        (standing >> 80) & M24 <= _round
        and _round < (standing >> 104) & M24
        and (standing >> 128) & M24 <= _round
    )


@internal
def set_seat(_account: address, _seat: uint256):
    self._put(_account, STANDING, 0, M16, _seat)


@internal
def set_rates(_account: address, _rates: uint256, _earlier: uint256):
    self._put(_account, STANDING, 16, M64, _rates)
    self._put(_account, STANDING, 184, M64, _earlier)


@internal
def set_active_rounds(_account: address, _activation: uint256, _deactivation: uint256):
    self._put(_account, STANDING, 80, 2**48 - 1, _activation | (_deactivation << 24))


@internal
def set_out(_account: address, _from_round: uint256):
    """
    @dev Without a seat, and not active from a round on.
    """
    standing: uint256 = self._accounts[_account][STANDING] & ~(M16 | (M24 << 104))
    self._accounts[_account][STANDING] = standing | (_from_round << 104)


@internal
def set_barred_until(_account: address, _round: uint256):
    self._put(_account, STANDING, 128, M24, _round)


@internal
def set_newest_tranche(_account: address, _tranche: uint256):
    self._put(_account, STANDING, 152, M32, _tranche)


@internal
@view
def snapshot(_account: address) -> (uint256, address, uint256, uint256, uint256):
    """
    @dev What a checkpoint notes: bondedAmount, delegate, delegatedAmount, lastClaimRound, lastRewardRound.
    """
    bond: uint256 = self._accounts[_account][BOND]
    backing: uint256 = self._accounts[_account][BACKING]
    return (
        self.bonded(_account),
        convert(bond & M160, address),
        backing & M96,
        (bond >> 192) & M32,
        backing >> 224,
    )


@internal
def _put(_account: address, _word: uint256, _at: uint256, _mask: uint256, _value: uint256):
    """
    @dev Replaces one field of a word. The value must fit.
    """
    word: uint256 = self._accounts[_account][_word]
    self._accounts[_account][_word] = word ^ ((((word >> _at) & _mask) ^ _value) << _at)
