# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title Earnings
@license MIT
@notice Rewards and fees of any number of delegators over any number of rounds, for a fixed price.
@dev A delegate has two factors per round. Its reward factor is what one unit of stake from long ago has grown to; its
     fee factor is what that unit has earned in fees. A claim multiplies by how far they have moved since the last.
     Both are fixed point with 27 decimals, in 128 bits each: an increment is computed in 256 bits and capped to
     what still fits. All divisions round down, against whoever claims.
"""

from ..interfaces import IBondingManager
from . import ledger

uses: ledger

ONE: constant(uint256) = 10**27
PERC_DIVISOR: constant(uint256) = 1_000_000
MAX_FACTOR: constant(uint256) = 2**128 - 1

M20: constant(uint256) = 2**20 - 1

# Rates may change once a round; looking further back than this many changes finds the oldest of them.
MAX_LOOK_BACK: constant(uint256) = 256

# As many rounds as there can be. A long array costs one hash to find an entry, a map in a map two.
MAX_ROUND: constant(uint256) = 2**32

# Factors of a delegate by round: reward factor 128 | fee factor 128. 0 if nothing was noted in that round, or if it
# has never earned: then the factors are one and nought.
_factors: HashMap[address, uint256[MAX_ROUND]]

# What a transcoder's rates were before those that hold since a round: rewardCut 20 | feeShare 20 | since 24.
_earlier_rates: HashMap[address, uint256[MAX_ROUND]]


@internal
@view
def factors(_delegate: address, _round: uint256) -> uint256:
    return self._factors[_delegate][_round]


@internal
@view
def rates(_transcoder: address, _round: uint256) -> (uint256, uint256):
    """
    @dev Reward cut and fee share in force in a round: the last set before it.
    """
    rates: uint256 = ledger.rates(_transcoder)
    if rates >> 40 > _round:
        rates = ledger.earlier_rates(_transcoder)
        for _: uint256 in range(MAX_LOOK_BACK):
            if rates >> 40 <= _round:
                break
            rates = self._earlier_rates[_transcoder][rates >> 40]
    return rates & M20, (rates >> 20) & M20


@internal
def set_rates(_transcoder: address, _reward_cut: uint256, _fee_share: uint256, _round: uint256):
    """
    @dev Sets the rates of the rounds after `_round`. The two newest are kept in the ledger.
    """
    next: uint256 = _round + 1
    rates: uint256 = ledger.rates(_transcoder)
    earlier: uint256 = ledger.earlier_rates(_transcoder)
    if rates >> 40 != next:
        if earlier != 0:
            self._earlier_rates[_transcoder][rates >> 40] = earlier
        earlier = rates
    ledger.set_rates(_transcoder, _reward_cut | (_fee_share << 20) | (next << 40), earlier)


@internal
@view
def pending(_account: address, _round: uint256) -> (uint256, uint256):
    """
    @dev Stake and fees an account would have if it claimed in `_round`.
    """
    delegate: address = ledger.delegate(_account)
    stake: uint256 = ledger.bonded(_account)
    fees: uint256 = 0
    if delegate != empty(address):
        start: uint256 = ledger.last_claim(_account)
        if start < _round:
            stake, fees = self.grow(
                stake, self._factors[delegate][start], self._latest(delegate, _round)
            )
        if delegate == _account:
            stake += ledger.commission(_account)
            fees += ledger.commission_fees(_account)
    return stake, fees + ledger.fees(_account)


@internal
def settle(_account: address, _round: uint256) -> bool:
    """
    @dev Turns what an account earned since its last claim into stake and fees, once a round. Returns whether it did.
    """
    start: uint256 = ledger.last_claim(_account)
    if start >= _round:
        return False

    delegate: address = ledger.delegate(_account)
    before: uint256 = ledger.bonded(_account)
    stake: uint256 = before
    fees: uint256 = 0
    if delegate != empty(address):
        self.note(delegate, _round)
        stake, fees = self.grow(
            before, self._factors[delegate][start], self._factors[delegate][_round]
        )
        if delegate == _account:
            stake += ledger.commission(_account)
            # What was active stays: fees of this round are still owed to it.
            ledger.set_commission(_account, 0)
            fees += ledger.commission_fees(_account)
            ledger.set_commission_fees(_account, 0)
        if stake != before:
            ledger.set_bonded(_account, stake)
        if fees != 0:
            ledger.set_fees(_account, ledger.fees(_account) + fees)
    ledger.set_last_claim(_account, _round)

    log IBondingManager.EarningsClaimed(
        delegate=delegate,
        delegator=_account,
        rewards=stake - before,
        fees=fees,
        startRound=start + 1,
        endRound=_round,
    )
    return True


@internal
@view
def since_claim(_account: address, _delegate: address) -> (uint256, uint256):
    """
    @dev Words of factors as of an account's last claim and of now, or two alike where nothing was earned since.
    """
    start: uint256 = ledger.last_claim(_account)
    last: uint256 = self._last_round(_delegate)
    if last <= start:
        return 0, 0
    return self._factors[_delegate][start], self._factors[_delegate][last]


@internal
@pure
def grow(_stake: uint256, _start: uint256, _end: uint256) -> (uint256, uint256):
    """
    @dev What stake has become, and the fees it has earned, between two words of factors.
    """
    base: uint256 = self._reward_factor(_start)
    return (
        _stake * self._reward_factor(_end) // base,
        _stake * ((_end >> 128) - (_start >> 128)) // base,
    )


@internal
def note(_delegate: address, _round: uint256):
    """
    @dev Writes down a delegate's factors for the current round, so that claims can start from it.
    """
    if self._factors[_delegate][_round] == 0:
        word: uint256 = self._latest(_delegate, _round)
        if word != 0:
            self._factors[_delegate][_round] = word


@internal
def add_rewards(
    _transcoder: address, _rewards: uint256, _stake: uint256, _round: uint256
) -> uint256:
    """
    @dev Splits rewards between commission and stake behind a transcoder, which was `_stake` when the round began.
         Returns what did not fit into the reward factor.
    """
    own: uint256 = _rewards * self.rates(_transcoder, _round)[0] // PERC_DIVISOR
    shared: uint256 = _rewards - own

    word: uint256 = self._latest(_transcoder, _round)
    factor: uint256 = self._reward_factor(word)
    if factor != ONE and self._factors[_transcoder][_round - 1] == 0:
        # After a missed round: fees that come in later this round are shared by this factor. Nobody claimed in that
        # round, or the factors would have been noted, so nobody's next claim starts from what is written here.
        self._factors[_transcoder][_round - 1] = factor

    most: uint256 = (MAX_FACTOR - factor) * _stake // factor
    left_over: uint256 = 0
    if shared > most:
        left_over = shared - most
        shared = most

    active: uint256 = ledger.commission(_transcoder)
    ledger.set_active_commission(_transcoder, active)
    own += active
    if _stake != 0:
        own += shared * active // _stake
        factor += factor * shared // _stake
    ledger.set_commission(_transcoder, own)
    self._factors[_transcoder][_round] = factor | ((word >> 128) << 128)
    ledger.set_reward_round(_transcoder, _round)
    return left_over


@internal
def add_fees(_transcoder: address, _own: uint256, _shared: uint256, _round: uint256):
    """
    @dev Splits fees between a transcoder and the stake behind it when the current round began. What does not fit into
         the fee factor, and everything where no stake was there, is the transcoder's own.
    """
    stake: uint256 = ledger.total_at_start(_transcoder, _round)
    word: uint256 = self._latest(_transcoder, _round)
    active: uint256 = ledger.commission(_transcoder)
    base: uint256 = self._reward_factor(word)
    if ledger.reward_round(_transcoder) == _round:
        # The round's reward is already in the factor; shares go by the stake before it.
        active = ledger.active_commission(_transcoder)
        base = self._reward_factor(self._factors[_transcoder][_round - 1])

    own: uint256 = _own
    shared: uint256 = _shared
    if stake == 0:
        own += shared
    else:
        factor: uint256 = word >> 128
        added: uint256 = base * shared // stake
        if added > MAX_FACTOR - factor:
            added = MAX_FACTOR - factor
            # Rounded up: the factor hands out no more than is put in.
            used: uint256 = (added * stake + base - 1) // base
            own += shared - used
            shared = used
        own += shared * min(active, stake) // stake
        word = self._reward_factor(word) | ((factor + added) << 128)
    self._factors[_transcoder][_round] = word
    ledger.set_commission_fees(_transcoder, ledger.commission_fees(_transcoder) + own)
    ledger.set_fee_round(_transcoder, _round)


@internal
@view
def _latest(_delegate: address, _round: uint256) -> uint256:
    """
    @dev The factors as they are in the current round.
    """
    word: uint256 = self._factors[_delegate][_round]
    if word == 0:
        word = self._factors[_delegate][self._last_round(_delegate)]
    return word


@internal
@view
def _last_round(_delegate: address) -> uint256:
    """
    @dev The last round in which the factors moved.
    """
    return max(ledger.reward_round(_delegate), ledger.fee_round(_delegate))


@internal
@pure
def _reward_factor(_word: uint256) -> uint256:
    if _word == 0:
        return ONE
    return _word & MAX_FACTOR
