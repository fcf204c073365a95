# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What becomes of a round's LPT
@license MIT
@notice A part of what may be minted in a round may go by work instead of stake, and a part of what is minted to the
        treasury. Where neither is the case, none of this runs: a reward is the stake's share of the round.
@dev Work is what JobsManager settled as VALID in the round before. A transcoder's share of it earns the same share of
     the part for work, but no more than so much LPT per ETH of the protocol fee that was paid on it. While that is less
     than the fee is worth, whoever pays itself for work to earn LPT loses by it, whatever its share.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..lib import names
from . import common
from . import reasons
from . import transcoder_pool

uses: common
uses: manager
uses: transcoder_pool


interface Minter:
    def createReward(_fracNum: uint256, _fracDenom: uint256) -> uint256: nonpayable
    def currentMintableTokens() -> uint256: view


interface Token:
    def balanceOf(_owner: address) -> uint256: view


PERC_DIVISOR: constant(uint256) = 1_000_000
PRECISE_PERC_DIVISOR: constant(uint256) = 10**27
ONE_ETHER: constant(uint256) = 10**18

M20: constant(uint256) = 2**20 - 1
M96: constant(uint256) = 2**96 - 1
M116: constant(uint256) = 2**116 - 1

# How work is paid in this round: part of the round's LPT, in parts per million 20 | most wei of LPT per ETH of protocol
# fee 96. From the next round on: the same two, 20 | 96. The round before this one 24; only kept while work is paid.
NEXT_AT: constant(uint256) = 116
ROUND_AT: constant(uint256) = 232

_work: uint256


@internal
@view
def next_work_weight() -> uint256:
    return (self._work >> NEXT_AT) & M20


@internal
@view
def next_work_rebate() -> uint256:
    return (self._work >> (NEXT_AT + 20)) & M96


@internal
def set_next_work_weight(_weight: uint256):
    if _weight > PERC_DIVISOR:
        reasons.fail("work weight must be a valid percentage")
    self._work ^= (self.next_work_weight() ^ _weight) << NEXT_AT
    self._set_flags()

    manager.parameter_updated("workWeight")


@internal
def set_next_work_rebate(_rebate: uint256):
    if _rebate > M96:
        reasons.fail("work rebate is too large")
    self._work ^= (self.next_work_rebate() ^ _rebate) << (NEXT_AT + 20)
    self._set_flags()

    manager.parameter_updated("workRebate")


@internal
def set_next_cut_rate(_rate: uint256):
    if _rate > PRECISE_PERC_DIVISOR:
        reasons.fail("_cutRate is invalid precise percentage")
    common.set_cut_rates(common.cut_rate(), _rate)
    self._set_flags()

    manager.parameter_updated("nextRoundTreasuryRewardCutRate")


@internal
def start_round(_previous: uint256):
    """
    @dev What was set for the next round holds from now on, and what was settled since `_previous` began is what this
         round pays for.
    """
    if transcoder_pool.changes_next():
        rate: uint256 = common.next_cut_rate()
        if rate != common.cut_rate():
            common.set_cut_rates(rate, rate)
            manager.parameter_updated("treasuryRewardCutRate")
        next: uint256 = (self._work >> NEXT_AT) & M116
        self._work = next | (next << NEXT_AT)
        self._set_flags()
    if transcoder_pool.has_extras() and self._work & M20 != 0:
        self._work = (self._work & (2**ROUND_AT - 1)) | (_previous << ROUND_AT)


@internal
def mint(_stake: uint256) -> uint256:
    """
    @dev Mints the caller's reward and pays the treasury its part. Returns the rest.
    """
    minter: address = common.minter()
    total: uint256 = transcoder_pool.current_total()
    work: uint256 = self._work
    weight: uint256 = work & M20
    rewards: uint256 = 0
    if weight == 0:
        rewards = extcall Minter(minter).createReward(_stake, total)
    else:
        mintable: uint256 = staticcall Minter(minter).currentMintableTokens()
        wanted: uint256 = mintable * (PERC_DIVISOR - weight) * _stake // (PERC_DIVISOR * total)
        wanted += self._earned_by_work(
            mintable * weight // PERC_DIVISOR, (work >> 20) & M96, work >> ROUND_AT
        )
        # All of these together are no more than what is mintable, and the Minter rounds down once more.
        rewards = extcall Minter(minter).createReward(wanted, max(mintable, 1))
    return rewards - self._pay_treasury(minter, rewards)


@internal
def _set_flags():
    work: uint256 = self._work & (2**ROUND_AT - 1)
    rates: uint256 = common.cut_rate() | common.next_cut_rate()
    changes: bool = work & M116 != work >> NEXT_AT or common.cut_rate() != common.next_cut_rate()
    extras: bool = rates | (work & M20) | self.next_work_weight() != 0
    transcoder_pool.set_flags(changes, extras)


@internal
def _earned_by_work(_part: uint256, _rebate: uint256, _round: uint256) -> uint256:
    """
    @dev The caller's LPT for the work of a round, out of `_part` for all.
    """
    fees: uint256 = 0
    protocol_fee: uint256 = 0
    fees, protocol_fee = self._settled(
        abi_encode(_round, msg.sender, method_id=method_id("settledWork(uint256,address)"))
    )
    if fees == 0:
        return 0
    all_fees: uint256 = self._settled(
        abi_encode(_round, method_id=method_id("settledWorkTotal(uint256)"))
    )[0]
    earned: uint256 = min(_part * fees // max(all_fees, fees), _rebate * protocol_fee // ONE_ETHER)

    log IBondingManager.WorkReward(transcoder=msg.sender, round=_round, amount=earned)
    return earned


@internal
@view
def _settled(_question: Bytes[68]) -> (uint256, uint256):
    """
    @dev What JobsManager says. One that cannot say must not keep anybody from the reward for its stake.
    """
    jobs: address = manager.contract_at(names.JOBS_MANAGER)
    ok: bool = False
    answer: Bytes[64] = b""
    ok, answer = raw_call(
        jobs, _question, max_outsize=64, is_static_call=True, revert_on_failure=False
    )
    if not ok or len(answer) != 64:
        return 0, 0
    return abi_decode(answer, (uint256, uint256))


@internal
def _pay_treasury(_minter: address, _rewards: uint256) -> uint256:
    """
    @dev Pays the treasury its part of what was minted, and returns it. Where there is no treasury, it has no part.
    """
    rate: uint256 = common.cut_rate()
    next_rate: uint256 = common.next_cut_rate()
    if rate == 0 and next_rate == 0:
        return 0
    treasury: address = manager.contract_at(names.TREASURY)
    if treasury == empty(address):
        return 0

    ceiling: uint256 = common.treasuryBalanceCeiling
    if ceiling != 0 and next_rate != 0:
        token: address = manager.contract_at(names.LIVEPEER_TOKEN)
        if staticcall Token(token).balanceOf(treasury) >= ceiling:
            self.set_next_cut_rate(0)
    part: uint256 = _rewards * rate // PRECISE_PERC_DIVISOR
    if part != 0:
        common.pay(_minter, treasury, part)

        log IBondingManager.TreasuryReward(transcoder=msg.sender, treasury=treasury, amount=part)
    return part
