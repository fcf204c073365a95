# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
"""
@title What both halves of BondingManager share
@license MIT
@notice The parameters, and the calls to other contracts of the protocol.
"""

from ..governance import manager
from ..interfaces import IBondingManager
from ..lib import names
from . import ledger
from . import reasons
from . import transcoder_pool

uses: manager
uses: ledger
uses: transcoder_pool


interface RoundsManager:
    def currentRound() -> uint256: view


interface BondingVotes:
    def checkpointBondingState(
        _account: address,
        _startRound: uint256,
        _bondedAmount: uint256,
        _delegateAddress: address,
        _delegatedAmount: uint256,
        _lastClaimRound: uint256,
        _lastRewardRound: uint256,
    ): nonpayable


interface Minter:
    def trustedTransferTokens(_to: address, _amount: uint256): nonpayable


M96: constant(uint256) = 2**96 - 1

# treasuryRewardCutRate 96 | nextRoundTreasuryRewardCutRate 96, of 10^27
_cut_rates: uint256

# In wei of LPT; 0 if there is none.
treasuryBalanceCeiling: public(uint256)


@internal
@view
def cut_rate() -> uint256:
    return self._cut_rates & M96


@internal
@view
def next_cut_rate() -> uint256:
    return self._cut_rates >> 96


@internal
def set_cut_rates(_rate: uint256, _next: uint256):
    self._cut_rates = _rate | (_next << 96)


@internal
@view
def rounds() -> address:
    return manager.contract_at(names.ROUNDS_MANAGER)


@internal
@view
def votes() -> address:
    return manager.contract_at(names.BONDING_VOTES)


@internal
@view
def minter() -> address:
    return manager.contract_at(names.MINTER)


@internal
@view
def current_round() -> uint256:
    rounds: address = self.rounds()
    if transcoder_pool.round_runs(rounds):
        return transcoder_pool.last_round()
    return staticcall RoundsManager(rounds).currentRound()


@internal
@view
def round_and_end(_rounds: address) -> (uint256, uint256):
    """
    @dev The current round, and the block before which it runs; 0 from a RoundsManager that does not say, as Livepeer's.
    """
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(
        _rounds,
        method_id("currentRoundAndEnd()"),
        max_outsize=64,
        is_static_call=True,
        revert_on_failure=False,
    )
    # What a refusal says makes no near block.
    if len(answer) == 64:
        round: uint256 = 0
        ends: uint256 = 0
        round, ends = abi_decode(answer, (uint256, uint256))
        if transcoder_pool.is_near(ends):
            return round, ends
    return staticcall RoundsManager(_rounds).currentRound(), 0


@internal
@view
def begin() -> uint256:
    """
    @dev What every call of a user begins with. Returns the current round.
    """
    manager.when_system_not_paused()
    round: uint256 = self.current_round()
    # Initialising a round includes telling this contract, so there is no need to ask.
    if round != transcoder_pool.last_round():
        reasons.fail("current round is not initialized")
    return round


@internal
def pay(_minter: address, _to: address, _amount: uint256):
    """
    @dev Pays LPT out of the Minter.
    """
    if _amount != 0:
        extcall Minter(_minter).trustedTransferTokens(_to, _amount)


@internal
def checkpoint(_votes: address, _account: address, _round: uint256):
    bonded: uint256 = 0
    delegate: address = empty(address)
    total: uint256 = 0
    claimed: uint256 = 0
    rewarded: uint256 = 0
    bonded, delegate, total, claimed, rewarded = ledger.snapshot(_account)
    extcall BondingVotes(_votes).checkpointBondingState(
        _account, _round + 1, bonded, delegate, total, claimed, rewarded
    )


@internal
def checkpoint_pair(_account: address, _delegate: address, _round: uint256):
    """
    @dev Once each, after everything else has been written.
    """
    votes: address = self.votes()
    if _delegate != _account and _delegate != empty(address):
        self.checkpoint(votes, _delegate, _round)
    self.checkpoint(votes, _account, _round)
