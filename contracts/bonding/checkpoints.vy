# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Checkpoints of stake
@license MIT
@notice What every account's bond was at the start of each round, in one word per round in which it changed.
@dev A checkpoint is the 15th part of what a transaction costs or more, so it is one word, found by its number. The
     delegate, which hardly ever changes, is kept apart.
"""

from . import reasons

M24: constant(uint256) = 2**24 - 1
M32: constant(uint256) = 2**32 - 1
M92: constant(uint256) = 2**92 - 1
M96: constant(uint256) = 2**96 - 1
M128: constant(uint256) = 2**128 - 1
M160: constant(uint256) = 2**160 - 1

# As many of each as there can be. A long array costs one hash to find an entry, a map in a map two.
MAX_NUMBER: constant(uint256) = 2**32

# bondedAmount 92 | delegatedAmount 92 | lastClaimRound 24 | lastRewardRound 24 | startRound 24. With the start round
# on top, checkpoints sort as they are.
_checkpoints: HashMap[address, uint256[MAX_NUMBER]]

# Current delegate 160 | number of checkpoints 32 | number of earlier delegates 32 | start round of the current one 32
_heads: HashMap[address, uint256]

# Earlier delegates, by number: delegate 160 | start round 32
_delegates: HashMap[address, uint256[MAX_NUMBER]]

# Total active stake by number, two to a word: (stake 96 | round 32) 128 each.
_totals: uint256[MAX_NUMBER]

# Newest total 128 | number of totals 32. It reaches its word when that is full, which saves a fresh word every other
# round.
_newest_total: uint256


@internal
@view
def count(_account: address) -> uint256:
    return (self._heads[_account] >> 160) & M32


@internal
@pure
def bonded(_checkpoint: uint256) -> uint256:
    return _checkpoint & M92


@internal
@pure
def delegated(_checkpoint: uint256) -> uint256:
    return (_checkpoint >> 92) & M92


@internal
@pure
def last_claim(_checkpoint: uint256) -> uint256:
    return (_checkpoint >> 184) & M24


@internal
@pure
def last_reward(_checkpoint: uint256) -> uint256:
    return (_checkpoint >> 208) & M24


@internal
@pure
def start_round(_checkpoint: uint256) -> uint256:
    return _checkpoint >> 232


@internal
def push(
    _account: address,
    _start_round: uint256,
    _bonded: uint256,
    _delegate: address,
    _delegated: uint256,
    _last_claim: uint256,
    _last_reward: uint256,
) -> (uint256, address):
    """
    @dev Adds a checkpoint, or replaces the newest if it starts in the same round. Returns the one before and the
         delegate before, zeros if this is the first.
    """
    if _bonded > M92 or _delegated > M92:
        reasons.fail("stake is too large")
    if _start_round > M24 or _last_reward > M24:
        reasons.fail("round is too large")

    head: uint256 = self._heads[_account]
    number: uint256 = (head >> 160) & M32
    previous: uint256 = 0
    if number != 0:
        previous = self._checkpoints[_account][number - 1]
    if number == 0 or self.start_round(previous) != _start_round:
        self._expect_order(_start_round, self.start_round(previous))
        number += 1
    self._checkpoints[_account][number - 1] = (
        _bonded
        | (_delegated << 92)
        | (_last_claim << 184)
        | (_last_reward << 208)
        | (_start_round << 232)
    )

    delegate: uint256 = convert(_delegate, uint256)
    earlier: uint256 = (head >> 192) & M32
    since: uint256 = head >> 224
    if delegate != head & M160:
        if since != _start_round and head != 0:
            self._delegates[_account][earlier] = (head & M160) | (since << 160)
            earlier += 1
        since = _start_round
    updated: uint256 = delegate | (number << 160) | (earlier << 192) | (since << 224)
    if updated != head:
        self._heads[_account] = updated
    return previous, convert(head & M160, address)


@internal
@view
def at(_account: address, _round: uint256) -> (uint256, address):
    """
    @dev The checkpoint that counted at the start of a round, and the delegate then; zeros before the first.
    """
    head: uint256 = self._heads[_account]
    low: uint256 = 0
    high: uint256 = (head >> 160) & M32
    if high == 0:
        return 0, empty(address)
    # Most look at the newest.
    checkpoint: uint256 = self._checkpoints[_account][high - 1]
    if self.start_round(checkpoint) > _round:
        # How many start no later than the round; the newest does not.
        high -= 1
        for _: uint256 in range(32):
            if low >= high:
                break
            middle: uint256 = (low + high) // 2
            if self.start_round(self._checkpoints[_account][middle]) > _round:
                high = middle
            else:
                low = middle + 1
        if low == 0:
            return 0, empty(address)
        checkpoint = self._checkpoints[_account][low - 1]
    if head >> 224 <= _round:
        return checkpoint, convert(head & M160, address)

    low = 0
    high = (head >> 192) & M32
    for _: uint256 in range(32):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        if self._delegates[_account][middle] >> 160 > _round:
            high = middle
        else:
            low = middle + 1
    if low == 0:
        return checkpoint, empty(address)
    return checkpoint, convert(self._delegates[_account][low - 1] & M160, address)


@internal
def push_total(_stake: uint256, _round: uint256):
    """
    @dev Adds a total, or replaces the newest if it is of the same round.
    """
    if _stake > M96:
        reasons.fail("stake is too large")
    if _round > M24:
        reasons.fail("round is too large")

    newest: uint256 = self._newest_total & M128
    number: uint256 = self._newest_total >> 128
    added: uint256 = _stake | (_round << 96)
    if number == 0 or newest >> 96 != _round:
        self._expect_order(_round, newest >> 96)
        number += 1
    elif number % 2 == 0:
        newest = self._totals[number // 2 - 1] & M128
    if number % 2 == 0:
        self._totals[number // 2 - 1] = newest | (added << 128)
    self._newest_total = added | (number << 128)


@internal
@view
def total_from(_round: uint256) -> (uint256, uint256, uint256):
    """
    @dev The first total of a round or of one after it: its number, stake and round. The number is how many there are
         if there is none.
    """
    low: uint256 = 0
    high: uint256 = self._newest_total >> 128
    for _: uint256 in range(32):
        if low >= high:
            break
        middle: uint256 = (low + high) // 2
        if self._total(middle) >> 96 < _round:
            low = middle + 1
        else:
            high = middle
    found: uint256 = self._total(low)
    return low, found & M96, found >> 96


@internal
@view
def totals() -> uint256:
    """
    @dev How many totals there are.
    """
    return self._newest_total >> 128


@internal
@view
def newest_total_round() -> uint256:
    return (self._newest_total >> 96) & M32


@internal
@view
def _total(_number: uint256) -> uint256:
    if _number + 1 == self._newest_total >> 128:
        return self._newest_total & M128
    return (self._totals[_number // 2] >> (128 * (_number % 2))) & M128


@internal
@pure
def _expect_order(_value: uint256, _last: uint256):
    if _value < _last:
        raw_revert(
            abi_encode(_value, _last, method_id=method_id("DecreasingValues(uint256,uint256)"))
        )
